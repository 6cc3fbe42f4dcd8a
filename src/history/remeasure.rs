//! What measures a suspicion again, paired: both sides as suites, if everything that the earlier run
//! was measured with is still there.

use std::path::{Path, PathBuf};

use crate::file_hash;
use crate::record::case::{Case, LOCAL};
use crate::record::header::Header;
use crate::record::named_cpus;
use crate::record::options::{LatencyOptions, NonNegative};
use crate::run::suite_file::SuiteFile;

/// How the two sides can take turns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Remeasurement {
    /// Two suites on this program (`run --ab`), and what is not as it was in the earlier run.
    Suites(Box<[SuiteFile; 2]>, Option<String>),
    /// One suite on this program and on that of the earlier run (`run --against`).
    Programs(Box<SuiteFile>, PathBuf),
}

/// A side: its run, and those of its cases that are measured again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RemeasuredSide<'a> {
    /// What is known of the run.
    pub header: &'a Header,
    /// The cases, the same of both sides in the same order.
    pub cases: &'a [Case],
}

/// How `base` and `new` can be measured again; `program` is the one that measured the base, if it
/// is another one.
///
/// # Errors
/// One sentence: what is missing.
pub(crate) fn remeasurement(
    base: RemeasuredSide<'_>,
    new: RemeasuredSide<'_>,
    program: Option<&Path>,
) -> Result<Remeasurement, String> {
    for (side, name) in [(base, "earlier"), (new, "judged")] {
        if side.header.device != LOCAL || !side.header.parts.is_empty() {
            return Err(format!(
                "the {name} run is of {}, and only runs of this machine can be measured again in turn",
                side.header.measured_on()
            ));
        }
    }
    let suites = [suite(base)?, suite(new)?];
    let elsewhere = elsewhere(base, new);
    let settings = |suite: &SuiteFile| SuiteFile { models: Vec::new(), ..suite.clone() };
    if hashes(base) != hashes(new) || settings(&suites[0]) != settings(&suites[1]) {
        return Ok(Remeasurement::Suites(Box::new(suites), elsewhere));
    }
    let [_, new_suite] = suites;
    match (elsewhere, program) {
        (None, _) => Err(format!(
            "model, settings, runtime and program are those of {}, so there is nothing to hold against each other: what changed is the machine",
            base.header.run_id
        )),
        (Some(changed), None) => Err(format!(
            "the model and its settings did not change, but {changed}; name the program that measured {}, with its runtimes around it, with --against PROGRAM",
            base.header.run_id
        )),
        (Some(_), Some(program)) => {
            let found = file_hash::of(program);
            let wanted = base.header.binary_sha256.as_ref();
            if found.is_none() || wanted.is_some_and(|wanted| found.as_ref() != Some(wanted)) {
                return Err(format!(
                    "{} is not the program that measured {}, by their SHA-256",
                    program.display(),
                    base.header.run_id
                ));
            }
            Ok(Remeasurement::Programs(Box::new(new_suite), program.to_owned()))
        }
    }
}

/// What else than the model and its settings is not as it was, as a part of a sentence.
fn elsewhere(base: RemeasuredSide<'_>, new: RemeasuredSide<'_>) -> Option<String> {
    let (was, is) = (base.header, new.header);
    let used = |backend| new.cases.iter().any(|case| case.backend == backend);
    let runtime = is.runtimes.iter().filter(|runtime| used(runtime.backend)).find_map(|runtime| {
        let before = was.runtimes.iter().find(|it| it.backend == runtime.backend)?;
        (before.sha256 != runtime.sha256).then(|| {
            format!("{} was {} and is {}", runtime.backend, before.version, runtime.version)
        })
    });
    let another = was.binary_sha256 != is.binary_sha256;
    runtime.or_else(|| another.then(|| "another build of shutterbench measured it".to_owned()))
}

fn hashes(side: RemeasuredSide<'_>) -> Vec<&str> {
    let of = |case: &Case| {
        let model = side.header.models.iter().find(|model| model.name == case.model);
        model.map_or("", |model| model.sha256.as_str())
    };
    side.cases.iter().map(of).collect()
}

/// The cases as a suite of their own.
///
/// # Errors
/// A model that is not there any more, or is another one.
fn suite(side: RemeasuredSide<'_>) -> Result<SuiteFile, String> {
    let RemeasuredSide { header, cases } = side;
    let options = &header.options;
    let Some(latency) = &options.latency else {
        return Err(format!("{} measured no latency", header.run_id));
    };
    let mut suite = SuiteFile {
        default_options: options.no_default_options.then_some(false),
        warmup: Some(latency.warmup),
        runs: Some(latency.runs),
        min_seconds: number(latency.min_seconds),
        max_seconds: number(latency.max_seconds),
        order: Some(latency.order),
        processes: Some(latency.processes),
        inputs: Some(latency.inputs),
        accuracy: Some(false),
        timeout: number(options.timeout_seconds),
        memory_limit: options.memory_limit_mb,
        require_delegate: options.require_delegate.then_some(true),
        describe: options.overrides.clone(),
        ..SuiteFile::default()
    };
    let mut cpus = Vec::new();
    for case in cases {
        once(&mut suite.models, model(header, &case.model)?);
        once(&mut suite.backends, case.backend);
        once(&mut suite.delegates, case.delegate.clone());
        once(&mut suite.threads, case.threads);
        once(&mut suite.batch, latency.batch_of(case));
        once(&mut cpus, cpus_of(latency, case));
        if let Some(set) = options.set_of(case) {
            once(&mut suite.options, set.clone());
        }
    }
    if cpus != [named_cpus::ALL] {
        suite.affinity = Some(cpus.join(";"));
    }
    // As the suite's own run names them: axes of one value are none of its cases.
    let named = |case: &Case| Case {
        batch: (suite.batch.len() > 1).then(|| latency.batch_of(case)),
        affinity: (cpus.len() > 1).then(|| cpus_of(latency, case)),
        device: None,
        ..case.clone()
    };
    suite.only = cases.iter().map(|case| named(case).id()).collect();
    Ok(suite)
}

fn cpus_of(latency: &LatencyOptions, case: &Case) -> String {
    case.affinity.clone().unwrap_or_else(|| named_cpus::in_words(&latency.affinity))
}

/// Where the model of a run is, if it is still the same.
fn model(header: &Header, name: &str) -> Result<String, String> {
    let known = header.models.iter().find(|model| model.name == name);
    let Some(known) = known else { return Err(format!("{} has no model {name}", header.run_id)) };
    let path = match &header.working_folder {
        Some(folder) => folder.join(&known.path),
        None => known.path.clone(),
    };
    match file_hash::of(&path) {
        None => Err(format!("the model of {} is no longer at {}", header.run_id, path.display())),
        Some(found) if found != known.sha256 => Err(format!(
            "{} is no longer the model that {} measured; keep the models of earlier runs in folders of their own",
            path.display(),
            header.run_id
        )),
        Some(_) => Ok(path.display().to_string()),
    }
}

fn number(value: f64) -> Option<NonNegative> {
    NonNegative::try_from(value).ok()
}

fn once<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}
