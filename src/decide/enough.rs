//! How much more measuring would tell what an interval does not.

use std::fmt;

use serde::Serialize;

use crate::decide::evidence::{Evidence, LEAST_PROCESSES};
use crate::decide::limit::Limit;
use crate::record::scenario::Scenario;
use crate::stats::interval::wilson;
use crate::table::figure::Figure;
use crate::table::scenario_rows;
use crate::table::units::{about, three_digits};

/// More than this many images or seconds are not worth naming.
const MOST: f64 = 1e9;

/// What more has to be measured, about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "what", content = "more", rename_all = "snake_case")]
pub enum MoreNeeded {
    /// Seconds of timed runs of the case.
    Seconds(f64),
    /// Scored images.
    Images(usize),
    /// Processes of the case.
    Processes(usize),
    /// The value is the limit, or so near that no measurement would tell.
    Endless,
}

impl fmt::Display for MoreNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => {
                write!(f, "about {} more seconds would tell", three_digits(*seconds))
            }
            Self::Images(images) => write!(f, "about {} more images would tell", about(*images)),
            Self::Processes(1) => f.write_str("1 more process would tell (--processes)"),
            Self::Processes(more) => write!(f, "{more} more processes would tell (--processes)"),
            Self::Endless => f.write_str("it is too near the limit for any measurement"),
        }
    }
}

/// What more would tell whether `evidence` keeps `limit`, if its value and its scatter stay
/// what they are. `None` where that is not known.
#[must_use]
pub(crate) fn more(limit: &Limit, evidence: &Evidence<'_>) -> Option<MoreNeeded> {
    let figure = evidence.figure(limit.column)?;
    let row = evidence.row;
    match limit.column.name {
        "top1" | "top5" => images(figure.value, limit.value, row.images?),
        name if name.starts_with("latency_") || name == "within_budget" => {
            let seconds = row.runs? as f64 * row.latency_mean_us? / 1e6;
            Some(more_time(seconds, factor(figure, limit.value)?))
        }
        "sustained_p50_us" => {
            let seconds = evidence.record?.sustained.seconds();
            Some(more_time(seconds, factor(figure, limit.value)?))
        }
        "energy_mj_per_image" => of_scenario(limit, figure, evidence, Scenario::BackToBack),
        "end_to_end_p50_us" => of_scenario(limit, figure, evidence, Scenario::EndToEnd),
        _ => {
            let lacking = LEAST_PROCESSES.checked_sub(evidence.processes(limit.column)?)?;
            (lacking > 0).then_some(MoreNeeded::Processes(lacking))
        }
    }
}

/// The same of a figure that is measured in rounds of `scenario`.
fn of_scenario(
    limit: &Limit,
    figure: Figure,
    evidence: &Evidence<'_>,
    scenario: Scenario,
) -> Option<MoreNeeded> {
    let seconds = scenario_rows::seconds(evidence.record?, scenario);
    Some(more_time(seconds, factor(figure, limit.value)?))
}

/// What is lacking to `factor` times as many seconds.
fn more_time(seconds: f64, factor: f64) -> MoreNeeded {
    match factor.is_finite() && seconds * factor < MOST {
        true => MoreNeeded::Seconds(seconds * (factor - 1.0)),
        false => MoreNeeded::Endless,
    }
}

/// By how much the time has to grow until the interval, which shrinks with its square root,
/// ends before the limit.
fn factor(figure: Figure, limit: f64) -> Option<f64> {
    let (low, high) = figure.interval?;
    let value = figure.value;
    let half = if value <= limit { high - value } else { value - low };
    Some((half / (limit - value).abs()).powi(2).max(1.0))
}

/// Images until Wilson's interval of the same share ends before the limit.
fn images(share: f64, limit: f64, scored: usize) -> Option<MoreNeeded> {
    let tells = |images: f64| {
        let right = (share * images).round() as usize;
        wilson(right, images as usize).is_some_and(|it| it.low >= limit || it.high <= limit)
    };
    let mut enough = scored as f64;
    while !tells(enough) {
        enough *= 2.0;
        if enough > MOST {
            return Some(MoreNeeded::Endless);
        }
    }
    let mut too_few = (enough / 2.0).max(scored as f64);
    while enough - too_few > (enough / 1e3).max(1.0) {
        let middle = f64::midpoint(too_few, enough).round();
        if tells(middle) { enough = middle } else { too_few = middle }
    }
    Some(MoreNeeded::Images(enough as usize - scored))
}

