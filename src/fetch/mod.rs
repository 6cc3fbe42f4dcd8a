//! Runtimes, brought from their packages (Python's wheels, Android's AARs) and
//! checked by SHA-256.
//!
//! [`manifest`] says what each package file must be, [`source`] brings it, and
//! `archive` checks it and takes the library out.

pub mod archive;
pub mod bring;
pub mod curl;
pub mod fetch_error;
pub mod package_manifest;
pub mod package_source;
pub mod pip;
pub mod receipt;
