//! What a history says about a series, and about a run.

use serde::Serialize;

use crate::history::history_file::{DAY_SECONDS, PastSeries, PastValue};
use crate::history::series_key::{MEDIAN, RunValue, RunValues, SeriesKey};
use crate::record::status::Status;
use crate::stats::day_changes::{DayStanding, DayValue, LEAST_DAYS, days_before, judge, usual};
use crate::stats::statistics::median;
use crate::table::figure::Better;

/// A series as `history show` has it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Trend {
    /// Which one.
    #[serde(flatten)]
    pub key: SeriesKey,
    /// Its values as they were measured.
    #[serde(flatten)]
    pub measured: TrendLine,
    /// Those of its values that have the yardstick of the newest one, corrected by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<TrendLine>,
}

/// The values of a series and what is usual for them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TrendLine {
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
    /// The run's value as it was measured.
    #[serde(flatten)]
    pub measured: Judgement,
    /// The same corrected by the yardstick; if it is there, it decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Judgement>,
    /// What becomes of it: `too_few_days`, `usual`, `suspected`, `regressed`, `failed` for a case
    /// that was measured before and is not now, and after a paired measurement `confirmed` or
    /// `not_confirmed`.
    pub standing: String,
}

/// A value and what is usual for it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Judgement {
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
}

/// The standing of a case that was measured before and is not now.
const FAILED: &str = "failed";
/// The standing of what a paired measurement found again, or did not.
const CONFIRMED: &str = "confirmed";
const NOT_CONFIRMED: &str = "not_confirmed";

impl JudgedSeries {
    /// Whether the gate is red for it.
    pub(crate) fn is_red(&self) -> bool {
        self.is_regressed() || [FAILED, CONFIRMED].contains(&self.standing.as_str())
    }

    /// Whether its value was beyond the threshold twice.
    pub(crate) fn is_regressed(&self) -> bool {
        self.standing == DayStanding::Regressed.to_string()
    }

    /// Whether too little is known to judge it.
    pub(crate) fn is_too_young(&self) -> bool {
        self.standing == DayStanding::TooFewDays.to_string()
    }

    /// Whether another measurement has to decide.
    pub(crate) fn is_suspected(&self) -> bool {
        self.standing == DayStanding::Suspected.to_string()
    }

    /// Whether a paired measurement found it again; `None` if none was made, or it did not tell.
    pub(crate) fn is_confirmed(&self) -> Option<bool> {
        [CONFIRMED, NOT_CONFIRMED].contains(&self.standing.as_str()).then(|| self.is_red())
    }

    /// Takes what a paired measurement found.
    pub(crate) fn confirm(&mut self, found: bool) {
        self.standing = if found { CONFIRMED } else { NOT_CONFIRMED }.to_owned();
    }

    /// By what it was judged.
    pub(crate) fn decisive(&self) -> &Judgement {
        self.corrected.as_ref().unwrap_or(&self.measured)
    }
}

/// 1 where higher values are worse, -1 where they are better.
fn sign(key: &SeriesKey) -> f64 {
    let higher = key.column().and_then(|column| column.better()) == Some(Better::Higher);
    if higher { -1.0 } else { 1.0 }
}

fn day_values(values: &[PastValue], sign: f64) -> Vec<DayValue> {
    let of = |value: &PastValue| DayValue {
        day: value.started.div_euclid(DAY_SECONDS),
        log: sign * value.value.ln(),
    };
    values.iter().map(of).collect()
}

/// The values that have the yardstick of the newest one, the oldest first, corrected by it: the
/// multiples of the yardstick, times what that usually is. `None` if the newest has none.
fn corrected(values: &[PastValue]) -> Option<Vec<PastValue>> {
    let newest = values.last()?;
    let scale = newest.scale.as_deref()?;
    newest.in_yardsticks?;
    let alike = values.iter().filter(|value| value.scale.as_deref() == Some(scale));
    let alike: Vec<(&PastValue, f64)> =
        alike.filter_map(|value| Some((value, value.in_yardsticks?))).collect();
    let yardsticks: Vec<f64> =
        alike.iter().map(|(value, multiple)| value.value / multiple).collect();
    let usual = median(&yardsticks)?;
    let corrected = alike
        .into_iter()
        .map(|(value, multiple)| PastValue { value: multiple * usual, ..value.clone() });
    Some(corrected.collect())
}

/// The trend of a series; `None` of one without values.
pub(crate) fn trend(series: PastSeries) -> Option<Trend> {
    let sign = sign(&series.key);
    let measured = line(&series.values, sign)?;
    let corrected = corrected(&series.values).and_then(|values| line(&values, sign));
    Some(Trend { key: series.key, measured, corrected })
}

