//! A dataset exactly as it was read elsewhere: how a sample of it is sent to a device with the
//! classes, order and hash of the whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::dataset::container::Container;
use crate::dataset::entries::{Classes, Dataset, LabelledImage};

/// File name in the dataset's folder.
pub const FILE_NAME: &str = "shutterbench-dataset.json";
/// The schema that this program writes and reads.
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Listing {
    schema: u32,
    entries: Vec<LabelledImage>,
    classes: Classes,
    unreadable: Vec<(String, String)>,
    #[serde(default)]
    left_out: Vec<String>,
    #[serde(default)]
    assumed: Vec<String>,
    /// The files beside it that hold the images, if images are not separate files.
    #[serde(default)]
    containers: Vec<String>,
}

/// The names that files with images have beside the listing.
pub(crate) fn container_names(dataset: &Dataset) -> Vec<(String, PathBuf)> {
    let paths = dataset.container.iter().flat_map(|container| &container.paths);
    (1..).zip(paths).map(|(number, path)| (format!("images-{number}"), path.clone())).collect()
}

/// The text of the listing.
///
/// # Errors
/// None that a dataset can cause.
pub fn write(dataset: &Dataset) -> Result<String> {
    let Dataset { entries, classes, unreadable, left_out, assumed, .. } = dataset.clone();
    let schema = SCHEMA;
    let containers = container_names(dataset).into_iter().map(|(name, _)| name).collect();
    Ok(serde_json::to_string(&Listing {
        schema,
        entries,
        classes,
        unreadable,
        left_out,
        assumed,
        containers,
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
    let Listing { entries, classes, unreadable, left_out, assumed, containers, .. } = listing;
    let container = match containers.is_empty() {
        true => None,
        false => {
            let paths = containers.iter().map(|name| root.join(name)).collect();
            Some(Arc::new(Container::open(paths)?.0))
        }
    };
    let bare = Dataset::new(root.to_owned(), entries, classes);
    Ok(Dataset { unreadable, left_out, assumed, container, ..bare })
}
