//! A merged run in its folder: written whole or not at all, and as often as one likes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::record::header::Header;
use crate::record::run::Run;
use crate::run::journal::{FILE_NAME, Journal, lock, make};
use crate::run::{journal, replay};

/// Keeps a merged run in `folder`. One that was merged there before from the same runs is
/// replaced by the same again; so a merge may be repeated after a kill, or for no reason.
///
/// # Errors
/// A folder that cannot be written, or one that holds another run.
pub(crate) fn keep(merged: &Run, folder: &Path) -> Result<()> {
    make(folder)?;
    let _lock = lock(folder)?;
    let path = folder.join(FILE_NAME);
    if path.is_file() && !Journal::is_torn(folder) {
        may_be_replaced(&journal::header(folder)?, &merged.header, folder)?;
    }
    write(merged, &path).with_context(|| format!("could not write {}", path.display()))
}

fn write(merged: &Run, path: &Path) -> Result<()> {
    let temporary = path.with_extension("part");
    let mut to = BufWriter::new(File::create(&temporary)?);
    for entry in replay::entries(merged) {
        serde_json::to_writer(&mut to, &entry)?;
        to.write_all(b"\n")?;
    }
    to.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(fs::rename(&temporary, path)?)
}

fn may_be_replaced(there: &Header, merged: &Header, folder: &Path) -> Result<()> {
    let folder = folder.display();
    ensure!(
        !there.parts.is_empty(),
        "{folder} holds a run that was measured, not merged; choose another folder with --out"
    );
    ensure!(
        there.run_id == merged.run_id,
        "{folder} holds a merge of other runs ({}); choose another folder with --out",
        there.run_id
    );
    Ok(())
}

/// The runs to merge: those that are named but for the merged run itself, which a pattern such
/// as `results/*` finds too when a merge is repeated.
///
/// # Errors
/// A folder that holds one of the runs to merge.
pub(crate) fn without_itself(runs: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    let Ok(itself) = fs::canonicalize(out) else { return Ok(runs.to_vec()) };
    let is_itself = |run: &&PathBuf| fs::canonicalize(run).is_ok_and(|run| run == itself);
    if runs.iter().any(|run| is_itself(&run)) {
        // A merge that was killed leaves no readable header.
        let measured = journal::header(out).is_ok_and(|header| header.parts.is_empty());
        ensure!(
            !measured,
            "{} is one of the runs to merge; choose another folder with --out",
            out.display()
        );
    }
    Ok(runs.iter().filter(|run| !is_itself(run)).cloned().collect())
}
