//! The opened library: its functions, its version, and what its calls say.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr;

use libloading::Library;

use crate::runtime::openvino::c_functions::CFunctions;
use crate::runtime::openvino::c_types::{OvStatus, OvVersion};

/// The message of a failed call.
pub(crate) type CallResult<T> = Result<T, String>;

/// OpenVINO's C library, open until the program ends: its threads outlive what they work for.
pub(crate) struct OpenvinoLibrary {
    pub(crate) calls: CFunctions,
}

impl OpenvinoLibrary {
    /// Opens the file; the error says what is wrong with it.
    pub(crate) fn open(path: &Path) -> CallResult<&'static Self> {
        // SAFETY: opening a shared library runs its initialisers; this is the library that the
        // user or `fetch` put there to be run.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        let library: &'static Library = Box::leak(Box::new(library));
        let calls = CFunctions::of(library)
            .map_err(|name| format!("it is not OpenVINO 2026.4 or newer: it lacks {name}"))?;
        Ok(Box::leak(Box::new(Self { calls })))
    }

    /// Whether a call succeeded; else what the library says.
    pub(crate) fn check(&self, status: OvStatus) -> CallResult<()> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the message is the library's, is a string, and is freed once; the name of a
        // status is static.
        let (said, name) = unsafe {
            let message = (self.calls.ov_get_last_err_msg)();
            let said = text(message);
            (self.calls.ov_free)(message);
            (said, text((self.calls.ov_get_error_info)(status)))
        };
        let said = essence(&said);
        Err(if said.is_empty() { name } else { said })
    }

    /// A text that a call writes and the library owns.
    pub(crate) fn owned_text(
        &self,
        call: impl FnOnce(*mut *mut c_char) -> OvStatus,
    ) -> CallResult<String> {
        let mut raw = ptr::null_mut();
        self.check(call(&raw mut raw))?;
        // SAFETY: the call succeeded, so that it wrote a string, which is freed once.
        unsafe {
            let owned = text(raw);
            (self.calls.ov_free)(raw);
            Ok(owned)
        }
    }

    /// The release, such as `2026.4.1`, without the build's own numbers.
    pub(crate) fn version(&self) -> CallResult<String> {
        let mut version = OvVersion { number: ptr::null(), description: ptr::null() };
        // SAFETY: the structure has the layout of the header; it is freed once, after its
        // string was copied.
        let number = unsafe {
            self.check((self.calls.ov_get_openvino_version)(&raw mut version))?;
            let number = text(version.number);
            (self.calls.ov_version_free)(&raw mut version);
            number
        };
        Ok(number.split('-').next().unwrap_or_default().to_owned())
    }
}

pub(crate) fn c_string(text: impl Into<Vec<u8>>) -> CallResult<CString> {
    CString::new(text).map_err(|error| format!("{error} in a name"))
}

/// # Safety
/// `raw` is null or a NUL-terminated string.
pub(crate) unsafe fn text(raw: *const c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
}

/// What a message says, without the places in OpenVINO's sources that it passed through:
///
/// ```text
/// Exception from src/inference/src/cpp/core.cpp:84:
/// Check 'verified' failed at src/frontends/tensorflow_lite/src/graph.cpp:82:
/// FrontEnd API failed with GeneralFailure:
/// TensorFlow Lite Frontend: the model file is corrupted
/// ```
fn essence(said: &str) -> String {
    let is_place = |line: &&str| {
        line.is_empty()
            || line.starts_with("Exception from ")
            || line.starts_with("Check '")
            || line.starts_with("FrontEnd API failed")
            || line.starts_with("While validating node")
            || line.starts_with("Shape inference input shapes")
    };
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !is_place(line)).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_the_places_in_the_sources() {
        let said = "Exception from src/inference/src/cpp/core.cpp:84:\nCheck 'a(b)' failed at \
            src/frontends/x.cpp:82:\nFrontEnd API failed with GeneralFailure:\nthe model file \
            is corrupted\n\n";
        assert_eq!(essence(said), "the model file is corrupted");
        assert_eq!(essence("Exception from a.cpp:1:\n"), "");
    }
}
