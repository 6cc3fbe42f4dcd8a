//! OpenVINO: ONNX and TensorFlow Lite models on Intel's and compatible hardware.

use std::rc::Rc;

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::setting_values::SettingValues;
use crate::record::tensor::TensorInfo;
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{check_batch, check_format, one_line, shaped};
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::openvino::core_handle::CoreHandle;
use crate::runtime::openvino::infer_request::InferRequest;
use crate::runtime::openvino::kernel_count;
use crate::runtime::openvino::openvino_device::OpenvinoDevice;
use crate::runtime::openvino::openvino_library::OpenvinoLibrary;
use crate::runtime::openvino::openvino_recipe::{Counting, OpenvinoRecipe};
use crate::runtime::openvino::port::{Port, in_file_order};
use crate::runtime::session::{Session, SessionTensors};

/// The OpenVINO library of this machine.
pub struct Openvino {
    core: Rc<CoreHandle>,
    version: String,
}

impl Openvino {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] if there is none or it is not OpenVINO's of a suitable version.
    pub fn open() -> Result<Self, BackendError> {
        let path = RuntimeLibrary::Openvino.find()?;
        let absent = |why: String| RuntimeLibrary::Openvino.unusable(&path, &why);
        let library = OpenvinoLibrary::open(&path).map_err(absent)?;
        let version = library.version().map_err(absent)?;
        Ok(Self { core: CoreHandle::create(library).map_err(absent)?, version })
    }

    /// Why OpenVINO cannot hand a graph to `delegate` here, if it cannot.
    pub(crate) fn reason_against(delegate: &Delegate) -> Option<String> {
        let device = OpenvinoDevice::of(delegate);
        let checked = device.and_then(|device| device.check(&Self::open()?.core));
        checked.err().map(|error| error.to_string())
    }
}

impl Backend for Openvino {
    fn kind(&self) -> BackendKind {
        BackendKind::Openvino
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Onnx, Format::Tflite], request.model)?;
        let device = OpenvinoDevice::of(request.delegate)?;
        device.check(&self.core)?;
        let recipe = OpenvinoRecipe {
            core: Rc::clone(&self.core),
            model: request.model.to_owned(),
            format,
            shaped: shaped(request, format)?.into_owned(),
            device,
            threads: request.threads,
            options: request.options.clone(),
        };
        let session = OpenvinoSession::create(recipe)?;
        let images = session.recipe.shaped.images;
        if images.get() > 1 {
            check_batch(&session.tensors.outputs, images)?;
        }
        Ok(Box::new(session))
    }
}

/// Inputs or outputs in the file's order, each with its place among OpenVINO's.
fn described(
    ports: &[Port],
    known: &[TensorInfo],
) -> Result<(Vec<TensorInfo>, Vec<usize>), BackendError> {
    let mut tensors = Vec::with_capacity(ports.len());
    let mut places = Vec::with_capacity(ports.len());
    for (place, known) in in_file_order(ports, known) {
        let tensor = ports[place].tensor(known).ok_or_else(|| {
            let name = &ports[place].name;
            BackendError::Unsupported(format!(
                "its tensor '{name}' holds elements that classifiers do not use"
            ))
        })?;
        tensors.push(tensor);
        places.push(place);
    }
    Ok((tensors, places))
}

/// A compiled model with the memory of its inputs and outputs.
struct OpenvinoSession {
    request: InferRequest,
    recipe: OpenvinoRecipe,
    tensors: SessionTensors,
    settings: SettingValues,
    /// By tensor of the file: its place among OpenVINO's.
    input_places: Vec<usize>,
    output_places: Vec<usize>,
}

impl OpenvinoSession {
    fn create(recipe: OpenvinoRecipe) -> Result<Self, BackendError> {
        let request = recipe.request(Counting::Off)?;
        let settings = OpenvinoRecipe::settings_of(&request.graph);
        recipe.check_precision(&settings)?;
        let signature = &recipe.shaped.signature;
        let ports = request.graph.inputs().map_err(failed)?;
        let (inputs, input_places) = described(&ports, &signature.inputs)?;
        if let Some(open) = inputs.iter().find(|input| input.is_open()) {
            return Err(BackendError::Unsupported(format!(
                "its input '{}' has the shape {}, which OpenVINO leaves open; export it with a fixed one",
                open.name,
                open.shape_text()
            )));
        }
        let ports = request.graph.outputs().map_err(failed)?;
        let (outputs, output_places) = described(&ports, &signature.outputs)?;
        let tensors = SessionTensors { inputs, outputs };
        Ok(Self { request, recipe, tensors, settings, input_places, output_places })
    }
}

impl Session for OpenvinoSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        self.request.write(self.input_places[index], bytes).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.request.run().map_err(failed)
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        self.request.read(self.output_places[index]).map_err(failed)
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        let mut counted = self.recipe.request(Counting::On)?;
        counted.run().map_err(failed)?;
        let nodes = counted.profile().map_err(failed)?;
        Ok(kernel_count::coverage(&nodes, self.recipe.device != OpenvinoDevice::Cpu))
    }

    fn settings(&self) -> SettingValues {
        self.settings.clone()
    }

    /// A process also has threads of OpenVINO's that wait for other models' work.
    fn threads(&self) -> Option<u32> {
        OpenvinoRecipe::threads_of(&self.request.graph)
    }
}

fn failed(said: String) -> BackendError {
    BackendError::Failed(format!("OpenVINO: {}", one_line(&said)))
}
