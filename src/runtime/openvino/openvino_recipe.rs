//! How a model is compiled, kept so that a second one can be profiled.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::record::format::Format;
use crate::record::runtime_setting::{OPENVINO, RuntimeSetting};
use crate::record::setting_values::SettingValues;
use crate::record::signature::Shaped;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{cannot_load, no_batch};
use crate::runtime::cached_file;
use crate::runtime::openvino::compiled_graph::CompiledGraph;
use crate::runtime::openvino::core_handle::CoreHandle;
use crate::runtime::openvino::infer_request::InferRequest;
use crate::runtime::openvino::openvino_device::OpenvinoDevice;
use crate::runtime::openvino::openvino_library::CallResult;
use crate::runtime::openvino::port::in_file_order;
use crate::runtime::openvino::read_model::ReadModel;
use crate::runtime::openvino::staged_file::StagedFile;
use crate::runtime::refusal;

/// The key for a folder of compiled models.
const CACHE: &str = "CACHE_DIR";
/// The key for the numbers that floating-point operators compute with.
const PRECISION: &str = "INFERENCE_PRECISION_HINT";

/// How a model is compiled.
pub(crate) struct OpenvinoRecipe {
    pub(crate) core: Rc<CoreHandle>,
    pub(crate) model: PathBuf,
    pub(crate) format: Format,
    pub(crate) shaped: Shaped,
    pub(crate) device: OpenvinoDevice,
    pub(crate) threads: NonZeroUsize,
    pub(crate) options: SettingValues,
}

/// Whether OpenVINO counts what it runs, which costs time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    Off,
    On,
}

impl OpenvinoRecipe {
    /// Reads the file, compiles it, and sets the memory of a run aside.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] with what OpenVINO says of the model: our own reader has
    /// found the file sound.
    pub(crate) fn request(&self, counting: Counting) -> Result<InferRequest, BackendError> {
        let file = StagedFile::of(&self.model, self.format, &self.shaped)?;
        if let (Some(folder), Counting::Off) = (self.options.get(CACHE), counting) {
            return self.cached(&file, folder);
        }
        let mut model =
            ReadModel::open(&self.core, file.path()).map_err(|said| self.refused(&said))?;
        self.reshape(&mut model)?;
        let properties = self.properties(counting);
        CompiledGraph::create(&model, self.device.name(), &properties)
            .and_then(InferRequest::create)
            .map_err(|said| self.refused(&said))
    }

    /// The same by way of a folder of compiled models. OpenVINO knows a file there by its path,
    /// its size and the second of its last change; a folder of its own tells apart what changed within
    /// that second.
    fn cached(&self, file: &StagedFile, folder: &str) -> Result<InferRequest, BackendError> {
        let StagedFile::Own(path) = file else {
            return Err(not_cached("a file of its own, with the ending .tflite"));
        };
        if self.shaped.differs {
            return Err(not_cached("the shapes in the file"));
        }
        let folder =
            cached_file::of(Path::new(folder), path, "", "openvino")?.display().to_string();
        let mut properties = self.properties(Counting::Off);
        properties.push((CACHE, folder));
        CompiledGraph::from_file(&self.core, path, self.device.name(), &properties)
            .and_then(InferRequest::create)
            .map_err(|said| self.refused(&said))
    }

    fn properties(&self, counting: Counting) -> Vec<(&str, String)> {
        let set = self.options.iter().filter(|(key, _)| *key != CACHE);
        let mut properties: Vec<(&str, String)> =
            set.map(|(key, value)| (key, value.to_owned())).collect();
        if self.device == OpenvinoDevice::Cpu {
            properties.push(("INFERENCE_NUM_THREADS", self.threads.to_string()));
        }
        if counting == Counting::On {
            properties.push(("PERF_COUNT", "YES".to_owned()));
        }
        properties
    }

    /// Gives the inputs the shapes that they are to have, where they have others.
    fn reshape(&self, model: &mut ReadModel) -> Result<(), BackendError> {
        let stays = |said: String| no_batch(self.shaped.images, &said);
        let ports = model.inputs().map_err(|said| self.refused(&said))?;
        let mut shapes: Vec<_> = ports.iter().map(|port| port.shape.clone()).collect();
        for (index, known) in in_file_order(&ports, &self.shaped.signature.inputs) {
            shapes[index] = known.map(|it| it.shape.clone()).or_else(|| shapes[index].take());
        }
        if shapes.iter().zip(&ports).all(|(wanted, port)| *wanted == port.shape) {
            return Ok(());
        }
        let Some(shapes) = shapes.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        model.reshape(&shapes).map_err(|said| {
            if self.shaped.images.get() > 1 { stays(said) } else { self.refused(&said) }
        })
    }

    fn refused(&self, said: &str) -> BackendError {
        let (model, signature) = (&self.model, &self.shaped.signature);
        let foreign = match self.format {
            Format::Tflite => refusal::of_custom_operators(model, signature),
            Format::Onnx => refusal::of_foreign_operators(model, "OpenVINO", signature),
        };
        foreign.unwrap_or_else(|| {
            let said = format!("OpenVINO: {}", refusal::plain(said));
            BackendError::Unsupported(cannot_load(model, &said))
        })
    }

    /// What `graph` says of the settings that it can be asked for, in our words.
    pub(crate) fn settings_of(graph: &CompiledGraph) -> SettingValues {
        let told = |known: &RuntimeSetting| {
            let told = graph.property(known.key).ok()?;
            let told = match told.as_str() {
                "YES" => "true".to_owned(),
                "NO" => "false".to_owned(),
                _ => told,
            };
            Some((known.key.to_owned(), told))
        };
        let asked = OPENVINO.iter().filter(|known| known.key != CACHE);
        asked.filter_map(told).collect()
    }

    /// Refuses a precision that the device does not have: it would compute in another without a
    /// word.
    pub(crate) fn check_precision(&self, told: &SettingValues) -> Result<(), BackendError> {
        let precision = |settings: &SettingValues| settings.get(PRECISION).map(str::to_owned);
        match (precision(&self.options), precision(told)) {
            (Some(asked), Some(told)) if asked != told => Err(BackendError::Unsupported(format!(
                "this machine does not compute in {asked}: OpenVINO would take {told} instead"
            ))),
            _ => Ok(()),
        }
    }

    /// The threads that a compiled model has; those of other processors than the CPU are
    /// not told.
    pub(crate) fn threads_of(graph: &CompiledGraph) -> Option<u32> {
        let told: CallResult<String> = graph.property("INFERENCE_NUM_THREADS");
        told.ok()?.parse().ok().filter(|threads| *threads > 0)
    }
}

fn not_cached(only: &str) -> BackendError {
    BackendError::Unsupported(format!(
        "OpenVINO's {CACHE} takes effect only for {only}: measure this model without it"
    ))
}
