//! From a run's record to the rows of `sustained.csv`, and to one summary per case.

use crate::record::case::Case;
use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::Rate;
use crate::record::status::Status;
use crate::record::sustained::{SustainedOptions, SustainedWindow};
use crate::stats::{disturbance, throttling};
use crate::table::row::Row;
use crate::table::scenario_rows;
use crate::table::sustained_row::SustainedRow;
use crate::table::units::{proportion, rounded};

/// What minutes made of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SustainedSummary {
    /// The case, as samples.csv names it.
    pub case: String,
    /// Median latency in each window, in milliseconds.
    pub p50_ms: Vec<f64>,
    /// When each window began, in minutes.
    pub at_minutes: Vec<f64>,
    /// Median of the first three windows' medians.
    pub start_ms: Option<f64>,
    /// That of the last three.
    pub end_ms: Option<f64>,
    /// After how many minutes it began to be slower for good.
    pub throttled_after: Option<f64>,
    /// Temperature at the start and the highest one, in degrees Celsius.
    pub celsius: Option<(f64, f64)>,
    /// Frequency in the first window and the lowest one, in MHz.
    pub mhz: Option<(u32, u32)>,
    /// Starts per second, on a schedule.
    pub rate: Option<Rate>,
    /// Share of the schedule's frames that missed their deadline.
    pub missed: Option<f64>,
    /// In how many windows something else used its CPUs.
    pub disturbed: usize,
    /// Minutes that were measured.
    pub minutes: f64,
    /// In how many processes; more than one if the run was cut short meanwhile.
    pub parts: u32,
    /// Whether the machine was still warmer than at the run's start when the case began.
    pub began_warm: bool,
    /// How it ended and why, if it was lost.
    pub lost: Option<(Status, String)>,
}

/// A row per window, in the order of the run's cases.
#[must_use]
pub(crate) fn sustained_rows(run: &Run) -> Vec<SustainedRow> {
    let Some(options) = options(run) else { return Vec::new() };
    run.cases.iter().flat_map(|record| rows(run, record, options)).collect()
}

/// A summary per case that went on for minutes, in the order of the run's cases.
#[must_use]
pub(crate) fn sustained_summaries(run: &Run) -> Vec<SustainedSummary> {
    let known = run.cases.iter().filter(|record| !record.sustained.is_empty());
    let rate = options(run).and_then(|options| options.rate);
    known
        .map(|record| SustainedSummary {
            rate,
            ..summary(run.header.name_of(&record.case), record)
        })
        .collect()
}

fn options(run: &Run) -> Option<SustainedOptions> {
    run.header.options.latency.as_ref()?.sustained
}

fn p50_us(record: &CaseRecord) -> Vec<f64> {
    record.sustained.windows.iter().map(|window| window.p50_ns as f64 / 1e3).collect()
}

/// Time in windows before each window, in seconds.
fn begun_s(record: &CaseRecord) -> Vec<f64> {
    let windows = record.sustained.windows.iter();
    let begun = windows.scan(0.0, |spent, window| {
        let before = *spent;
        *spent += window.seconds;
        Some(before)
    });
    begun.collect()
}

fn rows(run: &Run, record: &CaseRecord, options: SustainedOptions) -> Vec<SustainedRow> {
    let case: &Case = &record.case;
    let (p50, begun_s) = (p50_us(record), begun_s(record));
    let (start, onset) = (throttling::at_start(&p50), throttling::onset(&p50));
    let row = |(index, window): (usize, &SustainedWindow)| SustainedRow {
        run_id: run.header.run_id.clone(),
        device: run.header.machine(case.device.as_deref()).device.to_owned(),
        case: run.header.name_of(case),
        model: case.model.clone(),
        backend: case.backend,
        delegate: case.delegate.clone(),
        threads: case.threads.get(),
        rate_per_s: options.rate.map(|rate| rate.per_second()),
        window: index,
        process: window.process,
        at_s: rounded(begun_s[index], 3),
        seconds: rounded(window.seconds, 3),
        runs: window.runs,
        latency_p50_us: rounded(p50[index], 3),
        latency_p90_us: rounded(window.p90_ns as f64 / 1e3, 3),
        over_start: start.map(|start| rounded(p50[index] / start, 4)),
        cpu_mhz: window.mhz,
        cpu_celsius: window.celsius,
        throttled: onset.is_some_and(|onset| index >= onset),
        frames: window.frames,
        deadline_misses: missed_share([window].into_iter()).map(proportion),
        waited: window.waited_share().map(|share| rounded(share, 4)),
    };
    record.sustained.windows.iter().enumerate().map(row).collect()
}

fn is_disturbed(window: &SustainedWindow) -> bool {
    window.waited_share().is_some_and(|share| share > disturbance::TOLERANCE)
}

