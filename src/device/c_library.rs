//! Whether the program can use a board's C library, checked before anything is pushed: a loader's
//! own messages ("no such file", "version not found") do not say what to do.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::device::connection::Connection;

/// Prints what identifies the C library; every part of it may be missing on a board.
const QUESTION: &str =
    "getconf GNU_LIBC_VERSION 2>/dev/null; ldd --version 2>&1; ls /lib/ld-musl-* 2>/dev/null; true";

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// A board's C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CLibrary {
    Glibc(Version),
    Musl,
    Untold,
}

/// Refuses a board whose C library the program, built for `target`, cannot use. One that does not
/// report it is not refused.
///
/// # Errors
/// What the program needs and what the board has; or a board that cannot be reached.
pub(crate) fn check(connection: &Connection, target: &str, program: &Path) -> Result<()> {
    if !target.ends_with("-linux-gnu") && !target.ends_with("-linux-gnueabihf") {
        return Ok(());
    }
    let bytes =
        fs::read(program).with_context(|| format!("could not read {}", program.display()))?;
    let Some(needed) = newest_needed(&bytes) else { return Ok(()) };
    let said = connection.shell(QUESTION)?.out;
    let device = connection.device();
    match CLibrary::parse(&said) {
        CLibrary::Glibc(has) if has < needed => bail!(
            "the program for {target} needs glibc {needed}, but device {device} has {has}; build it on a system that is as old, or update the board"
        ),
        CLibrary::Musl => bail!(
            "the program for {target} needs glibc {needed}, but device {device} has musl; build for {}, and put the program into a folder {target} below SHUTTERBENCH_PROGRAMS",
            target.replace("-gnu", "-musl")
        ),
        CLibrary::Glibc(_) | CLibrary::Untold => Ok(()),
    }
}

impl CLibrary {
    fn parse(said: &str) -> Self {
        let version = |text: &str| text.split_whitespace().rev().find_map(Version::parse);
        let of_glibc = |line: &&str| {
            line.starts_with("glibc ") || line.contains("GLIBC") || line.contains("GNU libc")
        };
        match said.lines().find(of_glibc).and_then(version) {
            Some(version) => Self::Glibc(version),
            None if said.contains("musl") => Self::Musl,
            None => Self::Untold,
        }
    }
}

impl Version {
    /// `2.31`, or the beginning of `2.31-13+deb11u5`.
    fn parse(text: &str) -> Option<Self> {
        let (major, rest) = text.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self(major.parse().ok()?, rest[..digits].parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The newest version that a program's table of symbol versions names: `GLIBC_2.34`.
fn newest_needed(program: &[u8]) -> Option<Version> {
    const PREFIX: &[u8] = b"GLIBC_";
    let starts = program.windows(PREFIX.len()).enumerate();
    let names = starts.filter(|(_, window)| *window == PREFIX).map(|(at, _)| {
        let name = &program[at + PREFIX.len()..];
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(0).min(16);
        std::str::from_utf8(&name[..end]).unwrap_or_default()
    });
    names.filter_map(Version::parse).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_tell_their_c_library_in_several_ways() {
        let glibc = |major, minor| CLibrary::Glibc(Version(major, minor));
        assert_eq!(
            CLibrary::parse("glibc 2.31\nldd (Debian GLIBC 2.31-13+deb11u5) 2.31\n"),
            glibc(2, 31)
        );
        assert_eq!(CLibrary::parse("ldd (Ubuntu GLIBC 2.35-0ubuntu3) 2.35\n"), glibc(2, 35));
        assert_eq!(CLibrary::parse("ldd (GNU libc) 2.28\n"), glibc(2, 28));
        let musl = "musl libc (aarch64)\nVersion 1.2.4\n/lib/ld-musl-aarch64.so.1\n";
        assert_eq!(CLibrary::parse(musl), CLibrary::Musl);
        // Debian with musl beside its own.
        assert_eq!(CLibrary::parse("glibc 2.36\n/lib/ld-musl-x86_64.so.1\n"), glibc(2, 36));
        assert_eq!(CLibrary::parse("sh: ldd: not found\n"), CLibrary::Untold);
    }

    #[test]
    fn the_newest_version_is_what_a_program_needs() {
        let table = b"..GLIBC_2.17\0GLIBC_2.34\0GLIBC_2.4\0GLIBC_PRIVATE\0GLIBC_ABI_DT_RELR\0";
        assert_eq!(newest_needed(table), Some(Version(2, 34)));
        assert_eq!(newest_needed(b"static"), None);
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!cfg!(target_env = "gnu") || newest_needed(&own) > Some(Version(2, 4)));
    }
}
