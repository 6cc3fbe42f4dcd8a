//! Which scenarios a run measures, and how long a visit to each of them is.

use std::num::NonZeroU32;

use anyhow::{Result, anyhow, ensure};

use crate::host::android::PowerServices;
use crate::host::energy_meter::EnergyMeter;
use crate::host::energy_source::EnergySource;
use crate::host::tree::Tree;
use crate::record::options::{Amount, LatencyOptions};
use crate::record::scenario::{Rate, Scenario, ScenarioOptions};
use crate::record::sustained::SustainedOptions;
use crate::record::timed_inputs::TimedInputs;
use crate::run::suite_file::SuiteFile;
use crate::stats::stopping::LEAST_RUNS;
use crate::system::files;
use crate::worker::visit_plan::{MAX_RUNS, PacedPlan, VisitPlan};

/// Rounds of scenarios, each in a process of its own: as many as an interval over processes needs.
pub(crate) const ROUNDS: u32 = 5;
/// For how long runs on a schedule are not timed at first, and how many they are at least.
const SETTLE_SECONDS: f64 = 0.5;
const SETTLE_FRAMES: u32 = 2;

/// The scenarios that are asked for, each once.
#[must_use]
pub(crate) fn options(wanted: &SuiteFile) -> ScenarioOptions {
    let mut rate: Vec<Rate> = Vec::new();
    for one in &wanted.rate {
        if !rate.contains(one) {
            rate.push(*one);
        }
    }
    let mut streams: Vec<NonZeroU32> = Vec::new();
    for one in &wanted.streams {
        if !streams.contains(one) {
            streams.push(*one);
        }
    }
    let end_to_end = wanted.end_to_end.unwrap_or(false);
    let energy_meter = wanted.energy_meter.clone();
    let energy = energy_meter.is_some() || wanted.energy.unwrap_or(false);
    ScenarioOptions {
        rate,
        streams,
        end_to_end,
        cold_starts: wanted.cold_starts,
        energy,
        energy_meter,
    }
}

/// A run of each case for minutes, if it is asked for.
#[must_use]
pub(crate) fn sustained(wanted: &SuiteFile) -> Option<SustainedOptions> {
    let minutes = wanted.sustained?;
    Some(SustainedOptions { minutes, rate: wanted.sustained_rate })
}

/// Refuses scenarios in a run that does not measure what they need.
///
/// # Errors
/// Which option applies to nothing.
pub(crate) fn check(wanted: &SuiteFile, latency: bool, photos: bool) -> Result<()> {
    let asked = [
        ("inputs", wanted.inputs.is_some()),
        ("rate", !wanted.rate.is_empty()),
        ("streams", !wanted.streams.is_empty()),
        ("end-to-end", wanted.end_to_end == Some(true)),
        ("cold-starts", wanted.cold_starts.is_some()),
        ("energy", options(wanted).energy),
        ("sustained", wanted.sustained.is_some()),
        ("find-rate", wanted.find_rate.is_some()),
    ];
    for (option, is_asked) in asked {
        ensure!(
            latency || !is_asked,
            "--{option} applies only to latency, which is not measured; omit --{option} or --no-latency"
        );
    }
    ensure!(
        wanted.find_rate.is_none_or(|ms| ms > 0.0 && ms.is_finite()),
        "--find-rate must be a number of milliseconds above 0"
    );
    ensure!(
        wanted.sustained_rate.is_none() || wanted.sustained.is_some(),
        "--sustained-rate applies only to --sustained MINUTES, which is not given"
    );
    ensure!(
        photos || wanted.end_to_end != Some(true),
        "--end-to-end needs photos; give their folder with --dataset, and omit --no-accuracy"
    );
    ensure!(
        photos || wanted.inputs != Some(TimedInputs::Dataset),
        "--inputs dataset needs photos; give their folder with --dataset, and omit --no-accuracy"
    );
    ensure!(
        wanted.cold_starts.is_none() || wanted.in_process != Some(true),
        "--cold-starts needs processes of its own; omit --in-process"
    );
    ensure!(
        wanted.streams.is_empty() || wanted.in_process != Some(true),
        "--streams needs processes of its own, since CPU time is that of a process; omit --in-process"
    );
    ensure!(
        wanted.cold_starts.is_none() || files::CAN_FORGET,
        "--cold-starts needs Linux or Android, where files can be dropped from the page cache; omit it, or measure on such a device with --device"
    );
    // Found again when the run begins.
    meter(&options(wanted)).map(drop)
}

/// This machine's meter, if energy is asked for.
///
/// # Errors
/// One sentence: why nothing can be read, and what to do.
pub(crate) fn meter(options: &ScenarioOptions) -> Result<Option<EnergyMeter>> {
    if !options.energy {
        return Ok(None);
    }
    let (tree, services) = (Tree::default(), PowerServices::read());
    let source = EnergySource::find(&tree, options.energy_meter.as_deref(), &services);
    let source = source.map_err(|sentence| anyhow!(sentence))?;
    Ok(Some(EnergyMeter::new(source, tree)))
}

/// How many rounds a scenario has.
#[must_use]
pub(crate) fn rounds(options: &ScenarioOptions, scenario: Scenario) -> u32 {
    match options.cold_starts {
        Some(starts) if scenario.is_start() => starts.get(),
        _ => ROUNDS,
    }
}

