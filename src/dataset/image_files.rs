//! The files in a dataset's folder: which are images, and what is left out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use walkdir::{DirEntry, WalkDir};

use crate::dataset::file_name;
use crate::image::sniff::{self, FileKind};

/// File extensions of images. A file with one of them counts as an image, whatever it contains; for
/// others the content decides.
const ENDINGS: [&str; 15] = [
    "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp", "png", "apng", "bmp", "dib", "webp",
    "gif", "tif", "tiff",
];
/// Files and folders that programs leave behind; hidden ones are ignored too.
const LITTER: [&str; 9] = [
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "@eadir",
    "$recycle.bin",
    "lost+found",
    "system volume information",
    "icon\r",
];

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Images by their names within the folder, in the order of their names.
    pub images: Vec<String>,
    /// Its sub-folders, with or without images.
    pub folders: Vec<String>,
    /// What looked like an image or a folder and could not be read: file and reason.
    pub unreadable: Vec<(String, String)>,
    /// The folders below those.
    deeper: Vec<String>,
    /// Paths of the other files within the folder.
    other_files: Vec<PathBuf>,
    /// Other files by their kind.
    others: BTreeMap<String, LeftOut>,
}

#[derive(Debug)]
struct LeftOut {
    count: usize,
    example: String,
}

impl Files {
    /// Reads a folder, at any depth. Links are followed; a folder that leads back into
    /// itself is named and left out.
    ///
    /// # Errors
    /// A folder that cannot be listed, which would take its class away.
    pub(crate) fn of(root: &Path) -> Result<Self> {
        let mut files = Self::default();
        let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        for item in walk.filter_entry(|item| item.depth() == 0 || !is_litter(item.file_name())) {
            match item {
                Ok(item) => files.add(root, &item),
                Err(error) => files.fault(root, &error)?,
            }
        }
        Ok(files)
    }

    fn add(&mut self, root: &Path, item: &DirEntry) {
        let name = || name_in(root, item.path());
        if item.file_type().is_dir() {
            match item.depth() {
                0 => {}
                1 => self.folders.push(name()),
                _ => self.deeper.push(name()),
            }
        } else if is_image(item.path()) {
            self.images.push(name());
        } else if item.file_type().is_file() {
            let kind = match sniff::kind_of(item.path()) {
                Some(FileKind::Image) => return self.images.push(name()),
                Some(FileKind::OtherImage(kind)) => kind.to_owned(),
                Some(FileKind::Other) | None => ending_of(item.path()),
            };
            let left = self.others.entry(kind);
            left.or_insert_with(|| LeftOut { count: 0, example: name() }).count += 1;
            let within = item.path().strip_prefix(root).unwrap_or(item.path());
            self.other_files.push(within.to_owned());
        }
    }

    /// Its sub-folders that hold images, at any depth.
    pub(crate) fn filled(&self) -> Vec<&str> {
        let mut filled: Vec<&str> =
            self.images.iter().filter_map(|image| Some(image.split_once('/')?.0)).collect();
        filled.dedup();
        filled.sort_unstable();
        filled.dedup();
        filled
    }

    /// The names of all files that are not images.
    pub(crate) fn others(&self) -> impl Iterator<Item = &PathBuf> {
        self.other_files.iter()
    }

    /// The names of the files at its top that are not images, such as tables of labels.
    pub(crate) fn beside(&self) -> impl Iterator<Item = &PathBuf> {
        let at_top = |path: &&PathBuf| path.parent().is_some_and(|it| it.as_os_str().is_empty());
        self.other_files.iter().filter(at_top)
    }

    /// What one of its sub-folders holds, without reading it again.
    pub(crate) fn inside(&self, folder: &str) -> Self {
        let below = |name: &String| name.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        let (folders, deeper) =
            self.deeper.iter().filter_map(below).partition(|name| !name.contains('/'));
        let path = file_name::path(folder);
        let others = self.other_files.iter();
        let others = others.filter_map(|other| other.strip_prefix(&path).ok().map(Path::to_owned));
        Self {
            images: self.images.iter().filter_map(below).collect(),
            folders,
            deeper,
            other_files: others.collect(),
            ..Self::default()
        }
    }

