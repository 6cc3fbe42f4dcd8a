//! A worker's side of its pipes: the requests that it reads, the end of its parent, and where its
//! replies go.

use std::fs::File;
use std::io::{self, Read};

/// The requests of `parent` on standard input. From now on, this process dies with its parent,
/// even while a runtime hangs.
///
/// # Errors
/// The system's; [`io::ErrorKind::NotFound`] if this process's parent is another one.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn of(parent: u32) -> io::Result<impl Read> {
    die_with_parent()?;
    // The parent may have died before the line above.
    check_parent(parent)?;
    Ok(io::stdin().lock())
}

/// The same where no call ties a process to its parent: a thread reads ahead, and sees the end.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] if this process's parent is another one, as far as it is told.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn of(parent: u32) -> io::Result<impl Read> {
    check_parent(parent)?;
    Ok(watched::WatchedInput::new(io::stdin(), watched::end_at_once))
}

#[cfg(unix)]
fn check_parent(parent: u32) -> io::Result<()> {
    let is_parent = i32::try_from(parent).is_ok_and(|id| nix::unistd::getppid().as_raw() == id);
    if is_parent { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

#[cfg(windows)]
fn check_parent(parent: u32) -> io::Result<()> {
    if crate::system::processes::is_running(parent) {
        Ok(())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?)
}

/// Since there is no safe prctl(2) on Android: a thread that sleeps until the request pipe has no
/// writer any more.
#[cfg(target_os = "android")]
fn die_with_parent() -> io::Result<()> {
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::signal::{Signal, kill};

    std::thread::spawn(|| {
        let requests = io::stdin();
        // No event is requested: a hang-up is always reported (poll(2)).
        let mut pipe = [PollFd::new(requests.as_fd(), PollFlags::empty())];
        while !matches!(poll(&mut pipe, PollTimeout::NONE), Ok(1..)) {}
        let _ = kill(nix::unistd::getpid(), Signal::SIGKILL);
    });
    Ok(())
}

/// Keeps standard output for replies and sends what runtimes print there to standard error: a
/// driver's printf would corrupt the protocol.
///
/// # Errors
/// The system's.
#[cfg(unix)]
pub(crate) fn take_stdout() -> io::Result<File> {
    let replies = nix::unistd::dup(io::stdout())?;
    nix::unistd::dup2_stdout(io::stderr())?;
    Ok(File::from(replies))
}

/// Another handle of standard output for replies. What a runtime prints there cannot be sent
/// elsewhere without `unsafe`; the parent then reports an invalid reply.
///
/// # Errors
/// The system's.
#[cfg(windows)]
pub(crate) fn take_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

/// An input that is read ahead by a thread, which sees its end while nobody reads.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod watched {
    use std::io::{self, Read};
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::thread;
    use std::time::Duration;

    /// How much is read at once, and how many such pieces ahead.
    const CHUNK: usize = 64 << 10;
    const AHEAD: usize = 4;
    /// How long the reader may take to end by itself.
    const GRACE: Duration = Duration::from_secs(1);

    pub(super) struct WatchedInput {
        pieces: Receiver<Vec<u8>>,
        piece: Vec<u8>,
        used: usize,
    }

    impl WatchedInput {
        /// Calls `ended` a second after the end of `input`.
        pub(super) fn new(mut input: impl Read + Send + 'static, ended: fn()) -> Self {
            let (tell, pieces) = sync_channel(AHEAD);
            thread::spawn(move || {
                let mut chunk = vec![0; CHUNK];
                loop {
                    match input.read(&mut chunk) {
                        Ok(read @ 1..) if tell.send(chunk[..read].to_vec()).is_ok() => {}
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        _ => break,
                    }
                }
                drop(tell);
                thread::sleep(GRACE);
                ended();
            });
            Self { pieces, piece: Vec::new(), used: 0 }
        }
    }

    impl Read for WatchedInput {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.used == self.piece.len() {
                self.piece = self.pieces.recv().unwrap_or_default();
                self.used = 0;
            }
            let rest = &self.piece[self.used..];
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            self.used += count;
            Ok(count)
        }
    }

    /// Ends this process without running what a runtime has left for its end, where that can be.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn end_at_once() {
        #[cfg(unix)]
        let _ = nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::Signal::SIGKILL);
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_read_ahead_is_whole_and_its_end_is_told_while_nobody_reads() {
        static ENDED: AtomicBool = AtomicBool::new(false);
        let sent: Vec<u8> = (0..200_000_u32).map(|at| at as u8).collect();
        let input = io::Cursor::new(sent.clone());
        let mut input = watched::WatchedInput::new(input, || ENDED.store(true, Ordering::Relaxed));
        let mut read = vec![0; 100];
        input.read_exact(&mut read).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ENDED.load(Ordering::Relaxed) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(ENDED.load(Ordering::Relaxed));
        input.read_to_end(&mut read).unwrap();
        assert_eq!(read, sent);
    }
}
