//! Parquet tables as Hugging Face's `datasets` writes them: an image's bytes in a column
//! (mostly inside a struct, beside its path), its class in another, and the classes' names
//! in the file's own metadata.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use crate::dataset::member::{Contents, Label, Member, Place, stem};

/// What a column of images is called, the usual names first.
const IMAGE: [&str; 7] = ["image", "img", "jpg", "png", "picture", "photo", "bytes"];
/// What a column of classes is called.
const LABEL: [&str; 9] = [
    "label",
    "labels",
    "fine_label",
    "class",
    "class_index",
    "target",
    "cls",
    "category",
    "label_name",
];
/// Positions that are kept open: one per thread that reads.
const MOST_CURSORS: usize = 64;

/// A file that several threads read at once. parquet's own reader of a `File` seeks, and all of its
/// clones share the one position, so that one thread would read what another one requested.
#[derive(Clone)]
struct Positioned {
    file: Arc<File>,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }
}

impl ChunkReader for Positioned {
    type T = BufReader<Self>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(Self { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        // A broken file may ask for more than there is memory.
        if start.checked_add(length as u64).is_none_or(|end| end > self.len()) {
            return Err(parquet::errors::ParquetError::EOF("the file is cut short".to_owned()));
        }
        let mut read = vec![0; length];
        self.file.read_exact_at(&mut read, start)?;
        Ok(read.into())
    }
}

/// An open file.
pub(crate) struct ParquetFile {
    reader: SerializedFileReader<Positioned>,
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
    pub(crate) fn open(path: &Path) -> Result<(Self, Contents)> {
        let reader =
            SerializedFileReader::new(Positioned { file: Arc::new(File::open(path)?), at: 0 })
                .map_err(unreadable)?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let image = image_column(&schema)?;
        let label = label_column(&schema)?;
        let names = class_names(&reader, &schema.column(label).path().parts()[0]);
        let paths = path_column(&schema, image);
        let mut members = Vec::new();
        for group in 0..reader.num_row_groups() {
            let rows = reader.get_row_group(group).map_err(unreadable)?;
            let labels =
                column(rows.get_column_reader(label).map_err(unreadable)?, &schema, label)?;
            let named = match paths {
                Some(paths) => {
                    column(rows.get_column_reader(paths).map_err(unreadable)?, &schema, paths)?
                }
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
        let contents = Contents { members, names, left_out: Vec::new() };
        Ok((Self { reader, image, cursors: Mutex::default() }, contents))
    }

    /// The bytes of the image in a row of a group. Threads that read the file in parallel each
    /// continue where one of them was.
    pub(crate) fn image(&self, group: usize, row: usize) -> Result<Vec<u8>> {
        let mut cursor = match self.cursor(group, row) {
            Some(cursor) => cursor,
            None => {
                let rows = self.reader.get_row_group(group).map_err(unreadable)?;
                let column = match rows.get_column_reader(self.image).map_err(unreadable)? {
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

fn unreadable(error: parquet::errors::ParquetError) -> anyhow::Error {
    let told = error.to_string();
    anyhow::anyhow!("could not be read: {}", told.lines().next().unwrap_or_default())
}

/// The column with one of these names that is not a list; a struct goes by its own name.
fn find(schema: &SchemaDescriptor, known: &[&str], fits: impl Fn(usize) -> bool) -> Option<usize> {
    let is = |column: &usize, name: &str| {
        schema.column(*column).path().parts()[0].eq_ignore_ascii_case(name)
    };
    known
        .iter()
        .find_map(|name| (0..schema.num_columns()).find(|column| is(column, name) && fits(*column)))
}

fn is_flat(schema: &SchemaDescriptor, column: usize) -> bool {
    schema.column(column).max_rep_level() == 0
}

fn image_column(schema: &SchemaDescriptor) -> Result<usize> {
    let is_bytes = |column: usize| {
        let described = schema.column(column);
        let parts = described.path().parts();
        described.physical_type() == Type::BYTE_ARRAY
            && is_flat(schema, column)
            && (parts.len() == 1 || parts.last().is_some_and(|last| last == "bytes"))
    };
    let in_struct = || {
        (0..schema.num_columns())
            .find(|it| schema.column(*it).path().parts().len() == 2 && is_bytes(*it))
    };
    find(schema, &IMAGE, is_bytes).or_else(in_struct).context(
        "it has no column of images (image, with bytes); give a file that the library datasets wrote with the images embedded",
    )
}

fn label_column(schema: &SchemaDescriptor) -> Result<usize> {
    let is_class = |column: usize| {
        let described = schema.column(column);
        let kind = described.physical_type();
        is_flat(schema, column)
            && described.path().parts().len() == 1
            && matches!(kind, Type::INT32 | Type::INT64 | Type::BYTE_ARRAY)
    };
    find(schema, &LABEL, is_class).context("it has no column of classes (label)")
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

/// A whole column of numbers or texts.
fn column(
    reader: ColumnReader,
    schema: &SchemaDescriptor,
    column: usize,
) -> Result<Vec<Option<Label>>> {
    let level = schema.column(column).max_def_level();
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            values(reader, level, |value| Label::Index(i64::from(*value)))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            values(reader, level, |value| Label::Index(*value))
        }
        ColumnReader::ByteArrayColumnReader(reader) => values(reader, level, |value| {
            Label::Name(String::from_utf8_lossy(value.data()).into_owned())
        }),
        _ => bail!("one of its columns has a type that is not supported"),
    }
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

/// The names of `ClassLabel` in what `datasets` wrote about its features.
fn class_names(reader: &SerializedFileReader<Positioned>, label: &str) -> Vec<String> {
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let told = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "huggingface"));
    let value = told.and_then(|pair| pair.value.as_deref());
    let info: serde_json::Value =
        value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let names = info["info"]["features"][label]["names"].as_array().cloned().unwrap_or_default();
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_side_by_side_each_get_the_image_that_they_ask_for() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/struct.parquet");
        let (file, contents) = ParquetFile::open(&path).unwrap();
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
