//! The control groups that this program is in: how much CPU time and memory they leave it.
//!
//! Version 2 has one tree, with `cpu.max` and `memory.max` in every group; version 1 a tree
//! for each controller. A group obeys its own limit and those of the groups around it, so
//! each is looked at from the program's own up to the root. In a container the root that can
//! be seen is the container's own group, and the path to it may name folders that cannot.

use std::path::{Path, PathBuf};

use crate::host::tree::Tree;

/// Where control groups lie under /sys.
const ROOT: &str = "fs/cgroup";

/// What is left of a limit on memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryLimit {
    /// The limit in bytes.
    pub limit_bytes: u64,
    /// What is left of it: neither used, nor used for what the kernel can read again.
    pub left_bytes: u64,
}

/// How many CPUs' time this program may use, where that is limited.
#[must_use]
pub(crate) fn cpus(tree: &Tree) -> Option<f64> {
    let groups = Groups::of(tree);
    // Quota and period in microseconds, or 'max'.
    let v2 = groups.unified(tree).into_iter().filter_map(|group| {
        let limit = tree.sys(group.join("cpu.max"))?;
        let (quota, period) = limit.split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
    });
    // A file for each; a quota of -1 is none.
    let v1 = groups.of_controller("cpu").into_iter().filter_map(|group| {
        let of = |file| tree.sys_number::<f64>(group.join(file));
        Some(of("cpu.cfs_quota_us")? / of("cpu.cfs_period_us")?)
    });
    v2.chain(v1).filter(|cpus| *cpus > 0.0).min_by(f64::total_cmp)
}

/// The tightest limit on memory, where there is one.
#[must_use]
pub(crate) fn memory(tree: &Tree) -> Option<MemoryLimit> {
    let total = tree.meminfo_bytes("MemTotal").unwrap_or(u64::MAX);
    let groups = Groups::of(tree);
    let limits = |groups: Vec<PathBuf>, names: [&'static str; 3]| {
        let [limit, usage, cache] = names;
        groups.into_iter().filter_map(move |group| {
            let limit_bytes: u64 = tree.sys_number(group.join(limit))?;
            let used: u64 = tree.sys_number(group.join(usage)).unwrap_or(0);
            let stat = tree.sys(group.join("memory.stat")).unwrap_or_default();
            let used = used.saturating_sub(counter(&stat, cache).unwrap_or(0));
            Some(MemoryLimit { limit_bytes, left_bytes: limit_bytes.saturating_sub(used) })
        })
    };
    let v2 = limits(groups.unified(tree), ["memory.max", "memory.current", "inactive_file"]);
    let v1_names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
    let v1 = limits(groups.of_controller("memory"), v1_names);
    // Version 1 writes a number beyond any memory for no limit.
    v2.chain(v1).filter(|found| found.limit_bytes < total).min_by_key(|found| found.left_bytes)
}

/// How often the kernel has ended a process of this program's group for want of memory,
/// where the group tells.
#[must_use]
pub(crate) fn out_of_memory_kills(tree: &Tree) -> Option<u64> {
    let groups = Groups::of(tree);
    let own = |groups: Vec<PathBuf>, file| tree.sys(groups.first()?.join(file));
    let v2 = || counter(&own(groups.unified(tree), "memory.events")?, "oom_kill");
    let v1 = || counter(&own(groups.of_controller("memory"), "memory.oom_control")?, "oom_kill");
    v2().or_else(v1)
}

/// The number behind a name, in a text that has one of each a line.
pub(crate) fn counter(text: &str, name: &str) -> Option<u64> {
    let of = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    text.lines().find_map(of)
}

/// The groups of this process, by /proc/self/cgroup.
struct Groups(String);

impl Groups {
    fn of(tree: &Tree) -> Self {
        Self(tree.proc("self/cgroup").unwrap_or_default())
    }

    /// Its group of version 2 and those around it, the innermost first. Beside version 1 they
    /// lie in a folder of their own.
    fn unified(&self, tree: &Tree) -> Vec<PathBuf> {
        let own = self.0.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
        let beside = Path::new(ROOT).join("unified");
        let is_beside = tree.sys(beside.join("cgroup.controllers")).is_some();
        outwards(if is_beside { &beside } else { Path::new(ROOT) }, own)
    }

