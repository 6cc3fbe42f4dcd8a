//! The work itself: one loaded model that answers requests. It runs in a
//! child process ([`crate::worker::child`]) or, for debuggers, in this one
//! ([`crate::worker::in_process`]).

use std::borrow::Cow;
use std::time::Instant;

use crate::host::tree::Tree;
use crate::host::{affinity, clock};
use crate::record::backend_kind::BackendKind;
use crate::record::process_place::ProcessPlace;
use crate::record::tensor::TensorInfo;
use crate::runtime::backend::LoadRequest;
use crate::runtime::backend_error::BackendError;
use crate::runtime::opened_runtime;
use crate::runtime::session::Session;
use crate::worker::heartbeat::Heartbeat;
use crate::worker::paced::MonotonicAlarm;
use crate::worker::photo_runs::{PhotoPlan, PhotoRuns};
use crate::worker::process_memory;
use crate::worker::rotated_inputs::{RotatedInputs, RotatedRuns};
use crate::worker::visit::Samples;
use crate::worker::visit_plan::{PacedPlan, VisitPlan};

use crate::record::visit::Loaded;
use crate::worker::protocol::{Reply, Request};

/// One model on one backend, not loaded yet or loaded.
pub(crate) struct Engine {
    session: Option<Box<dyn Session>>,
    /// Images of one run.
    images: usize,
    photos: Option<PhotoRuns>,
    /// What runs take in turn; absent: their input stays.
    rotated: Option<RotatedInputs>,
    samples: Samples,
    heartbeat: Heartbeat,
}

impl Engine {
    /// An engine that has loaded nothing yet.
    #[must_use]
    pub(crate) fn new(heartbeat: Heartbeat) -> Self {
        let (photos, rotated, samples) = (None, None, Samples::default());
        Self { session: None, images: 1, photos, rotated, samples, heartbeat }
    }

    /// Answers one request.
    pub(crate) fn answer(&mut self, request: Request, payload: &[u8]) -> (Reply, Vec<u8>) {
        let answered = match request {
            Request::Infer { count, output } => self.infer(count, output, payload),
            other => self.answer_without_payload(other, payload).map(|reply| (reply, Vec::new())),
        };
        answered.unwrap_or_else(|error| (refusal(&error), Vec::new()))
    }

    fn answer_without_payload(
        &mut self,
        request: Request,
        payload: &[u8],
    ) -> Result<Reply, BackendError> {
        match request {
            Request::Load { .. } => self.load(request),
            Request::Open { backend } => Ok(opened(backend)),
            Request::SetInputs => {
                self.rotated = None;
                self.set_inputs(payload).map(|()| Reply::InputsSet)
            }
            Request::RotateInputs { images } => {
                self.rotate_inputs(images, payload).map(|()| Reply::InputsSet)
            }
            Request::First => self.visit(&VisitPlan::only(1, u64::MAX)),
            Request::Visit(plan) => self.visit(&plan),
            Request::Paced(plan) => self.paced(&plan),
            Request::SetPhotos(plan) => self.set_photos(*plan, payload).map(|()| Reply::InputsSet),
            Request::EndToEnd(plan) => self.end_to_end(&plan),
            Request::Coverage => self.coverage(),
            Request::Profile { runs } => self.profile(payload, runs),
            Request::Memory => process_memory::memory().map(Reply::Memory).ok_or_else(|| {
                BackendError::Failed("this system does not report a process's memory".into())
            }),
            Request::Infer { .. } => {
                Err(BackendError::Failed("this request is not for the engine".into()))
            }
        }
    }

