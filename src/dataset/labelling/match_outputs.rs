//! Which way of matching a dataset and a model ask for.

use crate::dataset::entries::{ClassOrder, Dataset};
use crate::dataset::labelling::output_labels::Labels;
use crate::dataset::labelling::outputs::{Matched, ModelOutputs};
use crate::dataset::labelling::{by_index, by_name, by_number};
use anyhow::{Result, ensure};

/// Matches.
///
/// # Errors
/// One sentence if labels do not fit the outputs, a class has no output, or both sides name classes
/// and disagree.
pub fn resolve(dataset: &Dataset, outputs: &ModelOutputs) -> Result<Matched> {
    let labels = outputs.labels.map(|labels| Labels::aligned(outputs, labels)).transpose()?;
    let mut assumed = Vec::new();
    let numbers = dataset.classes.order == ClassOrder::Numbers;
    let by_name = match dataset.classes.order {
        ClassOrder::ByName => true,
        // Counted in their order, if they are not indices.
        ClassOrder::Numbers => dataset.class_count() > outputs.count,
        // Some of ILSVRC's classes: a model of one's own does not count all of them.
        ClassOrder::Ilsvrc2012 => match outputs.count {
            1000 | 1001 => false,
            count => count < 1000 || outputs.offset.is_none(),
        },
        ClassOrder::Given => false,
    };
    let matched = match (numbers, by_name) {
        (true, _) => by_number::matched,
        (false, true) => by_name::matched,
        (false, false) => by_index::matched,
    };
    let map = matched(dataset, labels.as_ref(), outputs, &mut assumed)?;
    for entry in &dataset.entries {
        ensure!(
            map.output_of(entry.class).is_some(),
            "class {} of {} is beyond the {} outputs of model {}; correct the labels, or give --label-offset",
            entry.class,
            entry.file,
            outputs.count,
            outputs.model
        );
    }
    let name = |output: usize| {
        let class = u32::try_from(map.class_of(output)).ok();
        let label = || labels.as_ref()?.by_output.get(output).copied().flatten();
        let name = || class.and_then(|class| dataset.classes.name(class));
        // A number says less than the label of the same output.
        let name = if numbers { label().or_else(name) } else { name().or_else(label) };
        name.map(str::to_owned)
    };
    let names = (0..outputs.count).map(name).collect();
    Ok(Matched { names, map, by_name, assumed })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
