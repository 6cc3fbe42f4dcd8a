//! One child process per case: the protocol, the parent's side, the child's.
//!
//! The child loads one model on one backend and holds no result that the
//! parent lacks after each answer. What goes wrong inside a runtime goes wrong
//! in the child.

pub mod child;
pub mod engine;
pub mod in_process;
pub mod last_words;
pub mod link;
pub mod process;
pub mod protocol;
pub mod sample_input;
pub mod source;

pub use link::{Fault, Link};
pub use protocol::{Loaded, Reply, Request};
pub use source::{Worker, WorkerSource};
