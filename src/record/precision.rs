//! How a model stores its weights and computes.

use serde::{Deserialize, Serialize};

/// A model's precision, as its description states it or its tensors show it.
#[derive(
    Debug,
    Clone,
    Default,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Precision {
    /// 32-bit floating point throughout.
    #[default]
    Float32,
    /// 16-bit floating-point weights.
    Float16,
    /// 8-bit weights, floating-point activations ('dynamic range').
    DynamicInt8,
    /// 8-bit weights and activations.
    Int8,
    /// 8-bit weights, 16-bit activations.
    Int16x8,
}
