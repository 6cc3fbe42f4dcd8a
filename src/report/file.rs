//! Files that are whole or absent: written under a temporary name beside
//! their place, then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Result, anyhow};

/// Writes `path` by `fill`. The old file stays until the new one is complete
/// and on the disk.
///
/// # Errors
/// One sentence that names the file, for instance for a full disk; nothing
/// half-written is left.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let temporary = temporary_beside(path);
    let outcome = fill_and_sync(&temporary, fill).and_then(|()| fs::rename(&temporary, path));
    outcome.map_err(|error| {
        // What is left of it is of no use; that it cannot be removed is no news
        // after the error itself.
        let _ = fs::remove_file(&temporary);
        explain(path, &error)
    })
}

fn fill_and_sync(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 18, File::create(path)?);
    fill(&mut to)?;
    // Some file systems tell of a full disk only when data reaches it.
    to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", process::id()))
}

fn explain(path: &Path, error: &io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => anyhow!(
            "cannot write {path}: the disk is full; free some space, then run `shutterbench report` on the run's folder"
        ),
        _ => anyhow!("cannot write {path}: {error}"),
    }
}
