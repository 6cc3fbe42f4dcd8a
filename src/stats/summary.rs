//! The latency columns of one case.

use crate::record::visit::Visit;
use crate::stats::disturbance::{Disturbance, Reading};
use crate::stats::estimate::estimate;
use crate::stats::modes::Mode;
use crate::stats::round::Round;
use crate::stats::stability;
use crate::stats::stability::Stability;
use crate::stats::statistics;
use crate::stats::tail::Grouped;

/// Everything that `results.csv` says of a case's latency; the fields have the
/// names of its columns.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "the names are those of the columns, which docs/columns.md explains"
)]
pub(crate) struct Summary {
    pub runs: usize,
    pub rounds: usize,
    /// Processes that the rounds are spread over.
    pub processes: usize,
    pub latency_mean_us: f64,
    /// Absent with a single run.
    pub latency_std_us: Option<f64>,
    pub latency_min_us: f64,
    pub latency_p50_us: f64,
    /// Absent with too few rounds.
    pub latency_p50_low_us: Option<f64>,
    pub latency_p50_high_us: Option<f64>,
    pub latency_p90_us: f64,
    /// Absent with fewer runs than the interval of a tail needs.
    pub latency_p90_low_us: Option<f64>,
    pub latency_p90_high_us: Option<f64>,
    pub latency_p95_us: f64,
    pub latency_p99_us: f64,
    pub latency_p99_low_us: Option<f64>,
    pub latency_p99_high_us: Option<f64>,
    pub latency_max_us: f64,
    pub outliers: usize,
    pub drift_percent: Option<f64>,
    pub stability: Option<Stability>,
    /// Runs a second of one stream, back to back.
    pub throughput_per_s: Option<f64>,
    /// Share of runs within the budget, if one is given.
    pub within_budget: Option<f64>,
    pub within_budget_low: Option<f64>,
    pub within_budget_high: Option<f64>,
    /// CPU time over wall time of the timed runs.
    pub cpu_time_ratio: Option<f64>,
    /// Median of the visits' first runs; absent if none was kept.
    pub latency_cold_p50_us: Option<f64>,
    /// The distinct speeds, if there are two or more.
    pub modes: Vec<Mode>,
    /// Share of the visits that something else disturbed; absent without a yardstick.
    pub disturbed: Option<f64>,
}

impl Summary {
    /// Of a case's visits in their order; `None` if nothing was timed.
    /// `emulated` says that the CPU is.
    #[must_use]
    pub(crate) fn of(visits: &[Visit], budget_ms: Option<f64>, emulated: bool) -> Option<Self> {
        let visits: Vec<&Visit> = visits.iter().filter(|visit| visit.block.runs() > 0).collect();
        let latencies: Vec<Vec<u64>> =
            visits.iter().map(|visit| visit.block.latency_ns()).collect();
        let sorted_ns = statistics::sorted_ns(&latencies.concat());
        let us = |probability| statistics::quantile(&sorted_ns, probability).map(|ns| ns / 1e3);

        let readings: Vec<Reading> = visits.iter().map(|visit| Reading::from(*visit)).collect();
        let disturbance = Disturbance::of(&readings);
        let counted: Vec<(&Visit, &[u64])> = visits
            .iter()
            .zip(&latencies)
            .zip(&disturbance.counts)
            .filter_map(|((visit, ns), counts)| counts.then_some((*visit, ns.as_slice())))
            .collect();
        let median_us = median_us(&counted)?;
        let rounds: Vec<Round> =
            counted.iter().map(|(visit, ns)| Round::of_latencies(visit.process, ns)).collect();
        let mhz: Vec<Option<u32>> = counted.iter().map(|(visit, _)| visit.mhz).collect();
        let estimate = estimate(&rounds);
        let steadiness = stability::assess(
            &rounds,
            &mhz,
            estimate.map(|estimate| estimate.interval()),
            emulated,
        );
        // The interval's width is that of the rounds' thinned points; it is
        // laid around the exact median.
        let reach = estimate.map(|e| (e.interval().high - e.interval().low) / 2.0);
        let grouped = Grouped::of(
            visits.iter().zip(&latencies).map(|(visit, ns)| (visit.process, ns.as_slice())),
        );
        let (p90, p99) = (grouped.interval(0.9), grouped.interval(0.99));
        let within = budget_ms.and_then(|budget| grouped.share_within(budget * 1e6));
        let total_ns: f64 = sorted_ns.iter().sum();
        let wall_ns: u64 = visits.iter().map(|visit| visit.block.wall_ns).sum();
        let cpu_ns: u64 = visits.iter().map(|visit| visit.block.cpu_ns).sum();
        let cold_ns: Vec<u64> = visits.iter().filter_map(|visit| visit.cold_ns).collect();
        Some(Self {
            runs: sorted_ns.len(),
            rounds: visits.len(),
            processes: count_processes(&visits),
            latency_mean_us: statistics::mean(&sorted_ns) / 1e3,
            latency_std_us: (sorted_ns.len() > 1)
                .then(|| statistics::standard_deviation(&sorted_ns) / 1e3),
            latency_min_us: us(0.0)?,
            latency_p50_us: median_us,
            latency_p50_low_us: reach.map(|reach| median_us * (-reach).exp()),
            latency_p50_high_us: reach.map(|reach| median_us * reach.exp()),
            latency_p90_us: us(0.9)?,
            latency_p90_low_us: p90.map(|interval| interval.low / 1e3),
            latency_p90_high_us: p90.map(|interval| interval.high / 1e3),
            latency_p95_us: us(0.95)?,
            latency_p99_us: us(0.99)?,
            latency_p99_low_us: p99.map(|interval| interval.low / 1e3),
            latency_p99_high_us: p99.map(|interval| interval.high / 1e3),
            latency_max_us: us(1.0)?,
            outliers: statistics::outliers(&sorted_ns),
            drift_percent: steadiness.drift_percent,
            stability: steadiness.stability,
            throughput_per_s: (total_ns > 0.0).then(|| sorted_ns.len() as f64 * 1e9 / total_ns),
            within_budget: budget_ms.map(|budget| share_within(&sorted_ns, budget * 1e6)),
            within_budget_low: within.map(|share| share.low),
            within_budget_high: within.map(|share| share.high),
            cpu_time_ratio: (wall_ns > 0).then(|| cpu_ns as f64 / wall_ns as f64),
            latency_cold_p50_us: statistics::median_ns(&cold_ns).map(|ns| ns / 1e3),
            modes: steadiness.modes,
            disturbed: disturbance.share,
        })
    }
}