    fn fault(&mut self, root: &Path, error: &walkdir::Error) -> Result<()> {
        let path = error.path().unwrap_or(root);
        let name = name_in(root, path);
        if error.loop_ancestor().is_some() {
            self.unreadable.push((name, "is a link to a folder that contains it".to_owned()));
        } else if path.is_dir() || (error.depth() == 1 && !is_image(path)) {
            bail!(
                "folder {} of the dataset could not be listed; make it readable, or remove it with its class",
                path.display()
            );
        } else if is_image(path) {
            // Counted as the unreadable image that it will be found to be.
            self.images.push(name);
        } else {
            self.unreadable.push((name, "could not be opened".to_owned()));
        }
        Ok(())
    }

    /// A sentence for every kind of file that is left out; those that only describe the
    /// dataset need none.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let told = self.others.iter().filter(|(kind, _)| !is_description(kind));
        told.map(|(kind, LeftOut { count, example })| {
            let files = if *count == 1 { "1 file is" } else { &*format!("{count} files are") };
            match kind.as_str() {
                "" => format!("{files} left out: not an image, and without a file extension ({example})"),
                kind if kind.starts_with('.') => {
                    format!("{files} left out: {kind}, not an image ({example})")
                }
                kind => format!(
                    "{files} left out: {kind}, which is not supported; convert to PNG or JPEG ({example})"
                ),
            }
        })
        .collect()
    }
}

/// Text and tables that lie beside images.
fn is_description(kind: &str) -> bool {
    [
        ".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".yaml", ".yml", ".xml", ".html", ".pdf",
        ".py",
    ]
    .contains(&kind)
}

fn ending_of(path: &Path) -> String {
    let ending = path.extension().map(|it| format!(".{}", it.to_string_lossy().to_lowercase()));
    ending.unwrap_or_default()
}

/// A file's name within the folder `root`.
pub(crate) fn name_in(root: &Path, path: &Path) -> String {
    file_name::shown(path.strip_prefix(root).unwrap_or(path))
}

/// The files at the top of a folder, but for litter, sorted; none if it cannot be listed.
pub(crate) fn items(folder: &Path) -> Vec<PathBuf> {
    let items = folder.read_dir().into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = items
        .filter(|item| !is_litter(&item.file_name()))
        .map(|item| item.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Whether a file or folder is never part of a dataset: hidden, or created by some program.
pub(crate) fn is_litter(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    name.starts_with('.') || LITTER.contains(&name.as_str())
}

/// Whether a file's name ends like an image's.
pub(crate) fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn content_decides_and_what_is_left_out_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let jpeg: &[u8] = b"\xff\xd8\xff\xe0";
        for (name, bytes) in [
            ("a/1.jfif", jpeg),
            ("a/2.jpe", jpeg),
            ("a/3", jpeg),
            ("a/4.dat", jpeg),
            ("a/5.HEIC", b"\0\0\0\x18ftypheic"),
            ("a/6.HEIC", b""),
            ("a/7.mov", b"movie"),
            ("a/notes.txt", b"notes"),
            ("a/Thumbs.db", b"x"),
            ("a/._1.jfif", jpeg),
            ("__MACOSX/a/1.jpg", jpeg),
            (".hidden/1.jpg", jpeg),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let files = Files::of(folder.path()).unwrap();
        assert_eq!(files.images, ["a/1.jfif", "a/2.jpe", "a/3", "a/4.dat"]);
        assert_eq!(files.folders, ["a"]);
        assert_eq!(
            files.left_out(),
            [
                "1 file is left out: .mov, not an image (a/7.mov)",
                "2 files are left out: HEIC, which is not supported; convert to PNG or JPEG (a/5.HEIC)"
            ]
        );
    }
}
