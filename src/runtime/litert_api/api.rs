//! The table of LiteRT's functions, and what its calls say.

use std::ffi::{CStr, CString, c_char};

use edgefirst_tflite::{Library, LiteRtStatusCode};
use edgefirst_tflite_sys::litert::{self as sys, LiteRtFunctions, Status, status};

/// The message of a failed call: its name and the runtime's status.
pub(crate) type ApiResult<T> = Result<T, String>;

pub(crate) fn check(call: &str, code: Status) -> ApiResult<()> {
    if code == status::OK { Ok(()) } else { Err(format!("{call}: {}", LiteRtStatusCode(code))) }
}

/// Which side of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TensorSide {
    Input,
    Output,
}

/// The hardware that a model is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hardware {
    Cpu,
    Gpu,
}

impl Hardware {
    /// The CPU takes what the GPU leaves.
    pub(crate) const fn bits(self) -> sys::HwAcceleratorSet {
        match self {
            Self::Cpu => sys::kLiteRtHwAcceleratorCpu,
            Self::Gpu => sys::kLiteRtHwAcceleratorGpu | sys::kLiteRtHwAcceleratorCpu,
        }
    }
}

/// A loaded library with LiteRT's interface.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    pub(crate) library: &'static Library,
    pub(crate) calls: &'static LiteRtFunctions,
}

impl Api {
    /// The interface of `library`; else the symbol that it lacks.
    pub(crate) fn of(library: &'static Library) -> Result<Self, &'static str> {
        match library.litert() {
            Some(calls) => Ok(Self { library, calls }),
            None => Err(library.litert_missing_symbol().unwrap_or("its LiteRT interface")),
        }
    }

    /// # Safety
    /// `T` is the type of the C function `name`.
    pub(crate) unsafe fn function<T: Copy>(&self, name: &CStr) -> ApiResult<T> {
        // SAFETY: as the caller promises.
        let symbol = unsafe { self.library.as_sys().library().get::<T>(name.to_bytes_with_nul()) };
        symbol
            .map(|symbol| *symbol)
            .map_err(|_| format!("the library lacks {}", name.to_string_lossy()))
    }
}

pub(crate) fn c_string(text: &str) -> ApiResult<CString> {
    CString::new(text).map_err(|_| format!("'{text}' holds a NUL character"))
}

/// # Safety
/// `name` is null or a NUL-terminated string.
pub(crate) unsafe fn text(name: *const c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}
