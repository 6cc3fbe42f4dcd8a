//! How much of the machine was at work meanwhile.

use std::fs;

/// Time of all CPUs since the machine started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticks {
    busy: f64,
    all: f64,
}

impl Ticks {
    /// `None` where unknown.
    pub fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The line of all CPUs together: user, nice, system, idle, iowait, irq, softirq,
    /// steal (proc_stat(5)); guest time is in user's already.
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Vec<f64> =
            line.split_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        let all: f64 = ticks.iter().sum();
        Some(Self { busy: all - ticks.get(3)? - ticks.get(4)?, all })
    }

    /// How many of `cpus` CPUs were busy on average since `earlier`.
    pub fn busy_since(self, earlier: Self, cpus: usize) -> Option<f64> {
        let all = self.all - earlier.all;
        (all > 0.0).then(|| (self.busy - earlier.busy) / all * cpus as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_are_not_busy_and_stolen_time_is() {
        let at = |line: &str| Ticks::parse(&format!("{line}\ncpu0 1 1 1 1\n")).unwrap();
        let before = at("cpu  100 0 100 1000 0 0 0 0 50 0");
        let after = at("cpu  150 0 120 1100 30 0 0 0 90 0");
        assert_eq!(after.busy_since(before, 2), Some(0.7));
        assert_eq!(before.busy_since(before, 2), None);
        assert_eq!(Ticks::parse("intr 5\n"), None);
    }
}
