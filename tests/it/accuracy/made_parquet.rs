//! Parquet files of a test's own columns.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::made::images;

pub enum Column {
    Bytes(Vec<ByteArray>),
    Numbers(Vec<i64>),
    /// A list of numbers per row.
    Lists(Vec<Vec<i64>>),
}

/// The files of all images.
pub fn photos() -> Vec<ByteArray> {
    images().iter().map(|(path, _)| fs::read(path).unwrap().into()).collect()
}

/// The classes of all images.
pub fn classes() -> Vec<i64> {
    images().iter().map(|(_, class)| *class as i64).collect()
}

pub fn write(path: &Path, schema: &str, columns: &[Column]) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column in columns {
        let mut to = group.next_column().unwrap().unwrap();
        match column {
            Column::Bytes(bytes) => {
                to.typed::<ByteArrayType>().write_batch(bytes, None, None).unwrap();
            }
            Column::Numbers(numbers) => {
                to.typed::<Int64Type>().write_batch(numbers, None, None).unwrap();
            }
            Column::Lists(lists) => {
                let (mut defined, mut repeated) = (Vec::new(), Vec::new());
                for list in lists {
                    // An empty list is there, but has no entry.
                    defined.extend(if list.is_empty() { vec![1] } else { vec![3; list.len()] });
                    repeated.extend((0..list.len().max(1)).map(|place| i16::from(place > 0)));
                }
                let to = to.typed::<Int64Type>();
                to.write_batch(&lists.concat(), Some(&defined), Some(&repeated)).unwrap();
            }
        }
        to.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}
