//! From a file's bytes to the pixels that a model is fed with.

pub mod decode;
pub mod interpolate;
pub mod pixels;
pub mod placement;
pub mod preprocess;
pub mod resample;
pub mod sniff;
pub mod weights;
