//! A model made ready for its hardware.

use std::ptr;
use std::rc::Rc;

use edgefirst_tflite_sys::litert::{self as sys, LiteRtFunctions};

use crate::runtime::litert_api::api::{ApiResult, TensorSide, check};
use crate::runtime::litert_api::buffer::{Buffer, Handles};
use crate::runtime::litert_api::compile_options::CompileOptions;
use crate::runtime::litert_api::model_handle::ModelHandle;

/// A model made ready for its hardware.
pub(crate) struct CompiledModel {
    pub(crate) model: Rc<ModelHandle>,
    pub(crate) raw: sys::CompiledModel,
}

impl CompiledModel {
    pub(crate) fn create(model: &Rc<ModelHandle>, options: &CompileOptions) -> ApiResult<Self> {
        let environment = &model.environment;
        let mut raw = ptr::null_mut();
        // SAFETY: all three are live; the `Rc` keeps the model and its
        // environment alive for as long as the compiled form uses them.
        let code = unsafe {
            (environment.api.calls.create_compiled_model)(
                environment.raw,
                model.raw,
                options.raw,
                &raw mut raw,
            )
        };
        check("LiteRtCreateCompiledModel", code)?;
        Ok(Self { model: Rc::clone(model), raw })
    }

    fn calls(&self) -> &'static LiteRtFunctions {
        self.model.environment.api.calls
    }

    /// Whether no node was left to the runtime's own kernels.
    pub(crate) fn is_fully_accelerated(&self) -> ApiResult<bool> {
        let mut fully = false;
        // SAFETY: the compiled model is live.
        let code =
            unsafe { (self.calls().compiled_model_is_fully_accelerated)(self.raw, &raw mut fully) };
        check("LiteRtCompiledModelIsFullyAccelerated", code)?;
        Ok(fully)
    }

    /// A buffer that fits one input or output.
    pub(crate) fn buffer(&self, side: TensorSide, index: usize) -> ApiResult<Buffer> {
        let calls = self.calls();
        let tensor = self.model.tensor(side, index)?;
        let mut requirements = ptr::null_mut();
        let mut raw = ptr::null_mut();
        // SAFETY: the compiled model is live and owns the requirements; the
        // tensor type is plain data that the runtime fills.
        unsafe {
            let mut kind = std::mem::zeroed::<sys::RankedTensorType>();
            check(
                "LiteRtGetRankedTensorType",
                (calls.get_ranked_tensor_type)(tensor, &raw mut kind),
            )?;
            let code = match side {
                TensorSide::Input => (calls.get_compiled_model_input_buffer_requirements)(
                    self.raw,
                    0,
                    index,
                    &raw mut requirements,
                ),
                TensorSide::Output => (calls.get_compiled_model_output_buffer_requirements)(
                    self.raw,
                    0,
                    index,
                    &raw mut requirements,
                ),
            };
            check("LiteRtGetCompiledModelBufferRequirements", code)?;
            let code = (calls.create_managed_tensor_buffer_from_requirements)(
                self.model.environment.raw,
                &raw const kind,
                requirements,
                &raw mut raw,
            );
            check("LiteRtCreateManagedTensorBufferFromRequirements", code)?;
            Buffer::of(Rc::clone(&self.model.environment), raw)
        }
    }

    /// Runs the first signature once. Nothing is allocated here.
    pub(crate) fn run(&mut self, inputs: &mut Handles, outputs: &mut Handles) -> ApiResult<()> {
        // SAFETY: the handles belong to live buffers of this environment, which
        // nobody else uses during the call.
        let code = unsafe {
            (self.calls().run_compiled_model)(
                self.raw,
                0,
                inputs.raw.len(),
                inputs.raw.as_mut_ptr(),
                outputs.raw.len(),
                outputs.raw.as_mut_ptr(),
            )
        };
        check("LiteRtRunCompiledModel", code)
    }
}

impl Drop for CompiledModel {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, before its model.
        unsafe { (self.calls().destroy_compiled_model)(self.raw) }
    }
}
