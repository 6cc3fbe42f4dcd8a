//! Where package files come from: the ordinary Python client, or a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::FetchError;
use super::manifest::{Runtime, Wheel};

/// The interpreter whose pip is asked.
const PYTHON: &str = "python3";

/// Where package files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `pip download`, as a child process, with the user's own settings. So no
    /// package host is known to this program, and proxies, mirrors and
    /// certificates that are set up for pip hold here too.
    Pip {
        /// The interpreter.
        python: PathBuf,
        /// An index in place of pip's own.
        index: Option<String>,
    },
    /// A folder that holds the package files; needs no Python.
    Folder(PathBuf),
}

impl Default for Source {
    fn default() -> Self {
        Self::Pip { python: PYTHON.into(), index: None }
    }
}

impl Source {
    /// Reads the value of `--mirror`: an address or a folder.
    ///
    /// # Errors
    /// It is neither.
    pub fn mirror(text: &str) -> Result<Self, FetchError> {
        let is_address = ["http://", "https://", "file://"].iter().any(|s| text.starts_with(s));
        if is_address {
            return Ok(Self::Pip { python: PYTHON.into(), index: Some(text.to_owned()) });
        }
        if Path::new(text).is_dir() {
            return Ok(Self::Folder(text.into()));
        }
        Err(FetchError::Mirror(text.to_owned()))
    }

    /// Brings a runtime's package file, unchecked, and says where it lies: in
    /// `scratch`, or where the mirror has it.
    pub(super) fn bring(
        &self,
        runtime: &Runtime,
        wheel: &Wheel,
        python_version: &str,
        scratch: &Path,
    ) -> Result<PathBuf, FetchError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(&wheel.file);
                if path.is_file() {
                    return Ok(path);
                }
                Err(FetchError::NotInMirror { wheel: wheel.file.clone(), folder: folder.clone() })
            }
            Self::Pip { python, index } => {
                let mut pip = download(python, runtime, wheel, python_version, scratch);
                if let Some(index) = index {
                    pip.args(["--index-url", index]);
                }
                run(&mut pip, python, wheel)?;
                let path = scratch.join(&wheel.file);
                if path.is_file() {
                    return Ok(path);
                }
                Err(FetchError::Pip {
                    wheel: wheel.file.clone(),
                    said: "done, but it saved another file".to_owned(),
                })
            }
        }
    }
}

/// The command that downloads one package file for the wheel's platform,
/// whatever platform and Python this is.
fn download(
    python: &Path,
    runtime: &Runtime,
    wheel: &Wheel,
    python_version: &str,
    scratch: &Path,
) -> Command {
    let abi = format!("cp{}", python_version.replace('.', ""));
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"])
        .args(["--platform", &wheel.platform, "--implementation", "cp"])
        .args(["--python-version", python_version, "--abi", &abi, "--abi", "none"])
        .arg("--dest")
        .arg(scratch)
        .arg(format!("{}=={}", runtime.package, runtime.package_version))
        .stdin(Stdio::null());
    command
}

/// Runs pip and reads from its words why it failed.
fn run(pip: &mut Command, python: &Path, wheel: &Wheel) -> Result<(), FetchError> {
    let python = python.display().to_string();
    let wheel = wheel.file.clone();
    let output = match pip.output() {
        Ok(output) => output,
        Err(error) => return Err(FetchError::NoPython { python, error, wheel }),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No module named pip") {
        return Err(FetchError::NoPip { python, wheel });
    }
    if said.contains("connection broken by") || said.contains("Max retries exceeded") {
        return Err(FetchError::Offline { wheel });
    }
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let said = last.unwrap_or("nothing").trim_start_matches("ERROR: ").to_owned();
    Err(FetchError::Pip { wheel, said })
}

/// A folder that is removed with all that it holds when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it inside `folder`, so that what it holds can be renamed there.
    pub(crate) fn inside(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!(".fetch-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on its removal, and there is nobody to tell.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
