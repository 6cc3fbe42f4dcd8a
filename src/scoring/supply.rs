//! The decoding side.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::Sender;

use crate::dataset::entries::{Dataset, LabelledImage};
use crate::host::clock::thread_cpu_ns;
use crate::image::decode;
use crate::image::preprocess::Preparer;
use crate::record::preprocessing::InputSpec;
use crate::record::run::Decoded;
use crate::scoring::chunk::{Chunk, Credits, Prepared};
use crate::scoring::exchange::Exchange;
use crate::scoring::niceness::Niceness;
use crate::scoring::subject::{ScoringEvent, Subject};
use crate::system::priorities;

/// Maximum images of a chunk: small, so that feeders start and end together.
const CHUNK_IMAGES: usize = 8;
/// Maximum bytes of a chunk's tensors, unless one image alone has more.
const CHUNK_BYTES: usize = 4 << 20;
/// Maximum bytes of all chunks in flight, on a machine of many cores.
const IN_FLIGHT_BYTES: usize = 128 << 20;

/// Hands out the dataset in chunks.
pub(crate) struct Supply<'a> {
    dataset: &'a Dataset,
    /// Positions of the images that are due.
    due: Range<usize>,
    specs: Vec<InputSpec>,
    chunk_images: usize,
    next: AtomicUsize,
    credits: Credits,
    niceness: &'a Niceness,
    threads: NonZeroUsize,
    /// Mean CPU time to decode and prepare one image.
    image_ns: AtomicU64,
    decoded_images: AtomicUsize,
    turned_images: AtomicUsize,
    decoded_ns: AtomicU64,
    large: Mutex<()>,
}

impl<'a> Supply<'a> {
    pub(crate) fn new(
        dataset: &'a Dataset,
        subjects: &[Subject],
        cores: NonZeroUsize,
        niceness: &'a Niceness,
    ) -> Self {
        let mut specs: Vec<InputSpec> = Vec::new();
        for subject in subjects {
            if !specs.contains(&subject.spec) {
                specs.push(subject.spec.clone());
            }
        }
        let bytes: usize = specs.iter().map(tensor_bytes).sum();
        // One per decoding thread and one for feeders that lag: at the end the slowest lags by all
        // of them, when nothing else has work.
        let in_flight = cores.get() + 1;
        let chunk_bytes = CHUNK_BYTES.min(IN_FLIGHT_BYTES / in_flight);
        let chunk_images = (chunk_bytes / bytes.max(1)).clamp(1, CHUNK_IMAGES);
        let end = dataset.scored().end;
        let from = subjects.iter().map(|subject| subject.from).min().unwrap_or(end);
        Self {
            dataset,
            due: from..end,
            specs,
            chunk_images,
            next: AtomicUsize::new(from / chunk_images),
            credits: Credits::new(in_flight),
            niceness,
            threads: cores,
            image_ns: AtomicU64::new(0),
            decoded_images: AtomicUsize::new(0),
            turned_images: AtomicUsize::new(0),
            decoded_ns: AtomicU64::new(0),
            large: Mutex::new(()),
        }
    }

    /// The chunk that holds the image at `position`.
    pub(crate) fn first_chunk(&self, position: usize) -> usize {
        position / self.chunk_images
    }

    /// Which of a chunk's tensors are for `spec`.
    pub(crate) fn slot(&self, spec: &InputSpec) -> usize {
        self.specs.iter().position(|known| known == spec).unwrap_or(0)
    }

    /// What was decoded so far.
    pub(crate) fn decoded(&self) -> Decoded {
        Decoded {
            images: self.decoded_images.load(Ordering::Relaxed),
            turned: self.turned_images.load(Ordering::Relaxed),
            seconds: self.decoded_ns.load(Ordering::Relaxed) as f64 / 1e9,
        }
    }

