//! What a large matrix product reaches on this machine: the rate that a model's own is compared
//! with.

use std::hint::black_box;
use std::time::Duration;

use tract_onnx::prelude::tract_ndarray::Array2;

use crate::host::clock;

/// Rows and columns: three such matrices take 3 MB, more than most second-level caches hold.
const SIDE: usize = 512;
/// How long it is repeated: the fastest repetition counts, as something else may disturb others.
const SPAN: Duration = Duration::from_millis(60);

/// Thousands of millions of multiply-accumulates per second of float32 that one thread reaches in
/// a product of two matrices of 512 x 512, with the kernels of the crate `matrixmultiply`, which
/// use AVX, FMA or NEON where the CPU has them.
#[must_use]
pub(crate) fn gmacs_per_second() -> f64 {
    let matrix = |modulus: usize| {
        Array2::from_shape_fn((SIDE, SIDE), |(row, column)| ((row + column) % modulus) as f32)
    };
    let (left, right) = (matrix(7), matrix(5));
    let begun = clock::now_ns();
    let mut fastest_ns = u64::MAX;
    while u128::from(clock::now_ns() - begun) < SPAN.as_nanos() || fastest_ns == u64::MAX {
        let start = clock::now_ns();
        black_box(black_box(&left).dot(black_box(&right)));
        fastest_ns = fastest_ns.min((clock::now_ns() - start).max(1));
    }
    SIDE.pow(3) as f64 / fastest_ns as f64
}

/// The rates of two threads that compute at once, added up: twice that of one if each has a core.
#[must_use]
pub(crate) fn gmacs_per_second_of_two() -> f64 {
    std::thread::scope(|scope| {
        let other = scope.spawn(gmacs_per_second);
        let own = gmacs_per_second();
        own + other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How fast a machine is decides no test, but a rate that no CPU has would be a wrong unit.
    #[test]
    fn the_rate_is_one_that_cpus_have() {
        for rate in [gmacs_per_second(), gmacs_per_second_of_two()] {
            assert!((0.001..2000.0).contains(&rate), "{rate}");
        }
    }
}
