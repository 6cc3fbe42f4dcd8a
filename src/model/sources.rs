//! The sources of a model's description, combined: for each field the first counts.

use serde_json::Value;

use crate::model::resolve;
use crate::record::description::{Description, Model, PipelineSource, Stated};

/// Fields that say which pixels become the input.
const PIPELINE: [&str; 6] =
    ["preprocess", "crop_pct", "crop_mode", "interpolation", "resize", "crop"];
/// Fields that state which numbers are used.
const VALUES: [&str; 3] = ["channels", "mean", "scale"];
/// The field that says how large an input of open size is.
const SIZE: [&str; 1] = ["input_size"];
/// Fields that name the classes.
const NAMES: [&str; 2] = ["labels", "label_names"];

/// What `layers` state together, where earlier ones override later ones, and which fields come from
/// which.
#[must_use]
pub(crate) fn together(layers: Vec<(PipelineSource, Description)>) -> (Description, Vec<Stated>) {
    let (mut whole, mut stated) = (Description::default(), Vec::new());
    for (by, mut layer) in layers {
        // A mean belongs to its scale.
        if whole.mean.is_some() || whole.scale.is_some() {
            (layer.mean, layer.scale) = (None, None);
        }
        let before = fields(&whole);
        whole = resolve::merged(&whole, &layer);
        let mut fields = fields(&whole);
        fields.retain(|field| !before.contains(field));
        if !fields.is_empty() {
            stated.push(Stated { by, fields });
        }
    }
    (whole, stated)
}

/// The fields that are stated.
fn fields(description: &Description) -> Vec<String> {
    match serde_json::to_value(description) {
        Ok(Value::Object(map)) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect()
        }
        _ => Vec::new(),
    }
}

fn has(fields: &[String], names: &[&str]) -> bool {
    fields.iter().any(|field| names.contains(&field.as_str()))
}

/// The source of the pipeline.
#[must_use]
pub(crate) fn of_pipeline(stated: &[Stated]) -> Option<PipelineSource> {
    stated.iter().find(|it| has(&it.fields, &PIPELINE)).map(|it| it.by.clone())
}

/// What the program found without the user stating it, each as part of a sentence: what was taken
/// from configurations and metadata, and notes on them.
#[must_use]
pub(crate) fn found(model: &Model, overrides: &Description) -> Vec<String> {
    let given = fields(overrides);
    let mut found = Vec::new();
    for Stated { by, fields } in &model.stated {
        let from = match by {
            PipelineSource::Configuration(names) => format!("{names} beside the file"),
            PipelineSource::Metadata => by.to_string(),
            _ => continue,
        };
        let used = |names: &[&str]| has(fields, names) && !has(&given, names);
        let parts = [
            (used(&PIPELINE), "pipeline"),
            (used(&VALUES), "normalisation"),
            (used(&SIZE), "input size"),
            (used(&NAMES), "class names"),
        ];
        let parts: Vec<&str> =
            parts.into_iter().filter(|(used, _)| *used).map(|(_, what)| what).collect();
        if !parts.is_empty() {
            found.push(format!("{} from {from}", parts.join(", ")));
        }
    }
    found.extend(model.config_notes.iter().cloned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_of_a_field_counts() {
        let sidecar =
            Description { mean: Some(vec![1.0]), family: Some("f".into()), ..Default::default() };
        let config = Description {
            preprocess: Some("hf,resize=256".parse().unwrap()),
            mean: Some(vec![2.0]),
            scale: Some(vec![3.0]),
            label_names: Some(vec!["a".into()]),
            ..Default::default()
        };
        let file = Description { label_names: Some(vec!["b".into()]), ..Default::default() };
        let names = PipelineSource::Configuration("config.json".into());
        let (whole, stated) = together(vec![
            (PipelineSource::Sidecar, sidecar),
            (names.clone(), config),
            (PipelineSource::Metadata, file),
        ]);
        assert_eq!((whole.mean, whole.scale), (Some(vec![1.0]), None));
        assert_eq!(whole.label_names.unwrap(), ["a"]);
        assert_eq!(whole.preprocess.unwrap().to_string(), "hf,resize=256");
        let of = |by: PipelineSource, fields: &[&str]| Stated {
            by,
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
        };
        assert_eq!(of_pipeline(&stated), Some(names.clone()));
        assert_eq!(
            stated,
            [
                of(PipelineSource::Sidecar, &["family", "mean"]),
                of(names, &["label_names", "preprocess"])
            ]
        );
    }

    #[test]
    fn old_keys_of_a_description_are_a_pipeline_too() {
        let sidecar = Description { crop: Some(0.9), ..Default::default() };
        let config =
            Description { preprocess: Some("timm".parse().unwrap()), ..Default::default() };
        let (whole, stated) =
            together(vec![(PipelineSource::Sidecar, sidecar), (PipelineSource::Metadata, config)]);
        assert_eq!((whole.crop, whole.preprocess, stated.len()), (Some(0.9), None, 1));
    }
}
