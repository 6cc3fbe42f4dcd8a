//! A stratified sample.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::dataset::entries::{Dataset, LabelledImage};

impl Dataset {
    /// A stratified sample of `count` images that `seed` picks, in the
    /// dataset's order: every class keeps its share.
    ///
    /// # Errors
    /// A count of 0.
    pub(crate) fn sample(&mut self, count: usize, seed: u64) -> Result<()> {
        ensure!(count > 0, "--images must be at least 1, got 0");
        // All that a device was sent stays as it is.
        if count < self.entries.len() {
            self.entries = stratified(&self.entries, count, seed);
            self.same_size = OnceLock::new();
        }
        Ok(())
    }
}

/// `count` of `entries`, in their order. Every class is shuffled, and its
/// images are spread evenly over 0..1; those with the lowest places are taken,
/// so that each class keeps its share to within one image.
pub(crate) fn stratified(entries: &[LabelledImage], count: usize, seed: u64) -> Vec<LabelledImage> {
    let mut classes = BTreeMap::<u32, Vec<usize>>::new();
    for (position, entry) in entries.iter().enumerate() {
        classes.entry(entry.class).or_default().push(position);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<Vec<usize>> = classes.into_values().collect();
    // Which classes come first if not every class can have an image.
    order.shuffle(&mut random);
    let mut places = Vec::with_capacity(entries.len());
    for (turn, positions) in order.iter_mut().enumerate() {
        positions.shuffle(&mut random);
        let images = positions.len() as f64;
        let placed = positions.iter().enumerate();
        places.extend(placed.map(|(i, position)| ((i as f64 + 0.5) / images, turn, *position)));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut taken: Vec<usize> =
        places.into_iter().take(count).map(|(_, _, position)| position).collect();
    taken.sort_unstable();
    taken.into_iter().map(|position| entries[position].clone()).collect()
}
