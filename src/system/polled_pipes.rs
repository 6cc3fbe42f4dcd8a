//! A child's pipes, waited for with poll(2).

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::system::pipe_readiness::{Ready, taken_from};

/// How much a pipe holds: what Linux grants any user (pipe(7)).
#[cfg(any(target_os = "linux", target_os = "android"))]
const PIPE_BYTES: i32 = 1 << 20;

/// The parent's ends of a child's pipes.
pub(crate) struct PolledPipes {
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Until the child closes it.
    stderr: Option<ChildStderr>,
}

impl PolledPipes {
    /// Takes the pipes of a child.
    ///
    /// # Errors
    /// A child without pipes.
    pub(crate) fn of(child: &mut Child) -> io::Result<Self> {
        let (stdin, stdout, stderr) = taken_from(child)?;
        for pipe in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        // So that images go to the worker in one piece instead of in many turns. A system that
        // grants less is only slower.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = fcntl(&stdin, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        Ok(Self { stdin, stdout, stderr: Some(stderr) })
    }

    /// Waits until a pipe has something to do, at most for `slice`; for standard input only when
    /// `sending`.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn wait(&mut self, sending: bool, slice: Duration) -> io::Result<Ready> {
        let mut pipes = vec![PollFd::new(self.stdout.as_fd(), PollFlags::POLLIN)];
        if let Some(stderr) = &self.stderr {
            pipes.push(PollFd::new(stderr.as_fd(), PollFlags::POLLIN));
        }
        if sending {
            pipes.push(PollFd::new(self.stdin.as_fd(), PollFlags::POLLOUT));
        }
        // Rounded up, so that the last wait before the deadline is not a spin.
        let timeout = PollTimeout::try_from(slice + Duration::from_millis(1));
        let nothing = match poll(&mut pipes, timeout.unwrap_or(PollTimeout::MAX)) {
            Ok(ready) => ready == 0,
            // A stop and a continuation, for one: something may have come meanwhile.
            Err(nix::errno::Errno::EINTR) => false,
            Err(error) => return Err(error.into()),
        };
        let any = |index: usize| pipes.get(index).and_then(PollFd::any).unwrap_or(false);
        let has_stderr = self.stderr.is_some();
        Ok(Ready {
            nothing,
            stdout: any(0),
            stderr: has_stderr && any(1),
            stdin: sending && any(1 + usize::from(has_stderr)),
        })
    }

    /// Writes what standard input takes of `bytes`.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`], or a pipe that is closed.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdin.write(bytes)
    }

    /// Reads what standard output has; 0 if it is closed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`], or the system's.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stdout.read(into)
    }

    /// Reads what standard error has; 0 if it is closed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`], or the system's.
    pub(crate) fn hear(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(stderr) = &mut self.stderr else { return Ok(0) };
        let read = stderr.read(into)?;
        if read == 0 {
            self.stderr = None;
        }
        Ok(read)
    }
}
