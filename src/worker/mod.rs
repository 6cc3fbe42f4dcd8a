//! One child process per case: the protocol, the parent's side, the child's.

pub mod block;
pub mod child;
pub mod engine;
pub mod in_process;
pub mod last_words;
pub mod link;
pub mod memory;
pub mod process;
pub mod protocol;
pub mod sample_input;
pub mod source;
pub mod warmup;
