//! What a runtime tells as soon as it is open: its version, and which delegates can be
//! tried here.

use serde::{Deserialize, Serialize};

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::openvino::openvino_backend::Openvino;
use crate::runtime::{onnxruntime_provider, registry, tflite_delegate};

/// What a runtime told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedRuntime {
    /// Its own version.
    pub version: String,
    /// Its delegates, each with the reason why it cannot be tried here, if there is one.
    pub delegates: Vec<(Delegate, Option<String>)>,
}

/// Opens a runtime in this process, which a faulty library may end.
///
/// # Errors
/// See [`registry::open`].
pub(crate) fn open(kind: BackendKind) -> Result<OpenedRuntime, BackendError> {
    let version = registry::open(kind)?.version();
    let delegates = kind.capabilities().delegates.iter();
    let delegates = delegates
        .map(|known| (known.delegate.clone(), reason_against(kind, &known.delegate)))
        .collect();
    Ok(OpenedRuntime { version, delegates })
}

fn reason_against(backend: BackendKind, delegate: &Delegate) -> Option<String> {
    match (backend, delegate) {
        (_, Delegate::None) => None,
        (BackendKind::Onnxruntime, delegate) => {
            onnxruntime_provider::of_library(delegate).err().map(|error| error.to_string())
        }
        (BackendKind::Openvino, delegate) => Openvino::reason_against(delegate),
        (BackendKind::Litert, Delegate::Gpu) => {
            RuntimeLibrary::LitertGpu.find().err().map(|error| error.to_string())
        }
        (_, Delegate::Xnnpack) => None,
        (BackendKind::Tflite, delegate) => Some(tflite_delegate::reason_against(delegate)),
        (backend, delegate) => Some(format!("{backend} has no {delegate} delegate")),
    }
}
