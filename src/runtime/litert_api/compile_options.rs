//! Options of a compilation.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use edgefirst_tflite_sys::litert::{self as sys, Status};

use crate::runtime::litert_api::api::{Api, ApiResult, Hardware, c_string, check};

// Functions that the binding's table leaves out. `LiteRtOpaqueOptions` is a pointer.
type CreateOpaque = unsafe extern "C" fn(
    *const c_char,
    *mut c_void,
    Option<unsafe extern "C" fn(*mut c_void)>,
    *mut *mut c_void,
) -> Status;
type AddOpaque = unsafe extern "C" fn(sys::Options, *mut c_void) -> Status;

/// Options of a compilation.
pub(crate) struct CompileOptions {
    api: Api,
    pub(crate) raw: sys::Options,
}

impl CompileOptions {
    pub(crate) fn create(api: Api, hardware: Hardware) -> ApiResult<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid out-parameter.
        check("LiteRtCreateOptions", unsafe { (api.calls.create_options)(&raw mut raw) })?;
        let options = Self { api, raw };
        // SAFETY: the options were just created.
        let code = unsafe { (api.calls.set_options_hardware_accelerators)(raw, hardware.bits()) };
        check("LiteRtSetOptionsHardwareAccelerators", code)?;
        Ok(options)
    }

    /// Adds a group of settings: `payload` is lines of `key = value`.
    pub(crate) fn add(&mut self, group: &str, payload: &str) -> ApiResult<()> {
        /// Takes back what `CString::into_raw` gave away.
        unsafe extern "C" fn free(payload: *mut c_void) {
            // SAFETY: the runtime calls this once with the pointer it was given.
            drop(unsafe { CString::from_raw(payload.cast::<c_char>()) });
        }
        let group = c_string(group)?;
        let payload = c_string(payload)?.into_raw();
        let mut opaque = ptr::null_mut();
        // SAFETY: both functions have these types in `litert_opaque_options.h`
        // and `litert_options.h`; the options own the payload from here on.
        unsafe {
            let create = self.api.function::<CreateOpaque>(c"LiteRtCreateOpaqueOptions")?;
            let add = self.api.function::<AddOpaque>(c"LiteRtAddOpaqueOptions")?;
            let code = create(group.as_ptr(), payload.cast(), Some(free), &raw mut opaque);
            check("LiteRtCreateOpaqueOptions", code)?;
            check("LiteRtAddOpaqueOptions", add(self.raw, opaque))
        }
    }
}

impl Drop for CompileOptions {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once; a compiled model does not keep them.
        unsafe { (self.api.calls.destroy_options)(self.raw) }
    }
}
