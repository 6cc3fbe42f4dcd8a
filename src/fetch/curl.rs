//! curl, as a child process, for files that lie at an address of their own: with the
//! user's own proxies and certificates.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::fetch::fetch_error::FetchError;

/// What curl's exit codes (its manual, EXIT CODES) say about a file that did not come.
const HTTP_ERROR: i32 = 22;
/// A file that a `file://` address does not have.
const NO_SUCH_FILE: i32 = 37;
/// It could not be written: the disk is full, or the folder is gone.
const WRITE_ERROR: i32 = 23;
/// The server, or a file, cannot be read from the middle on.
const NO_RESUMING: [i32; 2] = [33, 36];
/// The connection ended, or became silent, before the file did.
const CUT: [i32; 3] = [18, 28, 56];

/// How often a download's size is looked at.
const PACE: Duration = Duration::from_millis(100);

/// Downloads from one of `addresses` to `to`; the next is tried if a server has no such file.
/// What is at `to` already is continued. `progress` is told how many bytes are there.
pub(crate) fn download(
    curl: &Path,
    addresses: &[String],
    file: &str,
    to: &Path,
    progress: &dyn Fn(u64),
) -> Result<(), FetchError> {
    let mut outcome = Ok(());
    for address in addresses {
        outcome = get(curl, address, file, to, progress);
        if !matches!(outcome, Err(FetchError::Refused { .. })) {
            break;
        }
    }
    outcome
}

fn get(
    curl: &Path,
    address: &str,
    file: &str,
    to: &Path,
    progress: &dyn Fn(u64),
) -> Result<(), FetchError> {
    let begun = size(to) > 0;
    let mut output = run(curl, address, file, to, progress)?;
    if begun && cannot_be_continued(&output) {
        fs::remove_file(to).map_err(FetchError::file("remove", to))?;
        output = run(curl, address, file, to, progress)?;
    }
    if output.status.success() {
        return Ok(());
    }
    let (address, said) = (address.to_owned(), last_words(&output));
    let file = file.to_owned();
    Err(match output.status.code() {
        Some(HTTP_ERROR | NO_SUCH_FILE) => FetchError::Refused { file, address, said },
        Some(WRITE_ERROR) => FetchError::file("write", to)(io::Error::other(said)),
        Some(code) if CUT.contains(&code) && size(to) > 0 => {
            FetchError::Cut { file, address, said }
        }
        _ => FetchError::Unreachable { file, address, said },
    })
}

/// Runs curl to its end.
fn run(
    curl: &Path,
    address: &str,
    file: &str,
    to: &Path,
    progress: &dyn Fn(u64),
) -> Result<Output, FetchError> {
    let child = Command::new(curl)
        .args(["--fail", "--location", "--silent", "--show-error", "--retry", "2"])
        // A server that goes silent is given up; one that is slow is not.
        .args(["--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60"])
        .args(["--proto", "=https,http,file", "--proto-redir", "=https,http"])
        .args(["--continue-at", "-", "--output"])
        .arg(to)
        .args(["--", address])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| FetchError::NoCurl {
        curl: curl.display().to_string(),
        error,
        file: file.to_owned(),
    })?;
    // What it prints is one line, which the pipe holds.
    while child.try_wait().map_err(FetchError::file("wait for", curl))?.is_none() {
        progress(size(to));
        thread::sleep(PACE);
    }
    progress(size(to));
    child.wait_with_output().map_err(FetchError::file("wait for", curl))
}

/// Whether it failed because of what was there before: no part of a file from this server, or
/// more than it has (416).
fn cannot_be_continued(output: &Output) -> bool {
    match output.status.code() {
        Some(HTTP_ERROR) => last_words(output).contains("416"),
        Some(code) => NO_RESUMING.contains(&code),
        None => false,
    }
}

fn last_words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or("curl printed nothing").to_owned()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
