//! Standard error that goes into a pipe for a while.

use std::fs::File;
use std::io::{Read, Write, stderr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{dup, dup2_stderr, pipe};

/// Bytes that are kept; a driver that prints without end loses what comes after.
const KEPT_BYTES: usize = 1 << 20;
/// How long is waited for more before looking whether it is over.
const PATIENCE_MS: u8 = 10;

/// Standard error that goes into a pipe, until this is dropped.
pub(crate) struct Redirected {
    before: OwnedFd,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<Vec<u8>>>,
}

impl Redirected {
    /// From now on; with `goes_on`, what is printed still arrives where it did.
    pub(crate) fn start(goes_on: bool) -> nix::Result<Self> {
        let before = dup(stderr())?;
        let further = dup(stderr())?;
        let (from, to) = pipe()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        dup2_stderr(&to)?;
        let onward = goes_on.then(|| File::from(further));
        let listener = std::thread::spawn(move || listen(from, onward, &seen));
        Ok(Self { before, is_over, listener: Some(listener) })
    }

    /// What was printed since.
    pub(crate) fn end(mut self) -> String {
        let listener = self.listener.take();
        drop(self);
        let heard = listener.and_then(|it| it.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&heard).into_owned()
    }
}

impl Drop for Redirected {
    fn drop(&mut self) {
        // If this fails, nothing more can be printed, and that is all.
        let _ = dup2_stderr(&self.before);
        self.is_over.store(true, Ordering::Release);
    }
}

/// Reads until it is over and nothing is left: a library may have kept the pipe open.
fn listen(from: OwnedFd, mut onward: Option<File>, is_over: &AtomicBool) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut from = File::from(from);
    let mut buffer = vec![0; 16 << 10];
    loop {
        let last = is_over.load(Ordering::Acquire);
        let mut waiting = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::from(PATIENCE_MS)) {
            Ok(0) if last => return heard,
            Ok(0) => continue,
            Err(nix::Error::EINTR) => continue,
            Err(_) => return heard,
            Ok(_) => {}
        }
        let Ok(count @ 1..) = from.read(&mut buffer) else { return heard };
        let kept = count.min(KEPT_BYTES - heard.len());
        heard.extend_from_slice(&buffer[..kept]);
        if let Some(onward) = &mut onward {
            // Whoever listened there may have gone.
            let _ = onward.write_all(&buffer[..count]);
        }
    }
}
