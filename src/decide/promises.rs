//! Whether a run kept what a settings file promises.

use serde::Serialize;

use crate::record::header::Header;
use crate::record::settings::{Promise, Settings};
use crate::table::figure::{Better, Figure};
use crate::table::row::Row;

/// What became of a promised figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// It lies within the promised interval, or is better.
    #[strum(to_string = "holds")]
    Yes,
    /// It is worse than the promised interval, but its own interval reaches into it.
    #[strum(to_string = "cannot be told")]
    Unknown,
    /// It is worse, and the intervals do not meet.
    #[strum(to_string = "does not hold")]
    No,
    /// No interval was promised, so that nobody knows how it scatters.
    #[strum(to_string = "not judged")]
    NotJudged,
    /// The run did not measure it.
    #[strum(to_string = "not measured")]
    NotMeasured,
}

/// A promised figure and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PromiseOutcome {
    /// What was promised.
    pub promise: Promise,
    /// What was measured.
    pub value: Option<f64>,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// What became of it.
    pub kept: Kept,
    /// Why it was not judged, where more is to be said.
    pub note: Option<String>,
}

/// Every promised figure beside what `row`, the case's row in the run of `header`, has.
#[must_use]
pub(crate) fn outcomes(settings: &Settings, header: &Header, row: &Row) -> Vec<PromiseOutcome> {
    let other_images = other_images(settings, header, row);
    let other_budget = other_budget(settings, header);
    let one = |promise: &Promise| {
        let column = Row::column(&promise.column)?;
        let figure = row.figure(column);
        let incomparable = match promise.column.as_str() {
            "top1" | "top5" => other_images.clone(),
            "within_budget" => other_budget.clone(),
            _ => None,
        };
        let (kept, note) = match (figure, incomparable) {
            (None, _) => (Kept::NotMeasured, None),
            (Some(_), Some(reason)) => (Kept::NotJudged, Some(reason)),
            (Some(figure), None) => {
                (judged(promise, figure, column.better().unwrap_or(Better::Lower)), None)
            }
        };
        Some(PromiseOutcome {
            promise: promise.clone(),
            value: figure.map(|figure| figure.value),
            interval: figure.and_then(|figure| figure.interval),
            kept,
            note,
        })
    };
    settings.promised.iter().filter_map(one).collect()
}

fn judged(promise: &Promise, figure: Figure, better: Better) -> Kept {
    let Some((low, high)) = promise.low.zip(promise.high) else { return Kept::NotJudged };
    let (value, interval) = (figure.value, figure.interval.unwrap_or((figure.value, figure.value)));
    let (is_worse, is_apart) = match better {
        Better::Lower => (value > high, interval.0 > high),
        Better::Higher => (value < low, interval.1 < low),
    };
    match (is_worse, is_apart) {
        (false, _) => Kept::Yes,
        (true, false) => Kept::Unknown,
        // One value without an interval scatters by nobody knows how much.
        (true, true) if figure.interval.is_none() => Kept::Unknown,
        (true, true) => Kept::No,
    }
}

/// Why Top-1 is no matter of this promise: it was scored on other images.
fn other_images(settings: &Settings, header: &Header, row: &Row) -> Option<String> {
    let there = settings.measured.dataset_sha256.as_ref();
    let here = header.dataset.as_ref().map(|dataset| &dataset.listing_sha256);
    if there != here {
        return Some("scored on other images".to_owned());
    }
    let (then, now) = (settings.measured.images?, row.images?);
    (then != now).then(|| format!("scored on {now} images, promised on {then}"))
}

fn other_budget(settings: &Settings, header: &Header) -> Option<String> {
    let then = settings.measured.budget_ms;
    let now = header.options.latency.as_ref().and_then(|latency| latency.budget_ms);
    (then != now).then(|| "measured against another budget".to_owned())
}

/// What has to be known of the comparison as a whole.
#[must_use]
pub(crate) fn caveats(settings: &Settings, header: &Header, row: &Row) -> Vec<String> {
    let then = &settings.measured;
    let mut caveats = vec![
        "the two runs were not interleaved: the machine's drift between them is in the differences"
            .to_owned(),
    ];
    let host = header.machine(None).host;
    if host.cpu != then.cpu || host.arch != then.arch {
        caveats.push(format!(
            "promised on {} ({}), measured on {} ({})",
            then.cpu, then.arch, host.cpu, host.arch
        ));
    }
    if let (Some(was), Some(is)) = (&settings.backend_version, &row.backend_version)
        && was != is
    {
        caveats.push(format!("{} was {was} and is {is}", settings.backend));
    }
    caveats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(low: Option<f64>, high: Option<f64>) -> Promise {
        Promise { column: "latency_p50_us".into(), unit: "µs".into(), value: 100.0, low, high }
    }

    #[test]
    fn a_promise_is_broken_only_where_the_intervals_are_apart() {
        let of = |value: f64, interval, better| {
            judged(&promise(Some(90.0), Some(110.0)), Figure { value, interval }, better)
        };
        let lower = |value, low, high| of(value, Some((low, high)), Better::Lower);
        assert_eq!(lower(105.0, 104.0, 106.0), Kept::Yes);
        assert_eq!(lower(50.0, 49.0, 51.0), Kept::Yes);
        assert_eq!(lower(115.0, 108.0, 122.0), Kept::Unknown);
        assert_eq!(lower(115.0, 111.0, 119.0), Kept::No);
        assert_eq!(of(115.0, None, Better::Lower), Kept::Unknown);
        assert_eq!(of(85.0, Some((84.0, 86.0)), Better::Higher), Kept::No);
        assert_eq!(of(120.0, Some((119.0, 121.0)), Better::Higher), Kept::Yes);
        let without = Figure { value: 500.0, interval: Some((499.0, 501.0)) };
        assert_eq!(judged(&promise(None, None), without, Better::Lower), Kept::NotJudged);
    }
}
