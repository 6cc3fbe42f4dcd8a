//! Classes that are named by whole numbers, matched with outputs.

use anyhow::{Result, bail};

use crate::dataset::entries::Dataset;
use crate::dataset::labelling::output_labels::Labels;
use crate::dataset::labelling::outputs::ModelOutputs;
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
    let are_labels = |labels: &&Labels| {
        let name = |class: &u32| dataset.classes.name(*class).unwrap_or_default().to_owned();
        used.iter().all(|class| labels.find(&[name(class)]).is_some())
    };
    if let Some(labels) = labels.filter(are_labels) {
        return by_name::matched(dataset, Some(labels), outputs, assumed);
    }
    let counts = |offset: i64| i64::from(most).saturating_add(offset) < outputs.count as i64;
    if counts(outputs.offset.unwrap_or(0)) {
        assumed.push(format!(
            "the dataset's classes are numbers ({least} to {most}); they are taken as class indices"
        ));
        return by_index::matched(dataset, labels, outputs, assumed);
    }
    if used.len() == outputs.count && outputs.offset.unwrap_or(0) == 0 {
        assumed.push(format!(
            "the dataset's classes are numbers ({least} to {most}), as many as there are outputs; they are matched in numeric order"
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
