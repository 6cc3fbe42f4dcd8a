//! Matching a dataset's classes with a model's outputs, before anything is
//! scored: the right mapping or a refusal, never a silently shifted index.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use super::class_map::ClassMap;
use super::dataset::{Classes, Dataset, Order};

/// Share of comparable names that must agree where both sides name classes.
/// Two spellings of ImageNet's names agree on nearly all; a shuffled or
/// shifted file on nearly none.
const AGREEMENT: f64 = 0.9;

/// What a model brings to the matching.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// The model's name, for sentences.
    pub model: &'a str,
    /// Number of outputs.
    pub count: usize,
    /// Its labels, in the order of its outputs.
    pub labels: Option<&'a [String]>,
    /// Output less class index, where it is stated.
    pub offset: Option<i64>,
}

/// Matches, with a sentence for everything that was assumed.
///
/// # Errors
/// One sentence where labels do not fit the outputs, a class has no output, or
/// both sides name classes and disagree.
pub fn resolve(dataset: &Dataset, outputs: &Outputs) -> Result<(ClassMap, Vec<String>)> {
    let labels = outputs.labels.map(|labels| Labels::aligned(outputs, labels)).transpose()?;
    let mut assumed = Vec::new();
    let map = match (dataset.classes.order, &labels, outputs.offset) {
        (Order::ByName, Some(labels), _) => by_name(&dataset.classes, labels, outputs)?,
        (Order::ByName, None, _) => {
            let classes = dataset.class_count();
            ensure!(
                classes == outputs.count,
                "the dataset's {classes} classes are named, but model {} has {} outputs and no labels; give --labels",
                outputs.model,
                outputs.count
            );
            assumed.push(format!(
                "{}: no labels; its outputs are taken as the dataset's classes by name",
                outputs.model
            ));
            ClassMap::shifted(0, outputs.count)
        }
        (Order::Given | Order::Ilsvrc2012, labels, stated) => {
            let offset = match stated {
                Some(offset) => offset,
                None => guessed_offset(dataset, outputs, labels.as_ref(), &mut assumed),
            };
            if let Some(labels) = labels {
                confirm(&dataset.classes, labels, offset, outputs, &mut assumed)?;
            }
            ClassMap::shifted(offset, outputs.count)
        }
    };
    for entry in &dataset.entries {
        ensure!(
            map.output_of(entry.class).is_some(),
            "class {} of {} is outside the {} outputs of model {}; correct the labels, or give --label-offset",
            entry.class,
            entry.file,
            outputs.count,
            outputs.model
        );
    }
    Ok((map, assumed))
}

/// A model's labels by output, and where each name is.
struct Labels<'a> {
    by_output: Vec<Option<&'a str>>,
    /// Outputs by normalised name: whole lines and single synonyms.
    places: HashMap<String, Vec<usize>>,
}

impl<'a> Labels<'a> {
    fn aligned(outputs: &Outputs, labels: &'a [String]) -> Result<Self> {
        let count = outputs.count;
        let names = || labels.iter().map(|label| Some(label.as_str()));
        let by_output: Vec<Option<&str>> = if labels.len() == count {
            names().collect()
        } else if labels.len() + 1 == count && !is_background(&labels[0]) && count == 1001 {
            // The background class at output 0 has no line.
            std::iter::once(None).chain(names()).collect()
        } else if labels.len() == count + 1 && is_background(&labels[0]) {
            names().skip(1).collect()
        } else {
            bail!(
                "the labels of model {} have {} lines, but it has {count} outputs; give the file that belongs to it with --labels",
                outputs.model,
                labels.len()
            );
        };
        let mut places = HashMap::<String, Vec<usize>>::new();
        for (output, label) in by_output.iter().enumerate() {
            for name in label.iter().flat_map(|label| synonyms(label)) {
                let outputs = places.entry(name).or_default();
                if outputs.last() != Some(&output) {
                    outputs.push(output);
                }
            }
        }
        Ok(Self { by_output, places })
    }

    /// The one output of this name: by the whole name, else by a synonym that
    /// no other output has.
    fn find(&self, name: &str) -> Option<usize> {
        synonyms(name).iter().find_map(|name| match self.places.get(name)?[..] {
            [output] => Some(output),
            _ => None,
        })
    }

    fn agrees(&self, output: usize, name: &str) -> bool {
        let label = self.by_output.get(output).copied().flatten();
        label.is_some_and(|label| {
            let names = synonyms(name);
            synonyms(label).iter().any(|label| names.contains(label))
        })
    }
}

fn is_background(label: &str) -> bool {
    matches!(normalised(label).as_str(), "background" | "dummy" | "unused background")
}

