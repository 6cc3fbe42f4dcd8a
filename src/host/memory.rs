//! Memory of the machine, and of the container that the program runs in.

use std::fs;
use std::path::Path;

/// Memory that programs may still take without swapping, in bytes: the kernel's `MemAvailable`, or
/// what the control group leaves if that is less.
#[must_use]
pub fn available_bytes() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let machine = system.available_memory();
    let group = system.cgroup_limits().map(|limits| limits.free_memory);
    group.map_or(machine, |group| group.min(machine))
}

/// How often the kernel has ended a process for want of memory: in the control group if it counts
/// them (cgroup v2's `memory.events`), else on the whole machine (`/proc/vmstat`). `None` if
/// neither reports it.
#[must_use]
pub fn out_of_memory_kills() -> Option<u64> {
    kills_of_group().or_else(|| counter(&fs::read_to_string("/proc/vmstat").ok()?, "oom_kill"))
}

fn kills_of_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let events = Path::new("/sys/fs/cgroup").join(group).join("memory.events");
    counter(&fs::read_to_string(events).ok()?, "oom_kill")
}

/// The number after a name, in a file with one name and number per line.
fn counter(text: &str, name: &str) -> Option<u64> {
    let of = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    text.lines().find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_by_its_whole_name() {
        let text = "oom_group_kill 3\noom_kill_x 4\noom_kill 7\nswap 1\n";
        assert_eq!(counter(text, "oom_kill"), Some(7));
        assert_eq!(counter("oom_kill seven\n", "oom_kill"), None);
        assert_eq!(counter("", "oom_kill"), None);
    }
}
