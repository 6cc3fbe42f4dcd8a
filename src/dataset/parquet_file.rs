//! Parquet tables as Hugging Face's `datasets` writes them: an image's bytes in a column
//! (mostly inside a struct, beside its path), its class in another, and the classes' names
//! in the file's own metadata.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;
use serde_json::Value;

use crate::dataset::member::{Contents, Label, Member, Place, stem};
use crate::dataset::parquet_pages;
use crate::dataset::positioned::Positioned;
use crate::record::wanted_columns::{Purpose, WantedColumns};

/// What a column of images is called, the usual names first.
const IMAGE: [&str; 7] = ["image", "img", "jpg", "png", "picture", "photo", "bytes"];
/// What a column of classes is called.
const LABEL: [&str; 10] = [
    "label",
    "labels",
    "fine_label",
    "coarse_label",
    "class",
    "class_index",
    "target",
    "cls",
    "category",
    "label_name",
];
/// Positions that are kept open: one per thread that reads.
const MOST_CURSORS: usize = 64;

/// An open file.
pub(crate) struct ParquetFile {
    file: Arc<Positioned>,
    metadata: ParquetMetaData,
    /// The column with the images.
    image: usize,
    cursors: Mutex<Vec<Cursor>>,
}

/// The position of a reader of the images.
struct Cursor {
    group: usize,
    /// The row that comes next.
    row: usize,
    column: ColumnReaderImpl<ByteArrayType>,
}

impl fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetFile").field("image", &self.image).finish_non_exhaustive()
    }
}

impl ParquetFile {
    /// Opens a file, and reads all its classes.
    pub(crate) fn open(path: &Path, wanted: &WantedColumns) -> Result<(Self, Contents)> {
        let file = Positioned::new(File::open(path)?);
        let reader = SerializedFileReader::new(file.clone()).map_err(unreadable)?;
        let metadata = reader.metadata().clone();
        let schema = metadata.file_metadata().schema_descr_ptr();
        let features = features(&metadata);
        let (image, of_images) = image_column(&schema, &features, wanted)?;
        let (label, of_labels) = label_column(&schema, &features, wanted)?;
        let names = class_names(&features, name_of(&schema, label));
        let paths = path_column(&schema, image);
        for column in [Some(image), Some(label), paths].into_iter().flatten() {
            parquet_pages::check(&metadata, column)?;
        }
        let file = Self { file: Arc::new(file), metadata, image, cursors: Mutex::default() };
        let mut members = Vec::new();
        for group in 0..file.metadata.num_row_groups() {
            let labels = file.column(group, label)?;
            let named = match paths {
                Some(paths) => file.column(group, paths)?,
                None => vec![None; labels.len()],
            };
            for (row, (label, named)) in labels.into_iter().zip(named).enumerate() {
                let name = match named {
                    Some(Label::Name(name)) if !name.is_empty() => name,
                    _ => format!("{}/{:06}", stem(path), members.len()),
                };
                members.push(Member { name, label, place: Place::Row { group, row } });
            }
        }
        let assumed = of_images.into_iter().chain(of_labels).collect();
        Ok((file, Contents { members, names, assumed, left_out: Vec::new() }))
    }

    /// A whole column of numbers or texts in a group of rows.
    fn column(&self, group: usize, column: usize) -> Result<Vec<Option<Label>>> {
        let level = self.metadata.row_group(group).column(column).column_descr().max_def_level();
        let reader = parquet_pages::column(&self.file, &self.metadata, group, column);
        match reader.map_err(unreadable)? {
            ColumnReader::Int32ColumnReader(reader) => {
                values(reader, level, |value| Label::Index(i64::from(*value)))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                values(reader, level, |value| Label::Index(*value))
            }
            ColumnReader::ByteArrayColumnReader(reader) => values(reader, level, |value| {
                Label::Name(String::from_utf8_lossy(value.data()).into_owned())
            }),
            ColumnReader::BoolColumnReader(reader) => {
                values(reader, level, |value| Label::Index(i64::from(*value)))
            }
            ColumnReader::FloatColumnReader(reader) => {
                values(reader, level, |value| number(f64::from(*value)))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                values(reader, level, |value| number(*value))
            }
            _ => bail!("a column of it has a type that is not read"),
        }
    }