/// Images until the interval of a paired difference, which shrinks with their square root,
/// ends before the limit.
#[must_use]
pub(crate) fn more_pairs(figure: Figure, limit: f64, scored: usize) -> Option<MoreNeeded> {
    let images = scored as f64 * factor(figure, limit)?;
    Some(match images.is_finite() && images < MOST {
        true => MoreNeeded::Images(images.ceil() as usize - scored),
        false => MoreNeeded::Endless,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::decide::limit::Bound;
    use crate::record::backend_kind::BackendKind;
    use crate::record::case::Case;
    use crate::record::delegate::Delegate;
    use crate::record::run::CaseRecord;
    use crate::record::scenario::{ScenarioOutcome, ScenarioVisit};
    use crate::record::timed_runs::Block;
    use crate::record::visit::Visit;
    use crate::table::row::Row;

    #[test]
    fn so_many_images_are_needed_that_the_interval_ends_at_the_limit() {
        let Some(MoreNeeded::Images(more)) = images(0.72, 0.70, 500) else { panic!() };
        let total = more + 500;
        // By hand, for Wilson's interval: 1.96^2 * 0.70 * 0.30 / 0.02^2 = 2017.
        assert!((1960..2080).contains(&total), "{total}");
        let end = |images: usize| wilson((0.72 * images as f64).round() as usize, images).unwrap();
        assert!(end(total).low >= 0.70 && end(total * 95 / 100).low < 0.70);
        assert_eq!(images(0.70, 0.70, 500), Some(MoreNeeded::Endless));
    }

    #[test]
    fn time_grows_with_the_square_of_the_width() {
        let row = Row {
            runs: Some(1000),
            latency_mean_us: Some(1000.0),
            latency_p50_us: Some(900.0),
            latency_p50_low_us: Some(800.0),
            latency_p50_high_us: Some(1100.0),
            ..Row::default()
        };
        let limit = |value| Limit::on("latency_p50_us", Bound::AtMost, value).unwrap();
        // The upper half is 200 wide and may be 100: four times the one second.
        assert_eq!(more(&limit(1000.0), &Evidence::of_row(&row)), Some(MoreNeeded::Seconds(3.0)));
        assert_eq!(more(&limit(900.0), &Evidence::of_row(&row)), Some(MoreNeeded::Endless));
        assert_eq!(MoreNeeded::Seconds(3.0).to_string(), "about 3.00 more seconds would tell");
    }

    #[test]
    fn energy_and_photos_need_more_rounds_of_their_scenario() {
        let case = Case::plain("m", BackendKind::Tract, Delegate::None, NonZeroUsize::MIN);
        let mut record = CaseRecord::new(case);
        for (scenario, seconds) in [(Scenario::BackToBack, 2), (Scenario::EndToEnd, 5)] {
            let block = Block { wall_ns: seconds * 1_000_000_000, ..Block::default() };
            let visit = Visit { block: (&block).into(), ..Visit::default() };
            let visit = Box::new(ScenarioVisit::of(scenario, visit));
            record.scenarios.push(ScenarioOutcome::Visited(visit));
        }
        let row = Row {
            energy_mj_per_image: Some(10.0),
            energy_mj_per_image_low: Some(8.0),
            energy_mj_per_image_high: Some(12.0),
            end_to_end_p50_us: Some(100.0),
            end_to_end_p50_low_us: Some(80.0),
            end_to_end_p50_high_us: Some(120.0),
            ..Row::default()
        };
        let evidence = Evidence { record: Some(&record), ..Evidence::of_row(&row) };
        let needed = |column, value| {
            more(&Limit::on(column, Bound::AtMost, value).unwrap(), &evidence).unwrap()
        };
        // Half of the width, and so four times the seconds.
        assert_eq!(needed("energy_mj_per_image", 11.0), MoreNeeded::Seconds(6.0));
        assert_eq!(needed("end_to_end_p50_us", 110.0), MoreNeeded::Seconds(15.0));
    }

    #[test]
    fn a_table_alone_does_not_tell_of_processes() {
        let row = Row { load_ms: Some(3.0), ..Row::default() };
        let limit = Limit::on("load_ms", Bound::AtMost, 5.0).unwrap();
        assert_eq!(more(&limit, &Evidence::of_row(&row)), None);
    }
}
