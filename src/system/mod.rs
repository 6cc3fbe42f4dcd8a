//! What differs between operating systems: Linux and Android, macOS, Windows. The rest of the
//! program asks here instead of the system, and each function says what a system cannot do.

pub(crate) mod clocks;
pub(crate) mod cpus;
pub(crate) mod files;
pub(crate) mod machine;
pub(crate) mod names;
pub(crate) mod pipe_readiness;
#[cfg(unix)]
pub(crate) mod polled_pipes;
pub(crate) mod priorities;
pub(crate) mod process_end;
pub(crate) mod processes;
#[cfg(unix)]
pub(crate) mod redirected_stderr;
pub(crate) mod requests;
#[cfg(any(windows, test))]
pub(crate) mod threaded_pipes;

// Unix waits for all pipes of a worker with poll(2). Windows has no such call for pipes, so there
// a thread waits for each.
#[cfg(unix)]
pub(crate) use polled_pipes::PolledPipes as WorkerPipes;
#[cfg(windows)]
pub(crate) use threaded_pipes::ThreadedPipes as WorkerPipes;
