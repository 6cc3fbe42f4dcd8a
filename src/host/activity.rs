//! What else the machine does: CPU time that is used while nothing of ours runs, and by which
//! program.

use std::time::Duration;

use crate::host::tree::Tree;

/// How long the machine is watched. A load average shows the last minute, not the present.
const WATCHED: Duration = Duration::from_millis(300);

/// What the CPUs did over a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Activity {
    /// How many CPUs were busy on average.
    pub busy_cpus: f64,
    /// The program that used most of that, and how much of one CPU.
    pub busiest: Option<(String, f64)>,
}

/// CPU time since the machine or a process started, in ticks.
struct Snapshot {
    busy: f64,
    all: f64,
    /// Process id, name and ticks.
    processes: Vec<(u32, String, f64)>,
}

impl Activity {
    /// Watches this machine, which takes 0.3 s; `None` if the system does not report it.
    #[must_use]
    pub(crate) fn watch() -> Option<Self> {
        let tree = Tree::default();
        let before = Snapshot::of(&tree)?;
        std::thread::sleep(WATCHED);
        Self::between(&before, &Snapshot::of(&tree)?, tree.cpus().len())
    }

    fn between(before: &Snapshot, after: &Snapshot, cpus: usize) -> Option<Self> {
        let all = after.all - before.all;
        if all <= 0.0 || cpus == 0 {
            return None;
        }
        // The ticks of all CPUs together are time times CPUs.
        let in_cpus = |ticks: f64| ticks / all * cpus as f64;
        let this = std::process::id();
        let grown = after.processes.iter().filter(|(id, ..)| *id != this).map(|(id, name, now)| {
            let was = before.processes.iter().find(|(known, ..)| known == id);
            (name.clone(), in_cpus(now - was.map_or(0.0, |(.., ticks)| *ticks)))
        });
        let busiest = grown.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, cpus)| *cpus > 0.0);
        Some(Self { busy_cpus: in_cpus(after.busy - before.busy), busiest })
    }
}

impl Snapshot {
    fn of(tree: &Tree) -> Option<Self> {
        let stat = tree.proc("stat")?;
        // user nice system idle iowait irq softirq steal (proc_stat(5)).
        let ticks: Vec<f64> = stat
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .take(8)
            .flat_map(str::parse)
            .collect();
        let all: f64 = ticks.iter().sum();
        let processes = tree.ids_in("").into_iter().filter_map(|id| {
            let (name, ticks) = process(&tree.proc(format!("{id}/stat"))?)?;
            Some((id, name, ticks))
        });
        Some(Self {
            busy: all - ticks.get(3)? - ticks.get(4)?,
            all,
            processes: processes.collect(),
        })
    }
}

/// Name and CPU time in the line of a process (proc_pid_stat(5)): the name is in parentheses and
/// may contain some itself; utime and stime are the 12th and 13th field after it.
fn process(stat: &str) -> Option<(String, f64)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some((name.to_owned(), ticks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn the_program_that_takes_most_is_named() {
        let at = |stat: &str, sleeper: u32, builder: u32| {
            let line = |id: u32, name: &str, ticks: u32| {
                format!("{id} ({name}) S 1 1 1 0 -1 4 0 0 0 0 {ticks} 7 0 0 20 0 1 0 9\n")
            };
            let (sleeper, builder) = (line(101, "slee) per", sleeper), line(102, "rustc", builder));
            let (_keep, tree) = captured::tree(&[
                ("proc/stat", stat),
                ("proc/101/stat", &sleeper),
                ("proc/102/stat", &builder),
                ("proc/loadavg", "0.00 0.00 0.00 1/1 1\n"),
            ]);
            Snapshot::of(&tree).unwrap()
        };
        let before = at("cpu  1000 0 500 8000 10 0 0 0 0 0\n", 3, 100);
        let after = at("cpu  1027 0 503 8030 10 0 0 0 0 0\n", 5, 127);
        let activity = Activity::between(&before, &after, 2).unwrap();
        assert_eq!(activity.busy_cpus, 1.0);
        assert_eq!(activity.busiest, Some(("rustc".to_owned(), 0.9)));
        assert_eq!(Activity::between(&before, &before, 2), None);
        assert_eq!(process("101 (slee) per) S 1 1 1 0 -1 4 0 0 0 0 3 7").unwrap().0, "slee) per");
    }
}
