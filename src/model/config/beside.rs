//! Configurations that lie beside a model file: which of them are its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::model::config::{field, hugging_face, image_processor, steps, timm};
use crate::record::description::Description;
use crate::record::input_size::InputSize;

/// What the configurations beside a model state.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Beside {
    /// What they state.
    pub description: Description,
    /// Their names; empty: there is none that counts.
    pub files: Vec<String>,
    /// Notes on them, each part of a sentence.
    pub notes: Vec<String>,
}

/// Reads the configurations of the model at `path`: of its own name
/// (`NAME.preprocessor_config.json`, `NAME.config.json`), else those of its folder, which count if
/// no other model is there. Exporters that put models into a folder `onnx` leave the configurations
/// above it.
///
/// # Errors
/// One sentence: a configuration that counts and is invalid.
pub(crate) fn read(path: &Path) -> Result<Beside> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut beside = Beside::default();
    for name in [image_processor::FILE_NAME, hugging_face::FILE_NAME] {
        let own = folder.join(format!("{stem}.{name}"));
        let config = if own.is_file() { Some(own) } else { of_folder(folder, name) };
        let Some(config) = config else { continue };
        let shared = !config.ends_with(format!("{stem}.{name}"));
        if shared && let Some(other) = another_model(folder, path) {
            beside.notes.push(format!(
                "{name} beside it is ignored, since it may belong to {other}; name it {stem}.{name} if it belongs to this model"
            ));
            continue;
        }
        let bytes = bounded(&config)?;
        apply(&mut beside, name, &bytes).with_context(|| {
            format!("{} cannot be used; correct or remove it", config.display())
        })?;
    }
    Ok(beside)
}

fn of_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    let above = folder.parent().filter(|_| folder.ends_with("onnx"));
    [Some(folder), above].into_iter().flatten().map(|it| it.join(name)).find(|it| it.is_file())
}

fn bounded(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("could not read {}", path.display());
    let length = fs::metadata(path).with_context(context)?.len();
    ensure!(
        length <= field::MAX_BYTES as u64,
        "{} has {length} bytes, more than the limit of {} for a configuration; remove it",
        path.display(),
        field::MAX_BYTES
    );
    fs::read(path).with_context(context)
}

/// A model file of the folder that is not a variant of this one, by its name. Exporters
/// write variants of one model side by side: `model.onnx`, `model_quantized.onnx`.
fn another_model(folder: &Path, path: &Path) -> Option<String> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_model = |path: &PathBuf| {
        path.extension().is_some_and(|extension| {
            extension.eq_ignore_ascii_case("onnx") || extension.eq_ignore_ascii_case("tflite")
        })
    };
    let mut stems: Vec<String> = fs::read_dir(here)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_model)
        .map(|path| stem(&path))
        .collect();
    stems.sort();
    let shortest = stems.iter().min_by_key(|stem| stem.len())?.clone();
    let is_variant = |stem: &String| {
        stem.strip_prefix(&shortest)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.']))
    };
    if stems.iter().all(is_variant) {
        return None;
    }
    let own = stem(path);
    stems.into_iter().find(|other| *other != own)
}

/// Adds what a configuration states to what is known; the image processor's steps come
/// before timm's.
fn apply(beside: &mut Beside, name: &str, bytes: &[u8]) -> Result<()> {
    let description = &mut beside.description;
    if name == image_processor::FILE_NAME {
        let processor = image_processor::read(bytes)?;
        beside.notes.extend(processor.assumed.iter().map(|it| format!("{it} ({name})")));
        *description = steps::of_processor(&processor);
    } else if let Some(timm) = timm::read(bytes)? {
        let of_timm = steps::of_timm(&timm);
        if description.preprocess.is_some() {
            description.label_names = of_timm.label_names;
        } else {
            *description = of_timm;
        }
    } else {
        let config = hugging_face::read(bytes)?;
        let size = config.image_size.and_then(|(height, width)| InputSize::of(height, width));
        if config.labels.is_none() && (size.is_none() || description.input_size.is_some()) {
            return Ok(());
        }
        description.label_names = config.labels;
        // An image processor states what it really makes.
        description.input_size = description.input_size.or(size);
    }
    beside.files.push(name.to_owned());
    Ok(())
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
