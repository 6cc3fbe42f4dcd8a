//! A dataset exactly as it was read elsewhere: how a sample of one is brought
//! to a device with the classes, order and hash of the whole.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::dataset::entries::{Classes, Dataset, Entry};

/// File name in the dataset's folder.
pub const FILE_NAME: &str = "shutterbench-dataset.json";
/// The schema that this program writes and reads.
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Listing {
    schema: u32,
    entries: Vec<Entry>,
    classes: Classes,
    unreadable: Vec<(String, String)>,
}

/// The text of the listing.
///
/// # Errors
/// None that a dataset can cause.
pub fn write(dataset: &Dataset) -> Result<String> {
    let Dataset { root: _, entries, classes, unreadable, shard: _ } = dataset.clone();
    Ok(serde_json::to_string(&Listing { schema: SCHEMA, entries, classes, unreadable })?)
}

/// Opens the folder `root` by the listing in it.
pub(crate) fn open(root: &Path) -> Result<Dataset> {
    let path = root.join(FILE_NAME);
    let context = || format!("{} cannot be used; push the dataset again", path.display());
    let text = std::fs::read_to_string(&path).with_context(context)?;
    let listing: Listing = serde_json::from_str(&text).with_context(context)?;
    ensure!(
        listing.schema == SCHEMA,
        "{} has schema {}, this program reads {SCHEMA}",
        path.display(),
        listing.schema
    );
    let Listing { schema: _, entries, classes, unreadable } = listing;
    Ok(Dataset { root: root.to_owned(), entries, classes, unreadable, shard: None })
}
