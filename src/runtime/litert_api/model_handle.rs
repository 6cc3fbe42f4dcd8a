//! A model file as LiteRT reads it.

use std::ffi::c_char;
use std::path::Path;
use std::ptr;
use std::rc::Rc;

use edgefirst_tflite_sys::litert::{self as sys, Status};

use crate::runtime::litert_api::api::{ApiResult, TensorSide, c_string, check, text};
use crate::runtime::litert_api::environment::Environment;

type TensorName = unsafe extern "C" fn(sys::Tensor, *mut *const c_char) -> Status;

/// A model file.
pub(crate) struct ModelHandle {
    pub(crate) environment: Rc<Environment>,
    pub(crate) raw: sys::Model,
    /// What `raw` reads, if that is not a file.
    _bytes: Vec<u8>,
}

impl ModelHandle {
    pub(crate) fn from_file(environment: &Rc<Environment>, path: &Path) -> ApiResult<Rc<Self>> {
        let path = c_string(path.to_str().ok_or("its path is not in UTF-8")?)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the environment is live, the string outlives the call.
        let code = unsafe {
            (environment.api.calls.create_model_from_file)(
                environment.raw,
                path.as_ptr(),
                &raw mut raw,
            )
        };
        check("LiteRtCreateModelFromFile", code)?;
        Ok(Rc::new(Self { environment: Rc::clone(environment), raw, _bytes: Vec::new() }))
    }

    pub(crate) fn from_bytes(environment: &Rc<Environment>, bytes: Vec<u8>) -> ApiResult<Rc<Self>> {
        let mut raw = ptr::null_mut();
        // SAFETY: the environment is live; the bytes stay where they are for as long as
        // the model, which owns them, and are not changed.
        let code = unsafe {
            (environment.api.calls.create_model_from_buffer)(
                environment.raw,
                bytes.as_ptr().cast(),
                bytes.len(),
                &raw mut raw,
            )
        };
        check("LiteRtCreateModelFromBuffer", code)?;
        Ok(Rc::new(Self { environment: Rc::clone(environment), raw, _bytes: bytes }))
    }

    fn signature(&self) -> ApiResult<sys::Signature> {
        let mut raw = ptr::null_mut();
        // SAFETY: the model is live; a model without signatures has a default one.
        let code =
            unsafe { (self.environment.api.calls.get_model_signature)(self.raw, 0, &raw mut raw) };
        check("LiteRtGetModelSignature", code)?;
        Ok(raw)
    }

    pub(crate) fn tensor(&self, side: TensorSide, index: usize) -> ApiResult<sys::Tensor> {
        let calls = self.environment.api.calls;
        let signature = self.signature()?;
        let mut raw = ptr::null_mut();
        // SAFETY: signature and tensor belong to the model, which is live.
        let code = unsafe {
            match side {
                TensorSide::Input => {
                    (calls.get_signature_input_tensor_by_index)(signature, index, &raw mut raw)
                }
                TensorSide::Output => {
                    (calls.get_signature_output_tensor_by_index)(signature, index, &raw mut raw)
                }
            }
        };
        check("LiteRtGetSignatureTensorByIndex", code)?;
        Ok(raw)
    }

    /// Names of the tensors on a side, in the order of the first signature.
    pub(crate) fn names(&self, side: TensorSide) -> ApiResult<Vec<String>> {
        let api = self.environment.api;
        let signature = self.signature()?;
        let mut count = 0;
        // SAFETY: the signature is live. `LiteRtGetTensorName` has had this
        // signature since 2.0, and its string lives as long as the model.
        unsafe {
            let code = match side {
                TensorSide::Input => {
                    (api.calls.get_num_signature_inputs)(signature, &raw mut count)
                }
                TensorSide::Output => {
                    (api.calls.get_num_signature_outputs)(signature, &raw mut count)
                }
            };
            check("LiteRtGetNumSignatureTensors", code)?;
            let name_of = api.function::<TensorName>(c"LiteRtGetTensorName")?;
            (0..count)
                .map(|index| {
                    let mut name = ptr::null();
                    check(
                        "LiteRtGetTensorName",
                        name_of(self.tensor(side, index)?, &raw mut name),
                    )?;
                    Ok(text(name))
                })
                .collect()
        }
    }
}

impl Drop for ModelHandle {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, after every compiled form of it.
        unsafe { (self.environment.api.calls.destroy_model)(self.raw) }
    }
}