/// Share of the frames of some windows that had no result when the next one was due.
fn missed_share<'a>(windows: impl Iterator<Item = &'a SustainedWindow>) -> Option<f64> {
    let known = windows.filter_map(|window| Some((window.missed?, window.frames?)));
    let (missed, frames) = known.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    (frames > 0).then(|| missed as f64 / frames as f64)
}

/// The columns of results.csv that come from minutes.
pub(crate) fn fill(row: &mut Row, record: &CaseRecord) {
    let p50 = p50_us(record);
    row.sustained_p50_us = throttling::at_end(&p50).map(|us| rounded(us, 3));
    let ends = scenario_rows::within(row.sustained_p50_us, throttling::last(&p50));
    (row.sustained_p50_low_us, row.sustained_p50_high_us) = ends.unzip();
}

fn summary(case: String, record: &CaseRecord) -> SustainedSummary {
    let windows = &record.sustained.windows;
    let p50 = p50_us(record);
    let at_minutes: Vec<f64> = begun_s(record).iter().map(|seconds| seconds / 60.0).collect();
    let hottest = windows.iter().filter_map(|window| window.celsius).reduce(f64::max);
    let first = windows.first();
    let coldest = first.and_then(|window| window.celsius_before.or(window.celsius));
    let slowest = windows.iter().filter_map(|window| window.mhz).min();
    let ms = |us: f64| us / 1e3;
    SustainedSummary {
        case,
        start_ms: throttling::at_start(&p50).map(ms),
        end_ms: throttling::at_end(&p50).map(ms),
        throttled_after: throttling::onset(&p50).map(|at| at_minutes[at]),
        p50_ms: p50.into_iter().map(ms).collect(),
        at_minutes,
        celsius: coldest.zip(hottest),
        mhz: first.and_then(|window| window.mhz).zip(slowest),
        rate: None,
        missed: missed_share(windows.iter()),
        disturbed: windows.iter().filter(|window| is_disturbed(window)).count(),
        minutes: record.sustained.seconds() / 60.0,
        parts: windows.last().map_or(0, |window| window.process + 1),
        began_warm: first.is_some_and(|window| window.began_warm),
        lost: record.sustained.lost.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::host::captured;
    use crate::host::cooling::Cooling;
    use crate::host::preconditions::Sensors;
    use crate::record::backend_kind::BackendKind;
    use crate::record::delegate::Delegate;
    use crate::record::sustained::SustainedOutcome;

    /// A simulated phone: each window heats it by 6 degrees, and from 70 degrees on it runs at two
    /// thirds of its frequency.
    #[test]
    fn heat_of_a_simulated_phone_is_found_as_throttling_and_waited_out() {
        let (folder, tree) = captured::phone();
        let heat = |degrees: i32| {
            let zone = folder.path().join("sys/class/thermal/thermal_zone0/temp");
            fs::write(zone, format!("{}\n", degrees * 1000)).unwrap();
            Sensors::of(&tree, None, None).celsius
        };
        let start = heat(40);
        let model = NonZeroUsize::MIN;
        let case = Case::plain("m", BackendKind::Tract, Delegate::None, model);
        let mut record = CaseRecord::new(case);
        for window in 1..=10 {
            let celsius = heat(40 + 6 * window);
            let is_hot = celsius.unwrap() >= 70.0;
            record.sustained.take(SustainedOutcome::Window(SustainedWindow {
                seconds: 10.0,
                runs: 1000,
                p50_ns: if is_hot { 15_000_000 } else { 10_000_000 },
                p90_ns: 16_000_000,
                mhz: Some(if is_hot { 1600 } else { 2400 }),
                celsius,
                celsius_before: start.filter(|_| window == 1),
                frames: Some(100),
                missed: Some(if is_hot { 20 } else { 0 }),
                // In the second window, something else took a tenth of the time.
                waited_ns: Some(if window == 2 { 1_000_000_000 } else { 10_000_000 }),
                ..SustainedWindow::default()
            }));
        }
        let summary = summary("m".into(), &record);
        // The fifth window is the first of at least 70 degrees, after 40 seconds.
        assert!((summary.throttled_after.unwrap() - 4.0 / 6.0).abs() < 1e-9, "{summary:?}");
        assert_eq!((summary.start_ms, summary.end_ms), (Some(10.0), Some(15.0)));
        assert_eq!((summary.celsius, summary.mhz), (Some((40.0, 100.0)), Some((2400, 1600))));
        assert_eq!(summary.disturbed, 1);
        // Six of ten windows were hot.
        assert_eq!(summary.missed, Some(0.12));
        let cooling = Cooling::to(start.unwrap());
        assert!(!cooling.is_done(heat(100)) && !cooling.is_done(heat(42)));
        assert!(cooling.is_done(heat(41)));
    }
}
