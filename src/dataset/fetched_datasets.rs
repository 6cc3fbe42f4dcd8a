//! Datasets that `fetch` brought: each in a folder of its name.

use std::path::{Path, PathBuf};

use crate::installation;

/// The folder that fetched datasets are in, in the user's data folder.
#[must_use]
pub(crate) fn folder() -> Option<PathBuf> {
    installation::user_data().map(|data| data.join("datasets"))
}

/// The images of the dataset that was fetched into `folder` under this name.
#[must_use]
pub(crate) fn images(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    path.is_dir().then_some(path)
}
