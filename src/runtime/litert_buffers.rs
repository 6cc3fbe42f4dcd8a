//! The buffers of a LiteRT model's inputs and outputs.

use crate::record::tensor::TensorInfo;
use crate::runtime::litert_api::api::{ApiResult, TensorSide};
use crate::runtime::litert_api::buffer::{Buffer, Handles};
use crate::runtime::litert_api::compiled_model::CompiledModel;
use crate::runtime::litert_api::model_handle::ModelHandle;
use crate::runtime::session::SessionTensors;

/// The buffers of a compiled model's inputs and outputs.
pub(crate) struct ModelBuffers {
    /// Those of the inputs.
    pub(crate) inputs: TensorBuffers,
    /// Those of the outputs.
    pub(crate) outputs: TensorBuffers,
}

impl ModelBuffers {
    /// Those of `model`, whose `tensors` are in the file's order.
    pub(crate) fn create(
        model: &ModelHandle,
        compiled: &CompiledModel,
        tensors: &SessionTensors,
    ) -> ApiResult<Self> {
        let end = |side, infos: &[TensorInfo]| {
            TensorBuffers::create(compiled, side, &model.names(side)?, infos)
        };
        Ok(Self {
            inputs: end(TensorSide::Input, &tensors.inputs)?,
            outputs: end(TensorSide::Output, &tensors.outputs)?,
        })
    }

    /// Runs the model on them once.
    pub(crate) fn run(&mut self, compiled: &mut CompiledModel) -> ApiResult<()> {
        compiled.run(&mut self.inputs.handles, &mut self.outputs.handles)
    }
}

/// The inputs or the outputs of a compiled model, in the file's order.
pub(crate) struct TensorBuffers {
    /// In the order of the compiled model.
    pub(crate) buffers: Vec<Buffer>,
    handles: Handles,
    /// For each tensor of the file, its place in the tensors.
    places: Vec<usize>,
}

impl TensorBuffers {
    fn create(
        compiled: &CompiledModel,
        side: TensorSide,
        names: &[String],
        infos: &[TensorInfo],
    ) -> ApiResult<Self> {
        if names.len() != infos.len() {
            return Err(format!(
                "its first signature has {} tensors on one side, its graph {}",
                names.len(),
                infos.len()
            ));
        }
        let places = infos
            .iter()
            .enumerate()
            .map(|(index, info)| names.iter().position(|name| *name == info.name).unwrap_or(index))
            .collect();
        let buffers = (0..names.len())
            .map(|index| compiled.buffer(side, index))
            .collect::<ApiResult<Vec<_>>>()?;
        let handles = Handles::of(&buffers);
        Ok(Self { buffers, handles, places })
    }

    /// That of a tensor by its place in the file.
    pub(crate) fn buffer(&self, index: usize) -> &Buffer {
        &self.buffers[self.places[index]]
    }

    /// The same, to be written.
    pub(crate) fn buffer_mut(&mut self, index: usize) -> &mut Buffer {
        &mut self.buffers[self.places[index]]
    }
}
