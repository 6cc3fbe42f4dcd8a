//! Accuracy end to end, through the program: labels that fit and labels that do
//! not, images that cannot be read, and parity with an evaluation in Python.

mod labels;
mod layouts;
mod material;
mod parity;
mod pipelines;
mod unreadable;
