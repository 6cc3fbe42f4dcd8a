//! The weights by which a row or column of pixels becomes a shorter or longer one, in
//! the fixed point of Pillow's `Resample.c` (see [`crate::image::resample`]).

use std::rc::Rc;

/// Fractional bits of a weight: 32, less 8 for the pixel and 2 for the sum.
pub(crate) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The shape of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A triangle of half width 1.
    Triangle,
    /// Keys' cubic with a = -0.5, of half width 2.
    Cubic,
}

impl Filter {
    const fn support(self) -> f64 {
        match self {
            Self::Triangle => 1.0,
            Self::Cubic => 2.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Triangle if x < 1.0 => 1.0 - x,
            Self::Cubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Cubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// The weights of one axis: for every output the first input and a run of weights.
pub(crate) struct Axis {
    first: Vec<usize>,
    start: Vec<usize>,
    weights: Vec<i32>,
}

impl Axis {
    pub(crate) fn new(filter: Filter, from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let mut axis = Self { first: Vec::new(), start: vec![0], weights: Vec::new() };
        let mut reals: Vec<f64> = Vec::new();
        for output in 0..to {
            let center = (output as f64 + 0.5) * scale;
            // Casts of negative numbers saturate at 0, which is the first pixel.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weight =
                |input: usize| filter.at((input as f64 - center + 0.5) * (1.0 / filter_scale));
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

    /// The first input of `output` and the weights from there on.
    #[inline(always)]
    pub(crate) fn run(&self, output: usize) -> (usize, &[i32]) {
        (self.first[output], &self.weights[self.start[output]..self.start[output + 1]])
    }
}

/// Axes that were needed lately: photos come in a few sizes, and weights take as long to
/// work out as a tenth of a resize.
#[derive(Default)]
pub(crate) struct Axes(Vec<(Wanted, Rc<Axis>)>);

/// Filter, inputs and outputs.
type Wanted = (Filter, usize, usize);

/// How many are kept: of two sizes, upright and across, for four models.
const KEPT: usize = 32;
/// Longer axes are not kept; their weights fill megabytes.
const LONGEST_KEPT: usize = 4096;

impl Axes {
    /// The weights from `from` inputs to `to` outputs.
    pub(crate) fn of(&mut self, filter: Filter, from: usize, to: usize) -> Rc<Axis> {
        let wanted = (filter, from, to);
        if let Some(place) = self.0.iter().position(|(known, _)| *known == wanted) {
            // What is used stays in front of what is not.
            self.0[..=place].rotate_right(1);
            return Rc::clone(&self.0[0].1);
        }
        let axis = Rc::new(Axis::new(filter, from, to));
        if from.max(to) <= LONGEST_KEPT {
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
        let mut axes = Axes::default();
        let first = axes.of(Filter::Triangle, 500, 224);
        for from in 1..KEPT {
            axes.of(Filter::Cubic, from, 10);
            assert!(Rc::ptr_eq(&first, &axes.of(Filter::Triangle, 500, 224)));
        }
        assert_eq!(axes.0.len(), KEPT);
        for from in KEPT..2 * KEPT {
            axes.of(Filter::Cubic, from, 10);
        }
        assert!(!Rc::ptr_eq(&first, &axes.of(Filter::Triangle, 500, 224)));
        axes.of(Filter::Cubic, LONGEST_KEPT + 1, 10);
        assert!(axes.0.iter().all(|((_, from, _), _)| *from <= LONGEST_KEPT));
    }

    #[test]
    fn every_run_sums_up_to_one() {
        for (filter, from, to) in [(Filter::Triangle, 438, 224), (Filter::Cubic, 10, 37)] {
            let axis = Axis::new(filter, from, to);
            for output in 0..axis.first.len() {
                let (first, run) = axis.run(output);
                assert!(first + run.len() <= from);
                let sum: i32 = run.iter().sum();
                assert!((sum - (1 << PRECISION_BITS)).abs() <= 8, "{sum}");
            }
        }
    }
}
