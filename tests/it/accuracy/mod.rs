//! Accuracy end to end, through the program: labels that fit and labels that do
//! not, images that cannot be read, and parity with an evaluation in Python.

mod archives;
mod containers;
mod labels;
mod layouts;
mod made;
mod made_parquet;
mod material;
mod parity;
mod pipelines;
mod spellings;
mod unlabelled;
mod unreadable;
