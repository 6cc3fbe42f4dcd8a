//! One child process per case: the protocol, the parent's side, the child's.

pub mod aftermath;
pub mod child;
pub mod engine;
pub mod heartbeat;
pub mod in_process;
pub mod link;
pub mod paced;
pub mod photo_runs;
pub mod process;
pub mod process_memory;
pub mod protocol;
pub mod reply_deadline;
pub mod runtime_probe;
pub mod sample_input;
pub mod stderr_tail;
pub mod visit;
pub mod visit_plan;
pub mod warmup;
pub mod worker_source;