    /// The bytes of the image in a row of a group. Threads that read the file in parallel each
    /// continue where one of them was.
    pub(crate) fn image(&self, group: usize, row: usize) -> Result<Vec<u8>> {
        let mut cursor = match self.cursor(group, row) {
            Some(cursor) => cursor,
            None => {
                let column = parquet_pages::column(&self.file, &self.metadata, group, self.image);
                let column = match column.map_err(unreadable)? {
                    ColumnReader::ByteArrayColumnReader(column) => column,
                    _ => bail!("has another type"),
                };
                Cursor { group, row: 0, column }
            }
        };
        cursor.column.skip_records(row - cursor.row).map_err(unreadable)?;
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let read = cursor.column.read_records(1, Some(&mut levels), None, &mut values);
        ensure!(read.map_err(unreadable)?.0 == 1, "is missing");
        cursor.row = row + 1;
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        if cursors.len() < MOST_CURSORS {
            cursors.push(cursor);
        }
        let bytes = values.pop().context("has no bytes in the file, only a path")?;
        Ok(bytes.data().to_vec())
    }

    /// The closest cursor before a row.
    fn cursor(&self, group: usize, row: usize) -> Option<Cursor> {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        cursors.retain(|cursor| cursor.group + 1 >= group);
        let before = cursors.iter().enumerate();
        let before = before.filter(|(_, cursor)| cursor.group == group && cursor.row <= row);
        let nearest = before.max_by_key(|(_, cursor)| cursor.row).map(|(place, _)| place)?;
        Some(cursors.swap_remove(nearest))
    }
}

/// A class that a data frame keeps as a number with a fraction, since one was missing.
fn number(value: f64) -> Label {
    if value.fract() == 0.0 && value.abs() < f64::from(i32::MAX) {
        Label::Index(value as i64)
    } else {
        Label::Name(value.to_string())
    }
}

fn unreadable(error: parquet::errors::ParquetError) -> anyhow::Error {
    let told = error.to_string();
    anyhow::anyhow!("could not be read: {}", told.lines().next().unwrap_or_default())
}

/// A column's name; a struct is known by its own.
fn name_of(schema: &SchemaDescriptor, column: usize) -> &str {
    schema.get_column_root(column).name()
}

/// A column that was chosen, and a sentence where others might be meant.
type ChosenColumn = (usize, Option<String>);

/// Of the columns that `fit` the stated one; else the first of those that `datasets` calls a
/// `feature` of this kind, or that have a usual name.
fn chosen(
    schema: &SchemaDescriptor,
    purpose: Purpose,
    wanted: Option<&str>,
    fit: &[usize],
    (features, feature): (&Value, &str),
    known: &[&str],
) -> Result<Option<ChosenColumn>> {
    if let Some(wanted) = wanted {
        let found = fit.iter().find(|column| name_of(schema, **column) == wanted);
        return found.map(|column| Some((*column, None))).with_context(|| {
            let kind = if purpose == Purpose::Image { "images" } else { "classes" };
            format!("it has no column '{wanted}' of {kind}; {}", all_columns(schema))
        });
    }
    let is_feature = |column: usize| features[name_of(schema, column)]["_type"] == feature;
    let place = |column: usize| {
        known.iter().position(|known| known.eq_ignore_ascii_case(name_of(schema, column)))
    };
    let mut usual: Vec<usize> =
        fit.iter().copied().filter(|it| is_feature(*it) || place(*it).is_some()).collect();
    usual.sort_by_key(|it| (!is_feature(*it), place(*it).unwrap_or(known.len())));
    let Some((taken, others)) = usual.split_first() else { return Ok(None) };
    let others: Vec<&str> = others.iter().map(|column| name_of(schema, *column)).collect();
    Ok(Some((*taken, purpose.told(name_of(schema, *taken), &others))))
}

fn all_columns(schema: &SchemaDescriptor) -> String {
    let mut names: Vec<&str> =
        (0..schema.num_columns()).map(|column| name_of(schema, column)).collect();
    names.dedup();
    format!("its columns are {}", names.join(", "))
}

