//! Parquet tables as Hugging Face's `datasets` writes them: an image's bytes in a column
//! (mostly inside a struct, beside its path), its class in another, and the classes' names
//! in the file's own metadata.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};

use crate::dataset::member::{Contents, Label, Member, Place, of_lists, stem};
use crate::dataset::parquet_columns::{
    class_names, features, image_column, is_flat, label_column, name_of, path_column,
};
use crate::dataset::parquet_pages;
use crate::dataset::positioned::Positioned;
use crate::record::wanted_columns::WantedColumns;

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
        check_whole(&file)?;
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
        let mut all_labels = Vec::new();
        for group in 0..file.metadata.num_row_groups() {
            let labels = file.column(group, label)?;
            let named = match paths {
                Some(paths) => file.column(group, paths)?,
                None => vec![Vec::new(); labels.len()],
            };
            for (row, named) in named.into_iter().enumerate() {
                let name = match named.into_iter().next() {
                    Some(Label::Name(name)) if !name.is_empty() => name,
                    _ => format!("{}/{:06}", stem(path), members.len()),
                };
                let place = Place::Row { group, row };
                members.push(Member { name, labels: Vec::new(), place });
            }
            all_labels.extend(labels);
        }
        let mut assumed: Vec<String> = of_images.into_iter().chain(of_labels).collect();
        if !is_flat(&schema, label) {
            let column = name_of(&schema, label);
            all_labels = of_lists(all_labels).with_context(|| format!("its column '{column}'"))?;
            if all_labels.iter().any(|labels| labels.len() > 1) {
                assumed.push(format!(
                    "any of the classes that column '{column}' lists for an image counts as correct"
                ));
            }
        }
        for (member, labels) in members.iter_mut().zip(all_labels) {
            member.labels = labels;
        }
        Ok((file, Contents { members, names, assumed, ..Contents::default() }))
    }

    /// A whole column of numbers or texts in a group of rows: what each row has, one or several
    /// or none.
    fn column(&self, group: usize, column: usize) -> Result<Vec<Vec<Label>>> {
        let described = self.metadata.row_group(group).column(column).column_descr_ptr();
        let level = Levels { value: described.max_def_level(), list: described.max_rep_level() };
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

/// Refuses a file whose end is missing, where the positions of all its columns are.
fn check_whole(file: &Positioned) -> Result<()> {
    const MARK: &[u8] = b"PAR1";
    let length = file.len();
    let end = file.get_bytes(length.saturating_sub(4), MARK.len());
    ensure!(
        length > 8 && end.is_ok_and(|end| end == MARK),
        "it is cut short: a Parquet file ends with PAR1, and this one does not; get the file again"
    );
    Ok(())
}

/// The levels of a column: of definition where there is a value, and the highest of repetition.
#[derive(Clone, Copy)]
struct Levels {
    value: i16,
    list: i16,
}

fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    most: Levels,
    label: impl Fn(&T::T) -> Label,
) -> Result<Vec<Vec<Label>>> {
    /// Rows that are read at once.
    const ROWS: usize = 4096;
    let mut all: Vec<Vec<Label>> = Vec::new();
    loop {
        let (mut levels, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let lists = (most.list > 0).then_some(&mut repeated);
        let read = reader.read_records(ROWS, Some(&mut levels), lists, &mut values);
        let (rows, ..) = read.map_err(unreadable)?;
        if rows == 0 {
            return Ok(all);
        }
        if most.value == 0 {
            all.extend(values.iter().map(|value| vec![label(value)]));
            continue;
        }
        let mut values = values.iter();
        for (place, level) in levels.iter().enumerate() {
            // In a list only its first value begins a row.
            if repeated.get(place).is_none_or(|level| *level == 0) {
                all.push(Vec::new());
            }
            // Only what is not null has a value.
            if *level == most.value
                && let (Some(row), Some(value)) = (all.last_mut(), values.next())
            {
                row.push(label(value));
            }
        }
    }
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
