//! Fetching runtimes from their packages (Python wheels, Android AARs), checked by SHA-256.
//!
//! [`package_manifest`] says what each package file must be, [`package_source`] gets it, and
//! `archive` checks it and extracts the library.

pub(crate) mod archive;
pub mod bring;
pub mod bring_dataset;
pub mod bring_model;
pub(crate) mod checked_download;
mod cifar10;
pub(crate) mod curl;
mod dataset_archive;
pub mod fetch_error;
pub mod hosted_dataset;
pub mod hosted_model;
pub(crate) mod hosted_preset;
mod model_archive;
pub mod package_manifest;
pub mod package_source;
pub(crate) mod pip;
pub(crate) mod receipt;
mod toml_list;
