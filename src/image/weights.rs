//! The weights by which a row or column of pixels becomes a shorter or longer one, in
//! the fixed point of Pillow's `Resample.c` (see [`crate::image::resample`]).

use std::f64::consts::PI;
use std::ops::Range;
use std::rc::Rc;

use crate::record::pipeline::Filter;

/// Fractional bits of a weight: 32, less 8 for the pixel and 2 for the sum.
pub(crate) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// Half the width of a filter.
fn support(filter: Filter) -> f64 {
    match filter {
        Filter::Nearest | Filter::Area => 0.5,
        Filter::Bilinear | Filter::Hamming => 1.0,
        Filter::Bicubic => 2.0,
        Filter::Lanczos => 3.0,
    }
}

/// A filter's value at `x` pixels from its centre.
fn value(filter: Filter, x: f64) -> f64 {
    const A: f64 = -0.5;
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
    let far = x.abs();
    match filter {
        Filter::Nearest | Filter::Area if x > -0.5 && x <= 0.5 => 1.0,
        Filter::Bilinear if far < 1.0 => 1.0 - far,
        Filter::Hamming if far == 0.0 => 1.0,
        Filter::Hamming if far < 1.0 => {
            let x = far * PI;
            x.sin() / x * (0.54 + 0.46 * x.cos())
        }
        Filter::Bicubic if far < 1.0 => ((A + 2.0) * far - (A + 3.0)) * far * far + 1.0,
        Filter::Bicubic if far < 2.0 => (((far - 5.0) * far + 8.0) * far - 4.0) * A,
        Filter::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
        _ => 0.0,
    }
}

/// The weights of one axis: for every output the first input and a run of weights.
pub(crate) struct AxisWeights {
    first: Vec<usize>,
    start: Vec<usize>,
    weights: Vec<i32>,
}

impl AxisWeights {
    /// For those outputs that are in `seen`.
    pub(crate) fn new(filter: Filter, from: usize, to: usize, seen: Range<usize>) -> Self {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let support = support(filter) * filter_scale;
        let mut axis = Self { first: Vec::new(), start: vec![0], weights: Vec::new() };
        let mut reals: Vec<f64> = Vec::new();
        for output in seen {
            let center = (output as f64 + 0.5) * scale;
            // Casts of negative numbers saturate at 0, which is the first pixel.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weight =
                |input: usize| value(filter, (input as f64 - center + 0.5) * (1.0 / filter_scale));
            reals.clear();
            reals.extend((first..end).map(weight));
            let total: f64 = reals.iter().sum();
            axis.weights.extend(reals.iter().map(|weight| {
                let fixed = weight / total * f64::from(1 << PRECISION_BITS);
                (fixed + 0.5_f64.copysign(fixed)) as i32
            }));
            axis.first.push(first);
            axis.start.push(axis.weights.len());
        }
        axis
    }

    /// How many outputs are seen.
    pub(crate) fn outputs(&self) -> usize {
        self.first.len()
    }

    /// The same weights for inputs of which the first one needed is the first there is.
    pub(crate) fn moved_to_0(&self) -> Self {
        let least = self.inputs().start;
        let first = self.first.iter().map(|first| first - least).collect();
        Self { first, start: self.start.clone(), weights: self.weights.clone() }
    }

    /// The inputs that any output is made of.
    pub(crate) fn inputs(&self) -> Range<usize> {
        let end = |output: usize| self.first[output] + self.start[output + 1] - self.start[output];
        let last = self.first.len().checked_sub(1);
        self.first.first().copied().unwrap_or(0)..last.map_or(0, end)
    }

    /// The first input of the seen output and the weights from there on.
    #[inline(always)]
    pub(crate) fn run(&self, output: usize) -> (usize, &[i32]) {
        (self.first[output], &self.weights[self.start[output]..self.start[output + 1]])
    }
}

/// Axes that were needed lately: photos come in a few sizes, and weights take as long to
/// work out as a tenth of a resize.
#[derive(Default)]
pub(crate) struct WeightCache(Vec<(WeightKey, Rc<AxisWeights>)>);

/// Filter, inputs and outputs, and which of these.
type WeightKey = (Filter, usize, usize, Range<usize>);

/// How many are kept: of two sizes, upright and across, for four models.
const KEPT: usize = 32;
/// Longer axes are not kept; their weights fill megabytes.
const LONGEST_KEPT: usize = 4096;

impl WeightCache {
    /// The weights from `from` inputs to those of `to` outputs that are `seen`.
    pub(crate) fn of(
        &mut self,
        filter: Filter,
        from: usize,
        to: usize,
        seen: Range<usize>,
    ) -> Rc<AxisWeights> {
        let wanted = (filter, from, to, seen.clone());
        if let Some(place) = self.0.iter().position(|(known, _)| *known == wanted) {
            // What is used stays in front of what is not.
            self.0[..=place].rotate_right(1);
            return Rc::clone(&self.0[0].1);
        }
        let axis = Rc::new(AxisWeights::new(filter, from, to, seen.clone()));
        if from.max(seen.len()) <= LONGEST_KEPT {
            self.0.truncate(KEPT - 1);
            self.0.insert(0, (wanted, Rc::clone(&axis)));
        }
        axis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_again_and_the_oldest_are_dropped() {
        let mut axes = WeightCache::default();
        let first = axes.of(Filter::Bilinear, 500, 224, 0..224);
        for from in 1..KEPT {
            axes.of(Filter::Bicubic, from, 10, 0..10);
            assert!(Rc::ptr_eq(&first, &axes.of(Filter::Bilinear, 500, 224, 0..224)));
        }
        assert_eq!(axes.0.len(), KEPT);
        for from in KEPT..2 * KEPT {
            axes.of(Filter::Bicubic, from, 10, 0..10);
        }
        assert!(!Rc::ptr_eq(&first, &axes.of(Filter::Bilinear, 500, 224, 0..224)));
        axes.of(Filter::Bicubic, LONGEST_KEPT + 1, 10, 0..10);
        assert!(axes.0.iter().all(|((_, from, ..), _)| *from <= LONGEST_KEPT));
    }

    #[test]
    fn every_run_sums_up_to_one() {
        for (filter, from, to) in [(Filter::Bilinear, 438, 224), (Filter::Bicubic, 10, 37)] {
            let axis = AxisWeights::new(filter, from, to, 0..to);
            for output in 0..axis.first.len() {
                let (first, run) = axis.run(output);
                assert!(first + run.len() <= from);
                let sum: i32 = run.iter().sum();
                assert!((sum - (1 << PRECISION_BITS)).abs() <= 8, "{sum}");
            }
        }
    }
}
