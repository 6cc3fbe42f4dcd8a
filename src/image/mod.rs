//! From a file's bytes to the pixels that a model is fed with.

pub mod decode;
pub(crate) mod geometry;
pub(crate) mod interpolate;
pub(crate) mod libyuv;
pub(crate) mod nearest;
pub(crate) mod opencv;
pub(crate) mod opencv_area;
pub(crate) mod orientation;
pub mod pixels;
pub(crate) mod placement;
pub mod preprocess;
pub mod resample;
pub mod resize;
pub(crate) mod sniff;
pub(crate) mod taps;
pub(crate) mod weights;
