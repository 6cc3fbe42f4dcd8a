//! OpenVINO: ONNX and TensorFlow Lite models on Intel's and compatible hardware.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::operator_profile::{GraphDivision, OperatorProfile, ProfiledCall};
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

/// How often a model is compiled to be profiled: six values are the fewest with a 95% interval of
/// their median.
const PROFILES: usize = 8;
/// For how long each of them runs, about, and how many runs are at most needed for that.
const PROFILE_TIME: Duration = Duration::from_millis(50);
const PROFILE_RUNS: usize = 1000;

/// The OpenVINO library of this machine.
pub(crate) struct Openvino {
    core: Rc<CoreHandle>,
    version: String,
}

impl Openvino {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] if there is none or it is not OpenVINO's of a suitable version.
    pub(crate) fn open() -> Result<Self, BackendError> {
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

impl OpenvinoSession {
    /// The mean time of a run of a model compiled anew, and that of its kernels, over at least
    /// `least` runs. There are as many more as make the first ones, which are slower, count little.
    fn mean_profile(
        &self,
        inputs: &[Vec<u8>],
        least: usize,
    ) -> Result<(u64, Vec<ProfiledCall>), BackendError> {
        let mut counted = self.recipe.request(Counting::On)?;
        for (place, bytes) in self.input_places.iter().zip(inputs) {
            counted.write(*place, bytes).map_err(failed)?;
        }
        let (mut spent, mut runs) = (Duration::ZERO, 0);
        while runs < least || (spent < PROFILE_TIME && runs < PROFILE_RUNS) {
            let start = Instant::now();
            counted.run().map_err(failed)?;
            spent += start.elapsed();
            runs += 1;
        }
        let nodes = counted.profile().map_err(failed)?;
        let device = self.recipe.device;
        let named = (device != OpenvinoDevice::Cpu).then(|| device.name().to_string_lossy());
        let mean_ns = spent.as_nanos() / runs.max(1) as u128;
        let mean_ns = u64::try_from(mean_ns).unwrap_or(u64::MAX);
        Ok((mean_ns, kernel_count::profiled_calls(nodes, named.as_deref())))
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

    /// OpenVINO's counters tell the mean of the runs since a model was compiled, so that it is
    /// compiled [`PROFILES`] times, and each takes the place of one run.
    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        let mut profiles = Vec::with_capacity(PROFILES);
        for _ in 0..PROFILES {
            profiles.push(self.mean_profile(inputs, runs)?);
        }
        if let Some(((_, first), others)) = profiles.split_first_mut() {
            for (_, calls) in others {
                kernel_count::take_names(calls, first);
            }
        }
        let placement = (self.recipe.device != OpenvinoDevice::Cpu).then(GraphDivision::whole);
        Ok(OperatorProfile { placement, ..OperatorProfile::of(profiles) })
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
