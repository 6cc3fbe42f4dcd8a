//! Where workers come from.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::shapes;
use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::description::{Description, Model};
use crate::record::named_cpus::NamedCpus;
use crate::record::option_set::OptionSet;
use crate::record::options::Options;
use crate::record::setting_values::SettingValues;
use crate::record::status::Status;
use crate::record::visit::Loaded;
use crate::worker::in_process::InProcess;
use crate::worker::link::{Fault, Link};
use crate::worker::process::WorkerProcess;
use crate::worker::protocol::{Reply, Request};

/// Starts workers as a run's options say.
#[derive(Debug, Clone)]
pub struct WorkerSource {
    /// The program that serves as a worker; this one if absent.
    program: Option<PathBuf>,
    timeout: Duration,
    memory_limit_bytes: Option<u64>,
    affinity: Vec<usize>,
    /// The CPUs that cases name.
    affinities: Vec<NamedCpus>,
    /// The sets of options that cases name.
    option_sets: Vec<OptionSet>,
    in_process: bool,
    /// What is stated of models besides their own descriptions.
    overrides: Description,
    /// Runtimes that end or stall the process that opens them, each with the sentence that
    /// says so: no worker tries.
    unusable: Vec<(BackendKind, String)>,
}

/// A worker that has loaded its model.
pub struct Worker {
    /// To ask it.
    pub link: Box<dyn Link + Send>,
    /// The result of loading.
    pub loaded: Loaded,
}

