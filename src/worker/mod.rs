//! One child process per case: the protocol, the parent's side, the child's.

pub(crate) mod aftermath;
pub(crate) mod child;
pub(crate) mod engine;
pub mod heartbeat;
pub(crate) mod in_process;
pub mod link;
pub(crate) mod paced;
pub(crate) mod photo_runs;
pub(crate) mod process;
pub(crate) mod process_memory;
pub mod protocol;
pub(crate) mod reply_deadline;
pub(crate) mod rotated_inputs;
pub mod runtime_probe;
pub mod sample_input;
pub(crate) mod stderr_tail;
pub mod visit;
pub mod visit_plan;
pub mod warmup;
pub mod worker_source;