/// How long a visit is that needs time: the case's maximum time over the rounds.
#[must_use]
pub(crate) fn seconds_of_visit(options: &LatencyOptions) -> f64 {
    options.max_seconds / f64::from(ROUNDS)
}

/// A visit back to back, beside those of other scenarios.
#[must_use]
pub(crate) fn back_to_back(options: &LatencyOptions) -> VisitPlan {
    let most_runs = match options.runs {
        Amount::Auto => MAX_RUNS,
        Amount::Fixed(count) => count.div_ceil(ROUNDS).clamp(1, MAX_RUNS),
    };
    // A meter needs longer than a median.
    let energy_ms = if options.scenarios.energy { seconds_of_visit(options) * 1e3 } else { 0.0 };
    let least_ms = options.block_ms.max(energy_ms);
    // Float-to-integer casts saturate.
    VisitPlan {
        settle: true,
        least_runs: LEAST_RUNS.min(most_runs),
        least_ns: (least_ms * 1e6) as u64,
        most_runs,
        yardstick: !options.no_yardstick,
        waits: false,
        deadline_ns: (options.max_seconds * 1e9) as u64,
    }
}

/// A visit of one of several streams: long enough for all of them to run at once, which a number
/// of runs is not.
#[must_use]
pub(crate) fn stream(options: &LatencyOptions) -> VisitPlan {
    VisitPlan { least_runs: LEAST_RUNS, most_runs: MAX_RUNS, ..end_to_end(options) }
}

/// A visit of runs from photos to classes: long enough for every photo to have its turn.
#[must_use]
pub(crate) fn end_to_end(options: &LatencyOptions) -> VisitPlan {
    // A float-to-integer cast saturates.
    VisitPlan { least_ns: (seconds_of_visit(options) * 1e9) as u64, ..back_to_back(options) }
}

/// A visit on a schedule: the case's maximum time, or its number of runs, over the rounds.
#[must_use]
pub(crate) fn paced(options: &LatencyOptions, rate: Rate) -> PacedPlan {
    let per_second = rate.per_second();
    // Float-to-integer casts saturate.
    let frames = |seconds: f64| (per_second * seconds).round() as u32;
    let timed_frames = match options.runs {
        Amount::Auto => frames(seconds_of_visit(options)).max(LEAST_RUNS),
        Amount::Fixed(count) => count.div_ceil(ROUNDS),
    };
    PacedPlan {
        period_ns: rate.period_ns(),
        settle_frames: frames(SETTLE_SECONDS).max(SETTLE_FRAMES),
        timed_frames: timed_frames.clamp(1, MAX_RUNS),
        yardstick: !options.no_yardstick,
    }
}

/// Time for all scenarios of a case, in seconds, without loading and warming up its processes.
#[must_use]
pub(crate) fn seconds(options: &LatencyOptions) -> f64 {
    let of = |scenario: &Scenario| match scenario {
        Scenario::BackToBack if options.scenarios.energy => seconds_of_visit(options) * 2.5,
        Scenario::BackToBack => options.block_ms / 1e3 * 1.5,
        Scenario::EndToEnd | Scenario::Streams { .. } => seconds_of_visit(options) * 1.5,
        // Its time is that of loading, which is not known.
        Scenario::ColdStart | Scenario::WarmStart | Scenario::CacheMiss => 0.0,
        Scenario::Paced { rate } => {
            let plan = paced(options, *rate);
            f64::from(plan.settle_frames + plan.timed_frames) / rate.per_second()
        }
    };
    let sustained = options.sustained.map_or(0.0, |sustained| sustained.minutes.seconds());
    sustained + f64::from(ROUNDS) * options.scenarios.scenarios().iter().map(of).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(text: &str) -> SuiteFile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_rate_named_twice_is_measured_once() {
        let options = options(&suite("rate = [10, 30.0, 10.0]"));
        assert_eq!(options.rate.iter().map(|it| it.per_second()).collect::<Vec<_>>(), [10.0, 30.0]);
    }

    #[test]
    fn what_needs_processes_of_its_own_is_refused_without() {
        for (text, option) in [("cold_starts = 3", "--cold-starts"), ("streams = [2]", "--streams")]
        {
            assert!(check(&suite(text), true, false).is_ok());
            let text = format!("{text}\nin_process = true");
            let error = check(&suite(&text), true, false).unwrap_err().to_string();
            assert!(error.contains(option) && error.contains("--in-process"), "{error}");
        }
    }

    #[test]
    fn a_rate_without_latency_is_refused() {
        assert!(check(&suite("rate = [10]\ncold_starts = 3"), true, false).is_ok());
        for (text, option) in [
            ("rate = [10]", "--rate"),
            ("end_to_end = true", "--end-to-end"),
            ("inputs = \"noise\"", "--inputs"),
            ("cold_starts = 3", "--cold-starts"),
            ("sustained = 0.5", "--sustained"),
            ("find_rate = 20", "--find-rate"),
        ] {
            let error = check(&suite(text), false, true).unwrap_err().to_string();
            assert!(error.contains(option), "{error}");
        }
        for text in ["end_to_end = true", "inputs = \"dataset\""] {
            let error = check(&suite(text), true, false).unwrap_err().to_string();
            assert!(error.contains("--dataset"), "{error}");
        }
    }
}
