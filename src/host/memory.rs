//! Memory of the machine, and of the container that the program runs in.

use crate::host::cgroup;
use crate::host::tree::Tree;
use crate::system::machine;

/// Memory that loaded models may take together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemoryBudget {
    bytes: f64,
}

impl MemoryBudget {
    /// A `share` of what is available.
    #[must_use]
    pub(crate) fn of_available(share: f64) -> Self {
        Self { bytes: available_bytes(&Tree::default()) as f64 * share }
    }

    /// Whether another model is loaded beside `loaded` ones that take `resident` bytes. One is
    /// loaded however little there is: whether it fits shows in the attempt.
    #[must_use]
    pub(crate) fn has_room(&self, loaded: usize, resident: f64) -> bool {
        loaded == 0 || resident < self.bytes
    }
}

/// Memory that programs may still take without swapping, in bytes: the kernel's
/// `MemAvailable` or what its like is elsewhere, or what the control group leaves where that is less.
fn available_bytes(tree: &Tree) -> u64 {
    let available = tree.meminfo_bytes("MemAvailable");
    let machine = available.unwrap_or_else(|| machine::memory_bytes().1);
    cgroup::memory(tree).map_or(machine, |group| group.left_bytes.min(machine))
}

/// How often the kernel has ended a process for want of memory: in the control group where
/// that counts, else on the whole machine (`/proc/vmstat`). `None` where neither tells.
#[must_use]
pub(crate) fn out_of_memory_kills() -> Option<u64> {
    let tree = Tree::default();
    let machine = || cgroup::counter(&tree.proc("vmstat")?, "oom_kill");
    cgroup::out_of_memory_kills(&tree).or_else(machine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    const MACHINE: (&str, &str) =
        ("proc/meminfo", "MemTotal: 64000000 kB\nMemAvailable: 60000000 kB\n");

    #[test]
    fn a_container_s_limit_bounds_what_is_loaded() {
        let with = |limit: &str, used: &str| {
            let (_keep, tree) = captured::tree(&[
                MACHINE,
                ("sys/fs/cgroup/memory.max", limit),
                ("sys/fs/cgroup/memory.current", used),
            ]);
            available_bytes(&tree)
        };
        assert_eq!(with("2000000000\n", "500000000\n"), 1_500_000_000);
        assert_eq!(with("max\n", "500000000\n"), 60_000_000 * 1024);
    }

    #[test]
    fn a_model_is_loaded_however_little_memory_there_is() {
        let none = MemoryBudget { bytes: 0.0 };
        assert!(none.has_room(0, 0.0) && !none.has_room(1, 10.0));
        let some = MemoryBudget { bytes: 100.0 };
        assert!(some.has_room(3, 99.0) && !some.has_room(3, 100.0));
    }
}
