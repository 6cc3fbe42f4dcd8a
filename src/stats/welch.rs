//! Two groups of independent values against each other: Welch's t interval of the
//! difference of their means ('The Generalization of Student's Problem when Several
//! Different Population Variances are Involved', Biometrika 34, 1947). It does not assume
//! that both scatter alike.

use crate::stats::statistics;
use crate::stats::statistics::{Interval, student_975, student_p};

/// The second group's mean less the first's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Difference {
    /// The difference of the means.
    pub value: f64,
    /// Its 95% interval.
    pub interval: Interval,
    /// Two-sided, of no difference.
    pub p_value: f64,
}

/// Compares `new` with `base`; `None` if either has fewer than two values, whose scatter is
/// unknown.
#[must_use]
pub(crate) fn difference(base: &[f64], new: &[f64]) -> Option<Difference> {
    if base.len().min(new.len()) < 2 {
        return None;
    }
    let value = statistics::mean(new) - statistics::mean(base);
    let variance = |it: &[f64]| statistics::standard_deviation(it).powi(2) / it.len() as f64;
    let (a, b) = (variance(base), variance(new));
    let error = (a + b).sqrt();
    if error == 0.0 {
        // Every value is its group's mean: what differs differs for certain.
        let interval = Interval { low: value, high: value };
        return Some(Difference { value, interval, p_value: f64::from(value == 0.0) });
    }
    let of = |variance: f64, count: usize| variance * variance / (count - 1) as f64;
    let degrees = (a + b).powi(2) / (of(a, base.len()) + of(b, new.len()));
    let reach = student_975(degrees) * error;
    Some(Difference {
        value,
        interval: Interval { low: value - reach, high: value + reach },
        p_value: student_p(value / error, degrees),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_textbook_one() {
        // t.test(c(5.1, 4.9, 5.6, 5.8, 6.0), c(4.2, 4.4, 4.1, 5.0)): df 6.91, t -3.640.
        let found = difference(&[5.1, 4.9, 5.6, 5.8, 6.0], &[4.2, 4.4, 4.1, 5.0]).unwrap();
        assert!((found.value + 1.055).abs() < 1e-12);
        assert!((found.p_value - 0.00847).abs() < 1e-4, "{}", found.p_value);
        assert!(found.interval.high < 0.0 && found.interval.contains(found.value));
    }

    #[test]
    fn values_that_do_not_scatter_differ_for_certain_or_not_at_all() {
        let same = difference(&[1.0, 1.0], &[1.0, 1.0, 1.0]).unwrap();
        assert_eq!((same.value, same.p_value), (0.0, 1.0));
        let other = difference(&[1.0, 1.0], &[2.0, 2.0]).unwrap();
        assert_eq!((other.interval.low, other.p_value), (1.0, 0.0));
        assert_eq!(difference(&[1.0], &[2.0, 2.0]), None);
    }
}
