//! Finding the image that a table names: with backslashes, without an extension, in different case,
//! percent-encoded, or by its path on the machine that made the table.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use crate::dataset::file_name;
use crate::dataset::image_files::{self, Files};
use crate::dataset::table_row::TableRow;
use crate::text_file;

/// Finds the files that a table names.
pub(crate) struct Locator<'a> {
    root: &'a Path,
    files: &'a Files,
    names: OnceCell<HashSet<&'a str>>,
    index: OnceCell<Index>,
}

/// The images of a folder, by other names that a table may use for them; `None` if two share it.
#[derive(Default)]
struct Index {
    by_path: HashMap<String, Option<usize>>,
    by_name: HashMap<String, Option<usize>>,
}

impl<'a> Locator<'a> {
    pub(crate) const fn new(root: &'a Path, files: &'a Files) -> Self {
        Self { root, files, names: OnceCell::new(), index: OnceCell::new() }
    }

    /// The name within the dataset of the file that is `given` in a table.
    pub(crate) fn find(&self, given: &str) -> Option<String> {
        let there =
            |path: &Path| self.root.join(path).symlink_metadata().is_ok_and(|it| !it.is_dir());
        let given = given.strip_prefix("./").unwrap_or(given);
        let names = || self.files.images.iter().map(String::as_str).collect();
        // Listed already; a backslash may stand for itself or begin an escape.
        if !given.contains('\\') && self.names.get_or_init(names).contains(given) {
            return Some(given.to_owned());
        }
        if let Some(within) = self.within(given).filter(|within| there(within)) {
            return Some(file_name::shown(&within));
        }
        if there(Path::new(given)) {
            return Some(file_name::shown(Path::new(given)));
        }
        let escaped = file_name::path(given);
        if there(&escaped) {
            return Some(given.to_owned());
        }
        let index = self.index.get_or_init(|| Index::of(&self.files.images));
        let slashed = given.replace('\\', "/");
        let decoded = percent_decode_str(&slashed).decode_utf8_lossy().into_owned();
        let found = [slashed, decoded].into_iter().find_map(|path| index.find(&path))?;
        Some(self.files.images[found].clone())
    }

    /// Whether the first lines of a table name images.
    pub(crate) fn is_named_in(&self, rows: &[TableRow]) -> bool {
        let mut first = rows.iter().take(2);
        first.any(|row| {
            row.fields.len() > 1 && row.fields.iter().any(|field| self.find(field).is_some())
        })
    }

    /// A path from the root that leads into the folder, from there.
    fn within(&self, given: &str) -> Option<PathBuf> {
        let given = Path::new(given).has_root().then_some(Path::new(given))?;
        let roots = [std::path::absolute(self.root), std::fs::canonicalize(self.root)];
        roots.iter().flatten().find_map(|root| given.strip_prefix(root).ok()).map(Path::to_owned)
    }
}

impl Index {
    fn of(images: &[String]) -> Self {
        let mut index = Self::default();
        for (place, image) in images.iter().enumerate() {
            let key = key(image);
            let add = |map: &mut HashMap<String, Option<usize>>, key: &str| match map
                .entry(key.to_owned())
            {
                Entry::Occupied(mut known) => drop(known.insert(None)),
                Entry::Vacant(free) => drop(free.insert(Some(place))),
            };
            let (name, stem) = (name_of(&key), stem_of(&key));
            add(&mut index.by_path, &key);
            add(&mut index.by_name, name);
            if stem != key {
                add(&mut index.by_path, stem);
                add(&mut index.by_name, name_of(stem));
            }
        }
        index
    }

    /// By the longest part of its path that is known here, then by its name in any folder.
    fn find(&self, path: &str) -> Option<usize> {
        let key = key(path);
        let found = self.known(&key);
        // The images may have been converted since.
        let converted =
            || image_files::is_image(Path::new(&key)).then(|| self.known(stem_of(&key)));
        found.or_else(|| converted().flatten()).flatten()
    }

    fn known(&self, key: &str) -> Option<Option<usize>> {
        let starts = std::iter::once(0).chain(key.match_indices('/').map(|(at, _)| at + 1));
        let known = starts.filter_map(|start| self.by_path.get(&key[start..]).copied()).next();
        known.or_else(|| self.by_name.get(name_of(key)).copied())
    }
}

fn key(path: &str) -> String {
    text_file::without_invisible(path)
        .nfc()
        .collect::<String>()
        .to_lowercase()
        .trim_start_matches("./")
        .to_owned()
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn stem_of(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') && !stem.is_empty() => stem,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_found_under_every_usual_spelling() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["img_1.JPG", "bag/a b.png", "Käfer/1.png", "coat/1.png", "x/only.png"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files = Files::of(folder.path()).unwrap();
        let locator = Locator::new(folder.path(), &files);
        for (given, found) in [
            ("img_1.JPG", "img_1.JPG"),
            ("./img_1.JPG", "img_1.JPG"),
            ("img_1", "img_1.JPG"),
            ("IMG_1.jpg", "img_1.JPG"),
            ("/content/data/img_1.JPG", "img_1.JPG"),
            (r"C:\data\img_1.JPG", "img_1.JPG"),
            (r"bag\a b.png", "bag/a b.png"),
            ("bag/a%20b.png", "bag/a b.png"),
            ("val/bag/a b", "bag/a b.png"),
            ("Ka\u{308}fer/1.png", "Käfer/1.png"),
            ("only.png", "x/only.png"),
            ("only.jpg", "x/only.png"),
            ("\u{feff}img_1.JPG\u{200b}", "img_1.JPG"),
            (folder.path().join("coat/1.png").to_str().unwrap(), "coat/1.png"),
        ] {
            assert_eq!(locator.find(given).as_deref(), Some(found), "{given}");
        }
        // In two folders, or a folder itself.
        assert_eq!(locator.find("1.png"), None);
        assert_eq!(locator.find("1.jpg"), None);
        assert_eq!(locator.find("only.txt"), None);
        assert_eq!(locator.find("bag"), None);
        assert_eq!(locator.find(""), None);
    }
}
