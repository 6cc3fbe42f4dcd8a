//! Which backends this program has.

use crate::record::backend_kind::BackendKind;
use crate::runtime::backend::Backend;
use crate::runtime::backend_error::BackendError;
use crate::runtime::litert::Litert;
use crate::runtime::onnxruntime::Onnxruntime;
use crate::runtime::openvino::openvino_backend::Openvino;
use crate::runtime::tflite::Tflite;
use crate::runtime::tract::Tract;

/// Opens a backend.
///
/// # Errors
/// [`BackendError::Absent`] if its runtime is not on this machine or was not built in.
pub fn open(kind: BackendKind) -> Result<Box<dyn Backend>, BackendError> {
    Ok(match kind {
        BackendKind::Tflite => Box::new(Tflite::open()?),
        BackendKind::Tract => Box::new(Tract),
        BackendKind::Onnxruntime => Box::new(Onnxruntime::open()?),
        BackendKind::Litert => Box::new(Litert::open()?),
        BackendKind::Openvino => Box::new(Openvino::open()?),
        BackendKind::Tflitec => tflitec()?,
    })
}

#[cfg(feature = "tflitec")]
fn tflitec() -> Result<Box<dyn Backend>, BackendError> {
    Ok(Box::new(crate::runtime::tflitec::Tflitec))
}

#[cfg(not(feature = "tflitec"))]
fn tflitec() -> Result<Box<dyn Backend>, BackendError> {
    Err(BackendError::Absent {
        reason: "this program was built without the feature 'tflitec'".into(),
        remedy: if cfg!(target_os = "linux") {
            "scripts/bench builds it with that feature"
        } else {
            "use tflite, which runs the same library; the feature is for Linux"
        }
        .into(),
    })
}
