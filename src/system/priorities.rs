//! Nice values of threads and processes.

/// The id by which a nice value of this thread alone can be set; `None` where there is none.
pub(crate) fn this_thread() -> Option<u32> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return u32::try_from(nix::unistd::gettid().as_raw()).ok();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}

/// The nice value of this process.
#[cfg(unix)]
pub(crate) fn own_nice_value() -> i32 {
    rustix::process::getpriority_process(None).unwrap_or(0)
}

/// Windows has no nice values.
#[cfg(windows)]
pub(crate) const fn own_nice_value() -> i32 {
    0
}

/// Sets the nice value of a process or, by the id of [`this_thread`], a thread. If the system
/// forbids it or has none, nothing changes.
pub(crate) fn set_nice_value(process: u32, value: i32) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::setpriority_process(Some(pid), value);
    }
    #[cfg(windows)]
    let _ = (process, value);
}
