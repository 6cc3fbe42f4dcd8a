//! Top-1 and Top-5 over a labelled set of images.
//!
//! An image goes from [`decode`] through [`preprocess`] to a worker, and its
//! scores through [`ranking`] into a [`Prediction`]; [`score`] runs all of that
//! on every core, and [`tally`] counts. [`labelling`] matches a dataset's
//! classes with a model's outputs beforehand.

pub mod agreement;
pub mod class_map;
pub mod dataset;
pub mod decode;
pub mod doubt;
pub mod interpolate;
pub mod interval;
pub mod labelling;
pub mod mcnemar;
pub mod output_classes;
pub mod pixels;
mod placement;
pub mod prediction;
pub mod preprocess;
pub mod ranking;
pub mod resample;
pub mod score;
pub mod scores;
pub mod tally;
mod weights;

pub use class_map::ClassMap;
pub use dataset::Dataset;
pub use prediction::Prediction;
pub use tally::Tally;
