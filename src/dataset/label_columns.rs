//! Which column of a table of labels holds what.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::dataset::ilsvrc2012;
use crate::dataset::locate::Locator;
use crate::dataset::table_row::TableRow;
use crate::record::wanted_columns::{Purpose, WantedColumns};
use crate::text_file;

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
    /// Which was taken of several that might be meant.
    pub assumed: Vec<String>,
}

impl Columns {
    /// Reads the first line, and, if it names no column, what the lines hold.
    pub(crate) fn of(
        rows: &[TableRow],
        locator: &Locator<'_>,
        path: &Path,
        wanted: &WantedColumns,
    ) -> Result<Self> {
        let Some(first) = rows.first() else {
            bail!("{} labels no image; write one line per image", path.display())
        };
        let is_file = |field: &String| locator.find(field).is_some();
        let is_unnamed = first.fields.len() > 1 && first.fields.iter().any(is_file);
        if is_unnamed && wanted.is_empty() {
            return Self::unnamed(first, locator, path);
        }
        let file = match &wanted.image_column {
            Some(name) => named(first, name, path)?,
            None => file(rows, locator).with_context(|| {
                format!(
                    "{} has no column 'file', and none of its columns names the images of the folder; name the columns in its first line (file, label), or the one with the images with --image-column",
                    path.display()
                )
            })?,
        };
        let mut columns = Self { file, named: true, ..Self::default() };
        match &wanted.label_column {
            Some(name) => columns.take_label(rows, named(first, name, path)?),
            None => columns.find_label(rows, path)?,
        }
        let heading = &first.fields[file];
        if wanted.image_column.is_none() && !is_one_of(heading, &FILE) {
            columns.assumed.push(format!(
                "column '{heading}' of {} is taken as the images, which its values name",
                path.display()
            ));
        }
        Ok(columns)
    }

    /// The one column that the classes are stated to be in.
    fn take_label(&mut self, rows: &[TableRow], column: usize) {
        let values = || rows.iter().skip(1).map(|row| row.fields[column].as_str());
        let is_known = |known: &[&str]| is_one_of(&rows[0].fields[column], known);
        let are_ids = values().next().is_some() && values().all(ilsvrc2012::is_wnid);
        if are_ids || is_known(&WNID) {
            self.wnid = Some(column);
        } else if is_known(&INDEX) {
            self.index = Some(column);
        } else {
            self.label = Some(column);
        }
    }

    fn find_label(&mut self, rows: &[TableRow], path: &Path) -> Result<()> {
        let first = &rows[0];
        let others = || (0..first.fields.len()).filter(|column| *column != self.file);
        let find = |known: &[&str]| -> Vec<usize> {
            let place = |known: &&str| others().find(|it| is_one_of(&first.fields[*it], &[*known]));
            known.iter().filter_map(place).collect()
        };
        let labels = find(&LABEL);
        let (index, wnid) = (find(&INDEX).first().copied(), find(&WNID).first().copied());
        let label = labels.first().copied();
        if index.or(wnid).is_none()
            && let Some((taken, others)) = labels.split_first()
        {
            let others: Vec<&str> = others.iter().map(|it| first.fields[*it].as_str()).collect();
            self.assumed.extend(Purpose::Label.told(&first.fields[*taken], &others));
        }
        (self.index, self.wnid, self.label) = (index, wnid, label);
        if index.or(wnid).or(label).is_none() {
            match first.fields.len() {
                2 => self.label = Some(1 - self.file),
                _ => self.one_hot = one_hot(rows, self.file, path)?,
            }
        }
        if index.or(wnid).or(self.label).is_none() && self.one_hot.is_empty() {
            bail!(
                "{} has no column 'class_index', 'wnid' or 'label' (its columns are {}); add one, or name the one with --label-column",
                path.display(),
                first.fields.join(", ")
            );
        }
        Ok(())
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

/// Whether a column is called so, whatever its case and between its words.
fn is_one_of(column: &str, known: &[&str]) -> bool {
    let column = text_file::without_invisible(column).trim().to_lowercase();
    let column = column.replace([' ', '-', '.'], "_");
    known.contains(&column.as_str())
}

/// The column of this name.
fn named(first: &TableRow, name: &str, path: &Path) -> Result<usize> {
    first.fields.iter().position(|column| column == name).with_context(|| {
        format!(
            "{} has no column '{name}'; its first line is {}",
            path.display(),
            first.fields.join(", ")
        )
    })
}

/// Of the columns that are usually files the first whose values are, else the first.
fn file(rows: &[TableRow], locator: &Locator<'_>) -> Option<usize> {
    let first = rows.first()?;
    let place = |known: &&str| first.fields.iter().position(|it| is_one_of(it, &[*known]));
    let usual: Vec<usize> = FILE.iter().filter_map(place).collect();
    let is_found = |column: &usize| {
        rows.get(1).is_some_and(|row| locator.find(&row.fields[*column]).is_some())
    };
    let by_name = usual.iter().copied().find(is_found);
    by_name.or_else(|| by_content(rows, locator)).or(usual.first().copied())
}

/// The column whose values are images of the folder, whatever it is called and in whatever
/// language: of several the one with most different ones.
fn by_content(rows: &[TableRow], locator: &Locator<'_>) -> Option<usize> {
    /// Lines that are looked at.
    const ROWS: usize = 50;
    let lines = || rows.iter().skip(1).take(ROWS);
    let is_file = |column: &usize| {
        lines().next().is_some() && lines().all(|row| locator.find(&row.fields[*column]).is_some())
    };
    let different = |column: usize| {
        let values: BTreeSet<&str> = lines().map(|row| row.fields[column].as_str()).collect();
        let with_ending = values.iter().filter(|value| value.contains('.')).count();
        (values.len(), with_ending)
    };
    let columns = (0..rows.first()?.fields.len()).rev().filter(is_file);
    columns.max_by_key(|column| different(*column))
}

/// Whether a column of one class marks an image as of that class: 1 or true; `None` if it is no
/// mark.
pub(crate) fn mark(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "1.0" | "true" => Some(true),
        "0" | "0.0" | "false" => Some(false),
        _ => None,
    }
}

/// The columns, if all of them hold 0 and 1, or true and false, and each line marks a single one.
fn one_hot(rows: &[TableRow], file: usize, path: &Path) -> Result<Vec<(usize, String)>> {
    let Some((header, lines)) = rows.split_first() else { return Ok(Vec::new()) };
    let classes = || (0..header.fields.len()).filter(|column| *column != file);
    let values = |row: &'_ TableRow| {
        classes().map(|column| row.fields[column].clone()).collect::<Vec<String>>()
    };
    let is_mark = |value: &String| mark(value).is_some();
    if lines.is_empty() || !lines.iter().all(|row| values(row).iter().all(is_mark)) {
        return Ok(Vec::new());
    }
    let marks = |row: &TableRow| values(row).iter().filter(|it| mark(it) == Some(true)).count();
    if let Some(row) = lines.iter().find(|row| marks(row) != 1) {
        bail!(
            "{} line {} marks {} of its classes with 1; write one class per image, which a classifier is scored by",
            path.display(),
            row.line,
            marks(row)
        );
    }
    Ok(classes().map(|column| (column, header.fields[column].clone())).collect())
}
