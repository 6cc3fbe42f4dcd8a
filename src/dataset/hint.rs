//! What may be meant where a folder has no labels: part of the sentence that refuses it.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::dataset::container::ContainerKind;
use crate::dataset::image_files;

/// More names than these help nobody.
const MOST: usize = 3;

/// What lies in the folder, or above it, that may be its labels or hold its images; empty
/// where nothing does.
pub(crate) fn told(root: &Path) -> String {
    let ends = |path: &PathBuf, endings: &[&str]| {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        endings.contains(&ending.as_str())
    };
    let here = image_files::items(root);
    let of = |endings: &[&str]| here.iter().filter(|path| ends(path, endings)).collect::<Vec<_>>();
    let tables = of(&["csv", "tsv"]);
    if tables.len() > 1 {
        return format!(
            "; it holds {} tables ({}): give one of them with --dataset",
            tables.len(),
            names(&tables)
        );
    }
    let sheets = of(&["xlsx", "xls", "ods"]);
    if !sheets.is_empty() {
        return format!("; save {} as CSV, which is read", names(&sheets));
    }
    if let Some(form) = cifar(root, &here) {
        return format!(
            "; it is CIFAR-10 {form}, which is not read: 'shutterbench fetch cifar-10' brings its test images out of cifar-10-binary.tar.gz, and with --archive FILE out of your copy of that"
        );
    }
    let packed = here
        .iter()
        .filter(|path| matches!(ContainerKind::of(path), Some(ContainerKind::Packed(_))));
    let packed: Vec<&PathBuf> = packed.collect();
    if !packed.is_empty() {
        return format!("; unpack {} first", names(&packed));
    }
    let unread: Vec<&PathBuf> = of(&["json", "jsonl", "yaml", "yml", "toml", "txt", "lst"])
        .into_iter()
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            name.contains("label") || name.contains("annotation") || name.contains("class")
        })
        .collect();
    if !unread.is_empty() {
        return format!(
            "; {} does not name them in a form that is read: write it as CSV with a line per image",
            names(&unread)
        );
    }
    if let Some(folder) = folder_of_containers(root) {
        return format!("; give {}, which holds Parquet or tar files", folder.display());
    }
    let full = std::fs::canonicalize(root).ok();
    let above = full.as_deref().and_then(Path::parent).map(image_files::items).unwrap_or_default();
    let above: Vec<&PathBuf> = above.iter().filter(|path| ends(path, &["csv", "tsv"])).collect();
    match above[..] {
        [] => String::new(),
        [only] => format!("; if {} has them, give that with --dataset", only.display()),
        [first, ..] => format!(
            "; if one of the tables above it has them ({}), give that with --dataset, such as {}",
            names(&above),
            first.display()
        ),
    }
}

/// The form in which CIFAR-10 is in the folder, or in the one folder that its archives hold.
fn cifar(root: &Path, here: &[PathBuf]) -> Option<&'static str> {
    /// The file of each archive that has the test images, and what the archive is.
    const FORMS: [(&str, &str); 4] = [
        ("test_batch", "for Python, as pickles"),
        ("test_batch.mat", "for MATLAB"),
        ("test_batch.bin", "in its binary batches"),
        ("cifar-10-python.tar.gz", "for Python, as pickles"),
    ];
    let inner = root.join("cifar-10-batches-py");
    let is_here = |name: &str| here.iter().any(|path| path.ends_with(name));
    let (_, form) = FORMS.iter().find(|(name, _)| is_here(name) || inner.join(name).is_file())?;
    Some(form)
}

/// The first folder below with Parquet files or tar archives, as hubs lay them out. Splits
/// for measuring come first.
fn folder_of_containers(root: &Path) -> Option<PathBuf> {
    /// How deep a hub's cache has them.
    const DEPTH: usize = 5;
    let walk = WalkDir::new(root).max_depth(DEPTH).sort_by_file_name().into_iter();
    let is_container = |path: &Path| {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        matches!(ending.as_str(), "parquet" | "tar") && ContainerKind::of(path).is_some()
    };
    let found = walk.filter_map(Result::ok).filter(|item| is_container(item.path()));
    let mut folders: Vec<PathBuf> =
        found.filter_map(|item| Some(item.path().parent()?.to_owned())).collect();
    let rank = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        ["val", "test"].iter().position(|start| name.starts_with(start)).unwrap_or(usize::MAX)
    };
    folders.sort_by_key(rank);
    folders.into_iter().next()
}

fn names(paths: &[&PathBuf]) -> String {
    let name = |path: &&PathBuf| image_files::name_in(path.parent().unwrap_or(Path::new("")), path);
    let mut names: Vec<String> = paths.iter().take(MOST).map(name).collect();
    if paths.len() > MOST {
        names.push("...".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_forms_of_cifar_10_are_told_what_brings_its_images() {
        let folder = tempfile::tempdir().unwrap();
        let batches = folder.path().join("cifar-10-batches-py");
        fs::create_dir(&batches).unwrap();
        fs::write(batches.join("test_batch"), b"\x80\x02}q").unwrap();
        fs::write(batches.join("batches.meta"), b"\x80\x02}q").unwrap();
        for root in [folder.path(), &batches] {
            let told = told(root);
            assert!(told.contains("for Python") && told.contains("fetch cifar-10'"), "{told}");
        }
        fs::rename(batches.join("test_batch"), batches.join("test_batch.bin")).unwrap();
        assert!(told(&batches).contains("in its binary batches"));
    }

    #[test]
    fn what_lies_about_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("images");
        fs::create_dir(&root).unwrap();
        assert_eq!(told(&root), "");
        fs::write(folder.path().join("all.csv"), "x").unwrap();
        assert!(told(&root).contains("all.csv has them, give that with --dataset"));
        fs::create_dir_all(root.join("default/validation")).unwrap();
        fs::write(root.join("default/validation/0000.parquet"), b"PAR1").unwrap();
        assert!(told(&root).contains("default/validation, which holds Parquet"));
        fs::write(root.join("a.zip"), b"PK\x03\x04").unwrap();
        assert_eq!(told(&root), "; unpack a.zip first");
        fs::write(root.join("labels.xlsx"), b"PK\x03\x04").unwrap();
        assert_eq!(told(&root), "; save labels.xlsx as CSV, which is read");
        for name in ["a.csv", "b.tsv", "._c.csv"] {
            fs::write(root.join(name), "x").unwrap();
        }
        assert!(told(&root).starts_with("; it holds 2 tables (a.csv, b.tsv): give one"));
    }
}
