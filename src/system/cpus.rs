//! Which CPUs this program may use, and which one it is on.

/// Whether a program can choose its CPUs here.
pub(crate) const CAN_PIN: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[cfg(any(target_os = "linux", target_os = "android"))]
mod kernel {
    use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use nix::unistd::Pid;

    pub(super) const fn most() -> usize {
        CpuSet::count()
    }

    pub(super) fn available() -> Vec<usize> {
        sched_getaffinity(Pid::from_raw(0)).map_or_else(|_| Vec::new(), |set| members(&set))
    }

    pub(super) fn pin(cpus: &[usize]) -> Result<Vec<usize>, String> {
        let mut set = CpuSet::new();
        for cpu in cpus {
            set.set(*cpu).map_err(|error| error.to_string())?;
        }
        let this = Pid::from_raw(0);
        sched_setaffinity(this, &set).map_err(|error| error.to_string())?;
        // A control group can silently take CPUs away (sched_setaffinity(2)).
        let taken = sched_getaffinity(this).map_err(|error| error.to_string())?;
        Ok(members(&taken))
    }

    pub(super) fn current() -> Option<usize> {
        sched_getcpu().ok()
    }

    fn members(set: &CpuSet) -> Vec<usize> {
        (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod kernel {
    pub(super) const fn most() -> usize {
        1024
    }

    pub(super) fn available() -> Vec<usize> {
        let count = std::thread::available_parallelism();
        count.map_or_else(|_| Vec::new(), |count| (0..count.get()).collect())
    }

    pub(super) fn pin(_: &[usize]) -> Result<Vec<usize>, String> {
        Err("this program can choose CPUs only on Linux and Android".to_owned())
    }

    pub(super) const fn current() -> Option<usize> {
        None
    }
}

/// How many CPUs the system can number.
pub(crate) const fn most() -> usize {
    kernel::most()
}

/// The CPUs that this program may use now; none if the system does not report it.
pub(crate) fn available() -> Vec<usize> {
    kernel::available()
}

/// Keeps this thread and its future ones on `cpus`; returns those that the system really uses.
///
/// # Errors
/// The system's message.
pub(crate) fn pin(cpus: &[usize]) -> Result<Vec<usize>, String> {
    kernel::pin(cpus)
}

/// The CPU that this thread is on, if the system reports it.
pub(crate) fn current() -> Option<usize> {
    kernel::current()
}
