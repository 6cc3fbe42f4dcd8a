//! An image inside a file that holds many.

use std::fmt;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::file_name;
use crate::dataset::text_table::TextTable;
use crate::system::files;

/// An image's class, as its file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// A number; negative if the set has no labels.
    Index(i64),
    Name(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// An image in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name within the dataset.
    pub name: String,
    /// Its class, or several that are right alike; empty if none is stated.
    pub labels: Vec<Label>,
    pub place: Place,
}

/// The position of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Bytes of a tar archive.
    Span { offset: u64, bytes: u64 },
    /// A row of a Parquet file.
    Row { group: usize, row: usize },
}

/// What was read from a file.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub members: Vec<Member>,
    /// The classes' names by index, if the file has them.
    pub names: Vec<String>,
    /// The table that is inside a file and labels its images, with its name.
    pub table: Option<(String, TextTable)>,
    /// What was assumed, one sentence each.
    pub assumed: Vec<String>,
    /// What is not part of the dataset, one sentence per kind.
    pub left_out: Vec<String>,
}

/// A range of bytes of a file.
pub(crate) fn span(file: &File, offset: u64, bytes: u64) -> Result<Vec<u8>> {
    let mut content = vec![0; usize::try_from(bytes)?];
    files::read_exact_at(file, &mut content, offset).context("is cut short")?;
    Ok(content)
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    file_name::shown(path.file_stem().unwrap_or_default().as_ref())
}

/// What lists of labels mean, one list per image: the classes that are right for it, or a mark for
/// every class, of which the one that is 1 is right.
///
/// # Errors
/// Part of a sentence: several marks, or a class that comes twice.
pub(crate) fn of_lists(lists: Vec<Vec<Label>>) -> Result<Vec<Vec<Label>>> {
    let (zero, one) = (Label::Index(0), Label::Index(1));
    let first = lists.iter().map(Vec::len).find(|length| *length > 0).unwrap_or(0);
    let is_marks =
        |list: &Vec<Label>| list.len() == first && list.iter().all(|it| *it == zero || *it == one);
    if first > 1 && lists.iter().filter(|list| !list.is_empty()).all(is_marks) {
        return lists.into_iter().map(|list| marked(&list)).collect();
    }
    for list in &lists {
        if let Some(twice) = (1..list.len()).find(|place| list[..*place].contains(&list[*place])) {
            bail!("it lists class {} twice for an image; list each right class once", list[twice]);
        }
    }
    Ok(lists)
}

/// The position of the one mark.
fn marked(list: &[Label]) -> Result<Vec<Label>> {
    let mut marks = (0..).zip(list).filter(|(_, mark)| **mark == Label::Index(1));
    let place = marks.next().map(|(place, _)| Label::Index(place));
    ensure!(
        (place.is_some() && marks.next().is_none()) || list.is_empty(),
        "it marks none or several of its classes with 1 for an image; write one class per image, which a classifier is scored by"
    );
    Ok(place.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lists: &[&[i64]]) -> Result<Vec<Vec<Label>>> {
        let list = |list: &&[i64]| list.iter().copied().map(Label::Index).collect();
        of_lists(lists.iter().map(list).collect())
    }

    #[test]
    fn lists_are_right_classes_or_marks() {
        let classes = |lists: &[&[i64]]| -> Vec<Vec<i64>> {
            let index = |label: &Label| match label {
                Label::Index(index) => *index,
                Label::Name(_) => -1,
            };
            of(lists).unwrap().iter().map(|list| list.iter().map(index).collect()).collect()
        };
        assert_eq!(classes(&[&[3], &[], &[1, 2]]), [vec![3], vec![], vec![1, 2]]);
        assert_eq!(classes(&[&[0], &[1]]), [[0], [1]]);
        assert_eq!(classes(&[&[0, 0, 1], &[1, 0, 0], &[]]), [vec![2], vec![0], vec![]]);
        assert!(of(&[&[0, 1, 1], &[1, 0, 0]]).unwrap_err().to_string().contains("marks none or"));
        assert!(of(&[&[7, 7], &[2]]).unwrap_err().to_string().contains("twice"));
    }
}
