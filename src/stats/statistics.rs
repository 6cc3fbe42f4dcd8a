//! Location, spread and outliers of a sample.

use serde::{Deserialize, Serialize};

/// Tukey's fences lie this many interquartile ranges outside the quartiles.
const FENCE: f64 = 1.5;

/// A quantile of a sorted sample, `probability` in 0..=1; `None` if it is empty.
///
/// Linear interpolation between the order statistics around
/// `(n - 1) * probability`: type 7 of Hyndman and Fan, 'Sample Quantiles in
/// Statistical Packages' (The American Statistician 50(4), 1996), the default
/// of R and NumPy.
#[must_use]
pub fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * probability.clamp(0.0, 1.0);
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let fraction = position - below as f64;
    Some(sorted[below] + (sorted[above] - sorted[below]) * fraction)
}

/// The median of an unsorted sample.
#[must_use]
pub fn median(sample: &[f64]) -> Option<f64> {
    quantile(&sorted(sample), 0.5)
}

/// The median of integer nanoseconds in any order.
#[must_use]
pub fn median_ns(sample: &[u64]) -> Option<f64> {
    quantile(&sorted_ns(sample), 0.5)
}

/// A sorted copy.
#[must_use]
pub fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut copy = sample.to_vec();
    copy.sort_unstable_by(f64::total_cmp);
    copy
}

/// A sorted copy of integer nanoseconds.
#[must_use]
pub(crate) fn sorted_ns(sample: &[u64]) -> Vec<f64> {
    let mut copy = sample.to_vec();
    copy.sort_unstable();
    copy.into_iter().map(|ns| ns as f64).collect()
}

/// The arithmetic mean; 0 of nothing.
#[must_use]
pub fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / (sample.len().max(1)) as f64
}

/// The sample's standard deviation (divisor n - 1); 0 below two values.
#[must_use]
pub(crate) fn standard_deviation(sample: &[f64]) -> f64 {
    if sample.len() < 2 {
        return 0.0;
    }
    let mean = mean(sample);
    let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
    (squares / (sample.len() - 1) as f64).sqrt()
}

/// Values outside Tukey's inner fences, 1.5 interquartile ranges beyond the
/// quartiles ('Exploratory Data Analysis', 1977). They are counted and kept.
#[must_use]
pub(crate) fn outliers(sorted: &[f64]) -> usize {
    let (Some(q1), Some(q3)) = (quantile(sorted, 0.25), quantile(sorted, 0.75)) else { return 0 };
    let reach = FENCE * (q3 - q1);
    let below = sorted.partition_point(|x| *x < q1 - reach);
    let inside_or_below = sorted.partition_point(|x| *x <= q3 + reach);
    below + sorted.len() - inside_or_below
}

/// A standard deviation that a tenth of wild values cannot move: the
/// interquartile range over that of a normal distribution.
#[must_use]
pub(crate) fn robust_deviation(sorted: &[f64]) -> f64 {
    let (Some(q1), Some(q3)) = (quantile(sorted, 0.25), quantile(sorted, 0.75)) else { return 0.0 };
    (q3 - q1) / 1.349
}

/// An interval at 95%.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The 95% interval of a positive figure from values of it that stem from independent rounds, by
/// Student's t over their logarithms; `None` of fewer than two.
#[must_use]
pub(crate) fn interval_of_logs(values: &[f64]) -> Option<Interval> {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let count = logs.len() as f64;
    if logs.len() < 2 {
        return None;
    }
    let reach = student_975(count - 1.0) * standard_deviation(&logs) / count.sqrt();
    let centre = mean(&logs);
    Some(Interval { low: (centre - reach).exp(), high: (centre + reach).exp() })
}

#[cfg(test)]
impl Interval {
    /// Whether `value` lies in it.
    #[must_use]
    pub(crate) fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The 97.5% quantile of Student's t: half the width of a 95% interval, in
/// standard errors.
#[must_use]
pub(crate) fn student_975(degrees: f64) -> f64 {
    // The usual printed table for whole degrees; between two of them, and
    // beyond it, Cornish and Fisher's expansion (Abramowitz and Stegun,
    // 'Handbook of Mathematical Functions', 26.7.5), which the table joins
    // within 0.001.
    const TABLE: [f64; 20] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    ];
    let floor = degrees.floor();
    if !(1.0..TABLE.len() as f64).contains(&degrees) {
        return if degrees < 1.0 { f64::INFINITY } else { cornish_fisher_975(degrees) };
    }
    let (below, above) = (TABLE[floor as usize - 1], TABLE[floor as usize]);
    below + (above - below) * (degrees - floor)
}

