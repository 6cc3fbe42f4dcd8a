//! How steadily the machine runs: the same work again and again.

use std::hint::black_box;

use crate::host::clock;
use crate::stats::statistics;

/// Length of a window.
const WINDOW_NS: u64 = 1_000_000;
/// Windows: 0.3 s in all.
const WINDOWS: usize = 300;
/// Steps of the work between two looks at the clock: some microseconds.
const STEPS: u32 = 2_000;

/// Work done in each of many windows of equal length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SpeedSwing {
    /// The 10th percentile of the work per window.
    pub slow: f64,
    /// The 90th.
    pub fast: f64,
}

impl SpeedSwing {
    /// Runs the work for 0.3 s.
    #[must_use]
    pub(crate) fn measure() -> Option<Self> {
        let windows: Vec<f64> = (0..WINDOWS).map(|_| window()).collect();
        Self::of(&windows)
    }

    fn of(windows: &[f64]) -> Option<Self> {
        let sorted = statistics::sorted(windows);
        let at = |probability| statistics::quantile(&sorted, probability);
        Some(Self { slow: at(0.1)?, fast: at(0.9)? })
    }

    /// How much faster the fast windows were, in percent.
    #[must_use]
    pub(crate) fn swing_percent(self) -> f64 {
        if self.slow > 0.0 { (self.fast / self.slow - 1.0) * 100.0 } else { f64::INFINITY }
    }
}

/// Work a nanosecond in one window.
fn window() -> f64 {
    let start = clock::now_ns();
    let (mut done, mut state) = (0_u32, 1_u64);
    loop {
        for _ in 0..STEPS {
            // A chain of multiplications, each of which waits for the one before: nothing
            // but the clock rate of the core decides how long that takes.
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        done += 1;
        let elapsed = clock::now_ns() - start;
        if elapsed >= WINDOW_NS {
            return f64::from(done) / elapsed as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_swing_is_that_of_most_windows_not_of_the_strayest() {
        let mut windows = vec![100.0; 300];
        windows[7] = 3.0;
        assert_eq!(SpeedSwing::of(&windows).unwrap().swing_percent(), 0.0);
        windows[..90].fill(80.0);
        assert_eq!(SpeedSwing::of(&windows).unwrap().swing_percent(), 25.0);
        assert_eq!(SpeedSwing::of(&[]), None);
        assert!(SpeedSwing::measure().unwrap().slow > 0.0);
    }
}
