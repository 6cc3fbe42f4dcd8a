//! LiteRT's environment: which accelerators are started, and from where.

use std::path::Path;
use std::ptr;
use std::rc::Rc;

use edgefirst_tflite_sys::litert::{self as sys, EnvOption};

use crate::runtime::litert_api::api::{Api, ApiResult, Hardware, c_string, check, text};

/// `LiteRtAny` of `litert_any.h`, which the binding does not export.
#[repr(C)]
struct Any {
    kind: u32,
    value: u64,
}

/// `LiteRtEnvOption` of `litert_environment_options.h`.
#[repr(C)]
struct EnvironmentOption {
    tag: u32,
    value: Any,
}

const _: () = assert!(size_of::<EnvironmentOption>() == size_of::<EnvOption>());

/// `kLiteRtAnyTypeInt` and `kLiteRtAnyTypeString`.
const ANY_INT: u32 = 2;
const ANY_STRING: u32 = 8;
/// `kLiteRtEnvOptionTagRuntimeLibraryDir`.
const RUNTIME_LIBRARY_DIR: u32 = 22;
/// `kLiteRtEnvOptionTagAutoRegisterAccelerators`.
const AUTO_REGISTER_ACCELERATORS: u32 = 24;

/// A LiteRT environment.
pub(crate) struct Environment {
    pub(crate) api: Api,
    pub(crate) raw: sys::Environment,
}

impl Environment {
    /// Creates one that starts only `hardware`, with the libraries of accelerators looked up in
    /// `folder`.
    pub(crate) fn create(api: Api, hardware: Hardware, folder: &Path) -> ApiResult<Rc<Self>> {
        let folder = c_string(folder.to_str().ok_or("the library's folder is not in UTF-8")?)?;
        let options = [
            EnvironmentOption {
                tag: AUTO_REGISTER_ACCELERATORS,
                value: Any { kind: ANY_INT, value: hardware.bits() as u64 },
            },
            EnvironmentOption {
                tag: RUNTIME_LIBRARY_DIR,
                value: Any { kind: ANY_STRING, value: folder.as_ptr() as u64 },
            },
        ];
        let mut raw = ptr::null_mut();
        // SAFETY: the options have the C layout and, with the string, outlive
        // the call, which copies them.
        let code = unsafe {
            (api.calls.create_environment)(
                options.len() as i32,
                options.as_ptr().cast::<EnvOption>(),
                &raw mut raw,
            )
        };
        check("LiteRtCreateEnvironment", code)?;
        Ok(Rc::new(Self { api, raw }))
    }

    /// Names of the accelerators that were started.
    pub(crate) fn accelerators(&self) -> ApiResult<Vec<String>> {
        let calls = self.api.calls;
        let mut count = 0;
        // SAFETY: the environment is live; every out-parameter is valid, and
        // names are NUL-terminated strings that live as long as it does.
        unsafe {
            check(
                "LiteRtGetNumAccelerators",
                (calls.get_num_accelerators)(self.raw, &raw mut count),
            )?;
            (0..count)
                .map(|index| {
                    let mut accelerator = ptr::null_mut();
                    let mut name = ptr::null();
                    check(
                        "LiteRtGetAccelerator",
                        (calls.get_accelerator)(self.raw, index, &raw mut accelerator),
                    )?;
                    check(
                        "LiteRtGetAcceleratorName",
                        (calls.get_accelerator_name)(accelerator, &raw mut name),
                    )?;
                    Ok(text(name))
                })
                .collect()
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once; everything made from it holds
        // an `Rc` to it and is gone.
        unsafe { (self.api.calls.destroy_environment)(self.raw) }
    }
}
