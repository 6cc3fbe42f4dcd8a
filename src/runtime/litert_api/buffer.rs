//! Memory of inputs and outputs, in the place that the hardware needs.

use std::ptr;
use std::rc::Rc;

use edgefirst_tflite_sys::litert as sys;

use crate::runtime::litert_api::api::{ApiResult, check};
use crate::runtime::litert_api::environment::Environment;

/// Memory of one input or output, in the place that its hardware needs.
pub(crate) struct Buffer {
    environment: Rc<Environment>,
    raw: sys::TensorBuffer,
    size: usize,
}

impl Buffer {
    /// Owns the buffer behind `raw`.
    ///
    /// # Safety
    /// `raw` is a live buffer of `environment` that nothing else destroys.
    pub(crate) unsafe fn of(
        environment: Rc<Environment>,
        raw: sys::TensorBuffer,
    ) -> ApiResult<Self> {
        let size_of = environment.api.calls.get_tensor_buffer_size;
        let mut buffer = Self { environment, raw, size: 0 };
        // SAFETY: the buffer is live, as the caller promises.
        check("LiteRtGetTensorBufferSize", unsafe { size_of(raw, &raw mut buffer.size) })?;
        Ok(buffer)
    }

    /// Copies `bytes` to its start.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> ApiResult<()> {
        self.locked(sys::kLiteRtTensorBufferLockModeWrite, bytes.len(), |host| {
            // SAFETY: the mapping holds at least `bytes.len()` bytes, and it does not overlap
            // Rust's own memory.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), host, bytes.len()) }
        })
    }

    /// Copies its first `len` bytes.
    pub(crate) fn read(&self, len: usize) -> ApiResult<Vec<u8>> {
        self.locked(sys::kLiteRtTensorBufferLockModeRead, len, |host| {
            // SAFETY: the mapping holds at least `len` bytes.
            unsafe { std::slice::from_raw_parts(host, len).to_vec() }
        })
    }

    /// Waits until what was computed into it is there.
    pub(crate) fn wait(&self) -> ApiResult<()> {
        self.locked(sys::kLiteRtTensorBufferLockModeRead, 0, |_| ())
    }

    fn locked<T>(
        &self,
        mode: sys::TensorBufferLockMode,
        len: usize,
        copy: impl FnOnce(*mut u8) -> T,
    ) -> ApiResult<T> {
        if len > self.size {
            return Err(format!("{len} bytes do not fit a tensor buffer of {}", self.size));
        }
        let calls = self.environment.api.calls;
        let mut host = ptr::null_mut();
        // SAFETY: the buffer is live; it is unlocked once below.
        let code = unsafe { (calls.lock_tensor_buffer)(self.raw, &raw mut host, mode) };
        check("LiteRtLockTensorBuffer", code)?;
        let result = (!host.is_null()).then(|| copy(host.cast()));
        // SAFETY: it was locked above.
        check("LiteRtUnlockTensorBuffer", unsafe { (calls.unlock_tensor_buffer)(self.raw) })?;
        result.ok_or_else(|| "LiteRtLockTensorBuffer: no host memory".to_owned())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, before its environment.
        unsafe { (self.environment.api.calls.destroy_tensor_buffer)(self.raw) }
    }
}

/// The handles of some buffers, in the form that a run wants them.
pub(crate) struct Handles {
    pub(crate) raw: Vec<sys::TensorBuffer>,
}

impl Handles {
    /// `buffers` have to live for as long as the handles are used.
    pub(crate) fn of(buffers: &[Buffer]) -> Self {
        Self { raw: buffers.iter().map(|buffer| buffer.raw).collect() }
    }
}