impl WorkerSource {
    /// Reads the options that matter to workers.
    #[must_use]
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            program: options.worker.clone(),
            timeout: Duration::from_secs_f64(options.timeout_seconds),
            memory_limit_bytes: options.memory_limit_mb.map(|mb| mb.saturating_mul(1 << 20)),
            affinity: options.latency.as_ref().map(|l| l.affinity.clone()).unwrap_or_default(),
            affinities: options.latency.as_ref().map(|l| l.affinities.clone()).unwrap_or_default(),
            option_sets: options.option_sets.clone(),
            in_process: options.in_process,
            overrides: options.overrides.clone(),
            unusable: Vec::new(),
        }
    }

    /// Workers without limits except silence, for questions outside a run.
    #[must_use]
    pub fn isolated() -> Self {
        Self {
            program: None,
            timeout: Duration::from_secs(60),
            memory_limit_bytes: None,
            affinity: Vec::new(),
            affinities: Vec::new(),
            option_sets: Vec::new(),
            in_process: false,
            overrides: Description::default(),
            unusable: Vec::new(),
        }
    }

    /// The same on every CPU: pinning is for what is timed, and would have all of an
    /// accuracy pass take turns on the CPUs of a single case.
    #[must_use]
    pub(crate) fn unpinned(&self) -> Self {
        Self { affinity: Vec::new(), affinities: Vec::new(), ..self.clone() }
    }

    /// The same for models of which `overrides` is stated.
    #[must_use]
    pub(crate) fn with_overrides(self, overrides: Description) -> Self {
        Self { overrides, ..self }
    }

    /// The same for cases that name these sets of options.
    #[must_use]
    pub(crate) fn with_sets(self, option_sets: Vec<OptionSet>) -> Self {
        Self { option_sets, ..self }
    }

    /// The same with `set` in place of the set of its name.
    #[must_use]
    pub(crate) fn with_set(mut self, set: &OptionSet) -> Self {
        let is_it = |known: &&mut OptionSet| known.name == set.name && known.backend == set.backend;
        if let Some(known) = self.option_sets.iter_mut().find(is_it) {
            known.clone_from(set);
        }
        self
    }

    /// The same with another program as the worker: for programs that use this library but are not
    /// shutterbench themselves.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same, waiting for `most` at most.
    #[must_use]
    pub(crate) fn impatient(self, most: Duration) -> Self {
        let timeout = self.timeout.min(most);
        Self { timeout, ..self }
    }

    /// The same if these runtimes cannot be opened, for the reasons given.
    #[must_use]
    pub(crate) fn without(self, unusable: &[(BackendKind, String)]) -> Self {
        Self { unusable: unusable.to_vec(), ..self }
    }

    /// Starts a worker and has it load a case's model. See
    /// [`WorkerProcess::start`] for the thread to call it from.
    ///
    /// # Errors
    /// The fault with the status that the case ends with.
    pub fn load(&self, case: &Case, model: &Model) -> Result<Worker, Fault> {
        self.load_batch(case, model, NonZeroUsize::MIN)
    }

    /// The same with `batch` images per run.
    ///
    /// # Errors
    /// See [`Self::load`].
    pub(crate) fn load_batch(
        &self,
        case: &Case,
        model: &Model,
        batch: NonZeroUsize,
    ) -> Result<Worker, Fault> {
        self.check_usable(case.backend)?;
        let mut link = self.start()?;
        let loaded = self.load_into(link.as_mut(), case, model, batch)?;
        Ok(Worker { link, loaded })
    }

    /// Has a started worker load a case's model; on any thread.
    ///
    /// # Errors
    /// See [`Self::load`].
    pub(crate) fn load_into(
        &self,
        link: &mut dyn Link,
        case: &Case,
        model: &Model,
        batch: NonZeroUsize,
    ) -> Result<Loaded, Fault> {
        self.check_usable(case.backend)?;
        let shaped = shapes::of(model, &self.overrides, batch)
            .map_err(|error| Fault::new(Status::Unsupported, format!("{error:#}")))?;
        let request = Request::Load {
            model: model.path.clone(),
            backend: case.backend,
            delegate: case.delegate.clone(),
            options: self.settings_of(case)?,
            threads: case.threads,
            batch: shaped.images,
            shaped: Some(Box::new(shaped)),
            affinity: self.cpus_of(case),
            memory_limit_bytes: self.memory_limit_bytes,
        };
        match link.ask(&request, &[])?.0 {
            Reply::Loaded(loaded) => Ok(*loaded),
            other => Err(unexpected(other)),
        }
    }

    /// The settings of a case's set of options.
    fn settings_of(&self, case: &Case) -> Result<SettingValues, Fault> {
        let Some(name) = &case.options else { return Ok(SettingValues::default()) };
        let set = self.option_sets.iter().find(|set| set.is_of(case));
        set.map(|set| set.set.clone()).ok_or_else(|| {
            let reason = format!("the run does not say what options '{name}' set");
            Fault::new(Status::Failed, reason)
        })
    }

    /// The CPUs that a case is kept on; empty: any.
    fn cpus_of(&self, case: &Case) -> Vec<usize> {
        let named = self.affinities.iter().find(|it| Some(&it.name) == case.affinity.as_ref());
        named.map_or_else(|| self.affinity.clone(), |it| it.cpus.clone())
    }

    fn check_usable(&self, backend: BackendKind) -> Result<(), Fault> {
        let unusable = self.unusable.iter().find(|(kind, _)| *kind == backend);
        unusable.map_or(Ok(()), |(_, why)| Err(Fault::new(Status::Unsupported, why.clone())))
    }

    /// Starts a worker that has loaded nothing yet. See [`WorkerProcess::start`] for the
    /// thread to call it from.
    ///
    /// # Errors
    /// The system starts no further process.
    pub(crate) fn start(&self) -> Result<Box<dyn Link + Send>, Fault> {
        if self.in_process {
            return Ok(Box::new(InProcess::start()));
        }
        let program = match &self.program {
            Some(program) => Ok(program.clone()),
            None => std::env::current_exe(),
        };
        program
            .and_then(|program| {
                WorkerProcess::start(&program, self.timeout, self.memory_limit_bytes.is_some())
            })
            .map(|process| Box::new(process) as Box<dyn Link + Send>)
            .map_err(|error| {
                Fault::new(Status::Failed, format!("could not start a worker process: {error}"))
            })
    }
}

/// The fault that a reply other than the expected one means.
#[must_use]
pub(crate) fn unexpected(reply: Reply) -> Fault {
    match reply {
        Reply::Unsupported { reason } => Fault::new(Status::Unsupported, reason),
        Reply::Failed { reason } => Fault::new(Status::Failed, reason),
        other => Fault::new(
            Status::Crashed,
            format!("its process sent the wrong kind of reply ({other:?})")
                .chars()
                .take(200)
                .collect(),
        ),
    }
}
