//! Models that `fetch` brought: each in a folder of its name, with its description and labels.

use std::fs;
use std::path::{Path, PathBuf};

use crate::installation;

/// The endings of models' files.
const ENDINGS: [&str; 2] = ["tflite", "onnx"];

/// The folder that fetched models are in, in the user's data folder.
#[must_use]
pub(crate) fn folder() -> Option<PathBuf> {
    installation::user_data().map(|data| data.join("models").join("hosted"))
}

/// The file of the model that was fetched into `folder` under this name.
#[must_use]
pub(crate) fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = |ending: &str| folder.join(name).join(format!("{name}.{ending}"));
    ENDINGS.into_iter().map(path).find(|path| path.is_file())
}

/// The files of the fetched models whose names fit, sorted.
pub(crate) fn matching(fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Some(folder) = folder() else { return Vec::new() };
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| !name.starts_with('.') && fits(name)).collect();
    names.sort_unstable();
    names.iter().filter_map(|name| file(&folder, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_the_file_that_is_named_like_its_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("m_1.0")).unwrap();
        assert_eq!(file(root.path(), "m_1.0"), None);
        fs::write(root.path().join("m_1.0/other.tflite"), "").unwrap();
        fs::write(root.path().join("m_1.0/m_1.0.onnx"), "").unwrap();
        assert_eq!(file(root.path(), "m_1.0"), Some(root.path().join("m_1.0/m_1.0.onnx")));
    }
}
