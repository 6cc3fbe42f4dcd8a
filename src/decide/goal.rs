//! What the best of the fitting cases is best at.

use std::cmp::Ordering;
use std::str::FromStr;

use serde::Serialize;

use crate::decide::evidence::Candidate;
use crate::decide::rule::FleetRule;
use crate::table::column::{Column, Unit};
use crate::table::figure::{Better, Figure};
use crate::table::row::Row;

/// What the best of the fitting cases is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The highest Top-1; of equal ones the lowest latency.
    Top1,
    /// The lowest median; of equal ones the highest Top-1.
    Latency,
    /// The best product of the figures that were weighted.
    Weighted,
}

/// How much a figure counts, against others.
#[derive(Debug, Clone, Copy)]
pub struct FigureWeight {
    column: &'static Column<Row>,
    better: Better,
    weight: f64,
}

/// A weight is positive and no larger than this: more is not a weight but a ranking.
const MOST_WEIGHT: f64 = 1e3;

impl FromStr for FigureWeight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, weight) = text.split_once('=').ok_or_else(|| {
            format!("'{text}' is not a weight; write COLUMN=WEIGHT, such as latency_p50_us=1")
        })?;
        let column = Row::column(name.trim()).ok_or_else(|| {
            format!("results.csv has no column of numbers '{name}'; docs/columns.md lists them")
        })?;
        let better = column.better().ok_or_else(|| {
            format!("of {name} neither more nor less is better; weigh another column")
        })?;
        let number = weight.trim().parse().ok();
        let weight = number.filter(|weight| *weight > 0.0 && *weight <= MOST_WEIGHT);
        let weight = weight.ok_or_else(|| {
            format!("'{text}': a weight is a number above 0, at most {MOST_WEIGHT}")
        })?;
        Ok(Self { column, better, weight })
    }
}

/// What a candidate reaches of a goal: lower is better. Its interval, where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    value: f64,
    interval: Option<(f64, f64)>,
}

impl Aim {
    /// How much worse than `best` it is, as a factor of products and latencies.
    #[must_use]
    pub(crate) fn times(&self, best: &Self, goal: Goal) -> f64 {
        match goal {
            Goal::Weighted => (self.value - best.value).exp(),
            _ => self.value / best.value,
        }
    }

    /// Whether the intervals of both overlap; one without an interval cannot be told from
    /// anything.
    #[must_use]
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let both = self.interval.zip(other.interval);
        both.is_none_or(|(mine, theirs)| mine.0 <= theirs.1 && theirs.0 <= mine.1)
    }

    /// Whether it is the better one by its value.
    #[must_use]
    pub(crate) fn is_better_than(&self, other: &Self) -> bool {
        self.value < other.value
    }
}

/// What `candidate` reaches; `None` where a figure was not measured on any device.
#[must_use]
pub(crate) fn aim(
    candidate: &Candidate<'_>,
    goal: Goal,
    weights: &[FigureWeight],
    rule: FleetRule,
) -> Option<Aim> {
    match goal {
        Goal::Latency => {
            let Figure { value, interval } =
                over_devices(candidate, Row::column("latency_p50_us")?, Better::Lower, rule)?;
            Some(Aim { value, interval })
        }
        Goal::Top1 => {
            let Figure { value, interval } =
                over_devices(candidate, Row::column("top1")?, Better::Higher, rule)?;
            Some(Aim { value: -value, interval: interval.map(|(low, high)| (-high, -low)) })
        }
        Goal::Weighted => product(candidate, weights, rule),
    }
}

/// The logarithm of the product of all figures, each to the power of its weight; those of
/// which more is better divide.
fn product(candidate: &Candidate<'_>, weights: &[FigureWeight], rule: FleetRule) -> Option<Aim> {
    let (mut value, mut ends) = (0.0, Some((0.0, 0.0)));
    for FigureWeight { column, better, weight } in weights {
        let figure = over_devices(candidate, column, *better, rule)?;
        let term = |value: f64| {
            let log = weight * value.max(f64::MIN_POSITIVE).ln();
            if *better == Better::Lower { log } else { -log }
        };
        value += term(figure.value);
        ends = ends.zip(figure.interval).map(|((best, worst), (low, high))| {
            let (one, other) = (term(low), term(high));
            (best + one.min(other), worst + one.max(other))
        });
    }
    Some(Aim { value, interval: ends })
}

