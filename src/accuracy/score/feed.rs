//! The workers' side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::chunk::{Chunk, Prepared};
use super::permits::Permits;
use super::supply::{blend, nanos, tensor_bytes};
use super::{Event, Fed, Subject};
use crate::accuracy::class_map::ClassMap;
use crate::accuracy::prediction::Prediction;
use crate::accuracy::{ranking, scores};
use crate::model::tensor::TensorInfo;
use crate::run::Status;
use crate::worker::{Fault, Link, Reply, Request};

/// A worker is asked for no more than this at once, so that others get their
/// turn and a slow model's worker is never silent for long.
const ASK_NS: u64 = 200_000_000;

/// Feeds one subject's workers.
#[derive(Clone)]
pub(super) struct Feeder {
    subject: usize,
    slot: usize,
    from: usize,
    until: Option<usize>,
    compared: usize,
    input_bytes: usize,
    output: TensorInfo,
    classes: ClassMap,
    /// Mean time of one inference, shared by the subject's workers.
    image_ns: Arc<AtomicU64>,
}

impl Feeder {
    pub(super) fn new(
        subject: Subject,
        index: usize,
        slot: usize,
    ) -> (Self, Vec<Box<dyn Link + Send>>) {
        let feeder = Self {
            subject: index,
            slot,
            from: subject.from,
            until: subject.until,
            compared: subject.compared,
            input_bytes: tensor_bytes(&subject.spec),
            output: subject.output,
            classes: subject.classes,
            image_ns: Arc::new(AtomicU64::new(0)),
        };
        (feeder, subject.links)
    }

    /// Feeds one worker until the chunks end or the subject is lost.
    pub(super) fn run(
        &self,
        mut link: Box<dyn Link + Send>,
        chunks: &Receiver<Arc<Chunk>>,
        permits: &Permits,
        lost: &AtomicBool,
        alive: &AtomicUsize,
        events: &Sender<Event>,
    ) {
        for chunk in chunks {
            if lost.load(Ordering::Relaxed) {
                return;
            }
            let event = match self.infer(&chunk, link.as_mut(), permits) {
                Ok(fed) => Event::Done { subject: self.subject, chunk: chunk.index, fed },
                Err(fault) => {
                    if lost.swap(true, Ordering::Relaxed) {
                        return;
                    }
                    // Nobody waits for a reference.
                    alive.fetch_sub(usize::from(self.until.is_none()), Ordering::Relaxed);
                    Event::Lost { subject: self.subject, fault }
                }
            };
            let _ = events.send(event);
        }
    }

    fn infer(&self, chunk: &Chunk, link: &mut dyn Link, permits: &Permits) -> Result<Fed, Fault> {
        let skipped = chunk.images.iter().filter(|image| image.position < self.from).count();
        let until = self.until.unwrap_or(usize::MAX);
        let wanted = chunk.images.iter().filter(|image| image.position < until).count();
        let mut images = &chunk.images[skipped.min(wanted)..wanted];
        let mut tensors = &chunk.tensors[self.slot][skipped * self.input_bytes..];
        let mut fed = Fed {
            predictions: Vec::with_capacity(images.len()),
            preprocess_ns: images.iter().map(|image| image.preprocess_ns[self.slot]).collect(),
            outputs: Vec::new(),
        };
        while !images.is_empty() {
            let image_ns = self.image_ns.load(Ordering::Relaxed);
            let permit = permits.acquire(image_ns);
            let fitting = ASK_NS.checked_div(image_ns).unwrap_or(1).max(1);
            let count = images.len().min(usize::try_from(fitting).unwrap_or(usize::MAX));
            let (now, later) = images.split_at(count);
            let (payload, rest) = tensors.split_at(count * self.input_bytes);
            let began = Instant::now();
            let outputs = self.ask(link, count, payload)?;
            blend(&self.image_ns, nanos(began) / count as u64);
            let size = self.output.byte_len();
            for (image, bytes) in now.iter().zip(outputs.chunks_exact(size)) {
                if image.position < self.compared {
                    fed.outputs.push(scores::real(bytes.to_vec(), &self.output));
                }
                fed.predictions.push(self.predict(image, bytes));
            }
            drop(permit);
            (images, tensors) = (later, rest);
        }
        Ok(fed)
    }

    fn ask(&self, link: &mut dyn Link, count: usize, payload: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |reason: String| Fault { status: Status::Failed, reason };
        let count =
            u32::try_from(count).map_err(|_| failed("too many images at once".to_owned()))?;
        match link.ask(&Request::Infer { count }, payload)? {
            (Reply::Outputs { count: got }, outputs)
                if got == count && outputs.len() == count as usize * self.output.byte_len() =>
            {
                Ok(outputs)
            }
            (Reply::Failed { reason }, _) => Err(failed(reason)),
            (Reply::Unsupported { reason }, _) => {
                Err(Fault { status: Status::Unsupported, reason })
            }
            (_, outputs) => Err(failed(format!(
                "the worker sent {} bytes of outputs for {count} images, {} were expected",
                outputs.len(),
                count as usize * self.output.byte_len()
            ))),
        }
    }

    fn predict(&self, image: &Prepared, bytes: &[u8]) -> Prediction {
        let scores = scores::probabilities(bytes.to_vec(), &self.output);
        ranking::rank(&image.file, image.class, &scores, &self.classes)
    }
}
