//! The workers' side.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender};

use crate::host::clock::now_ns;
use crate::record::class_map::ClassMap;
use crate::record::image_contents::ImageContents;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::prediction::Prediction;
use crate::record::status::Status;
use crate::scoring::chunk::{Chunk, Prepared};
use crate::scoring::exchange::{ImageOutputs, References};
use crate::scoring::niceness::{NicedThread, Niceness};
use crate::scoring::output_reader::{Answer, OutputReader};
use crate::scoring::ranking;
use crate::scoring::subject::{ScoredImages, ScoringEvent, Subject};
use crate::scoring::supply::{blend, tensor_bytes};
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};

/// The maximum per request to a worker, so that others get their turn and a slow model's worker is
/// never silent for long.
const ASK_NS: u64 = 200_000_000;

/// What the feeders of a pass share; `lost` is of one subject's.
pub(crate) struct Shared<'a> {
    pub niceness: &'a Niceness,
    pub references: &'a References,
    /// Whether the subject's worker was lost.
    pub lost: &'a AtomicBool,
    /// Subjects that still have something to report.
    pub alive: &'a AtomicUsize,
}

/// What one chunk gave.
struct Inferred {
    images: ScoredImages,
    /// Real-valued outputs, if they are compared with others.
    outputs: Option<ImageOutputs>,
}

/// Feeds one subject's workers.
#[derive(Clone)]
pub(crate) struct Feeder {
    subject: usize,
    slot: usize,
    from: usize,
    silent: bool,
    every: usize,
    /// How many share the subject's images.
    workers: u64,
    input_bytes: usize,
    output: usize,
    reading: OutputReader,
    classes: ClassMap,
    /// Mean time of one inference, shared by the subject's workers.
    image_ns: Arc<AtomicU64>,
}

impl Feeder {
    pub(crate) fn new(
        subject: Subject,
        index: usize,
        slot: usize,
    ) -> (Self, Vec<Box<dyn Link + Send>>) {
        let feeder = Self {
            subject: index,
            slot,
            from: subject.from,
            silent: subject.silent,
            every: subject.every,
            workers: subject.links.len() as u64,
            input_bytes: tensor_bytes(&subject.spec),
            output: subject.output,
            reading: subject.reading,
            classes: subject.classes,
            image_ns: Arc::new(AtomicU64::new(0)),
        };
        (feeder, subject.links)
    }

    /// Feeds one worker until the chunks end or the subject is lost.
    pub(crate) fn run(
        &self,
        mut link: Box<dyn Link + Send>,
        chunks: &Receiver<Arc<Chunk>>,
        shared: &Shared<'_>,
        events: &Sender<ScoringEvent>,
    ) {
        let subject = self.subject;
        let mut niced = shared.niceness.niced(link.process());
        for chunk in chunks {
            if shared.lost.load(Ordering::Relaxed) {
                return;
            }
            let index = chunk.index;
            let event = match self.infer(&chunk, link.as_mut(), shared, &mut niced) {
                Ok(Inferred { images, outputs }) => {
                    if let Some(outputs) = outputs {
                        let compared = chunk.exchange.leave(shared.references, subject, outputs);
                        for (subject, agreement) in compared {
                            let _ = events.send(ScoringEvent::Compared {
                                subject,
                                chunk: index,
                                agreement,
                            });
                        }
                    }
                    ScoringEvent::Done { subject, chunk: index, images }
                }
                Err(fault) => {
                    if shared.lost.swap(true, Ordering::Relaxed) {
                        return;
                    }
                    if !self.silent {
                        shared.alive.fetch_sub(1, Ordering::Relaxed);
                    }
                    ScoringEvent::Lost { subject, fault }
                }
            };
            let _ = events.send(event);
        }
    }