fn image_column(
    schema: &SchemaDescriptor,
    features: &Value,
    wanted: &WantedColumns,
) -> Result<ChosenColumn> {
    let is_text = |column: usize| {
        let described = schema.column(column);
        matches!(described.logical_type_ref(), Some(LogicalType::String))
            || described.converted_type() == ConvertedType::UTF8
    };
    let is_bytes = |column: &usize| {
        let described = schema.column(*column);
        let parts = described.path().parts();
        described.physical_type() == Type::BYTE_ARRAY
            && is_flat(schema, *column)
            && !is_text(*column)
            && (parts.len() == 1 || (parts.len() == 2 && parts[1] == "bytes"))
    };
    let fit: Vec<usize> = (0..schema.num_columns()).filter(is_bytes).collect();
    let wanted = wanted.image_column.as_deref();
    let features = (features, "Image");
    if let Some(chosen) = chosen(schema, Purpose::Image, wanted, &fit, features, &IMAGE)? {
        return Ok(chosen);
    }
    let in_struct = fit.iter().find(|column| schema.column(**column).path().parts().len() == 2);
    in_struct.map(|column| (*column, None)).with_context(|| {
        format!(
            "it has no column of images (image, with their bytes; {}); give one that holds the \
             images themselves, or name it with --image-column",
            all_columns(schema)
        )
    })
}

fn label_column(
    schema: &SchemaDescriptor,
    features: &Value,
    wanted: &WantedColumns,
) -> Result<ChosenColumn> {
    let is_class = |column: &usize| {
        let described = schema.column(*column);
        let kind = described.physical_type();
        is_flat(schema, *column)
            && described.path().parts().len() == 1
            && !matches!(kind, Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY)
    };
    let fit: Vec<usize> = (0..schema.num_columns()).filter(is_class).collect();
    let wanted = wanted.label_column.as_deref();
    let features = (features, "ClassLabel");
    chosen(schema, Purpose::Label, wanted, &fit, features, &LABEL)?.with_context(|| {
        format!(
            "it has no column of classes (label; {}); name it with --label-column",
            all_columns(schema)
        )
    })
}

fn is_flat(schema: &SchemaDescriptor, column: usize) -> bool {
    schema.column(column).max_rep_level() == 0
}
/// The paths beside the images, which name them.
fn path_column(schema: &SchemaDescriptor, image: usize) -> Option<usize> {
    let image = schema.column(image);
    let parts = image.path().parts();
    (0..schema.num_columns()).find(|column| {
        let described = schema.column(*column);
        let others = described.path().parts();
        others.len() == 2
            && others[0] == parts[0]
            && others[1] == "path"
            && described.physical_type() == Type::BYTE_ARRAY
            && is_flat(schema, *column)
    })
}

fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    most: i16,
    label: impl Fn(&T::T) -> Label,
) -> Result<Vec<Option<Label>>> {
    /// Rows that are read at once.
    const ROWS: usize = 4096;
    let mut all = Vec::new();
    loop {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let read = reader.read_records(ROWS, Some(&mut levels), None, &mut values);
        let (rows, ..) = read.map_err(unreadable)?;
        if rows == 0 {
            return Ok(all);
        }
        if most == 0 {
            all.extend(values.iter().map(|value| Some(label(value))));
            continue;
        }
        let mut values = values.iter();
        let there = levels.iter().map(|level| *level == most);
        // Only rows that are not null have a value.
        all.extend(there.map(|there| if there { values.next().map(&label) } else { None }));
    }
}

/// What `datasets` wrote about the columns, by their names.
fn features(metadata: &ParquetMetaData) -> Value {
    let pairs = metadata.file_metadata().key_value_metadata();
    let told = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "huggingface"));
    let value = told.and_then(|pair| pair.value.as_deref());
    let told: Value = value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    told["info"]["features"].clone()
}

/// The names of a `ClassLabel`.
fn class_names(features: &Value, label: &str) -> Vec<String> {
    let names = features[label]["names"].as_array().cloned().unwrap_or_default();
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_side_by_side_each_get_the_image_that_they_ask_for() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/struct.parquet");
        let (file, contents) = ParquetFile::open(&path, &WantedColumns::default()).unwrap();
        let places: Vec<_> = contents.members.iter().map(|member| &member.place).collect();
        let read = |place: &Place| match place {
            Place::Row { group, row } => file.image(*group, *row).unwrap(),
            Place::Span { .. } => unreachable!("a row of a table"),
        };
        let alone: Vec<_> = places.iter().map(|place| read(place)).collect();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (places, alone) = (&places, &alone);
                scope.spawn(move || {
                    for turn in 0..400 {
                        let chosen = (thread * 7 + turn * 3) % places.len();
                        assert_eq!(read(places[chosen]), alone[chosen], "image {chosen}");
                    }
                });
            }
        });
    }
}
