//! Which program measures a run: it is kept in the header, and only the same program continues the
//! run, since another build may measure otherwise.

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

/// SHA-256 of this program; `None` if its file cannot be found or read, as after an update in
/// place.
pub(crate) fn own() -> Option<String> {
    file_hash::of(&std::env::current_exe().ok()?)
}
