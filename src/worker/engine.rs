//! The work itself: one loaded model that answers requests. It runs in a
//! child process ([`crate::worker::child`]) or, for debuggers, in this one
//! ([`crate::worker::in_process`]).

use std::time::Instant;

use crate::host::affinity;
use crate::record::tensor::TensorInfo;
use crate::runtime::backend::LoadRequest;
use crate::runtime::error::BackendError;
use crate::runtime::session::Session;
use crate::worker::{block, memory};

use crate::record::visit::Loaded;
use crate::worker::protocol::{Reply, Request};

/// One model on one backend, not loaded yet or loaded.
#[derive(Default)]
pub struct Engine {
    session: Option<Box<dyn Session>>,
}

impl Engine {
    /// Answers one request. [`Request::Exit`] is the caller's business.
    pub fn answer(&mut self, request: Request, payload: &[u8]) -> (Reply, Vec<u8>) {
        let answered = match request {
            Request::Infer { count } => self.infer(count, payload),
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
            Request::SetInputs => self.set_inputs(payload).map(|()| Reply::InputsSet),
            Request::First => self.block(1),
            Request::Block { iterations } => self.block(iterations),
            Request::Coverage => self.session()?.coverage().map(Reply::Coverage),
            Request::Memory => memory::memory().map(Reply::Memory).ok_or_else(|| {
                BackendError::Failed("this system does not tell a process's memory".into())
            }),
            Request::Infer { .. } | Request::Exit => {
                Err(BackendError::Failed("this request is not for the engine".into()))
            }
        }
    }

    fn load(&mut self, request: Request) -> Result<Reply, BackendError> {
        let Request::Load { model, backend, delegate, threads, batch, affinity, .. } = request
        else {
            return Err(BackendError::Failed("not a load request".into()));
        };
        if !affinity.is_empty() {
            affinity::pin(&affinity).map_err(|error| BackendError::Failed(error.to_string()))?;
        }
        let backend = crate::runtime::registry::open(backend)?;
        let before = memory::memory();
        let start = Instant::now();
        let request = LoadRequest { model: &model, delegate: &delegate, threads, batch };
        let session = backend.load(&request)?;
        let load_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let after = memory::memory();
        let loaded = Loaded {
            backend_version: backend.version(),
            load_ns,
            inputs: session.inputs().to_vec(),
            outputs: session.outputs().to_vec(),
            threads_before: before.map(|before| before.threads),
            memory_load_bytes: before
                .zip(after)
                .map(|(before, after)| after.resident_bytes.saturating_sub(before.resident_bytes)),
        };
        self.session = Some(session);
        Ok(Reply::Loaded(Box::new(loaded)))
    }

    fn session(&mut self) -> Result<&mut Box<dyn Session>, BackendError> {
        self.session.as_mut().ok_or_else(|| BackendError::Failed("no model is loaded".into()))
    }

    fn set_inputs(&mut self, payload: &[u8]) -> Result<(), BackendError> {
        let session = self.session()?;
        let inputs = session.inputs().to_vec();
        let mut rest = payload;
        for (index, info) in inputs.iter().enumerate() {
            let (bytes, after) = rest.split_at_checked(info.byte_len()).ok_or_else(|| {
                BackendError::Failed(format!(
                    "input '{}' needs {} bytes",
                    info.name,
                    info.byte_len()
                ))
            })?;
            // As the runtime describes them, and of their size: nothing is left to check.
            session.write_input(index, bytes)?;
            rest = after;
        }
        Ok(())
    }

    fn block(&mut self, iterations: u32) -> Result<Reply, BackendError> {
        let session = self.session()?;
        block::time_block(iterations, || session.invoke()).map(Reply::Timed)
    }

    fn infer(&mut self, count: u32, payload: &[u8]) -> Result<(Reply, Vec<u8>), BackendError> {
        let session = self.session()?;
        let size: usize = session.inputs().iter().map(TensorInfo::byte_len).sum();
        if payload.len() != size * count as usize || size == 0 {
            return Err(BackendError::Failed(format!(
                "{count} inputs of {size} bytes were announced, {} bytes came",
                payload.len()
            )));
        }
        let mut outputs = Vec::new();
        for bytes in payload.chunks_exact(size) {
            self.set_inputs(bytes)?;
            let session = self.session()?;
            session.invoke()?;
            outputs.extend_from_slice(&session.output(0)?.bytes);
        }
        Ok((Reply::Outputs { count }, outputs))
    }
}

fn refusal(error: &BackendError) -> Reply {
    let reason = error.to_string();
    match error {
        BackendError::Failed(_) => Reply::Failed { reason },
        BackendError::Unsupported(_) | BackendError::Absent { .. } => Reply::Unsupported { reason },
    }
}
