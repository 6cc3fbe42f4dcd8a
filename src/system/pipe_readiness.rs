//! The pipes of a child process, and which of them have something to do.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// Which pipes have something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    /// None, and the wait ran its full time.
    pub nothing: bool,
    /// The child's standard input takes bytes, or is closed.
    pub stdin: bool,
    /// Its standard output has bytes, or is closed.
    pub stdout: bool,
    /// Its standard error has bytes, or is closed.
    pub stderr: bool,
}

/// The parent's ends of a child's three pipes.
///
/// # Errors
/// A child that was not started with pipes.
pub(crate) fn taken_from(child: &mut Child) -> io::Result<(ChildStdin, ChildStdout, ChildStderr)> {
    let missing = || io::Error::other("a pipe to the worker is missing");
    let stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    Ok((stdin, stdout, stderr))
}
