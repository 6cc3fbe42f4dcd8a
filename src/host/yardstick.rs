//! The yardstick: a fixed piece of work, whose time tells how fast the core runs just now.
//!
//! It is a product of small matrices: the multiplications and additions from the first
//! cache that most of an image classifier consists of, so that what slows a model down (a
//! lower clock rate, a neighbour on the same core's other thread) slows it down as well.

use std::hint::black_box;

use crate::host::clock;

/// Rows and columns: three such matrices take 27 kB, which a first-level cache holds.
const SIDE: usize = 48;
/// Products in one reading: some 25 microseconds on a server's core.
const PRODUCTS: usize = 4;
/// Readings of which the middle one counts, so that one interrupt does not.
const READINGS: usize = 5;

/// What the work is and what compiled it: readings of another one are not comparable.
pub(crate) const IDENTITY: &str =
    concat!("4 products of 48x48 float32; ", env!("SHUTTERBENCH_COMPILED_BY"));

type FixedMatrix = [[f32; SIDE]; SIDE];

/// The work with its matrices, which are allocated once.
pub(crate) struct Yardstick {
    left: Box<FixedMatrix>,
    right: Box<FixedMatrix>,
    product: Box<FixedMatrix>,
}

impl Default for Yardstick {
    fn default() -> Self {
        // Small whole numbers: no product is denormal, and none overflows.
        let filled = |modulus: usize| {
            let mut matrix = Box::new([[0.0; SIDE]; SIDE]);
            for (index, value) in matrix.as_flattened_mut().iter_mut().enumerate() {
                *value = (index % modulus) as f32;
            }
            matrix
        };
        Self { left: filled(7), right: filled(5), product: filled(1) }
    }
}

impl Yardstick {
    /// What the work takes now, in nanoseconds.
    pub(crate) fn read_ns(&mut self) -> u64 {
        let mut readings = [0; READINGS];
        for reading in &mut readings {
            let start = clock::now_ns();
            for _ in 0..PRODUCTS {
                multiply(black_box(&self.left), black_box(&self.right), &mut self.product);
                black_box(&self.product);
            }
            *reading = clock::now_ns() - start;
        }
        readings.sort_unstable();
        readings[READINGS / 2]
    }
}

/// Row by row, so that a compiler makes vector instructions of it; apart, so that it is
/// compiled alike whatever surrounds it.
#[inline(never)]
fn multiply(left: &FixedMatrix, right: &FixedMatrix, product: &mut FixedMatrix) {
    for (row, of_left) in product.iter_mut().zip(left) {
        let mut sums = [0.0; SIDE];
        for (factor, of_right) in of_left.iter().zip(right) {
            for (sum, value) in sums.iter_mut().zip(of_right) {
                *sum += factor * value;
            }
        }
        *row = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_multiplies_matrices() {
        let mut yardstick = Yardstick::default();
        assert!(yardstick.read_ns() > 0);
        let Yardstick { left, right, product } = yardstick;
        for (row, column) in [(0, 0), (1, 2), (17, 40), (47, 47)] {
            let exact: f32 = (0..SIDE).map(|k| left[row][k] * right[k][column]).sum();
            assert_eq!(product[row][column], exact);
        }
    }
}
