//! The published table of TensorFlow Lite's hosted models, for files that the
//! catalogue does not know by their SHA-256.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::record::description::{Model, Published};
use crate::record::precision::Precision;

/// The table's text, part of the program.
const TEXT: &str = include_str!("../../models/published.csv");
/// What a file name may say about the precision.
const SUFFIXES: [&str; 5] = ["_quant", "_quantized", "_uint8", "_float32", "_float"];

#[derive(Deserialize)]
struct PublishedEntry {
    model: String,
    precision: String,
    size_mb: Option<f64>,
    top1_percent: Option<f64>,
    top5_percent: Option<f64>,
    cpu_4_threads_ms: Option<f64>,
}

static TABLE: LazyLock<Vec<PublishedEntry>> = LazyLock::new(|| {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TEXT.as_bytes());
    // A table that does not parse fails this module's test, so it cannot ship.
    reader.deserialize().filter_map(Result::ok).collect()
});

/// The figures published under a model's name for its precision. A name is not proof, so whoever
/// shows the figures also says how they were found.
#[must_use]
pub(crate) fn by_name(model: &Model) -> Option<Published> {
    find(&model.name, model.description.precision.unwrap_or(model.signature.precision))
}

fn find(name: &str, precision: Precision) -> Option<Published> {
    let name = name.to_lowercase().replace('-', "_");
    let name = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    let line = TABLE.iter().find(|line| {
        let same = match precision {
            Precision::Float32 => line.precision == "float32",
            Precision::Int8 => line.precision == "uint8",
            _ => false,
        };
        same && line.model == name
    })?;
    // One decimal of a percentage: the division leaves no digits behind it.
    let share = |percent: Option<f64>| percent.map(|percent| (percent * 10.0).round() / 1e3);
    Some(Published {
        top1: share(line.top1_percent),
        top5: share(line.top5_percent),
        size_mb: line.size_mb,
        latency_ms: line.cpu_4_threads_ms,
        latency_on: Some("Pixel 3, Android 10, CPU, 4 threads".to_owned()),
        dataset: Some("ILSVRC2012 validation".to_owned()),
        source: Some("TensorFlow Lite hosted models, image classification".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::catalogue;
    use crate::model::manifest::Manifest;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((TABLE.len(), lines), (43, 44));
        assert!(TABLE.iter().all(|line| line.top1_percent.is_some() && line.size_mb.is_some()));
    }

    #[test]
    fn a_model_is_found_by_its_name_and_precision() {
        let top1 = |name, precision| find(name, precision).and_then(|found| found.top1);
        assert_eq!(top1("mobilenet_v1_1.0_224_quant", Precision::Int8), Some(0.7));
        assert_eq!(top1("MobileNet_V1_1.0_160", Precision::Float32), Some(0.68));
        assert_eq!(top1("inception_v3", Precision::Int8), Some(0.775));
        assert_eq!(top1("densenet", Precision::Int8), None);
        assert_eq!(top1("inception_v3", Precision::DynamicInt8), None);
    }

    #[test]
    fn the_catalogue_and_the_table_say_the_same() {
        let models = Manifest::parse(catalogue::TEXT, Path::new("")).unwrap().models;
        let stated: Vec<_> =
            models.iter().filter(|entry| entry.description.published.is_some()).collect();
        assert_eq!(stated.len(), 4);
        for entry in stated {
            let published = &entry.description.published;
            assert_eq!(find(&entry.name, Precision::Int8), *published, "{}", entry.name);
        }
    }
}
