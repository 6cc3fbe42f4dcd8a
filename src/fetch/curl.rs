//! curl, as a child process, for files that lie at an address of their own: with the
//! user's own proxies and certificates.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fetch::fetch_error::FetchError;

/// What curl's exit codes (its manual, EXIT CODES) say about a file that did not come.
const HTTP_ERROR: i32 = 22;
/// A file that a `file://` address does not have.
const NO_SUCH_FILE: i32 = 37;

/// Downloads from one of `addresses` to `to`; the next is tried if a server has no such file.
pub(crate) fn download(
    curl: &Path,
    addresses: &[String],
    file: &str,
    to: &Path,
) -> Result<(), FetchError> {
    let mut outcome = Ok(());
    for address in addresses {
        outcome = get(curl, address, file, to);
        if !matches!(outcome, Err(FetchError::Refused { .. })) {
            break;
        }
    }
    outcome
}

fn get(curl: &Path, address: &str, file: &str, to: &Path) -> Result<(), FetchError> {
    let output = Command::new(curl)
        .args(["--fail", "--location", "--silent", "--show-error", "--retry", "2"])
        // A server that goes silent is given up; one that is slow is not.
        .args(["--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60"])
        .args(["--proto", "=https,http,file", "--proto-redir", "=https,http", "--output"])
        .arg(to)
        .args(["--", address])
        .stdin(Stdio::null())
        .output();
    let file = file.to_owned();
    let output = output.map_err(|error| FetchError::NoCurl {
        curl: curl.display().to_string(),
        error,
        file: file.clone(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let (address, said) = (address.to_owned(), last.unwrap_or("curl printed nothing").to_owned());
    Err(match output.status.code() {
        Some(HTTP_ERROR | NO_SUCH_FILE) => FetchError::Refused { file, address, said },
        _ => FetchError::Unreachable { file, address, said },
    })
}
