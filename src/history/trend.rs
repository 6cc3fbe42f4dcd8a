//! What a history says about a series, and about a run.

use serde::Serialize;

use crate::history::history_file::{DAY_SECONDS, PastSeries, PastValue};
use crate::history::series_key::{RunValues, SeriesKey};
use crate::record::status::Status;
use crate::stats::day_changes::{DayStanding, DayValue, days_before, judge, usual};
use crate::table::figure::Better;

/// A series as `history show` has it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Trend {
    /// Which one.
    #[serde(flatten)]
    pub key: SeriesKey,
    /// Days with a value.
    pub days: usize,
    /// The newest value.
    pub last: f64,
    /// The median of the last days; absent with too few.
    pub level: Option<f64>,
    /// The change from the level that is more than usual, as a share; absent with too few days.
    pub threshold: Option<f64>,
    /// Each value, the oldest first: seconds since 1970 and the value.
    pub values: Vec<(i64, f64)>,
}

/// A series of a run, judged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct JudgedSeries {
    /// Which one.
    #[serde(flatten)]
    pub key: SeriesKey,
    /// The value of the run.
    pub value: Option<f64>,
    /// Days before it.
    pub days: usize,
    /// The median of the last of them; absent with too few.
    pub level: Option<f64>,
    /// The change from the level that is more than usual, as a share; absent with too few days.
    pub threshold: Option<f64>,
    /// The change from the level, as a share.
    pub change: Option<f64>,
    /// What becomes of it: `too_few_days`, `usual`, `suspected`, `regressed`, or `failed` for a case
    /// that was measured before and is not now.
    pub standing: String,
}

/// The standing of a case that was measured before and is not now.
const FAILED: &str = "failed";

impl JudgedSeries {
    /// Whether the gate is red for it.
    pub(crate) fn is_red(&self) -> bool {
        self.standing == DayStanding::Regressed.to_string() || self.standing == FAILED
    }

    /// Whether too little is known to judge it.
    pub(crate) fn is_too_young(&self) -> bool {
        self.standing == DayStanding::TooFewDays.to_string()
    }

    /// Whether another measurement has to decide.
    pub(crate) fn is_suspected(&self) -> bool {
        self.standing == DayStanding::Suspected.to_string()
    }
}

/// 1 where higher values are worse, -1 where they are better.
fn sign(key: &SeriesKey) -> f64 {
    let higher = key.column().and_then(|column| column.better()) == Some(Better::Higher);
    if higher { -1.0 } else { 1.0 }
}

fn day_value(value: &PastValue, sign: f64) -> DayValue {
    DayValue { day: value.started.div_euclid(DAY_SECONDS), log: sign * value.value.ln() }
}

/// The trend of a series; `None` of one without values.
pub(crate) fn trend(series: PastSeries) -> Option<Trend> {
    let sign = sign(&series.key);
    let last = series.values.last()?.value;
    let values: Vec<DayValue> = series.values.iter().map(|value| day_value(value, sign)).collect();
    let days = days_before(&values, i64::MAX);
    let known = usual(&days);
    Some(Trend {
        days: days.len(),
        last,
        level: known.map(|it| (sign * it.level).exp()),
        threshold: known.map(|it| it.threshold.exp_m1()),
        values: series.values.iter().map(|value| (value.started, value.value)).collect(),
        key: series.key,
    })
}

/// The series of `metrics` that a run has, each judged by what was before the run; then the cases
/// that were measured before and are not now.
pub(crate) fn gate(past: &[PastSeries], run: &RunValues, metrics: &[&str]) -> Vec<JudgedSeries> {
    let before = |key: &SeriesKey| -> Vec<PastValue> {
        let series = past.iter().find(|series| series.key == *key);
        let values = series.into_iter().flat_map(|series| series.values.iter());
        let earlier =
            |value: &&PastValue| value.run_id != run.run_id && value.started <= run.started;
        values.filter(earlier).cloned().collect()
    };
    let wanted = run.values.iter().filter(|(key, _)| metrics.contains(&key.metric.as_str()));
    let judged = wanted.map(|(key, value)| judged(key, *value, run.started, &before(key)));
    let failed = run.failed.iter().filter(|(_, status)| *status != Status::Skipped);
    let failed = failed.filter_map(|(key, _)| {
        let before: Vec<DayValue> = before(key).iter().map(|value| day_value(value, 1.0)).collect();
        let days = days_before(&before, i64::MAX).len();
        (days > 0).then(|| JudgedSeries {
            key: key.clone(),
            value: None,
            days,
            level: None,
            threshold: None,
            change: None,
            standing: FAILED.to_owned(),
        })
    });
    judged.chain(failed).collect()
}

fn judged(key: &SeriesKey, value: f64, started: i64, before: &[PastValue]) -> JudgedSeries {
    let sign = sign(key);
    let now = PastValue { run_id: String::new(), started, value };
    let values: Vec<DayValue> =
        before.iter().chain([&now]).map(|value| day_value(value, sign)).collect();
    let (standing, known) = judge(&values);
    let level = known.map(|it| (sign * it.level).exp());
    JudgedSeries {
        key: key.clone(),
        value: Some(value),
        days: days_before(&values, started.div_euclid(DAY_SECONDS)).len(),
        level,
        threshold: known.map(|it| it.threshold.exp_m1()),
        change: level.map(|level| value / level - 1.0),
        standing: standing.to_string(),
    }
}
