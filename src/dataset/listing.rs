//! A dataset exactly as it was read elsewhere: how images of it are sent to a device with the
//! classes, order and hash of the whole, of which the device may have a part.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::dataset::entries::{Classes, Dataset, LabelledImage, Store};

/// File name in the dataset's folder.
pub const FILE_NAME: &str = "shutterbench-dataset.json";
/// The schema that this program writes and reads.
const SCHEMA: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Listing {
    schema: u32,
    /// All images, with their sizes; the files of some of them are beside the listing.
    entries: Vec<LabelledImage>,
    classes: Classes,
    unreadable: Vec<(String, String)>,
    left_out: Vec<String>,
    assumed: Vec<String>,
    /// Width and height that the images share: a part of them would not tell.
    same_size: Option<(usize, usize)>,
}

/// The text of the listing.
///
/// # Errors
/// None that a dataset can cause.
pub(crate) fn write(dataset: &Dataset) -> Result<String> {
    let Dataset { entries, classes, unreadable, left_out, assumed, .. } = dataset.clone();
    let same_size = dataset.same_size();
    let schema = SCHEMA;
    Ok(serde_json::to_string(&Listing {
        schema,
        entries,
        classes,
        unreadable,
        left_out,
        assumed,
        same_size,
    })?)
}

/// Opens the folder `root` by the listing in it.
pub(crate) fn open(root: &Path) -> Result<Dataset> {
    let path = root.join(FILE_NAME);
    let context = || format!("{} cannot be used; push the dataset again", path.display());
    let text = std::fs::read_to_string(&path).with_context(context)?;
    let listing: Listing = serde_json::from_str(&text).with_context(context)?;
    ensure!(
        listing.schema == SCHEMA,
        "{} has schema {}, but this program reads {SCHEMA}",
        path.display(),
        listing.schema
    );
    let Listing { entries, classes, unreadable, left_out, assumed, same_size, .. } = listing;
    let same_size = OnceLock::from(same_size);
    let bare = Dataset::new(root.to_owned(), entries, classes);
    Ok(Dataset { unreadable, left_out, assumed, store: Store::Hashed, same_size, ..bare })
}
