//! Warm-up: untimed runs until the model runs at its steady speed.
//!
//! The rule follows Georges, Buytaert and Eeckhout, 'Statistically Rigorous
//! Java Performance Evaluation' (OOPSLA 2007): steady state is reached when
//! the coefficient of variation of the last k measurements is small (they use
//! 0.01 to 0.02). One measurement here is the median of a window of runs, so
//! that a single interrupted run does not prolong it.

use crate::record::visit::WarmupReport;

use crate::record::options::Amount;
use crate::record::timed_runs::Block;
use crate::stats::statistics;
use crate::worker::visit::runs_for;
use crate::worker::visit_plan::VisitPlan;

/// Windows that have to agree.
pub(crate) const WINDOWS: usize = 5;
/// Coefficient of variation of their medians at which they do.
pub(crate) const AGREEMENT: f64 = 0.02;
/// Length of a window.
pub(crate) const WINDOW_MS: f64 = 5.0;
/// Minimum runs in a window: the median of three ignores one interruption.
pub(crate) const WINDOW_MIN_RUNS: u32 = 3;
/// Maximum runs in a window: a call of nanoseconds needs no thousands.
pub(crate) const WINDOW_MAX_RUNS: u32 = 2_000;
/// Time after which warm-up ends without agreement.
pub(crate) const MAX_NS: u64 = 1_000_000_000;
/// Runs after which it ends without agreement.
pub(crate) const MAX_RUNS: u32 = 20_000;
/// Maximum runs per request with a fixed count, and the time after which a window ends with the
/// current run: the worker must answer now and then, since a user may want to stop.
const FIXED_CHUNK: u32 = 1_000;
const WINDOW_MOST_NS: u64 = 1_000_000_000;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmupStep {
    /// Time a window of runs and feed it.
    Run(VisitPlan),
    /// Warm-up is over.
    Done(WarmupReport),
}

/// Warm-up of one process of one case: ask [`step`](Warmup::step) what to run,
/// [`feed`](Warmup::feed) what came back.
#[derive(Debug, Clone)]
pub struct Warmup {
    amount: Amount,
    /// Time after which a fixed number of runs ends with the current one.
    most_ns: u64,
    medians_ns: Vec<f64>,
    runs: u32,
    ns: u64,
}

impl Warmup {
    /// Begins a warm-up.
    #[must_use]
    pub const fn new(amount: Amount) -> Self {
        Self { amount, most_ns: u64::MAX, medians_ns: Vec::new(), runs: 0, ns: 0 }
    }

    /// Begins one of at most `runs` runs, which ends after `most_ns` with the current run.
    #[must_use]
    pub(crate) fn brief(runs: u32, most_ns: u64) -> Self {
        Self { most_ns, ..Self::new(Amount::Fixed(runs)) }
    }

    /// What to do next.
    #[must_use]
    pub fn step(&self) -> WarmupStep {
        match self.amount {
            Amount::Fixed(count) if self.runs >= count || self.ns >= self.most_ns => {
                WarmupStep::Done(self.report(None))
            }
            Amount::Fixed(count) => {
                let runs = (count - self.runs).min(FIXED_CHUNK);
                WarmupStep::Run(VisitPlan::only(runs, WINDOW_MOST_NS.min(self.most_ns)))
            }
            Amount::Auto if self.agrees() => WarmupStep::Done(self.report(Some(true))),
            Amount::Auto if self.ns >= MAX_NS || self.runs >= MAX_RUNS => {
                WarmupStep::Done(self.report(Some(false)))
            }
            Amount::Auto => WarmupStep::Run(window(self.window_runs())),
        }
    }

    /// Takes the timings of a window.
    pub fn feed(&mut self, block: &Block) {
        // At most as many as `WarmupStep::Run` requested.
        let runs = u32::try_from(block.latency_ns.len()).unwrap_or(u32::MAX);
        self.runs = self.runs.saturating_add(runs);
        self.ns = self.ns.saturating_add(block.wall_ns);
        self.medians_ns.extend(statistics::median_ns(&block.latency_ns));
    }

    /// Median of the last window: what a run costs at the end of warm-up.
    #[must_use]
    pub fn latency_ns(&self) -> Option<f64> {
        self.medians_ns.last().copied()
    }

    fn window_runs(&self) -> u32 {
        let fit = self.latency_ns().map_or(WINDOW_MIN_RUNS, |ns| runs_for(WINDOW_MS, ns));
        fit.clamp(WINDOW_MIN_RUNS, WINDOW_MAX_RUNS)
    }

