//! `journal.jsonl`: one line for everything that was measured, flushed before the next thing is
//! begun. The other files of a run are made from it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::record::header::Header;
use crate::run::entry::Entry;

/// File name in a run's folder.
pub const FILE_NAME: &str = "journal.jsonl";
/// The schema of journals and of `run.json` that this program writes. Since 2 the timed runs of
/// a visit are packed ([`crate::record::timed_runs::TimedRuns`]); 1 is read too.
pub const SCHEMA: u32 = 2;

/// Maximum time between two writes to the disk itself, while something is written at all.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// A journal that is open for writing. It holds the run's lock.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    synced: Instant,
    _lock: File,
}

impl Journal {
    /// Begins a journal in `folder`, which is created.
    ///
    /// # Errors
    /// A folder that cannot be created or written, one that already holds a run, or one that
    /// another shutterbench is writing.
    pub(crate) fn create(folder: &Path, header: Header) -> Result<Self> {
        make(folder)?;
        let lock = lock(folder)?;
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new().append(true).create_new(true).open(&path).with_context(|| {
            format!(
                "could not begin a run in {}; if it holds one, continue it with --resume, or choose another folder with --out",
                folder.display()
            )
        })?;
        let mut journal = Self { file, path, synced: Instant::now(), _lock: lock };
        journal.append(&Entry::Header(Box::new(header)))?;
        // So that the folder's list names it even after a power cut; not all systems do that.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(journal)
    }

    /// Whether the journal in `folder` ends in the middle of its header, so that nothing was
    /// measured and it can be begun anew.
    #[must_use]
    pub(crate) fn is_torn(folder: &Path) -> bool {
        let line = File::open(folder.join(FILE_NAME)).and_then(|file| {
            let mut line = Vec::new();
            BufReader::new(file).read_until(b'\n', &mut line).map(|_| line)
        });
        line.is_ok_and(|line| !line.ends_with(b"\n"))
    }

    /// Begins a journal in `folder` in place of a torn one, if there is one.
    ///
    /// # Errors
    /// See [`Self::create`].
    pub(crate) fn create_anew(folder: &Path, header: Header) -> Result<Self> {
        if Self::is_torn(folder) {
            let _lock = lock(folder)?;
            // While the lock was not ours, its owner may have written on.
            if Self::is_torn(folder) {
                fs::remove_file(folder.join(FILE_NAME)).with_context(|| {
                    format!("the torn journal in {} could not be removed", folder.display())
                })?;
            }
        }
        Self::create(folder, header)
    }

    /// Continues the journal in `folder`; a torn last line is cut off.
    ///
    /// # Errors
    /// No journal, one that another shutterbench is writing, or one that is
    /// damaged before its last line.
    pub(crate) fn resume(folder: &Path) -> Result<(Self, Vec<Entry>)> {
        let path = folder.join(FILE_NAME);
        ensure!(path.is_file(), "{} holds no run to resume (no {FILE_NAME})", folder.display());
        let lock = lock(folder)?;
        let (entries, whole) = read(folder)?;
        let context = || format!("could not continue {}", path.display());
        // On Windows a file that is open for appending cannot be cut.
        let cut = OpenOptions::new().write(true).open(&path).and_then(|it| it.set_len(whole));
        cut.with_context(context)?;
        let file = OpenOptions::new().append(true).open(&path).with_context(context)?;
        Ok((Self { file, path, synced: Instant::now(), _lock: lock }, entries))
    }

    /// Appends one entry and hands it to the system before it returns; what ends something,
    /// and anything once a second, to the disk itself.
    ///
    /// # Errors
    /// A full disk and the like. What was written before stays valid: a torn
    /// line is cut off when the run is resumed.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let due = entry.is_synced() || self.synced.elapsed() >= SYNC_INTERVAL;
        let mut kept = self.file.write_all(&line);
        if due {
            kept = kept.and_then(|()| self.file.sync_data());
            self.synced = Instant::now();
        }
        kept.with_context(|| {
            format!(
                "could not write {}; what was measured before is kept: free some space and continue with --resume",
                self.path.display()
            )
        })
    }
}

pub(crate) fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| {
        format!("could not create the run's folder {}; choose another with --out", folder.display())
    })
}

/// How long another program's lock is waited for: a process that a killed run was just starting
/// holds it until it has become a worker.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How often it is tried.
const LOCK_LOOK: Duration = Duration::from_millis(20);

