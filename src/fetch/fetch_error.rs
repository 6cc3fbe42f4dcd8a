//! What can go wrong while a runtime, a model or a dataset is fetched.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a runtime was not fetched. Each message is one sentence that a user can
/// act on.
#[derive(Debug, Error)]
pub enum FetchError {
    /// Neither a name nor `--all` nor `--list`.
    #[error("nothing to fetch; name one or more of {}, or use --all", known.join(", "))]
    NothingNamed {
        /// The names that exist.
        known: Vec<String>,
    },
    /// A name that the manifest does not have.
    #[error("'{name}' cannot be fetched; choose from {}, a model of 'shutterbench list models --remote', a dataset of 'shutterbench list datasets', or a preset of 'shutterbench list presets'", known.join(", "))]
    UnknownName {
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A dataset that its publisher gives out only on request.
    #[error(
        "{name} is given out only by its publisher, to those who register there; get {file} and unpack it with 'shutterbench fetch {name} --archive {file}'"
    )]
    OnRequest {
        /// The dataset's name.
        name: String,
        /// Its archive.
        file: String,
    },
    /// `--archive` without the one dataset that it belongs to.
    #[error("--archive holds one dataset; name it, and nothing else, such as 'shutterbench fetch ilsvrc2012 --archive {}'", .0.display())]
    ArchiveOfWhat(PathBuf),
    /// A target that the runtime is not packaged for.
    #[error("{runtime} is not packaged for {target}; --target takes {}", known.join(", "))]
    UnknownTarget {
        /// The runtime.
        runtime: String,
        /// The requested target.
        target: String,
        /// The targets that exist.
        known: Vec<String>,
    },
    /// `--mirror` is neither an address nor a folder.
    #[error("--mirror {0} is neither a folder nor an address such as https://host/simple")]
    Mirror(String),
    /// No folder to put runtimes into is known.
    #[error("HOME is not set, so there is no default folder for runtimes; give one with --dir")]
    NoFolder,
    /// The package's client cannot be started.
    #[error(
        "{python} could not be started ({error}); install Python 3 with pip (Debian, Ubuntu: 'apt-get install python3-pip'), or put {file} into a folder and name it with --mirror"
    )]
    NoPython {
        /// The interpreter.
        python: String,
        /// Why not.
        error: io::Error,
        /// The package file that is needed.
        file: String,
    },
    /// Python has no pip.
    #[error(
        "{python} has no pip; install it (Debian, Ubuntu: 'apt-get install python3-pip'), or put {file} into a folder and name it with --mirror"
    )]
    NoPip {
        /// The interpreter.
        python: String,
        /// The package file that is needed.
        file: String,
    },
    /// The package index does not answer.
    #[error(
        "{file} could not be downloaded: the package index does not answer; check the network and pip's proxy settings, or give another index or a folder that holds the file with --mirror"
    )]
    Offline {
        /// The package file that is needed.
        file: String,
    },
    /// pip ended with an error.
    #[error(
        "{file} could not be downloaded: pip said '{said}'; give another index or a folder that holds the file with --mirror"
    )]
    Pip {
        /// The package file that is needed.
        file: String,
        /// pip's last error.
        said: String,
    },
    /// curl cannot be started.
    #[error(
        "{curl} could not be started ({error}); install curl (Debian, Ubuntu: 'apt-get install curl'), or put {file} into a folder and name it with --mirror"
    )]
    NoCurl {
        /// The program.
        curl: String,
        /// Why not.
        error: io::Error,
        /// The package file that is needed.
        file: String,
    },
    /// A server does not answer.
    #[error(
        "{file} could not be downloaded from {address}: {said}; check the network and the proxy settings, or give another repository or a folder that holds the file with --mirror"
    )]
    Unreachable {
        /// The package file that is needed.
        file: String,
        /// Where it was looked for.
        address: String,
        /// curl's message.
        said: String,
    },
    /// A server answers but has no such file.
    #[error(
        "{file} is not available from {address}: {said}; give another repository or a folder that holds the file with --mirror"
    )]
    Refused {
        /// The package file that is needed.
        file: String,
        /// Where it was looked for.
        address: String,
        /// curl's words.
        said: String,
    },
    /// A download that ended too early.
    #[error(
        "{file} came only in part from {address}: {said}; run the same command again to continue it"
    )]
    Cut {
        /// The file that is needed.
        file: String,
        /// Where it comes from.
        address: String,
        /// curl's message.
        said: String,
    },
    /// A file whose SHA-256 nobody published is another one than it was.
    #[error(
        "{file} is not what it was: its SHA-256 is {found}, and was {expected} when it was first fetched; if you trust the new file, remove {} and fetch it again", pin.display()
    )]
    Repinned {
        /// The file.
        file: String,
        /// The hash that it has.
        found: String,
        /// The hash that it had.
        expected: String,
        /// The file that keeps the hash.
        pin: PathBuf,
    },
    /// What came is no model.
    #[error("{name} was fetched, but cannot be used: {reason}; nothing was installed")]
    NotAModel {
        /// The model's name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A mirror's folder lacks the file.
    #[error("{file} is not in {}; put it there or use another --mirror", folder.display())]
    NotInMirror {
        /// The package file that is needed.
        file: String,
        /// The folder.
        folder: PathBuf,
    },
    /// A file's content is not what the manifest says.
    #[error("{what} has SHA-256 {found}, expected {expected}; nothing was installed from it")]
    Hash {
        /// The package file or library.
        what: String,
        /// The hash that it has.
        found: String,
        /// The hash that the manifest says.
        expected: String,
    },
    /// A file's size is not what the manifest says.
    #[error("{what} has {found} bytes, expected {expected}; nothing was installed from it")]
    Size {
        /// The package file or library.
        what: String,
        /// The size that it has, or declares.
        found: u64,
        /// The size that the manifest says.
        expected: u64,
    },
    /// The package file is not an archive, or lacks the library.
    #[error("{file} could not be unpacked: {reason}; nothing was installed from it")]
    Archive {
        /// The package file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Of several models or datasets some did not come; why was said.
    #[error("{missed} of {of} could not be fetched, as said above; what came is in place")]
    Missed {
        /// How many did not come.
        missed: usize,
        /// How many were wanted.
        of: usize,
    },
    /// A library is no longer what was put there.
    #[error("{} was changed in the meantime; fetch it again", .0.display())]
    Changed(PathBuf),
    /// One of our files or folders cannot be read or written.
    #[error("could not {action} {}: {error}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The manifest that is part of this program is wrong.
    #[error("the built-in manifest of runtimes is invalid: {0}")]
    Manifest(String),
}

impl FetchError {
    /// Whether another file may still come.
    pub(crate) const fn is_of_one_file(&self) -> bool {
        matches!(
            self,
            Self::OnRequest { .. }
                | Self::Refused { .. }
                | Self::Cut { .. }
                | Self::Repinned { .. }
                | Self::NotAModel { .. }
                | Self::NotInMirror { .. }
                | Self::Hash { .. }
                | Self::Size { .. }
                | Self::Archive { .. }
        )
    }

    /// For `map_err` on an operation on a file.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { action, path, error }
    }
}