    /// Whether every chunk was handed out.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.next.load(Ordering::Relaxed) * self.chunk_images >= self.due.end
    }

    /// Decodes until there is nothing left or `over` says so.
    pub(crate) fn run(
        &self,
        queues: &[Sender<Arc<Chunk>>],
        events: &Sender<ScoringEvent>,
        over: &dyn Fn() -> bool,
    ) {
        let mut preparer = Preparer::default();
        let mut niced = self.niceness.niced(priorities::this_thread());
        loop {
            let credit = self.credits.take();
            if over() {
                return;
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            // A chunk begins at a multiple of its size, whatever part of it is due.
            let first = index * self.chunk_images;
            if first >= self.due.end {
                return;
            }
            let last = (first + self.chunk_images).min(self.due.end);
            let first = first.max(self.due.start);
            self.read_ahead(last);
            let room = |spec| Vec::with_capacity((last - first) * tensor_bytes(spec));
            let mut chunk = Chunk {
                index,
                images: Vec::with_capacity(last - first),
                tensors: self.specs.iter().map(room).collect(),
                exchange: Exchange::default(),
                _credit: credit,
            };
            for position in first..last {
                let entry = &self.dataset.entries[position];
                if let Err(reason) = self.add(&mut chunk, position, entry, &mut preparer) {
                    let reason = format!("{reason:#}");
                    // A closed channel means that nothing receives any more.
                    let _ = events.send(ScoringEvent::Unreadable { position, reason });
                }
            }
            niced.costs(self.image_ns.load(Ordering::Relaxed) / self.threads.get() as u64);
            let chunk = Arc::new(chunk);
            for queue in queues {
                // A closed queue is a lost subject's.
                let _ = queue.send(Arc::clone(&chunk));
            }
        }
    }

    /// Asks the system for the files of the chunk that comes after those which the
    /// threads have in hand with the one that ends before `end`, so that no thread waits
    /// for a disk.
    fn read_ahead(&self, end: usize) {
        let first = end + (self.threads.get() - 1) * self.chunk_images;
        let last = (first + self.chunk_images).min(self.due.end);
        for position in first..last {
            self.dataset.read_ahead(&self.dataset.entries[position]);
        }
    }

    fn add(
        &self,
        chunk: &mut Chunk,
        position: usize,
        entry: &LabelledImage,
        preparer: &mut Preparer,
    ) -> anyhow::Result<()> {
        let bytes = self.dataset.load(entry)?;
        let digest = Dataset::digest(entry, &bytes);
        let began = thread_cpu_ns();
        let decoded = decode::decode(&bytes, &self.large)?;
        self.decoded_images.fetch_add(1, Ordering::Relaxed);
        self.turned_images.fetch_add(usize::from(decoded.is_turned()), Ordering::Relaxed);
        let decoded = decoded.turned(self.dataset.exif);
        let mut ended = thread_cpu_ns();
        self.decoded_ns.fetch_add(ended - began, Ordering::Relaxed);
        let mut preprocess_ns = Vec::with_capacity(self.specs.len());
        for (spec, tensors) in self.specs.iter().zip(&mut chunk.tensors) {
            preparer.prepare(&decoded.pixels, spec, tensors);
            let now = thread_cpu_ns();
            preprocess_ns.push(now - ended);
            ended = now;
        }
        let LabelledImage { file, class, also, .. } = entry.clone();
        let file = file.into();
        chunk.images.push(Prepared { position, file, class, also, digest, preprocess_ns });
        blend(&self.image_ns, ended - began);
        Ok(())
    }
}

pub(crate) fn tensor_bytes(spec: &InputSpec) -> usize {
    spec.shape().iter().product::<usize>() * spec.element.width()
}

/// Moves a running mean an eighth of the way to `value`.
pub(crate) fn blend(mean: &AtomicU64, value: u64) {
    let old = mean.load(Ordering::Relaxed);
    let new = if old == 0 { value } else { old - old / 8 + value / 8 };
    mean.store(new, Ordering::Relaxed);
}
