//! How a command answers: its exit code, standard output and standard error.

use std::io::Write;
use std::path::Path;

/// How a command ended, as its exit code shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything that was requested was done.
    Good,
    /// Done, with a failure, a regression or no model found.
    Bad,
    /// The user interrupted; what was measured is kept.
    Interrupted,
}

/// Exit code after an interrupt, as shells have it for Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// Writes to standard output.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<ExitStatus> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(ExitStatus::Good)
}

/// Writes a file whole; `-` is standard output.
pub(crate) fn write(to: &Path, text: &str) -> anyhow::Result<()> {
    write_with(to, |to| to.write_all(text.as_bytes()))
}

/// The same with a file that is too large to be a text in memory.
pub(crate) fn write_with(
    to: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    if to != Path::new("-") {
        return crate::report::file::write(to, fill);
    }
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    fill(&mut stdout)?;
    Ok(stdout.flush()?)
}

/// Writes a line to standard error. A reader that went away is not a reason to stop measuring.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes a value to standard output as indented JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<ExitStatus> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    print(&text)
}
