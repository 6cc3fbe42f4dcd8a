//! Memory of the machine, and of the container that the program runs in.

/// Memory that programs may still take without swapping, in bytes: the kernel's
/// `MemAvailable`, or what the control group leaves where that is less.
#[must_use]
pub fn available_bytes() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let machine = system.available_memory();
    let group = system.cgroup_limits().map(|limits| limits.free_memory);
    group.map_or(machine, |group| group.min(machine))
}

/// The limit that the control group sets, in bytes, where it is below the machine's memory.
#[must_use]
pub fn limit_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let total = system.total_memory();
    system.cgroup_limits().map(|limits| limits.total_memory).filter(|limit| *limit < total)
}
