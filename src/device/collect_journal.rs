//! Collecting a run. Only its journal is pulled: everything else is written from the journal here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::device::connection::Connection;
use crate::device::remote_run::RemoteRun;
use crate::fetch::package_source::ScratchFolder;
use crate::record::run::Run;
use crate::run::entry::Entry;
use crate::run::journal;
use crate::run::replay;

/// Pulls the journal of a run into `folder` and writes the run's files there.
///
/// # Errors
/// A run that was not begun there, a device that is gone, a journal that
/// cannot be used, or a folder that cannot be written.
pub(crate) fn collect(
    connection: &Connection,
    remote_run: &RemoteRun,
    folder: &Path,
) -> Result<Run> {
    let scratch = ScratchFolder::inside(folder)
        .with_context(|| format!("could not write into {}", folder.display()))?;
    let pulled = scratch.path().join(journal::FILE_NAME);
    connection.pull(&remote_run.journal(), &pulled)?;
    let bytes = fs::read(&pulled).context("the pulled journal could not be read")?;
    let named = named(&bytes, remote_run)
        .with_context(|| format!("the journal of device {} cannot be used", remote_run.device))?;
    crate::report::file::write(&folder.join(journal::FILE_NAME), |to| to.write_all(&named))?;
    let run = replay::read(folder)?;
    crate::report::run_files::write_all(&run, folder)?;
    Ok(run)
}

/// The journal with the names that the run has here: there, it is `local` and
/// named by a clock that may be wrong.
fn named(bytes: &[u8], remote_run: &RemoteRun) -> Result<Vec<u8>> {
    let (entries, whole) = journal::parse(bytes)?;
    let bytes = &bytes[..usize::try_from(whole)?];
    let Some(Entry::Header(mut header)) = entries.into_iter().next() else {
        bail!("it does not begin with the run's header");
    };
    ensure!(
        header.version == env!("CARGO_PKG_VERSION"),
        "it was written by shutterbench {}, but this is {}; build both from the same sources",
        header.version,
        env!("CARGO_PKG_VERSION")
    );
    ensure!(
        remote_run.program_sha256.is_none() || remote_run.program_sha256 == header.binary_sha256,
        "it was not written by the program that was brought there"
    );
    header.device = remote_run.device.to_string();
    header.run_id.clone_from(&remote_run.run_id);
    let mut named = serde_json::to_vec(&Entry::Header(header))?;
    named.push(b'\n');
    let first = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    named.extend_from_slice(&bytes[first..]);
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_another_program_than_the_one_that_was_brought_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-1.jsonl");
        let bytes = fs::read(path).unwrap();
        let Some(Entry::Header(header)) = journal::parse(&bytes).unwrap().0.into_iter().next()
        else {
            panic!("it begins with its header")
        };
        let root = crate::device::remote_path::BOARD_FOLDER.parse().unwrap();
        let mut remote_run = RemoteRun::new(
            "R58M".parse().unwrap(),
            crate::device::adb::AdbServer::default(),
            "20260101-1".into(),
            &root,
            root.join("program"),
        );
        remote_run.program_sha256.clone_from(&header.binary_sha256);
        assert!(remote_run.program_sha256.is_some());
        let named = named(&bytes, &remote_run).unwrap();
        assert!(String::from_utf8(named).unwrap().contains("\"device\":\"R58M\""));
        remote_run.program_sha256 = Some("another".into());
        let error = super::named(&bytes, &remote_run).unwrap_err().to_string();
        assert!(error.contains("not written by the program that was brought"), "{error}");
    }
}
