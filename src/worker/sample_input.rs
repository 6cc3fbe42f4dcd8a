//! Seeded inputs for timing: latency is measured on the same data in every
//! case of a model, whatever the dataset.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::record::tensor::{ElementType, TensorInfo};

/// Bytes for every input, one after the other: 8-bit types and quantised 16-bit
/// ones over their whole range, floating-point ones in 0..1, other integers 0.
#[must_use]
pub fn seeded(inputs: &[TensorInfo], seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = Vec::with_capacity(inputs.iter().map(TensorInfo::byte_len).sum());
    for input in inputs {
        for _ in 0..input.len() {
            match input.element {
                ElementType::Float32 => {
                    bytes.extend_from_slice(&rng.random::<f32>().to_ne_bytes());
                }
                ElementType::Float64 => {
                    bytes.extend_from_slice(&rng.random::<f64>().to_ne_bytes());
                }
                ElementType::Float16 => {
                    let value = half::f16::from_f32(rng.random());
                    bytes.extend_from_slice(&value.to_ne_bytes());
                }
                ElementType::Bfloat16 => {
                    let value = half::bf16::from_f32(rng.random());
                    bytes.extend_from_slice(&value.to_ne_bytes());
                }
                ElementType::Int8 | ElementType::Uint8 => bytes.push(rng.random()),
                // Other integers are indices or flags, unless they represent real numbers.
                ElementType::Int16 if input.quantization.is_some() => {
                    bytes.extend_from_slice(&rng.random::<i16>().to_ne_bytes());
                }
                other => bytes.extend(std::iter::repeat_n(0, other.width())),
            }
        }
    }
    bytes
}
