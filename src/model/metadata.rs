//! TensorFlow Lite metadata: normalisation and labels that a file carries.
//!
//! The schema is `metadata_schema.fbs` of the TensorFlow Lite support
//! repository; only four tables of it matter here, so they are read by a
//! bounds-checked reader instead of generated code.
//!
//! <https://ai.google.dev/edge/litert/models/metadata>

use std::io::{Cursor, Read};

use crate::model::flatbuffer::FlatTable;

/// `NormalizationOptions` in the union `ProcessUnitOptions`.
const NORMALIZATION_OPTIONS: u8 = 1;
/// `TENSOR_AXIS_LABELS` in the enum `AssociatedFileType`.
const TENSOR_AXIS_LABELS: u8 = 2;
/// Longest labels file that is read from a model.
const MAX_LABELS_BYTES: u64 = 16 << 20;

/// What a model's metadata says that matters to a classifier.
#[derive(Debug, Default, PartialEq)]
pub struct TfliteMetadata {
    /// Mean and standard deviation of the first input's normalisation.
    pub normalization: Option<(Vec<f32>, Vec<f32>)>,
    /// Name of the first output's labels file in the model's archive.
    pub label_file: Option<String>,
}

/// Reads a metadata buffer, for the file's graph `graph`. What is damaged counts as absent:
/// metadata is an annotation, and the report says what was assumed in its place.
#[must_use]
pub fn read(bytes: &[u8], graph: usize) -> TfliteMetadata {
    let subgraph = FlatTable::root(bytes).and_then(|root| root.tables(3)?.into_iter().nth(graph));
    let Some(subgraph) = subgraph else { return TfliteMetadata::default() };
    TfliteMetadata {
        normalization: subgraph.tables(2).and_then(|inputs| normalization(inputs.first()?)),
        label_file: subgraph.tables(3).and_then(|outputs| label_file(outputs.first()?)),
    }
}

fn normalization(tensor: &FlatTable<'_>) -> Option<(Vec<f32>, Vec<f32>)> {
    tensor.tables(4)?.iter().find_map(|unit| {
        if unit.byte(0)? != NORMALIZATION_OPTIONS {
            return None;
        }
        let options = unit.table(1)?;
        let (mean, deviation) = (options.floats(0)?, options.floats(1)?);
        let usable = !mean.is_empty()
            && mean.len() == deviation.len()
            && deviation.iter().all(|d| d.is_finite() && *d > 0.0)
            && mean.iter().all(|m| m.is_finite());
        usable.then_some((mean, deviation))
    })
}

fn label_file(tensor: &FlatTable<'_>) -> Option<String> {
    tensor
        .tables(6)?
        .iter()
        .find(|file| file.byte(2) == Some(TENSOR_AXIS_LABELS))
        .and_then(|file| file.text(0))
}

/// Reads the labels file from the archive that is appended to the model.
#[must_use]
pub fn labels(model: &[u8], name: Option<&str>) -> Option<Vec<String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(model)).ok()?;
    let mut text = String::new();
    archive.by_name(name?).ok()?.take(MAX_LABELS_BYTES).read_to_string(&mut text).ok()?;
    crate::model::labels::labels_file::parse(&text).ok()
}