    fn load(&mut self, request: Request) -> Result<Reply, BackendError> {
        let Request::Load {
            model,
            backend,
            delegate,
            options,
            threads,
            batch,
            shaped,
            affinity,
            ..
        } = request
        else {
            return Err(BackendError::Failed("not a load request".into()));
        };
        if !affinity.is_empty() {
            affinity::pin(&affinity).map_err(|error| BackendError::Failed(error.to_string()))?;
        }
        let start = Instant::now();
        let backend = crate::runtime::registry::open(backend)?;
        let open_ns = Some(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        // Before the heartbeat's thread is there, which is none of the model's.
        let before = process_memory::memory();
        let shaped = shaped.as_deref();
        let (model, delegate, options) = (&model, &delegate, &options);
        let request = LoadRequest { model, delegate, options, threads, batch, shaped };
        let (session, load_ns) = self.heartbeat.during(|| {
            let start = Instant::now();
            let session = backend.load(&request);
            (session, u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
        });
        let session = session?;
        let after = process_memory::memory();
        let loaded = Loaded {
            backend_version: backend.version(),
            place: Some(ProcessPlace::read(&Tree::default())),
            open_ns,
            load_ns,
            inputs: session.inputs().to_vec(),
            outputs: session.outputs().to_vec(),
            settings: session.settings(),
            threads: session.threads(),
            threads_before: before.map(|before| before.threads),
            memory_before_bytes: before.map(|before| before.resident_bytes),
            memory_load_bytes: before
                .zip(after)
                .map(|(before, after)| after.resident_bytes.saturating_sub(before.resident_bytes)),
        };
        self.session = Some(session);
        self.images = batch.get();
        Ok(Reply::Loaded(Box::new(loaded)))
    }

    fn session(&mut self) -> Result<&mut Box<dyn Session>, BackendError> {
        self.session.as_mut().ok_or_else(nothing_loaded)
    }

    fn set_inputs(&mut self, payload: &[u8]) -> Result<(), BackendError> {
        let session = self.session()?;
        for (index, bytes) in by_input(session.inputs(), payload)?.into_iter().enumerate() {
            // As the runtime describes them, and of their size: nothing is left to check.
            session.write_input(index, bytes)?;
        }
        Ok(())
    }

    fn rotate_inputs(&mut self, images: u32, payload: &[u8]) -> Result<(), BackendError> {
        let Self { session: Some(session), rotated, .. } = self else {
            return Err(nothing_loaded());
        };
        let inputs = session.inputs();
        *rotated = Some(RotatedInputs::new(images as usize, payload, inputs, self.images)?);
        Ok(())
    }

    fn profile(&mut self, payload: &[u8], runs: usize) -> Result<Reply, BackendError> {
        let Self { session: Some(session), heartbeat, .. } = self else {
            return Err(nothing_loaded());
        };
        let inputs = by_input(session.inputs(), payload)?;
        let inputs: Vec<Vec<u8>> = inputs.into_iter().map(<[u8]>::to_vec).collect();
        let profile = heartbeat.during(|| session.profile(&inputs, runs))?;
        Ok(Reply::Profile(Box::new(profile)))
    }

    fn visit(&mut self, plan: &VisitPlan) -> Result<Reply, BackendError> {
        let Self { session: Some(session), rotated, samples, heartbeat, .. } = self else {
            return Err(nothing_loaded());
        };
        let session = session.as_mut();
        let visited = match rotated {
            Some(inputs) => samples.visit(plan, heartbeat, RotatedRuns { session, inputs }),
            None => samples.visit(plan, heartbeat, || session.invoke()),
        };
        let visited = visited?;
        Ok(Reply::Visited(Box::new(visited)))
    }

    fn paced(&mut self, plan: &PacedPlan) -> Result<Reply, BackendError> {
        let Self { session: Some(session), rotated, samples, heartbeat, .. } = self else {
            return Err(nothing_loaded());
        };
        clock::wake_promptly();
        let (alarm, session) = (&MonotonicAlarm, session.as_mut());
        let visited = match rotated {
            Some(inputs) => samples.paced(plan, alarm, heartbeat, RotatedRuns { session, inputs }),
            None => samples.paced(plan, alarm, heartbeat, || session.invoke()),
        };
        let visited = visited?;
        Ok(Reply::Visited(Box::new(visited)))
    }

    fn set_photos(&mut self, plan: PhotoPlan, payload: &[u8]) -> Result<(), BackendError> {
        let Self { session: Some(session), heartbeat, photos, .. } = self else {
            return Err(nothing_loaded());
        };
        let taken = heartbeat.during(|| PhotoRuns::new(plan, payload, session.as_ref()));
        *photos = Some(taken?);
        Ok(())
    }

    fn end_to_end(&mut self, plan: &VisitPlan) -> Result<Reply, BackendError> {
        let Self { session: Some(session), photos: Some(photos), samples, heartbeat, .. } = self
        else {
            return Err(nothing_loaded());
        };
        photos.forget();
        let mut visited = samples.visit(plan, heartbeat, || photos.run(session.as_mut()))?;
        visited.stages = photos.stages(visited.block.latency_ns.len());
        Ok(Reply::Visited(Box::new(visited)))
    }

    fn coverage(&mut self) -> Result<Reply, BackendError> {
        let Self { session: Some(session), heartbeat, .. } = self else {
            return Err(nothing_loaded());
        };
        heartbeat.during(|| session.coverage()).map(Reply::Coverage)
    }

    /// Runs on `count` images, as many at once as the model takes. The last run is
    /// filled up with its last image, whose further outputs are dropped.
    fn infer(
        &mut self,
        count: u32,
        output: usize,
        payload: &[u8],
    ) -> Result<(Reply, Vec<u8>), BackendError> {
        let images = self.images.max(1);
        let session = self.session()?;
        let run: usize = session.inputs().iter().map(TensorInfo::byte_len).sum();
        let size = run / images;
        if payload.len() != size * count as usize || size == 0 || !run.is_multiple_of(images) {
            return Err(BackendError::Failed(format!(
                "{count} inputs of {size} bytes were announced, but {} bytes arrived",
                payload.len()
            )));
        }
        let mut outputs = Vec::new();
        for bytes in payload.chunks(run) {
            let filled = filled(bytes, run, size);
            self.set_inputs(&filled)?;
            let session = self.session()?;
            session.invoke()?;
            let made = session.output(output)?.bytes;
            if made.len() % images != 0 {
                return Err(BackendError::Failed(format!(
                    "its output of {} bytes does not fit {images} images",
                    made.len()
                )));
            }
            outputs.extend_from_slice(&made[..made.len() / images * (bytes.len() / size)]);
            self.heartbeat.tick(clock::now_ns());
        }
        Ok((Reply::Outputs { count }, outputs))
    }
}

/// The part of `payload` that each input gets.
fn by_input<'a>(inputs: &[TensorInfo], payload: &'a [u8]) -> Result<Vec<&'a [u8]>, BackendError> {
    let mut rest = payload;
    let part = |info: &TensorInfo| {
        let (bytes, after) = rest.split_at_checked(info.byte_len()).ok_or_else(|| {
            BackendError::Failed(format!("input '{}' needs {} bytes", info.name, info.byte_len()))
        })?;
        rest = after;
        Ok(bytes)
    };
    inputs.iter().map(part).collect()
}

/// `bytes` of some images, filled up to a whole run with the last of them.
fn filled(bytes: &[u8], run: usize, image: usize) -> Cow<'_, [u8]> {
    if bytes.len() == run {
        return Cow::Borrowed(bytes);
    }
    let last = &bytes[bytes.len() - image..];
    let missing = (run - bytes.len()) / image;
    Cow::Owned([bytes, &last.repeat(missing)].concat())
}

fn opened(backend: BackendKind) -> Reply {
    match opened_runtime::open(backend) {
        Ok(opened) => Reply::Opened(Box::new(opened)),
        Err(BackendError::Absent { reason, remedy }) => Reply::Absent { reason, remedy },
        Err(error) => refusal(&error),
    }
}

fn nothing_loaded() -> BackendError {
    BackendError::Failed("no model is loaded".into())
}

fn refusal(error: &BackendError) -> Reply {
    let reason = error.to_string();
    match error {
        BackendError::Failed(_) => Reply::Failed { reason },
        BackendError::Unsupported(_) | BackendError::Absent { .. } => Reply::Unsupported { reason },
    }
}
