//! Labelled images on disk, and which model output is which class.

pub mod contained;
pub mod container;
pub mod entries;
pub mod file_name;
pub mod folders;
pub mod ground_truth;
pub mod ilsvrc2012;
pub mod image_files;
mod image_size;
pub mod label_columns;
pub mod labelling;
pub mod labels_csv;
pub mod listing;
pub mod locate;
pub mod member;
pub mod named_lines;
pub mod numbers;
pub mod open;
pub mod parquet_file;
pub mod sample;
pub mod splits;
pub mod tar_file;
pub mod text_table;
