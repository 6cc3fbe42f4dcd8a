//! The sentence about images whose files say that they must be rotated.

use crate::record::options::Exif;
use crate::record::run::{Decoded, Run};

/// How many of the photos have an EXIF orientation, and whether it was applied; `None` if none has.
/// Images are counted each time they are decoded, so the share is exact if each was decoded equally
/// often and the run was not interrupted.
#[must_use]
pub(crate) fn sentence(run: &Run) -> Option<String> {
    let exif = run.header.options.accuracy.as_ref()?.exif;
    let photos = run.header.dataset.as_ref()?.images;
    let Decoded { images, turned, .. } = run.decoded;
    if turned == 0 {
        return None;
    }
    let turned = (turned as f64 / images as f64 * photos as f64).round().max(1.0);
    Some(match exif {
        Exif::Ignore => format!(
            "{turned} of {photos} photos carry a rotation that was not applied (--exif apply)"
        ),
        Exif::Apply => {
            format!("{turned} of {photos} photos were turned upright, as their EXIF data says")
        }
    })
}

/// What the terminal shows below the table.
#[must_use]
pub(crate) fn terminal(run: &Run) -> String {
    sentence(run).map_or(String::new(), |sentence| format!("\n{sentence}\n"))
}