/// The two-sided p of a value of Student's t: the chance of one at least as far from 0.
///
/// With x = sqrt(d) tan(a) the density becomes cos(a)^(d - 1), whose integral from 0 to
/// atan(t / sqrt(d)) over that from 0 to a right angle is the chance of less.
#[must_use]
pub(crate) fn student_p(t: f64, degrees: f64) -> f64 {
    /// Steps of Simpson's rule; the tests check the precision.
    const STEPS: usize = 2_000;
    if t.is_nan() || degrees.is_nan() || degrees < 1.0 {
        return 1.0;
    }
    let area = |from: f64, to: f64| {
        let step = (to - from) / STEPS as f64;
        let at = |i: usize| (from + step * i as f64).cos().max(0.0).powf(degrees - 1.0);
        let inner = (1..STEPS).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 });
        (at(0) + inner.sum::<f64>() + at(STEPS)) * step / 3.0
    };
    let (angle, right) = ((t.abs() / degrees.sqrt()).atan(), std::f64::consts::FRAC_PI_2);
    let beyond = area(angle, right);
    (beyond / (area(0.0, angle) + beyond)).clamp(0.0, 1.0)
}

fn cornish_fisher_975(degrees: f64) -> f64 {
    let z: f64 = 1.959_964;
    z + (z.powi(3) + z) / (4.0 * degrees)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * degrees.powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_r_and_numpy() {
        // quantile(c(1,2,4,8,16), c(0,.1,.25,.5,.9,.95,1), type=7) in R.
        let sample = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [
            (0.0, 1.0),
            (0.1, 1.4),
            (0.25, 2.0),
            (0.5, 4.0),
            (0.9, 12.8),
            (0.95, 14.4),
            (1.0, 16.0),
        ] {
            assert!((quantile(&sample, p).unwrap() - expected).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.99), Some(7.0));
        assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
        assert_eq!(median_ns(&[30, 10, 20]), Some(20.0));
    }

    #[test]
    fn mean_and_deviation_are_the_textbook_ones() {
        let sample = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&sample), 5.0);
        assert!((standard_deviation(&sample) - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!((mean(&[]), standard_deviation(&[3.0])), (0.0, 0.0));
    }

    #[test]
    fn outliers_lie_beyond_the_fences() {
        let mut sample: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(outliers(&sample), 0);
        // Quartiles 24.75 and 74.25, fences -49.5 and 148.5: on the fence is in.
        sample[0] = -60.0;
        sample.extend([500.0, 900.0]);
        assert_eq!(outliers(&sorted(&sample)), 3);
        assert_eq!(outliers(&[5.0; 40]), 0);
    }

    #[test]
    fn student_p_is_that_of_the_tables() {
        // 97.5% and 99.5% points, and 0.
        for (t, degrees, p) in [
            (12.706, 1.0, 0.05),
            (2.776, 4.0, 0.05),
            (2.093, 19.0, 0.05),
            (1.980, 120.0, 0.05),
            (4.604, 4.0, 0.01),
            (2.845, 20.0, 0.01),
            (0.0, 7.5, 1.0),
        ] {
            assert!((student_p(t, degrees) - p).abs() < 1e-4, "{t} at {degrees}");
            assert!((student_p(-t, degrees) - p).abs() < 1e-4, "-{t} at {degrees}");
        }
        assert!(student_p(f64::INFINITY, 9.0) < 1e-9 && student_p(f64::NAN, 9.0) == 1.0);
        assert!(student_p(40.0, 9.0) < 1e-9);
    }

    #[test]
    fn student_meets_its_table_at_every_seam() {
        for (degrees, expected) in [
            (1.0, 12.706),
            (4.0, 2.776),
            (19.0, 2.093),
            (20.0, 2.086),
            (30.0, 2.042),
            (120.0, 1.980),
        ] {
            assert!((student_975(degrees) - expected).abs() < 2e-3, "{degrees}");
        }
        assert!(student_975(0.5).is_infinite());
        assert!(student_975(7.5) < student_975(7.0) && student_975(7.5) > student_975(8.0));
        assert!((student_975(1e9) - 1.96).abs() < 1e-3);
    }

    #[test]
    fn an_interval_of_logarithms_is_that_of_t() {
        // Mean 0, deviation 1, three values: 4.303 / sqrt(3).
        let values = [-1.0, 0.0, 1.0].map(f64::exp);
        let Interval { low, high } = interval_of_logs(&values).unwrap();
        assert!((high.ln() - 2.484).abs() < 0.001 && (low * high - 1.0).abs() < 1e-9);
        assert_eq!(interval_of_logs(&[1.0]), None);
    }
}
