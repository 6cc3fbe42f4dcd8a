//! Intervals of a proportion.

use serde::{Deserialize, Serialize};

/// A proportion and its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proportion {
    /// Share of successes.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The 97.5% point of the standard normal distribution.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// `successes` of `trials` with Wilson's score interval at 95%; none for no trial.
///
/// Source: E. B. Wilson, 'Probable inference, the law of succession, and
/// statistical inference', JASA 22 (1927), 209-212.
#[must_use]
pub(crate) fn wilson(successes: usize, trials: usize) -> Option<Proportion> {
    if trials == 0 {
        return None;
    }
    let (k, n, z) = (successes as f64, trials as f64, Z_95);
    let value = k / n;
    let middle = (k + z * z / 2.0) / (n + z * z);
    let half = z / (n + z * z) * (k * (n - k) / n + z * z / 4.0).sqrt();
    Some(Proportion {
        value,
        low: (middle - half).clamp(0.0, value),
        high: (middle + half).clamp(value, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_published_intervals() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I,
        // method 3: 81/263, 15/148, 0/20, 1/29.
        for (k, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let p = wilson(k, n).unwrap();
            assert!((p.low - low).abs() < 5e-5 && (p.high - high).abs() < 5e-5, "{k}/{n}: {p:?}");
        }
    }

    #[test]
    fn ends_hold_the_proportion() {
        assert_eq!(wilson(0, 0), None);
        let all = wilson(10, 10).unwrap();
        assert_eq!((all.value, all.high), (1.0, 1.0));
    }
}