    fn agrees(&self) -> bool {
        let Some(last) = self.medians_ns.last_chunk::<WINDOWS>() else { return false };
        let mean = statistics::mean(last);
        statistics::standard_deviation(last) <= AGREEMENT * mean
    }

    const fn report(&self, steady: Option<bool>) -> WarmupReport {
        WarmupReport { runs: self.runs, ns: self.ns, steady }
    }
}

const fn window(runs: u32) -> VisitPlan {
    VisitPlan::only(runs, WINDOW_MOST_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(runs: u32, each_ns: u64) -> Block {
        let n = runs as usize;
        Block {
            at_ns: vec![0; n],
            latency_ns: vec![each_ns; n],
            cpu_ns: 0,
            wall_ns: u64::from(runs) * each_ns,
        }
    }

    /// Drives a warm-up over a model whose n-th run costs `cost(n)`.
    fn drive(amount: Amount, cost: impl Fn(u32) -> u64) -> WarmupReport {
        driven(Warmup::new(amount), cost)
    }

    fn driven(mut warmup: Warmup, cost: impl Fn(u32) -> u64) -> WarmupReport {
        let mut done = 0;
        loop {
            match warmup.step() {
                WarmupStep::Done(report) => return report,
                WarmupStep::Run(plan) => {
                    let (mut latency_ns, mut wall_ns) = (Vec::new(), 0);
                    while latency_ns.is_empty()
                        || (!plan.is_done(latency_ns.len(), wall_ns) && wall_ns < plan.deadline_ns)
                    {
                        latency_ns.push(cost(done));
                        wall_ns += cost(done);
                        done += 1;
                    }
                    warmup.feed(&Block { at_ns: vec![], latency_ns, cpu_ns: 0, wall_ns });
                }
            }
        }
    }

    #[test]
    fn a_brief_one_ends_with_its_runs_or_its_time() {
        assert_eq!(driven(Warmup::brief(5, 20_000_000), |_| 1_000_000).runs, 5);
        assert_eq!(driven(Warmup::brief(5, 20_000_000), |_| 8_000_000).runs, 3);
        assert_eq!(driven(Warmup::brief(5, 20_000_000), |_| 900_000_000).runs, 1);
    }

    #[test]
    fn a_steady_model_needs_five_windows() {
        let report = drive(Amount::Auto, |_| 10_000_000);
        assert_eq!(report, WarmupReport { runs: 15, ns: 150_000_000, steady: Some(true) });
    }

    #[test]
    fn it_waits_until_a_settling_model_has_settled() {
        // Twice the cost at first, falling to the steady 1 ms over 60 runs.
        let report =
            drive(Amount::Auto, |n| 1_000_000 + 1_000_000 * u64::from(60 - n.min(60)) / 60);
        assert_eq!(report.steady, Some(true));
        assert!((55..120).contains(&report.runs), "{report:?}");
    }

    #[test]
    fn an_unsteady_or_slow_model_is_bounded() {
        let swinging = drive(Amount::Auto, |n| if n % 10 < 5 { 1_000_000 } else { 1_500_000 });
        assert_eq!(swinging.steady, Some(false));
        assert!((MAX_NS..MAX_NS + 10_000_000).contains(&swinging.ns), "{swinging:?}");
        let slow = drive(Amount::Auto, |n| 500_000_000 + u64::from(n) * 50_000_000);
        assert_eq!((slow.runs, slow.steady), (2, Some(false)), "a window is bounded too");
        let fast = drive(Amount::Auto, |n| 100 + u64::from(n / 997 % 2) * 50);
        assert!(fast.runs < MAX_RUNS + WINDOW_MAX_RUNS, "{fast:?}");
    }

    #[test]
    fn a_fixed_count_is_kept_exactly() {
        for count in [0, 1, 999, 2_500] {
            let report = drive(Amount::Fixed(count), |n| 1_000 + u64::from(n));
            assert_eq!((report.runs, report.steady), (count, None));
        }
    }

    #[test]
    fn one_interrupted_run_does_not_prolong_it() {
        let mut warmup = Warmup::new(Amount::Auto);
        for window in 0..WINDOWS {
            assert!(matches!(warmup.step(), WarmupStep::Run(_)));
            let mut timings = block(5, 1_000_000);
            if window == 2 {
                timings.latency_ns[1] = 90_000_000;
            }
            warmup.feed(&timings);
        }
        assert!(matches!(warmup.step(), WarmupStep::Done(WarmupReport { steady: Some(true), .. })));
    }
}
