//! The parent's end of a worker, whatever carries it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::record::status::Status;
use crate::worker::protocol::{Reply, Request};

/// A worker that can be asked: a child process, or this process itself.
pub trait Link {
    /// Sends a request with its payload and waits for the reply and its payload.
    ///
    /// # Errors
    /// A [`Fault`] ends the worker: it takes no further request.
    fn ask(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>), Fault>;

    /// Its process, if it has its own.
    fn process(&self) -> Option<u32>;
}

/// How a worker was lost, or what it refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Fault {
    /// The status of the case that it ends.
    pub status: Status,
    /// One line: what happened, with the last output of the runtime.
    pub reason: String,
    /// Whether the process was ended by a signal that no fault of a case sends, for instance by a
    /// scheduler that ends a whole job.
    pub killed: bool,
}

/// How long the signal that ended a worker may take to reach this process too.
const SIGNAL_GRACE: Duration = Duration::from_secs(1);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(10);

impl Fault {
    /// A fault of the case itself.
    #[must_use]
    pub(crate) const fn new(status: Status, reason: String) -> Self {
        Self { status, reason, killed: false }
    }

    /// Whether the worker was lost because the whole program has to end, as `stop` shows: then it
    /// is not the case's fault. After a kill this waits a little for `stop`, since a scheduler's
    /// signal reaches all processes, but not at the same time.
    #[must_use]
    pub(crate) fn is_of_interrupt(&self, stop: &AtomicBool) -> bool {
        let deadline = Instant::now() + SIGNAL_GRACE;
        while self.killed && !stop.load(Ordering::Relaxed) && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
        stop.load(Ordering::Relaxed)
    }
}
