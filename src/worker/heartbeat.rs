//! A worker's sign of life while it works on a request: one frame about once a second.
//!
//! During runs, the thread that makes them reports between two of them, so a run that hangs is
//! silent. While a runtime loads a model, which is a single call however long it takes, another
//! thread sends the heartbeat; the parent bounds that time.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::host::clock;
use crate::worker::protocol::{Reply, frame_head};

/// Time between two beats.
const EVERY: Duration = Duration::from_secs(1);
const EVERY_NS: u64 = 1_000_000_000;

/// The pipe of replies, which two threads may write to.
pub(crate) type Pipe = Arc<Mutex<File>>;

/// Tells the parent, if there is one, that work continues.
pub struct Heartbeat {
    pipe: Option<Pipe>,
    /// A whole frame, so that nothing is allocated for it between runs.
    frame: Vec<u8>,
    last_ns: u64,
}

impl Heartbeat {
    /// For a worker on a thread of the program itself.
    #[must_use]
    pub const fn mute() -> Self {
        Self { pipe: None, frame: Vec::new(), last_ns: 0 }
    }

    /// Over the pipe of replies.
    ///
    /// # Panics
    /// Never: a reply without content is JSON.
    #[must_use]
    pub(crate) fn over(pipe: Pipe) -> Self {
        let frame = frame_head(&Reply::Working, 0).expect("a word is JSON");
        Self { pipe: Some(pipe), frame, last_ns: clock::now_ns() }
    }

    /// Beats if a second has passed since the last beat.
    #[inline]
    pub(crate) fn tick(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.last_ns) >= EVERY_NS {
            self.last_ns = now_ns;
            beat(self.pipe.as_ref(), &self.frame);
        }
    }

    /// Sends heartbeats from a separate thread until `work` is done.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(pipe) = &self.pipe else { return work() };
        let (done, is_done) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while is_done.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    beat(Some(pipe), &self.frame);
                }
            });
            let outcome = work();
            drop(done);
            outcome
        })
    }
}

/// A pipe that is broken is found when the reply is written.
fn beat(pipe: Option<&Pipe>, frame: &[u8]) {
    if let Some(mut file) = pipe.and_then(|pipe| pipe.lock().ok()) {
        let _ = file.write_all(frame);
    }
}
