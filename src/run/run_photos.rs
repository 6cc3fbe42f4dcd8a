//! The photos of a run whose timed runs take photos.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dataset::entries::{Dataset, LabelledImage};
use crate::image::decode;
use crate::image::preprocess::Preparer;
use crate::record::preprocessing::InputSpec;
use crate::record::status::Status;
use crate::worker::link::Fault;

/// Photos that runs take in turn: their files are larger together than a core's caches.
const MOST_PHOTOS: usize = 64;
/// Bytes of a model's prepared photos, which are kept for all of its processes, and how many photos
/// there are at least, however large they are.
const MOST_BYTES: usize = 16 << 20;
const LEAST_PHOTOS: usize = 8;

/// Photos as a model takes them.
pub(crate) struct PreparedPhotos {
    /// How many.
    pub(crate) count: u32,
    /// Their tensors, one after the other.
    pub(crate) bytes: Vec<u8>,
}

/// The photos of a run, prepared once for each model.
#[derive(Default)]
pub(crate) struct RunPhotos<'a> {
    /// Where they come from, in a run with photos.
    dataset: Option<&'a Dataset>,
    prepared: Mutex<HashMap<String, Arc<PreparedPhotos>>>,
}

impl<'a> RunPhotos<'a> {
    /// Those of a dataset, none of which is read yet.
    #[must_use]
    pub(crate) fn of(dataset: Option<&'a Dataset>) -> Self {
        Self { dataset, ..Self::default() }
    }

    /// The photos for `model`.
    ///
    /// # Errors
    /// No photo that can be read.
    pub(crate) fn prepared(
        &self,
        model: &str,
        spec: &InputSpec,
    ) -> Result<Arc<PreparedPhotos>, Fault> {
        let mut known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(photos) = known.get(model) {
            return Ok(Arc::clone(photos));
        }
        let failed = |reason: &str| Fault::new(Status::Failed, reason.to_owned());
        let dataset = self.dataset.ok_or_else(|| failed("the run has no photos"))?;
        let photos = prepare(dataset, spec);
        if photos.count == 0 {
            return Err(failed("none of the photos that it is timed on can be read"));
        }
        Ok(Arc::clone(known.entry(model.to_owned()).or_insert_with(|| Arc::new(photos))))
    }
}

/// Evenly spaced photos. What cannot be read is named where it is scored.
fn prepare(dataset: &Dataset, spec: &InputSpec) -> PreparedPhotos {
    let (mut preparer, mut bytes, gate) = (Preparer::default(), Vec::new(), Mutex::new(()));
    let mut count = 0;
    for entry in spaced(&dataset.entries[dataset.scored()], 0) {
        let Ok(file) = dataset.load(entry) else { continue };
        let Ok(decoded) = decode::decode(&file, &gate) else { continue };
        preparer.prepare(&decoded.turned(dataset.exif).pixels, spec, &mut bytes);
        count += 1;
        if count >= LEAST_PHOTOS && bytes.len() >= MOST_BYTES {
            break;
        }
    }
    // At most `spaced` gives.
    PreparedPhotos { count: count as u32, bytes }
}

/// At most [`MOST_PHOTOS`] images at even distances, those of another round beginning elsewhere.
pub(crate) fn spaced(images: &[LabelledImage], round: u32) -> impl Iterator<Item = &LabelledImage> {
    let count = images.len().min(MOST_PHOTOS);
    // A seventh of the photos further each round: every one comes first in some round.
    let first = round as usize * count.div_ceil(7);
    (0..count).map(move |index| &images[(index + first) % count * images.len() / count])
}
