//! A bare interpreter with its model, on the C interface: the binding accepts neither our own
//! delegate nor our own profiler.

use std::ffi::c_void;
use std::ptr::NonNull;

use edgefirst_tflite_sys::{
    TfLiteInterpreter, TfLiteInterpreterOptions, TfLiteModel, TfLiteStatus_kTfLiteOk as OK,
    tensorflowlite_c,
};

/// An interpreter whose tensors are allocated.
pub(crate) struct BareInterpreter<'a> {
    api: &'a tensorflowlite_c,
    raw: NonNull<TfLiteInterpreter>,
    model: *mut TfLiteModel,
}

impl<'a> BareInterpreter<'a> {
    /// Of the bytes of a file, which have to outlive the value, as has what `configure` adds to the
    /// options. `None` if the library refuses.
    pub(crate) fn create(
        api: &'a tensorflowlite_c,
        model: &'a [u8],
        configure: impl FnOnce(*mut TfLiteInterpreterOptions),
    ) -> Option<Self> {
        // SAFETY: plain calls of the C interface; each pointer is checked
        // before it is used and deleted once.
        unsafe {
            let model = api.TfLiteModelCreate(model.as_ptr().cast::<c_void>(), model.len());
            if model.is_null() {
                return None;
            }
            let options = api.TfLiteInterpreterOptionsCreate();
            configure(options);
            let raw = api.TfLiteInterpreterCreate(model, options);
            api.TfLiteInterpreterOptionsDelete(options);
            let Some(raw) = NonNull::new(raw) else {
                api.TfLiteModelDelete(model);
                return None;
            };
            let interpreter = Self { api, raw, model };
            (api.TfLiteInterpreterAllocateTensors(raw.as_ptr()) == OK).then_some(interpreter)
        }
    }

    /// The interpreter itself.
    pub(crate) const fn as_ptr(&self) -> *mut TfLiteInterpreter {
        self.raw.as_ptr()
    }

    /// Copies the bytes of an input; `false` if it has another size.
    pub(crate) fn write_input(&mut self, index: usize, bytes: &[u8]) -> bool {
        let Ok(index) = i32::try_from(index) else { return false };
        // SAFETY: the interpreter is live; a tensor that it does not have is null, and as many
        // bytes are copied as the tensor has.
        unsafe {
            let tensor = self.api.TfLiteInterpreterGetInputTensor(self.raw.as_ptr(), index);
            if tensor.is_null() || self.api.TfLiteTensorByteSize(tensor) != bytes.len() {
                return false;
            }
            let to = self.api.TfLiteTensorData(tensor).cast::<u8>();
            if to.is_null() {
                return false;
            }
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        true
    }

    /// Runs once; `false` if that failed.
    pub(crate) fn invoke(&mut self) -> bool {
        // SAFETY: the interpreter is live and its tensors are allocated.
        unsafe { self.api.TfLiteInterpreterInvoke(self.raw.as_ptr()) == OK }
    }
}

impl Drop for BareInterpreter<'_> {
    fn drop(&mut self) {
        // SAFETY: both are live and deleted once, the user before the used.
        unsafe {
            self.api.TfLiteInterpreterDelete(self.raw.as_ptr());
            self.api.TfLiteModelDelete(self.model);
        }
    }
}
