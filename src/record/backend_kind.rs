//! Which runtime executes a model.

use serde::{Deserialize, Serialize};

use crate::record::delegate::Delegate;
use crate::record::format::Format;

/// The runtimes that shutterbench knows.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum BackendKind {
    /// TensorFlow Lite's C library, opened at run time.
    Tflite,
    /// The same library through the `tflitec` crate, linked at build time.
    Tflitec,
    /// LiteRT 2.x, its CompiledModel interface.
    Litert,
    /// tract, in pure Rust.
    Tract,
    /// ONNX Runtime.
    Onnxruntime,
}

impl BackendKind {
    /// Whether this runtime reads files of that format at all.
    #[must_use]
    pub const fn reads(self, format: Format) -> bool {
        match self {
            Self::Tflite | Self::Tflitec | Self::Litert => matches!(format, Format::Tflite),
            Self::Onnxruntime => matches!(format, Format::Onnx),
            Self::Tract => true,
        }
    }

    /// Whether this runtime has such a delegate on any machine.
    #[must_use]
    pub const fn knows(self, delegate: &Delegate) -> bool {
        match self {
            Self::Tflite => !matches!(delegate, Delegate::Cuda | Delegate::Coreml),
            Self::Tflitec => matches!(delegate, Delegate::None | Delegate::Xnnpack),
            Self::Litert => matches!(delegate, Delegate::Xnnpack | Delegate::Gpu),
            Self::Tract => matches!(delegate, Delegate::None),
            Self::Onnxruntime => !matches!(delegate, Delegate::Gpu | Delegate::External { .. }),
        }
    }

    /// Why this runtime's CPU kernels run on one thread whatever is asked for;
    /// nothing where they take the setting.
    #[must_use]
    pub const fn ignores_threads(self) -> Option<&'static str> {
        match self {
            Self::Tract => Some("tract is built without its threads and runs on one"),
            Self::Tflite | Self::Tflitec | Self::Litert | Self::Onnxruntime => None,
        }
    }

    /// What a run measures where `--delegate` is not given: the CPU, with each
    /// kernel library that the runtime has for it.
    #[must_use]
    pub const fn default_delegates(self) -> &'static [Delegate] {
        match self {
            Self::Tflite | Self::Tflitec => &[Delegate::None, Delegate::Xnnpack],
            Self::Litert => &[Delegate::Xnnpack],
            Self::Tract | Self::Onnxruntime => &[Delegate::None],
        }
    }
}
