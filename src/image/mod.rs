//! From a file's bytes to the pixels that a model is fed with.

pub mod decode;
pub mod geometry;
pub mod interpolate;
pub mod libyuv;
pub mod nearest;
pub mod opencv;
pub mod opencv_area;
pub mod orientation;
pub mod pixels;
pub mod placement;
pub mod preprocess;
pub mod resample;
pub mod resize;
pub mod sniff;
pub mod taps;
pub mod weights;
