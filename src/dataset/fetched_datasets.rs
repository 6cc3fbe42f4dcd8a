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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_the_folder_of_its_name() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(images(root.path(), "tiny"), None);
        std::fs::create_dir(root.path().join("tiny")).unwrap();
        assert_eq!(images(root.path(), "tiny"), Some(root.path().join("tiny")));
    }
}
