//! Classes that are named by whole numbers, with one word before them or without, matched with
//! outputs.

use anyhow::{Result, bail, ensure};

use crate::dataset::entries::Dataset;
use crate::dataset::labelling::output_labels::Labels;
use crate::dataset::labelling::outputs::ModelOutputs;
use crate::dataset::labelling::same_name::known_as;
use crate::dataset::labelling::{by_index, by_name};
use crate::record::class_map::ClassMap;

/// The numbers are labels if the model's labels are numbers too; else class indices if the model
/// has enough outputs; else, if there are as many as outputs, the outputs in the order of the
/// numbers. All but the first case are reported.
pub(crate) fn matched(
    dataset: &Dataset,
    labels: Option<&Labels>,
    outputs: &ModelOutputs,
    assumed: &mut Vec<String>,
) -> Result<ClassMap> {
    let used = &dataset.classes.used;
    let (least, most) = match used[..] {
        [] => (0, 0),
        [one] => (one, one),
        [least, .., most] => (least, most),
    };
    let classes = &dataset.classes;
    let name = |class: u32| classes.name(class).unwrap_or_default();
    // `class_0` and the like, whose word labels may have as well.
    let is_worded = name(least).contains(char::is_alphabetic);
    let found = labels.map_or(0, |labels| {
        used.iter().filter(|class| labels.find(&known_as(classes, **class)).is_some()).count()
    });
    if found > 0 && (found == used.len() || is_worded) {
        return by_name::matched(dataset, labels, outputs, assumed);
    }
    let is_text_order = used.is_sorted_by_key(|class| name(*class));
    ensure!(
        !is_worded || is_text_order || labels.is_some(),
        "the dataset's classes are called {} to {}, and trainers count such names by their numbers or in the order of the text; give --labels with a line for each output of model {}, or class_index in labels.csv",
        name(least),
        name(most),
        outputs.model
    );
    let counts = |offset: i64| i64::from(most).saturating_add(offset) < outputs.count as i64;
    if counts(outputs.offset.unwrap_or(0)) {
        assumed.push(format!(
            "the dataset's classes are numbers ({} to {}); they are taken as class indices",
            name(least),
            name(most)
        ));
        return by_index::matched(dataset, labels, outputs, assumed);
    }
    if used.len() == outputs.count && outputs.offset.unwrap_or(0) == 0 {
        assumed.push(format!(
            "the dataset's classes are numbers ({} to {}), as many as there are outputs; they are matched in numeric order",
            name(least),
            name(most)
        ));
        let mut output_of = vec![None; most as usize + 1];
        for (output, class) in used.iter().enumerate() {
            output_of[*class as usize] = Some(output);
        }
        return Ok(ClassMap::listed(output_of, outputs.count));
    }
    bail!(
        "the dataset's {} classes are numbers from {least} to {most}, which cannot be indices of the {} outputs of model {}; name the classes as its labels do, or give class_index in labels.csv",
        used.len(),
        outputs.count,
        outputs.model
    )
}
