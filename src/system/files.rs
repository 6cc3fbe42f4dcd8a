//! Files: reading at positions, the page cache, other names of a file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Reads at a position, whatever another thread reads from the same file meanwhile.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, at);
    #[cfg(windows)]
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

/// The same until the buffer is full.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] if the file ends before.
pub(crate) fn read_exact_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match read_at(file, buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the file has further names (hard links), as far as the system reports it.
pub(crate) fn has_other_names(facts: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(facts) > 1;
    #[cfg(windows)]
    {
        let _ = facts;
        false
    }
}

/// The path without links. Windows writes such paths with `\\\\?\\` in front, which few libraries
/// take; it is left out.
pub(crate) fn canonical(path: &Path) -> io::Result<PathBuf> {
    let full = fs::canonicalize(path)?;
    let plain = full.to_str().filter(|_| cfg!(windows)).and_then(|text| text.strip_prefix(r"\\?\"));
    Ok(plain.map_or(full.clone(), PathBuf::from))
}

/// Gives `target` another name. On Windows links need a privilege, so there it is copied.
pub(crate) fn stand_in(target: &Path, name: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, name);
    #[cfg(windows)]
    fs::copy(target, name).map(drop)
}

/// Asks the system to read the first `bytes` of a file before they are needed, where it can be
/// asked. A file that cannot be opened is named when it is.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn read_ahead(path: &Path, bytes: i32) {
    use nix::fcntl::{OFlag, PosixFadviseAdvice, open, posix_fadvise};
    use nix::sys::stat::Mode;

    // A pipe in an image's place does not keep us waiting.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    if let Ok(file) = open(path, flags, Mode::empty()) {
        let bytes = nix::libc::off_t::from(bytes);
        // Advice that is not taken costs nothing.
        let _ = posix_fadvise(file, 0, bytes, PosixFadviseAdvice::POSIX_FADV_WILLNEED);
    }
}

/// The system reads ahead on its own.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const fn read_ahead(_: &Path, _: i32) {}

/// Whether a program can have the page cache forget a file here.
pub(crate) const CAN_FORGET: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Asks the system to forget a file, which it does unless a process has it mapped or open for
/// writing.
///
/// # Errors
/// The system's message.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn forget(file: &File) -> Result<(), String> {
    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

    posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
        .map_err(|error| error.to_string())
}

/// Other systems do not offer it.
///
/// # Errors
/// Always.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn forget(_: &File) -> Result<(), String> {
    Err("only Linux and Android let a program do that".to_owned())
}
