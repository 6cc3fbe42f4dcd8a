//! Which program measures a run.

use crate::file_hash;
use crate::record::options::Options;

/// SHA-256 of the program that serves a run's workers, so that a run is not
/// continued by another one.
pub(crate) fn of_workers(options: &Options) -> Option<String> {
    match &options.worker {
        Some(program) => file_hash::of(program),
        None => own(),
    }
}

/// SHA-256 of this program.
pub(crate) fn own() -> Option<String> {
    file_hash::of(&std::env::current_exe().ok()?)
}