    /// The same of a controller of version 1, whose folder is named after it and those that
    /// share its tree.
    fn of_controller(&self, controller: &str) -> Vec<PathBuf> {
        let found = self.0.lines().find_map(|line| {
            let (controllers, own) = line.split_once(':')?.1.split_once(':')?;
            controllers.split(',').any(|it| it == controller).then_some((controllers, own))
        });
        let (together, own) = found.unwrap_or((controller, "/"));
        let mut groups = outwards(&Path::new(ROOT).join(together), own);
        if together != controller {
            groups.extend(outwards(&Path::new(ROOT).join(controller), own));
        }
        groups
    }
}

/// The folder of `own` under `root`, and those around it down to `root` itself.
fn outwards(root: &Path, own: &str) -> Vec<PathBuf> {
    let own = root.join(own.trim_start_matches('/'));
    own.ancestors().take_while(|group| group.starts_with(root)).map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    const MEMORY: (&str, &str) = ("proc/meminfo", "MemTotal: 16000000 kB\n");

    #[test]
    fn the_tightest_group_around_the_program_counts() {
        let (_keep, tree) = captured::tree(&[
            MEMORY,
            ("proc/self/cgroup", "0::/system.slice/bench.service\n"),
            ("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/system.slice/bench.service/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "4000000000\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "3500000000\n"),
            ("sys/fs/cgroup/system.slice/memory.stat", "anon 1\ninactive_file 500000000\n"),
            ("sys/fs/cgroup/system.slice/bench.service/memory.max", "2000000000\n"),
            ("sys/fs/cgroup/system.slice/bench.service/memory.current", "100000000\n"),
            ("sys/fs/cgroup/system.slice/bench.service/memory.events", "oom 4\noom_kill 3\n"),
        ]);
        assert_eq!(cpus(&tree), Some(1.5));
        let expected = MemoryLimit { limit_bytes: 4_000_000_000, left_bytes: 1_000_000_000 };
        assert_eq!(memory(&tree), Some(expected));
        assert_eq!(out_of_memory_kills(&tree), Some(3));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let (_keep, tree) = captured::tree(&[
            MEMORY,
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/cpu.max", "50000 100000\n"),
            ("sys/fs/cgroup/memory.max", "2000000000\n"),
            ("sys/fs/cgroup/memory.current", "2500000000\n"),
        ]);
        assert_eq!(cpus(&tree), Some(0.5));
        let expected = MemoryLimit { limit_bytes: 2_000_000_000, left_bytes: 0 };
        assert_eq!(memory(&tree), Some(expected));
    }

    #[test]
    fn the_older_version_has_a_tree_for_each_controller() {
        // In a container the path is the host's, and only the root is there.
        let (_keep, tree) = captured::tree(&[
            MEMORY,
            ("proc/self/cgroup", "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n0::/\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "573741824\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 73741824\n"),
            ("sys/fs/cgroup/memory/docker/ab/memory.oom_control", "under_oom 0\noom_kill 2\n"),
        ]);
        assert_eq!(cpus(&tree), Some(2.0));
        let expected = MemoryLimit { limit_bytes: 1 << 30, left_bytes: 573_741_824 };
        assert_eq!(memory(&tree), Some(expected));
        assert_eq!(out_of_memory_kills(&tree), Some(2));
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let (_keep, tree) = captured::tree(&[
            MEMORY,
            ("proc/self/cgroup", "4:memory:/\n1:cpu:/\n0::/\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory.max", "max\n"),
            ("sys/fs/cgroup/cpu.max", "max 100000\n"),
        ]);
        assert_eq!((cpus(&tree), memory(&tree), out_of_memory_kills(&tree)), (None, None, None));
        let (_keep, nothing) = captured::tree(&[]);
        assert_eq!((cpus(&nothing), memory(&nothing)), (None, None));
    }

    #[test]
    fn a_counter_is_found_by_its_whole_name() {
        let text = "oom_group_kill 3\noom_kill_x 4\noom_kill 7\nswap 1\n";
        assert_eq!(counter(text, "oom_kill"), Some(7));
        assert_eq!(counter("oom_kill seven\n", "oom_kill"), None);
        assert_eq!(counter("", "oom_kill"), None);
    }
}
