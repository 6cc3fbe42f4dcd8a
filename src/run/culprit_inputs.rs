//! What the search for a culprit runs on: photos of the run's dataset if it is there, otherwise the
//! random inputs that cases are compared on without one.

use std::sync::Mutex;

use crate::dataset::entries::Dataset;
use crate::image::decode;
use crate::image::preprocess::Preparer;
use crate::model::resolve;
use crate::record::description::Model;
use crate::record::header::Header;
use crate::record::tensor::TensorInfo;
use crate::run::check_agreement;
use crate::run::plan::open_dataset;

/// Photos that are compared.
const PHOTOS: usize = 16;

/// The photos of a run, if there are any.
pub(crate) struct CulpritPhotos(Option<Dataset>);

/// Inputs of a model, one after the other, with what each is in words.
pub(crate) struct CulpritInputs {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// What they are.
    pub names: Vec<String>,
}

impl CulpritPhotos {
    /// Opens the dataset of a run; without one, or if it is gone, there are none.
    pub(crate) fn of(header: &Header) -> Self {
        let options = header.options.accuracy.as_ref();
        Self(options.and_then(|options| open_dataset(options, header.options.seed).ok()))
    }

    /// The inputs for `model`, which as it is loaded takes `infos`.
    pub(crate) fn inputs(
        &self,
        header: &Header,
        model: &Model,
        infos: &[TensorInfo],
    ) -> CulpritInputs {
        self.photos(header, model).unwrap_or_else(|| {
            let (count, bytes) = check_agreement::inputs(header, model, infos);
            let name = |index| format!("random input {index} of {count}, no photo");
            CulpritInputs { bytes, names: (1..=count).map(name).collect() }
        })
    }

    /// Photos at even distances; `None` if the model takes none or none can be read.
    fn photos(&self, header: &Header, model: &Model) -> Option<CulpritInputs> {
        let dataset = self.0.as_ref()?;
        let overrides = &header.options.overrides;
        let spec = resolve::input_spec(model, overrides, header.image_size()).ok()?.spec;
        let entries = &dataset.entries[dataset.scored()];
        let count = entries.len().min(PHOTOS);
        let (mut preparer, gate) = (Preparer::default(), Mutex::new(()));
        let mut inputs = CulpritInputs { bytes: Vec::new(), names: Vec::new() };
        for entry in (0..count).map(|index| &entries[index * entries.len() / count]) {
            let Ok(file) = dataset.load(entry) else { continue };
            let Ok(decoded) = decode::decode(&file, &gate) else { continue };
            preparer.prepare(&decoded.turned(dataset.exif).pixels, &spec, &mut inputs.bytes);
            inputs.names.push(format!("photo {}", entry.file));
        }
        Some(inputs).filter(|inputs| !inputs.names.is_empty())
    }
}
