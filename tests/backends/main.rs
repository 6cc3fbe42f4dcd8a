//! The runtimes for real, on the embedded and the shared models.

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod coverage;
mod delegates;
mod hostile;
mod listing;
mod material;
mod openvino;
mod options;
mod python;