/// Of all runs of the visits together.
fn median_us(visits: &[(&Visit, &[u64])]) -> Option<f64> {
    let all: Vec<&[u64]> = visits.iter().map(|(_, latency_ns)| *latency_ns).collect();
    statistics::median_ns(&all.concat()).map(|ns| ns / 1e3)
}

fn share_within(sorted_ns: &[f64], budget_ns: f64) -> f64 {
    sorted_ns.partition_point(|ns| *ns <= budget_ns) as f64 / sorted_ns.len() as f64
}

fn count_processes(visits: &[&Visit]) -> usize {
    let mut known: Vec<u32> = visits.iter().map(|visit| visit.process).collect();
    known.sort_unstable();
    known.dedup();
    known.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::timed_runs::Block;
    use crate::stats::simulated::Series;

    fn visit(round: usize, process: u32, latency_ns: Vec<u64>) -> Visit {
        let wall_ns = latency_ns.iter().sum::<u64>();
        let block =
            Block { at_ns: vec![0; latency_ns.len()], latency_ns, cpu_ns: wall_ns * 2, wall_ns };
        Visit { round: round as u32, process, block: (&block).into(), ..Visit::default() }
    }

    #[test]
    fn the_columns_are_those_of_the_samples() {
        let visits: Vec<Visit> =
            (0..10).map(|i| visit(i, 0, (1..=10).map(|n| n * 1_000).collect())).collect();
        let summary = Summary::of(&visits, Some(0.004), false).unwrap();
        assert_eq!((summary.runs, summary.rounds, summary.processes), (100, 10, 1));
        assert_eq!((summary.latency_min_us, summary.latency_max_us), (1.0, 10.0));
        assert_eq!((summary.latency_mean_us, summary.latency_p50_us), (5.5, 5.5));
        assert!((summary.latency_p90_us - 9.0).abs() < 0.11, "{}", summary.latency_p90_us);
        assert_eq!(summary.within_budget, Some(0.4));
        assert_eq!(summary.cpu_time_ratio, Some(2.0));
        assert!((summary.throughput_per_s.unwrap() - 1e6 / 5.5).abs() < 1e-6);
        assert_eq!(summary.outliers, 0);
    }

    #[test]
    fn the_first_run_of_a_visit_is_in_no_other_figure() {
        let cold = |cold_ns| Visit { cold_ns, ..visit(0, 0, vec![1_000; 5]) };
        let visits = [cold(Some(9_000)), cold(Some(2_000)), cold(None), cold(Some(3_000))];
        let summary = Summary::of(&visits, None, false).unwrap();
        assert_eq!(summary.latency_cold_p50_us, Some(3.0));
        assert_eq!((summary.runs, summary.latency_max_us), (20, 1.0));
        let old = Summary::of(&[cold(None)], None, false).unwrap();
        assert_eq!(old.latency_cold_p50_us, None);
    }

    #[test]
    fn the_interval_holds_the_median_and_narrows_with_rounds() {
        let series = Series { rounds: 80, round_deviation: 0.02, ..Series::default() };
        let visits: Vec<Visit> = series
            .latencies(1)
            .into_iter()
            .enumerate()
            .map(|(i, (process, ns))| visit(i, process, ns))
            .collect();
        let width = |visits: &[Visit]| {
            let summary = Summary::of(visits, None, false).unwrap();
            let low = summary.latency_p50_low_us.unwrap();
            let high = summary.latency_p50_high_us.unwrap();
            assert!(low < summary.latency_p50_us && summary.latency_p50_us < high);
            high - low
        };
        assert!(width(&visits) < width(&visits[..8]));
    }

    #[test]
    fn what_was_not_measured_is_absent() {
        assert_eq!(Summary::of(&[], None, false), None);
        assert_eq!(Summary::of(&[visit(0, 0, vec![])], None, false), None);
        let single = Summary::of(&[visit(0, 0, vec![2_000])], None, false).unwrap();
        assert_eq!((single.latency_p50_us, single.latency_std_us), (2.0, None));
        assert_eq!((single.latency_p50_low_us, single.stability), (None, None));
        assert_eq!((single.drift_percent, single.within_budget), (None, None));
    }

    #[test]
    fn two_speeds_are_reported_with_their_shares() {
        let series = Series { run_deviation: 0.02, ..Series::default() };
        let visits: Vec<Visit> = series
            .latencies(4)
            .into_iter()
            .enumerate()
            .map(|(i, (process, ns))| {
                let scale = if i % 10 < 3 { 5 } else { 4 };
                visit(i, process, ns.iter().map(|ns| ns * scale / 4).collect())
            })
            .collect();
        let summary = Summary::of(&visits, None, false).unwrap();
        assert_eq!(summary.stability, Some(Stability::Multimodal));
        assert!((summary.modes[1].share - 0.3).abs() < 0.03, "{:?}", summary.modes);
    }
}
