//! Files that are whole or absent: written under a temporary name beside
//! their place, then renamed. What is not an ordinary file (a device, a pipe, a link) is
//! written to and never replaced.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Result, anyhow};

use crate::system::{files, processes};

/// Writes `path` by `fill`. An old file stays until the new one is complete
/// and on the disk; its permissions are kept.
///
/// # Errors
/// One sentence that names the file, for instance for a full disk; nothing
/// half-written is left.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let there = fs::symlink_metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file() || files::has_other_names(there)) {
        return write_into(path, fill).map_err(|error| explain(path, &error));
    }
    let temporary = temporary_beside(path);
    let fill_and_sync = |temporary: &Path, fill| {
        fill_and_sync(temporary, fill)?;
        there.map_or(Ok(()), |there| fs::set_permissions(temporary, there.permissions()))
    };
    let outcome = fill_and_sync(&temporary, fill).and_then(|()| fs::rename(&temporary, path));
    outcome.map_err(|error| {
        // What is left of it is useless; that it cannot be removed adds nothing to the error
        // itself.
        let _ = fs::remove_file(&temporary);
        explain(path, &error)
    })
}

/// Writes to what is there, wherever a link leads.
fn write_into(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 18, File::create(path)?);
    fill(&mut to)?;
    to.flush()
}

fn fill_and_sync(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 18, File::create(path)?);
    fill(&mut to)?;
    // Some file systems report a full disk only when data reaches it.
    to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", process::id()))
}

/// Removes what processes that have ended left in a folder half-written.
pub(crate) fn clear_leftovers(folder: &Path) {
    for item in folder.read_dir().into_iter().flatten().flatten() {
        let name = item.file_name();
        let process = name.to_str().and_then(|name| {
            let (_, process) = name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?;
            process.parse::<u32>().ok()
        });
        if process.is_some_and(|process| !processes::is_running(process)) {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_file(item.path());
        }
    }
}

fn explain(path: &Path, error: &io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => anyhow!(
            "could not write {path}: the disk is full; free some space, then run `shutterbench report` on the run's folder"
        ),
        _ => anyhow!("could not write {path}: {error}"),
    }
}
