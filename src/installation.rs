//! Where what belongs to the program lies: around the program itself, and in the user's data
//! folder.

use std::env;
use std::path::{Path, PathBuf};

use crate::system::names;

/// How many folders above the program are looked at: `target/release/deps` has the checkout as
/// its fourth.
const ABOVE: usize = 4;

/// The program's folder and those above it, the nearest first.
#[must_use]
pub(crate) fn above_program() -> Vec<PathBuf> {
    let program = env::current_exe().unwrap_or_default();
    program.ancestors().skip(1).take(ABOVE).map(Path::to_owned).collect()
}

/// Where a folder of data with this name may lie: beside the program or above it, as in a
/// checkout, or in `share/shutterbench` there, as an installation has it.
#[must_use]
pub(crate) fn data_folders(name: &str) -> Vec<PathBuf> {
    let of = |above: PathBuf| [above.join(name), above.join("share/shutterbench").join(name)];
    above_program().into_iter().flat_map(of).collect()
}

/// The program's folder in the user's data folder; `None` if no variable names that.
#[must_use]
pub(crate) fn user_data() -> Option<PathBuf> {
    names::user_data().map(|data| data.join("shutterbench"))
}

/// The folders of Python packages in the environment whose program this is, as `pip install`
/// lays them out: `bin/shutterbench` beside `lib/python3.11/site-packages`.
#[must_use]
pub(crate) fn python_packages() -> Vec<PathBuf> {
    let Some(environment) = above_program().into_iter().nth(1) else { return Vec::new() };
    packages_of(&environment)
}

fn packages_of(environment: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let mut pythons: Vec<PathBuf> = folders
        .filter(|folder| folder.file_name().to_string_lossy().starts_with("python3"))
        .map(|folder| folder.path())
        .collect();
    pythons.sort_unstable();
    if cfg!(windows) {
        pythons.push(environment.join("Lib"));
    }
    let of = |python: PathBuf| ["site-packages", "dist-packages"].map(|name| python.join(name));
    pythons.into_iter().flat_map(of).filter(|folder| folder.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_every_python_of_an_environment_are_found_in_order() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["python3.9/site-packages", "python3/dist-packages", "perl5/site-packages"] {
            std::fs::create_dir_all(root.path().join("lib").join(folder)).unwrap();
        }
        let lib = root.path().join("lib");
        let expected = [lib.join("python3/dist-packages"), lib.join("python3.9/site-packages")];
        assert_eq!(packages_of(root.path()), expected);
        assert!(packages_of(&lib).is_empty());
    }
}