/// A figure over the devices that measured it and whose row may win: the worst of them, or
/// their weighted mean, which is geometric but for shares.
#[must_use]
pub(crate) fn over_devices(
    candidate: &Candidate<'_>,
    column: &Column<Row>,
    better: Better,
    rule: FleetRule,
) -> Option<Figure> {
    let counted = candidate.on.iter().filter(|evidence| evidence.row.may_be_fastest());
    let known = counted.filter_map(|evidence| Some((evidence.figure(column)?, evidence.weight)));
    let known: Vec<(Figure, f64)> = known.collect();
    let together = |values: Vec<(f64, f64)>| match rule {
        FleetRule::Worst => {
            let values = values.into_iter().map(|(value, _)| value);
            match better {
                Better::Lower => values.reduce(f64::max),
                Better::Higher => values.reduce(f64::min),
            }
        }
        FleetRule::All | FleetRule::Share(_) => mean(&values, column.unit != Unit::Share),
    };
    let value = together(known.iter().map(|(figure, weight)| (figure.value, *weight)).collect())?;
    let end = |end: fn((f64, f64)) -> f64| {
        let ends = known.iter().map(|(figure, weight)| Some((end(figure.interval?), *weight)));
        together(ends.collect::<Option<_>>()?)
    };
    Some(Figure { value, interval: end(|it| it.0).zip(end(|it| it.1)) })
}

/// The mean of values with their weights; `None` without weight. One value is its own mean,
/// to the last bit.
#[must_use]
pub(crate) fn mean(values: &[(f64, f64)], geometric: bool) -> Option<f64> {
    if let [(value, _)] = values {
        return Some(*value);
    }
    let all: f64 = values.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = values
        .iter()
        .map(|(value, weight)| {
            weight * if geometric { value.max(f64::MIN_POSITIVE).ln() } else { *value }
        })
        .sum();
    let mean = sum / all;
    (all > 0.0).then(|| if geometric { mean.exp() } else { mean })
}

/// The better candidate first; of equal ones the faster, or more accurate, or smaller.
#[must_use]
pub(crate) fn better_first(
    (a, of_a): (&Candidate<'_>, &Aim),
    (b, of_b): (&Candidate<'_>, &Aim),
    goal: Goal,
    rule: FleetRule,
) -> Ordering {
    let second = |candidate: &Candidate<'_>| {
        let other = if goal == Goal::Latency { Goal::Top1 } else { Goal::Latency };
        aim(candidate, other, &[], rule).map_or(f64::INFINITY, |aim| aim.value)
    };
    let by_goal = of_a.value.total_cmp(&of_b.value);
    let by_size = || a.row().model_bytes.cmp(&b.row().model_bytes);
    by_goal.then_with(|| second(a).total_cmp(&second(b))).then_with(by_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::evidence::Evidence;
    use crate::record::status::Status;

    fn row(device: &str, latency: f64, top1: f64) -> Row {
        Row {
            device: device.into(),
            status: Status::Ok,
            latency_p50_us: Some(latency),
            latency_p50_low_us: Some(latency * 0.9),
            latency_p50_high_us: Some(latency * 1.1),
            top1: Some(top1),
            top1_low: Some(top1 - 0.1),
            top1_high: Some(top1 + 0.1),
            ..Row::default()
        }
    }

    #[test]
    fn a_fleet_is_judged_by_its_mean_or_its_worst_device() {
        let rows = [row("a", 100.0, 0.8), row("b", 400.0, 0.6)];
        let evidence = |row, weight| Evidence { weight, ..Evidence::of_row(row) };
        let on = vec![evidence(&rows[0], 3.0), evidence(&rows[1], 1.0)];
        let candidate = Candidate { name: "x".into(), on, absent: Vec::new() };
        let of = |goal, rule| aim(&candidate, goal, &[], rule).unwrap();
        // 100^(3/4) * 400^(1/4)
        assert!((of(Goal::Latency, FleetRule::All).value - 141.421_356).abs() < 1e-5);
        assert_eq!(of(Goal::Latency, FleetRule::Worst).value, 400.0);
        assert!((of(Goal::Top1, FleetRule::All).value + 0.75).abs() < 1e-12);
        assert_eq!(of(Goal::Top1, FleetRule::Worst).value, -0.6);
        let (low, high) = of(Goal::Latency, FleetRule::All).interval.unwrap();
        assert!((low - 127.279_22).abs() < 1e-4 && (high - 155.563_49).abs() < 1e-4);
        let weights: Vec<FigureWeight> =
            ["latency_p50_us=1", "top1=2"].iter().map(|text| text.parse().unwrap()).collect();
        let product = aim(&candidate, Goal::Weighted, &weights, FleetRule::Worst).unwrap();
        // ln 400 - 2 ln 0.6
        assert!((product.value - (400f64.ln() - 2.0 * 0.6f64.ln())).abs() < 1e-12);
        let (best, worst) = product.interval.unwrap();
        assert!((best - (360f64.ln() - 2.0 * 0.7f64.ln())).abs() < 1e-12);
        assert!((worst - (440f64.ln() - 2.0 * 0.5f64.ln())).abs() < 1e-12);
    }

    #[test]
    fn weights_are_read_and_wrong_ones_refused() {
        for (text, expected) in [
            ("latency_p50_us", "is not a weight"),
            ("speed=1", "no column of numbers 'speed'"),
            ("images=1", "neither more nor less is better"),
            ("top1=0", "a number above 0"),
            ("top1=-1", "a number above 0"),
            ("top1=x", "a number above 0"),
        ] {
            let error = text.parse::<FigureWeight>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
