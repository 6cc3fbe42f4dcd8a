//! What is said of the scored images themselves.

use crate::record::image_contents::ImageContents;
use crate::record::run::Run;

/// Why the rows of a run may not belong together, where files changed while it scored them.
#[must_use]
pub(crate) fn warning(run: &Run) -> Option<&'static str> {
    (run.contents().len() > 1).then_some(
        "files of the dataset changed while they were scored, so rows were not scored on the same images (dataset_sha256 tells which): start a new run",
    )
}

/// The digits that tell the scored images, where all rows were scored on the same.
#[must_use]
pub(crate) fn digits(run: &Run) -> Option<String> {
    match run.contents().as_slice() {
        [one] => Some(ImageContents::hex(one)),
        _ => None,
    }
}
