//! Classes matched with outputs by their names.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use crate::dataset::entries::{ClassOrder, Dataset};
use crate::dataset::labelling::output_labels::Labels;
use crate::dataset::labelling::outputs::ModelOutputs;
use crate::dataset::labelling::same_name::known_as;
use crate::dataset::numbers;
use crate::record::class_map::ClassMap;

/// What is assumed of a model without labels; reports repeat it beside its figures.
pub(crate) const IN_ORDER_OF_NAMES: &str =
    "no labels; its outputs are taken as the dataset's classes in the order of their names";

/// Finds the output of each class by the model's labels; without labels the
/// outputs are the classes in the order of their names, if there are as many.
pub(crate) fn matched(
    dataset: &Dataset,
    labels: Option<&Labels>,
    outputs: &ModelOutputs,
    assumed: &mut Vec<String>,
) -> Result<ClassMap> {
    let used = &dataset.classes.used;
    let found = match labels {
        Some(labels) => labelled(dataset, labels, outputs)?,
        None => {
            check_numbers(dataset, outputs)?;
            // With a class that has no image the names still count the outputs.
            let all = dataset.classes.order == ClassOrder::ByName
                && dataset.classes.names.len() == outputs.count;
            ensure!(
                used.len() == outputs.count || all,
                "the dataset's {} classes are named, but model {} has {} outputs and no labels; give --labels",
                used.len(),
                outputs.model,
                outputs.count
            );
            assumed.push(IN_ORDER_OF_NAMES.to_owned());
            if all {
                used.iter().map(|class| *class as usize).collect()
            } else {
                (0..outputs.count).collect()
            }
        }
    };
    let classes = used.last().map_or(0, |class| *class as usize + 1);
    let mut output_of = vec![None; classes];
    for (class, output) in used.iter().zip(found) {
        output_of[*class as usize] = Some(output);
    }
    Ok(ClassMap::listed(output_of, outputs.count))
}

/// Refuses names that are numbers but no class indices (`-1`, `0.5`, `1e3`): whoever trained
/// the model may have counted them by their values or as text.
fn check_numbers(dataset: &Dataset, outputs: &ModelOutputs) -> Result<()> {
    let classes = &dataset.classes;
    let names: Vec<&str> = classes.used.iter().filter_map(|it| classes.name(*it)).collect();
    ensure!(
        names.len() < 2 || !names.iter().all(|name| numbers::is_number(name)),
        "the dataset's {} classes are numbers that are no class indices, such as '{}'; model {} has no labels that would tell which output each is: give --labels with a line for each output, or class_index in labels.csv",
        names.len(),
        names.iter().find(|name| numbers::index(name).is_none()).unwrap_or(&names[0]),
        outputs.model
    );
    Ok(())
}

/// The output of each class that is used, in their order.
fn labelled(dataset: &Dataset, labels: &Labels, outputs: &ModelOutputs) -> Result<Vec<usize>> {
    let classes = &dataset.classes;
    let name = |class: u32| classes.name(class).unwrap_or_default();
    let mut found = Vec::with_capacity(classes.used.len());
    let mut missing = Vec::new();
    for class in &classes.used {
        match labels.find(&known_as(classes, *class)) {
            Some(output) => found.push(output),
            None => missing.push(format!("'{}'", name(*class))),
        }
    }
    if !missing.is_empty() {
        let count = missing.len();
        missing.truncate(3);
        bail!(
            "{count} of the dataset's {} classes have no unique match among the labels of model {}, such as {}; name the classes as its labels do, or give --labels",
            classes.used.len(),
            outputs.model,
            missing.join(", ")
        );
    }
    let mut owner = HashMap::new();
    for (class, output) in classes.used.iter().zip(&found) {
        if let Some(first) = owner.insert(*output, *class) {
            bail!(
                "classes '{}' and '{}' match the same label of model {}; merge or rename them",
                name(first),
                name(*class),
                outputs.model
            );
        }
    }
    Ok(found)
}
