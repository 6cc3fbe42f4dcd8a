//! Where this process runs, as /proc tells it.

use std::env;

use crate::host::cgroup;
use crate::host::tree::Tree;
use crate::record::process_place::ProcessPlace;

/// The variable by which a process knows the task profile that it was put under.
pub(crate) const TASK_PROFILE: &str = "SHUTTERBENCH_TASK_PROFILE";

impl ProcessPlace {
    /// Of the process that asks.
    #[must_use]
    pub(crate) fn read(tree: &Tree) -> Self {
        let status = tree.proc("self/status").unwrap_or_default();
        let cgroups = tree.proc("self/cgroup").unwrap_or_default();
        let sched = tree.proc("self/sched").unwrap_or_default();
        let cpus = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let clamp = |name: &str| field(&sched, name)?.parse().ok();
        Self {
            cpus: cpus.map(|cpus| cpus.trim().to_owned()),
            nice: tree.proc("self/stat").and_then(|stat| nice(&stat)),
            cgroups: cgroups.lines().filter_map(cgroup).collect(),
            uclamp: clamp("effective uclamp.min")
                .zip(clamp("effective uclamp.max"))
                .map(|(least, most)| [least, most]),
            quota: cgroup::cpus(tree),
            task_profile: env::var(TASK_PROFILE).ok(),
        }
    }
}

/// The 19th field of proc_pid_stat(5); the second one, the program's name, may hold anything and is
/// in parentheses.
fn nice(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(16)?.parse().ok()
}

/// A line of proc_pid_cgroup(5), `ID:CONTROLLERS:PATH`, without the ID.
fn cgroup(line: &str) -> Option<String> {
    let (_, group) = line.split_once(':')?;
    Some(group.strip_prefix(':').unwrap_or(group).to_owned())
}

/// A value of /proc/PID/sched: `name   :   value`.
fn field<'a>(sched: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = sched.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured::tree;

    #[test]
    fn the_files_of_a_process_are_read() {
        let (_folder, tree) = tree(&[
            ("proc/self/status", "Name:\ta b\nCpus_allowed:\t8f\nCpus_allowed_list:\t0-3,7\n"),
            (
                "proc/self/stat",
                "4711 (a) b) S 1 4711 4711 0 -1 4194560 100 0 0 0 1 2 0 0 20 -4 1 0 99 1000 5\n",
            ),
            ("proc/self/cgroup", "5:cpuset:/top-app\n1:name=systemd:/\n0::/uid_10123/pid_4711\n"),
            (
                "proc/self/sched",
                "uclamp.min                                   :                    0\n\
                 effective uclamp.min                         :                  102\n\
                 effective uclamp.max                         :                 1024\n",
            ),
        ]);
        let place = ProcessPlace::read(&tree);
        assert_eq!((place.cpus.as_deref(), place.nice), (Some("0-3,7"), Some(-4)));
        assert_eq!(place.cgroups, ["cpuset:/top-app", "name=systemd:/", "/uid_10123/pid_4711"]);
        assert_eq!(place.uclamp, Some([102, 1024]));
    }

    #[test]
    fn this_process_has_a_place() {
        let place = ProcessPlace::read(&Tree::default());
        assert!(place.cpus.is_some() && place.nice.is_some(), "{place:?}");
    }
}
