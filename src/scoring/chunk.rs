//! A run of images, prepared for every distinct input spec.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::scoring::exchange::Exchange;

/// Images ready to be fed.
pub(crate) struct Chunk {
    /// Its place in the dataset.
    pub index: usize,
    /// The readable images.
    pub images: Vec<Prepared>,
    /// By input spec: the tensors of all images, one after the other.
    pub tensors: Vec<Vec<u8>>,
    /// The outputs that feeders leave for each other.
    pub exchange: Exchange,
    /// Given back when the last feeder drops the chunk.
    pub _credit: Credit,
}

/// A readable image of a chunk.
pub(crate) struct Prepared {
    /// Position in the dataset.
    pub position: usize,
    /// File within the dataset.
    pub file: Arc<str>,
    /// The true class.
    pub class: u32,
    /// Further classes that are right too.
    pub also: Vec<u32>,
    /// See [`crate::dataset::entries::Dataset::digest`].
    pub digest: [u8; 32],
    /// By input spec: time to prepare it.
    pub preprocess_ns: Vec<u64>,
}

/// How many chunks may be in flight.
pub(crate) struct Credits {
    give: Sender<()>,
    take: Receiver<()>,
}

/// The right to have one chunk in flight.
pub(crate) struct Credit(Sender<()>);

impl Credits {
    pub(crate) fn new(count: usize) -> Self {
        let (give, take) = bounded(count);
        for _ in 0..count {
            // The channel holds just as many.
            let _ = give.send(());
        }
        Self { give, take }
    }

    /// Waits for a credit.
    pub(crate) fn take(&self) -> Credit {
        // `self` holds a sender, so that the channel is never closed.
        let _ = self.take.recv();
        Credit(self.give.clone())
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
