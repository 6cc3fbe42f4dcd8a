//! The ordinary Python client, as a child process, with the user's own settings: so
//! no package index is known to this program, and proxies, mirrors and certificates
//! that are set up for pip hold here too.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fetch::fetch_error::FetchError;
use crate::fetch::package_manifest::PackagedRuntime;

/// Downloads a runtime's package file for a platform into `folder`, whatever
/// platform and Python this is.
pub(crate) fn download(
    python: &Path,
    index: Option<&str>,
    runtime: &PackagedRuntime,
    (file, platform): (&str, &str),
    python_version: &str,
    folder: &Path,
) -> Result<(), FetchError> {
    let abi = format!("cp{}", python_version.replace('.', ""));
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"])
        .args(["--platform", platform, "--implementation", "cp"])
        .args(["--python-version", python_version, "--abi", &abi, "--abi", "none"])
        .arg("--dest")
        .arg(folder)
        .arg(format!("{}=={}", runtime.package, runtime.package_version))
        .stdin(Stdio::null());
    if let Some(index) = index {
        pip.args(["--index-url", index]);
    }
    run(&mut pip, python, file)?;
    if folder.join(file).is_file() {
        return Ok(());
    }
    let said = "done, but it saved another file".to_owned();
    Err(FetchError::Pip { file: file.to_owned(), said })
}

/// Runs pip and reads from its output why it failed.
fn run(pip: &mut Command, python: &Path, file: &str) -> Result<(), FetchError> {
    let python = python.display().to_string();
    let file = file.to_owned();
    let output = match pip.output() {
        Ok(output) => output,
        Err(error) => return Err(FetchError::NoPython { python, error, file }),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No module named pip") {
        return Err(FetchError::NoPip { python, file });
    }
    if said.contains("connection broken by") || said.contains("Max retries exceeded") {
        return Err(FetchError::Offline { file });
    }
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let said = last.unwrap_or("nothing").trim_start_matches("ERROR: ").to_owned();
    Err(FetchError::Pip { file, said })
}