/// Without case, and with a space for what a folder's name has in place of one
/// (or of a slash, which it cannot hold).
fn normalised(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if matches!(c, '_' | '-' | '/') { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The whole name first, then each part between commas.
fn synonyms(name: &str) -> Vec<String> {
    let mut names = vec![normalised(name)];
    if name.contains(',') {
        names.extend(name.split(',').map(normalised).filter(|part| !part.is_empty()));
    }
    names
}

fn by_name(classes: &Classes, labels: &Labels, outputs: &Outputs) -> Result<ClassMap> {
    let mut output_of = Vec::with_capacity(classes.names.len());
    let mut missing = Vec::new();
    for name in classes.names.iter().flatten() {
        let found = labels.find(name);
        if found.is_none() {
            missing.push(format!("'{name}'"));
        }
        output_of.push(found);
    }
    if !missing.is_empty() {
        let count = missing.len();
        missing.truncate(3);
        bail!(
            "{count} of the dataset's {} classes are not, or not uniquely, among the labels of model {}, such as {}; name the classes as its labels do, or give --labels",
            output_of.len(),
            outputs.model,
            missing.join(", ")
        );
    }
    let mut owner = HashMap::new();
    for (class, output) in output_of.iter().enumerate() {
        if let Some(first) = output.and_then(|output| owner.insert(output, class)) {
            let name = |class: usize| classes.names[class].as_deref().unwrap_or_default();
            bail!(
                "classes '{}' and '{}' are one label of model {}; merge or rename them",
                name(first),
                name(class),
                outputs.model
            );
        }
    }
    Ok(ClassMap::listed(output_of, outputs.count))
}

/// 1 where output 0 is a background class; 1001 outputs without labels are
/// taken for ImageNet's 1000 classes and the background that TensorFlow's
/// models have.
fn guessed_offset(
    dataset: &Dataset,
    outputs: &Outputs,
    labels: Option<&Labels>,
    assumed: &mut Vec<String>,
) -> i64 {
    let told = labels.and_then(|labels| *labels.by_output.first()?);
    match (labels, told) {
        (Some(_), Some(first)) if is_background(first) => 1,
        // Labels in another language do not tell; a dataset of ILSVRC's classes does.
        (Some(_), Some(_))
            if outputs.count == 1001 && dataset.classes.order == Order::Ilsvrc2012 =>
        {
            assumed.push(format!(
                "{}: 1001 outputs for 1000 classes; output 0 is taken as the background class",
                outputs.model
            ));
            1
        }
        (Some(_), Some(_)) => 0,
        (Some(_), None) => 1,
        (None, _) if outputs.count == 1001 && dataset.class_count() <= 1000 => {
            assumed.push(format!(
                "{}: 1001 outputs without labels; output 0 is taken as the background class",
                outputs.model
            ));
            1
        }
        (None, _) => 0,
    }
}

/// Refuses labels that contradict the dataset's names at this offset.
fn confirm(
    classes: &Classes,
    labels: &Labels,
    offset: i64,
    outputs: &Outputs,
    assumed: &mut Vec<String>,
) -> Result<()> {
    let named: Vec<(i64, &str)> = (0_i64..)
        .zip(&classes.names)
        .filter_map(|(class, name)| Some((class, name.as_deref()?)))
        .collect();
    let share = |offset: i64| {
        let agrees = |(class, name): &&(i64, &str)| {
            usize::try_from(class + offset).is_ok_and(|output| labels.agrees(output, name))
        };
        named.iter().filter(agrees).count() as f64 / named.len() as f64
    };
    if named.is_empty() || share(offset) >= AGREEMENT {
        return Ok(());
    }
    if let Some(better) = [offset + 1, offset - 1].into_iter().find(|o| share(*o) >= AGREEMENT) {
        bail!(
            "the labels of model {} agree with the dataset's names at --label-offset {better}, not at {offset}; give that",
            outputs.model
        );
    }
    let known = named.iter().filter(|(_, name)| labels.find(name).is_some()).count();
    if known == 0 {
        assumed.push(format!(
            "{}: none of the dataset's class names is among its labels (another language?); classes are matched by index",
            outputs.model
        ));
        return Ok(());
    }
    let example = named.iter().find_map(|(class, name)| {
        let output = usize::try_from(class + offset).ok()?;
        let label = labels.by_output.get(output).copied().flatten()?;
        (!labels.agrees(output, name)).then(|| {
            format!("output {output} is '{label}', where class {class} of the dataset is '{name}'")
        })
    });
    bail!(
        "the labels of model {} are not in the order of the dataset's classes: {}; give the file that belongs to the model with --labels",
        outputs.model,
        example.unwrap_or_else(|| "names disagree".to_owned())
    )
}

#[cfg(test)]
#[path = "labelling_tests.rs"]
mod tests;
