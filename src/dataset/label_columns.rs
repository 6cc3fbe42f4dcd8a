//! Which column of a table of labels holds what.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::dataset::ilsvrc2012;
use crate::dataset::locate::Locator;
use crate::dataset::text_table::TableRow;

const FILE: [&str; 20] = [
    "file",
    "filename",
    "file_name",
    "image",
    "image_name",
    "imagename",
    "image_path",
    "image_file",
    "img",
    "img_name",
    "img_path",
    "path",
    "filepath",
    "file_path",
    "imageid",
    "image_id",
    "id",
    "name",
    "image_id_code",
    "photo",
];
const INDEX: [&str; 6] =
    ["class_index", "class_idx", "class_id", "label_index", "label_idx", "label_id"];
const WNID: [&str; 6] =
    ["wnid", "synset", "synset_id", "wordnet_id", "wordnet", "predictionstring"];
const LABEL: [&str; 13] = [
    "label",
    "class",
    "class_name",
    "classname",
    "label_name",
    "category",
    "target",
    "labels",
    "species",
    "breed",
    "tag",
    "y",
    "ground_truth",
];

/// The positions of the columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub file: usize,
    pub index: Option<usize>,
    pub wnid: Option<usize>,
    pub label: Option<usize>,
    /// One column per class, with a 1 in that of the image's class: their names.
    pub one_hot: Vec<(usize, String)>,
    /// Whether the first line names the columns.
    pub named: bool,
}

impl Columns {
    /// Reads the first line and, if it names no column, what the lines hold.
    pub(crate) fn of(rows: &[TableRow], locator: &Locator<'_>, path: &Path) -> Result<Self> {
        let Some(first) = rows.first() else {
            bail!("{} labels no image; write one line per image", path.display())
        };
        let is_file = |field: &String| locator.find(field).is_some();
        if first.fields.len() > 1 && first.fields.iter().any(is_file) {
            return Self::unnamed(first, locator, path);
        }
        let find = |known: &[&str]| {
            known.iter().find_map(|known| {
                first.fields.iter().position(|column| column.eq_ignore_ascii_case(known))
            })
        };
        let file = find(&FILE).with_context(|| {
            format!(
                "{} has no column 'file', and its first line names no image of the folder; name the columns there (file, label)",
                path.display()
            )
        })?;
        let mut columns = Self { file, named: true, ..Self::default() };
        (columns.index, columns.wnid, columns.label) = (find(&INDEX), find(&WNID), find(&LABEL));
        if columns.index.or(columns.wnid).or(columns.label).is_none() {
            match first.fields.len() {
                2 => columns.label = Some(1 - file),
                _ => columns.one_hot = one_hot(rows, file),
            }
        }
        if columns.index.or(columns.wnid).or(columns.label).is_none() && columns.one_hot.is_empty()
        {
            bail!("{} has no column 'class_index', 'wnid' or 'label'; add one", path.display());
        }
        Ok(columns)
    }

    /// The first line is an image's already.
    fn unnamed(first: &TableRow, locator: &Locator<'_>, path: &Path) -> Result<Self> {
        let fields = || first.fields.iter().enumerate();
        let ends = |field: &str| field.contains('.');
        let file = fields()
            .find(|(_, field)| ends(field) && locator.find(field).is_some())
            .or_else(|| fields().find(|(_, field)| locator.find(field).is_some()))
            .map_or(0, |(place, _)| place);
        let others: Vec<usize> =
            fields().map(|(place, _)| place).filter(|it| *it != file).collect();
        let mut columns = Self { file, ..Self::default() };
        match others[..] {
            [other] if ilsvrc2012::is_wnid(&first.fields[other]) => columns.wnid = Some(other),
            [other] => columns.label = Some(other),
            _ => bail!(
                "{} has {} columns, and its first line does not name them; write their names there (file, label)",
                path.display(),
                first.fields.len()
            ),
        }
        Ok(columns)
    }
}

/// The columns of 0 and 1, if each line has a single 1.
fn one_hot(rows: &[TableRow], file: usize) -> Vec<(usize, String)> {
    let Some((header, lines)) = rows.split_first() else { return Vec::new() };
    let classes = || (0..header.fields.len()).filter(|column| *column != file);
    let is_one = |row: &TableRow| {
        let values = || classes().map(|column| row.fields[column].as_str());
        values().all(|value| matches!(value, "0" | "1" | "0.0" | "1.0"))
            && values().filter(|value| value.starts_with('1')).count() == 1
    };
    if lines.is_empty() || !lines.iter().all(is_one) {
        return Vec::new();
    }
    classes().map(|column| (column, header.fields[column].clone())).collect()
}