fn line(values: &[PastValue], sign: f64) -> Option<TrendLine> {
    let days = days_before(&day_values(values, sign), i64::MAX);
    let known = usual(&days);
    Some(TrendLine {
        days: days.len(),
        last: values.last()?.value,
        level: known.map(|it| (sign * it.level).exp()),
        threshold: known.map(|it| it.threshold.exp_m1()),
        values: values.iter().map(|value| (value.started, value.value)).collect(),
    })
}

/// The values of a series from runs before this one.
pub(crate) fn before(past: &[PastSeries], run: &RunValues, key: &SeriesKey) -> Vec<PastValue> {
    let series = past.iter().find(|series| series.key == *key);
    let values = series.into_iter().flat_map(|series| series.values.iter());
    let earlier = |value: &&PastValue| value.run_id != run.run_id && value.started <= run.started;
    values.filter(earlier).cloned().collect()
}

/// The series of `metrics` that a run has, each judged by what was before the run; then the cases
/// that were measured or scored before and are not now.
pub(crate) fn gate(past: &[PastSeries], run: &RunValues, metrics: &[&str]) -> Vec<JudgedSeries> {
    let wanted = run.values.iter().filter(|it| metrics.contains(&it.key.metric.as_str()));
    let judged = wanted.map(|value| judged(value, run, before(past, run, &value.key)));
    let failed = run.failed.iter().filter(|(key, status)| {
        let is_judged = key.metric == MEDIAN || metrics.contains(&key.metric.as_str());
        is_judged && *status != Status::Skipped
    });
    let failed = failed.filter_map(|(key, _)| {
        let days = days_before(&day_values(&before(past, run, key), 1.0), i64::MAX).len();
        (days > 0).then(|| JudgedSeries {
            key: key.clone(),
            measured: Judgement { days, ..Judgement::default() },
            corrected: None,
            standing: FAILED.to_owned(),
        })
    });
    judged.chain(failed).collect()
}

/// By the yardstick, if enough earlier days have the one of this run; else as it was measured.
fn judged(value: &RunValue, run: &RunValues, before: Vec<PastValue>) -> JudgedSeries {
    let sign = sign(&value.key);
    let mut values = before;
    values.push(PastValue {
        run_id: run.run_id.clone(),
        started: run.started,
        value: value.value,
        in_yardsticks: value.in_yardsticks,
        scale: run.scale.clone(),
    });
    let (measured, standing) = judgement(&values, sign);
    let corrected = corrected(&values).map(|values| judgement(&values, sign));
    let corrected = corrected.filter(|(judgement, _)| judgement.days >= LEAST_DAYS);
    let standing = corrected.as_ref().map_or(standing, |(_, standing)| *standing);
    JudgedSeries {
        key: value.key.clone(),
        measured,
        corrected: corrected.map(|(judgement, _)| judgement),
        standing: standing.to_string(),
    }
}

/// Of the last of these values.
fn judgement(values: &[PastValue], sign: f64) -> (Judgement, DayStanding) {
    let logs = day_values(values, sign);
    let (standing, known) = judge(&logs);
    let value = values.last().map(|last| last.value);
    let day = logs.last().map_or(i64::MAX, |last| last.day);
    let level = known.map(|it| (sign * it.level).exp());
    let judgement = Judgement {
        value,
        days: days_before(&logs, day).len(),
        level,
        threshold: known.map(|it| it.threshold.exp_m1()),
        change: value.zip(level).map(|(value, level)| value / level - 1.0),
    };
    (judgement, standing)
}

/// The runs before this one against which all of `judged` are worse, the newest first: by at least
/// half of the change that was found.
pub(crate) fn bases(past: &[PastSeries], run: &RunValues, judged: &[&JudgedSeries]) -> Vec<String> {
    let better = |series: &&JudgedSeries| -> Vec<(i64, String)> {
        let before = before(past, run, &series.key);
        let earlier = before.into_iter().filter(|old| is_half_better(series, run, old));
        earlier.map(|old| (old.started, old.run_id)).collect()
    };
    let mut of_each = judged.iter().map(better);
    let mut common = of_each.next().unwrap_or_default();
    for other in of_each {
        common.retain(|known| other.contains(known));
    }
    common.sort();
    common.into_iter().rev().map(|(_, run_id)| run_id).collect()
}

fn is_half_better(series: &JudgedSeries, run: &RunValues, old: &PastValue) -> bool {
    let found = series.decisive().change.map_or(0.0, |change| sign(&series.key) * change.ln_1p());
    let now = run.values.iter().find(|value| value.key == series.key);
    let values = now.and_then(|now| match (&series.corrected, now.in_yardsticks) {
        (Some(_), Some(multiple)) if old.scale == run.scale => Some((multiple, old.in_yardsticks?)),
        (Some(_), _) => None,
        (None, _) => Some((now.value, old.value)),
    });
    values.is_some_and(|(now, old)| sign(&series.key) * (now / old).ln() >= found / 2.0)
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
