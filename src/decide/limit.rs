//! Limits on the figures of a case: `latency_p99_us<=20000`. The interval decides whether a
//! limit is kept, not the value alone.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::table::column::{Column, Unit};
use crate::table::figure::Figure;
use crate::table::row::Row;
use crate::table::units::percent;

/// Which side of a limit is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The value may be this, or lower.
    #[strum(to_string = "at most")]
    AtMost,
    /// The value must be this, or higher.
    #[strum(to_string = "at least")]
    AtLeast,
}

/// A limit on a column of `results.csv`, in the column's unit.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The column.
    pub column: &'static Column<Row>,
    /// Which side is allowed.
    pub bound: Bound,
    /// The limit.
    pub value: f64,
}

/// How a case stands to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Its interval keeps it.
    Kept,
    /// Its value may keep it, and its interval does not tell.
    CannotBeTold,
    /// Its interval breaks it.
    Broken,
    /// It was not measured.
    NotMeasured,
}

impl Limit {
    /// A limit on a column; `None` where there is no such column of numbers.
    #[must_use]
    pub fn on(column: &str, bound: Bound, value: f64) -> Option<Self> {
        Row::column(column).map(|column| Self { column, bound, value })
    }

    /// How a figure stands to it. A figure without an interval keeps nothing for certain.
    #[must_use]
    pub(crate) fn stand(&self, figure: Option<Figure>) -> Stand {
        let Some(Figure { value, interval }) = figure else { return Stand::NotMeasured };
        let keeps = |value: f64| match self.bound {
            Bound::AtMost => value <= self.value,
            Bound::AtLeast => value >= self.value,
        };
        match interval {
            Some((low, high)) if keeps(low) && keeps(high) => Stand::Kept,
            Some((low, high)) if keeps(low) || keeps(high) => Stand::CannotBeTold,
            Some(_) => Stand::Broken,
            None if keeps(value) => Stand::CannotBeTold,
            None => Stand::Broken,
        }
    }

    /// How far past the limit a value is, as a share of the limit; what was not measured is
    /// infinitely far.
    #[must_use]
    pub(crate) fn excess(&self, figure: Option<Figure>) -> f64 {
        let over = figure.map_or(f64::INFINITY, |figure| match self.bound {
            Bound::AtMost => figure.value - self.value,
            Bound::AtLeast => self.value - figure.value,
        });
        over.max(0.0) / self.value.abs().max(f64::MIN_POSITIVE)
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        (self.column.name, self.bound, self.value) == (other.column.name, other.bound, other.value)
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = [("<=", Bound::AtMost), (">=", Bound::AtLeast)];
        let split = parts.iter().find_map(|(sign, bound)| {
            let (name, value) = text.split_once(sign)?;
            Some((name.trim(), *bound, value.trim()))
        });
        let Some((name, bound, value)) = split else {
            return Err(format!(
                "'{text}' is not a limit; write COLUMN<=VALUE or COLUMN>=VALUE, such as 'latency_p99_us<=20000'"
            ));
        };
        let column = Row::column(name).ok_or_else(|| {
            format!("results.csv has no column of numbers '{name}'; docs/columns.md lists them")
        })?;
        let share = value.strip_suffix('%').filter(|_| column.unit == Unit::Share);
        let number: f64 = share
            .unwrap_or(value)
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| format!("'{value}' in '{text}' is not a number"))?;
        let value = if share.is_some() { number / 100.0 } else { number };
        if column.unit == Unit::Share && !(0.0..=1.0).contains(&value) {
            return Err(format!(
                "{name} is a proportion; write a number from 0 to 1 or a percentage, such as '{name}>=95%'"
            ));
        }
        Ok(Self { column, bound, value })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match self.column.unit {
            Unit::Share => format!("{}%", percent(self.value)),
            _ => self.column.show(self.value),
        };
        write!(f, "{} {} {value}", self.column.title(), self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        let of = |text: &str| text.parse::<Limit>();
        assert_eq!(
            of("latency_p99_us <= 20000"),
            Ok(Limit::on("latency_p99_us", Bound::AtMost, 2e4).unwrap())
        );
        assert_eq!(
            of("within_budget>=95%"),
            Ok(Limit::on("within_budget", Bound::AtLeast, 0.95).unwrap())
        );
        assert_eq!(of("top1>=0.7").unwrap().to_string(), "Top-1 at least 70.0%");
        assert_eq!(
            of("latency_p99_us<=20000").unwrap().to_string(),
            "99th percentile of latency at most 20.0 ms"
        );
        for (text, expected) in [
            ("latency_p99_us<20", "is not a limit; write COLUMN<=VALUE"),
            ("latency_p98_us<=20", "no column of numbers 'latency_p98_us'"),
            ("model<=20", "no column of numbers 'model'"),
            ("load_ms<=soon", "'soon' in 'load_ms<=soon' is not a number"),
            ("load_ms<=nan", "is not a number"),
            ("top1>=70", "top1 is a proportion"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn the_interval_decides() {
        let limit = Limit::on("latency_p50_us", Bound::AtMost, 100.0).unwrap();
        let stand = |value: f64, interval| limit.stand(Some(Figure { value, interval }));
        assert_eq!(stand(90.0, Some((80.0, 100.0))), Stand::Kept);
        assert_eq!(stand(90.0, Some((80.0, 100.1))), Stand::CannotBeTold);
        assert_eq!(stand(110.0, Some((99.0, 120.0))), Stand::CannotBeTold);
        assert_eq!(stand(110.0, Some((101.0, 120.0))), Stand::Broken);
        assert_eq!(stand(90.0, None), Stand::CannotBeTold);
        assert_eq!(stand(110.0, None), Stand::Broken);
        assert_eq!(limit.stand(None), Stand::NotMeasured);
        let least = Limit::on("top1", Bound::AtLeast, 0.7).unwrap();
        let figure = |low, high| Some(Figure { value: 0.7, interval: Some((low, high)) });
        assert_eq!(least.stand(figure(0.7, 0.8)), Stand::Kept);
        assert_eq!(least.stand(figure(0.6, 0.8)), Stand::CannotBeTold);
        assert_eq!(least.stand(figure(0.5, 0.6)), Stand::Broken);
    }

    #[test]
    fn excess_is_relative_and_never_negative() {
        let limit = Limit::on("latency_p50_us", Bound::AtMost, 100.0).unwrap();
        let of = |value| limit.excess(Some(Figure { value, interval: None }));
        assert_eq!((of(150.0), of(50.0)), (0.5, 0.0));
        assert_eq!(limit.excess(None), f64::INFINITY);
    }
}