pub(crate) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let context = || format!("could not write in the run's folder {}", folder.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(context)?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    let mut locked = file.try_lock();
    while matches!(locked, Err(TryLockError::WouldBlock)) && Instant::now() < deadline {
        std::thread::sleep(LOCK_LOOK);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another shutterbench is writing {}; wait for it or choose another folder",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(context),
    }
}

/// Reads every entry of the journal in `folder`, and the length in bytes of
/// its whole lines.
///
/// # Errors
/// See [`each`].
pub fn read(folder: &Path) -> Result<(Vec<Entry>, u64)> {
    let mut entries = Vec::new();
    let whole = each(folder, |entry| {
        entries.push(entry);
        Ok(())
    })?;
    Ok((entries, whole))
}

/// The header of the journal in `folder`.
///
/// # Errors
/// See [`each`].
pub(crate) fn header(folder: &Path) -> Result<Header> {
    let path = folder.join(FILE_NAME);
    ensure!(path.is_file(), "{} holds no run to resume (no {FILE_NAME})", folder.display());
    let context = || format!("journal {} cannot be used", path.display());
    let mut line = Vec::new();
    let file = File::open(&path).with_context(context)?;
    BufReader::new(file).read_until(b'\n', &mut line).with_context(context)?;
    match parse(&line).with_context(context)?.0.pop() {
        Some(Entry::Header(header)) => Ok(*header),
        _ => bail!("journal {} cannot be used: {NO_HEADER}", path.display()),
    }
}

/// Passes every entry of the journal in `folder` to `take`, one line in memory at a time, and
/// returns the length in bytes of its whole lines.
///
/// # Errors
/// A journal that cannot be read, of a newer schema, or damaged before its
/// last line; or what `take` returned.
pub(crate) fn each(folder: &Path, take: impl FnMut(Entry) -> Result<()>) -> Result<u64> {
    let path = folder.join(FILE_NAME);
    let file = File::open(&path)
        .with_context(|| format!("{} holds no readable run (no {FILE_NAME})", folder.display()))?;
    each_line(BufReader::new(file), take)
        .with_context(|| format!("journal {} cannot be used", path.display()))
}

/// Parses a journal: see [`read`].
///
/// # Errors
/// See [`read`].
pub fn parse(bytes: &[u8]) -> Result<(Vec<Entry>, u64)> {
    let mut entries = Vec::new();
    let whole = each_line(bytes, |entry| {
        entries.push(entry);
        Ok(())
    })?;
    Ok((entries, whole))
}

fn each_line(mut from: impl BufRead, mut take: impl FnMut(Entry) -> Result<()>) -> Result<u64> {
    let mut line = Vec::new();
    let (mut number, mut whole) = (0, 0);
    while from.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if number == 1 {
            check_schema(&line)?;
        }
        match serde_json::from_slice(&line) {
            Ok(entry) if line.ends_with(b"\n") => {
                ensure!(number > 1 || matches!(entry, Entry::Header(_)), FOREIGN);
                take(entry)?;
            }
            // Torn: the last one.
            Ok(_) => break,
            Err(_) if number > 1 && from.fill_buf()?.is_empty() => break,
            Err(_) if !line.ends_with(b"\n") => break,
            Err(error) if number == 1 => bail!("{FOREIGN} ({error})"),
            Err(error) => bail!(
                "line {number} is damaged ({error}); restore a copy of the file, or delete that line, which loses only what it held"
            ),
        }
        whole += line.len() as u64;
        line.clear();
    }
    ensure!(whole > 0, NO_HEADER);
    Ok(whole)
}

/// What is whole is not replaced, even by `--continue`.
const FOREIGN: &str = "its first line is not the header of a run that this program knows; move it away, or choose another folder with --out";

const NO_HEADER: &str = "it does not begin with the run's whole header, so nothing was measured; to start again, use run --continue --out with the run's options";

/// A newer journal is refused by name, before its unknown fields confuse.
fn check_schema(line: &[u8]) -> Result<()> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    match serde_json::from_slice::<Schema>(line) {
        Ok(Schema { schema }) if schema > SCHEMA => bail!(
            "its schema is {schema}, but this program knows {SCHEMA}; use the newer shutterbench that wrote it"
        ),
        _ => Ok(()),
    }
}