    fn infer(
        &self,
        chunk: &Chunk,
        link: &mut dyn Link,
        shared: &Shared<'_>,
        niced: &mut NicedThread<'_>,
    ) -> Result<Inferred, Fault> {
        let due = |image: &Prepared| {
            image.position >= self.from && image.position.is_multiple_of(self.every)
        };
        let due: Vec<usize> =
            (0..chunk.images.len()).filter(|index| due(&chunk.images[*index])).collect();
        let due_images = || due.iter().map(|index| &chunk.images[*index]);
        let mut inferred = Inferred {
            images: ScoredImages {
                predictions: Vec::with_capacity(due.len()),
                preprocess_ns: due_images().map(|image| image.preprocess_ns[self.slot]).collect(),
                contents: due_images().map(|image| ImageContents::one(image.digest)).collect(),
                outputs: OutputsSeen::default(),
            },
            outputs: shared.references.concern(self.subject).then(Vec::new),
        };
        let mut due = due.as_slice();
        while !due.is_empty() {
            let image_ns = self.image_ns.load(Ordering::Relaxed);
            let fitting = ASK_NS.checked_div(image_ns).unwrap_or(1).max(1);
            let count = due.len().min(usize::try_from(fitting).unwrap_or(usize::MAX));
            let (now, later) = due.split_at(count);
            let payload = self.payload(&chunk.tensors[self.slot], now);
            let began = now_ns();
            let outputs = self.ask(link, count, &payload)?;
            blend(&self.image_ns, (now_ns() - began) / count as u64);
            // One that sees only a few images keeps nobody waiting.
            if self.every == 1 {
                niced.costs(self.image_ns.load(Ordering::Relaxed) / self.workers);
            }
            for (index, bytes) in now.iter().zip(outputs.chunks_exact(self.reading.byte_len())) {
                let image = &chunk.images[*index];
                let answer = self.reading.answer(bytes);
                inferred.images.outputs = inferred.images.outputs.and(answer.seen());
                inferred.images.predictions.push(self.predict(image, &answer));
                if let Some(outputs) = &mut inferred.outputs {
                    outputs.push((image.position, self.reading.compared(bytes)));
                }
            }
            due = later;
        }
        Ok(inferred)
    }

    /// The tensors of these images, copied only if others are between them.
    fn payload<'t>(&self, tensors: &'t [u8], images: &[usize]) -> Cow<'t, [u8]> {
        let of = |first: usize, count: usize| {
            &tensors[first * self.input_bytes..(first + count) * self.input_bytes]
        };
        match images {
            [first, .., last] if last - first + 1 > images.len() => {
                Cow::Owned(images.iter().flat_map(|image| of(*image, 1)).copied().collect())
            }
            [first, ..] => Cow::Borrowed(of(*first, images.len())),
            [] => Cow::Borrowed(&[]),
        }
    }

    fn ask(&self, link: &mut dyn Link, count: usize, payload: &[u8]) -> Result<Vec<u8>, Fault> {
        let failed = |reason: String| Fault::new(Status::Failed, reason);
        let count =
            u32::try_from(count).map_err(|_| failed("too many images at once".to_owned()))?;
        match link.ask(&Request::Infer { count, output: self.output }, payload)? {
            (Reply::Outputs { count: got }, outputs)
                if got == count && outputs.len() == count as usize * self.reading.byte_len() =>
            {
                Ok(outputs)
            }
            (Reply::Failed { reason }, _) => Err(failed(reason)),
            (Reply::Unsupported { reason }, _) => Err(Fault::new(Status::Unsupported, reason)),
            (_, outputs) => Err(failed(format!(
                "the worker sent {} bytes of outputs for {count} images, but {} were expected",
                outputs.len(),
                count as usize * self.reading.byte_len()
            ))),
        }
    }

    fn predict(&self, image: &Prepared, answer: &Answer) -> Prediction {
        let rank = |class| match answer {
            Answer::Scores(scores) => {
                let shown = self.reading.shown(scores);
                ranking::rank(&image.file, class, scores, &shown, &self.classes)
            }
            Answer::Best(best) => ranking::best_only(&image.file, class, *best, &self.classes),
        };
        let mut prediction = rank(image.class);
        // Of several right classes the one that ranks best counts.
        for other in image.also.iter().map(|class| rank(*class)) {
            if other.rank_of_label < prediction.rank_of_label {
                prediction.rank_of_label = other.rank_of_label;
                prediction.tie = other.tie;
            }
        }
        prediction
    }
}
