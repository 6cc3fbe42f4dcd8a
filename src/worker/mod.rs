//! One child process per case: the protocol, the parent's side, the child's.

pub mod aftermath;
pub mod child;
pub mod engine;
pub mod heartbeat;
pub mod in_process;
pub mod last_words;
pub mod link;
pub mod memory;
pub mod patience;
pub mod process;
pub mod protocol;
pub mod sample_input;
pub mod source;
pub mod visit;
pub mod visit_plan;
pub mod warmup;
