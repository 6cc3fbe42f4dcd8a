//! The parent's end of a worker, whatever carries it.

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

    /// Its process, where it is one of its own.
    fn process(&self) -> Option<u32>;
}

/// How a worker was lost, or what it refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Fault {
    /// The status of the case that it ends.
    pub status: Status,
    /// One line: what happened, with the last words of the runtime.
    pub reason: String,
}
