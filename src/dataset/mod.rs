//! Labelled images on disk, and which of a model's outputs stands for which class.

pub mod entries;
pub mod folders;
pub mod ilsvrc2012;
pub mod labelling;
pub mod labels_csv;
pub mod listing;
pub mod open;
pub mod sample;
