//! Scales and their ticks.

/// A scale and its ticks.
pub(crate) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Values that get a line and a number.
    pub ticks: Vec<f64>,
}

/// Ticks within a decade, from coarse to fine.
const DECADES: [&[f64]; 4] = [
    &[1.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
    &[
        1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0,
        8.0, 9.0,
    ],
];
/// Fewer ticks than this leave a scale hard to read.
const LEAST_TICKS: usize = 4;

impl Axis {
    /// A logarithmic scale with some room at both ends.
    pub(crate) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values.filter(|value| *value > 0.0));
        let pad = (high / low).powf(0.07).max(1.15);
        let (low, high) = (low / pad, high * pad);
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let ticks = |steps: &[f64]| -> Vec<f64> {
            let all =
                decades.clone().flat_map(|d| steps.iter().map(move |step| step * 10f64.powi(d)));
            all.filter(|tick| (low..=high).contains(tick)).collect()
        };
        let fine =
            DECADES.iter().map(|steps| ticks(steps)).find(|ticks| ticks.len() >= LEAST_TICKS);
        let ticks = fine.unwrap_or_else(|| ticks(DECADES[DECADES.len() - 1]));
        Self { low, high, logarithmic: true, ticks }
    }

    /// A linear scale from 0 or more; of percents, it ends at about 100.
    pub(crate) fn linear(values: impl Iterator<Item = f64>, percents: bool) -> Self {
        let (low, high) = extent(values);
        let pad = ((high - low) * 0.1).max(high.abs() * 0.005).max(1e-6);
        let low = (low - pad).max(0.0);
        let high = if percents { (high + pad).min(100.5) } else { high + pad };
        let rough = (high - low) / 7.0;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks = (first..=last).map(|count| count as f64 * step).collect();
        Self { low, high, logarithmic: false, ticks }
    }

    /// The position of a value, 0 at the low end and 1 at the high end; values outside are at the
    /// end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }

    /// As SVG: a faint line from `left` to `right` for each tick of a scale that goes up, at the
    /// height that `y` gives, with its number before it.
    pub(crate) fn grid_lines(&self, left: f64, right: f64, y: impl Fn(f64) -> f64) -> String {
        let line = |value: &f64| {
            let at = y(*value);
            format!(
                "<line x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                at + 4.0,
                tick(*value)
            )
        };
        self.ticks.iter().map(line).collect()
    }
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// A tick's number without floating-point dust.
pub(crate) fn tick(value: f64) -> String {
    let rounded = format!("{value:.4}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_ticks_whatever_they_span() {
        for (low, high) in [(0.02, 0.7), (1.0, 1.0), (1.0, 1.1), (0.001, 9000.0), (3.0, 8.0)] {
            let axis = Axis::logarithmic([low, high].into_iter());
            assert!((3..=12).contains(&axis.ticks.len()), "{low} {high}: {:?}", axis.ticks);
            assert!(axis.share(low) > 0.0 && axis.share(high) < 1.0);
        }
        let axis = Axis::linear([92.7, 94.1].into_iter(), true);
        assert!((4..=9).contains(&axis.ticks.len()), "{:?}", axis.ticks);
        assert_eq!(axis.share(200.0), 1.0);
    }
}
