//! The devices that OpenVINO runs models on: its CPU kernels, and delegates for the others.

use std::ffi::CStr;

use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;
use crate::runtime::openvino::core_handle::CoreHandle;

/// A device of OpenVINO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenvinoDevice {
    /// The processor.
    Cpu,
    /// Intel's graphics.
    Gpu,
    /// Intel's neural processor.
    Npu,
}

impl OpenvinoDevice {
    /// The device for a delegate.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] for a delegate that OpenVINO does not have.
    pub(crate) fn of(delegate: &Delegate) -> Result<Self, BackendError> {
        match delegate {
            Delegate::None => Ok(Self::Cpu),
            Delegate::Gpu => Ok(Self::Gpu),
            Delegate::Npu => Ok(Self::Npu),
            other => Err(BackendError::Unsupported(format!("OpenVINO has no {other} delegate"))),
        }
    }

    /// Its name to OpenVINO.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Cpu => c"CPU",
            Self::Gpu => c"GPU",
            Self::Npu => c"NPU",
        }
    }

    /// Whether OpenVINO finds the device here.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] if it does not, with what it finds.
    pub(crate) fn check(self, core: &CoreHandle) -> Result<(), BackendError> {
        if self == Self::Cpu {
            return Ok(());
        }
        let found = core.devices().map_err(BackendError::Failed)?;
        let name = self.name().to_string_lossy();
        // Several devices of a kind are GPU.0, GPU.1.
        if found.iter().any(|it| it.split('.').next() == Some(&*name)) {
            return Ok(());
        }
        Err(BackendError::Unsupported(format!(
            "OpenVINO finds no {name} here, only {}; it needs Intel's driver and libopenvino_intel_{}_plugin.so, \
             which 'fetch' leaves out, so point SHUTTERBENCH_OPENVINO_LIB to a whole installation",
            found.join(", "),
            name.to_lowercase()
        )))
    }
}
