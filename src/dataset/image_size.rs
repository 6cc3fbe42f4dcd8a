//! Whether a dataset's images all have one size.

use crate::dataset::entries::Dataset;
use crate::image::decode;
use crate::record::options::Exif;

/// Images that are examined; a dataset of photos is recognised at the second.
const MOST_LOOKED_AT: usize = 64;

impl Dataset {
    /// Width and height of the images, if all that are examined have the same size: up to 64 of
    /// them, evenly spaced. Images that cannot be read do not count. If they are turned upright,
    /// only squares certainly keep their size.
    #[must_use]
    pub(crate) fn image_size(&self) -> Option<(usize, usize)> {
        let (width, height) = self.same_size()?;
        let kept = self.exif == Exif::Ignore || width == height;
        kept.then_some((width, height))
    }

    /// The same, however they are turned.
    pub(crate) fn same_size(&self) -> Option<(usize, usize)> {
        *self.same_size.get_or_init(|| self.look())
    }

    fn look(&self) -> Option<(usize, usize)> {
        let step = self.entries.len().div_ceil(MOST_LOOKED_AT).max(1);
        let looked_at = self.entries.iter().step_by(step);
        let mut sizes = looked_at.filter_map(|entry| decode::size(&self.load(entry).ok()?));
        let first = sizes.next()?;
        sizes.all(|size| size == first).then_some(first)
    }
}
