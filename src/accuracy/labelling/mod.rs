//! Matching a dataset's classes with a model's outputs, before anything is
//! scored: the right mapping or a refusal, never a silently shifted index.

mod by_index;
mod by_name;
mod labels;
mod names;

use anyhow::{Result, ensure};

use self::labels::Labels;
use super::class_map::ClassMap;
use super::dataset::{Dataset, Order};

/// What a model brings to the matching.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// The model's name, for sentences.
    pub model: &'a str,
    /// Number of outputs.
    pub count: usize,
    /// Its labels, in the order of its outputs.
    pub labels: Option<&'a [String]>,
    /// Those inside its file, which the labels must not contradict.
    pub embedded: Option<&'a [String]>,
    /// Output less class index, where it is stated.
    pub offset: Option<i64>,
}

/// A dataset's classes and a model's outputs, matched.
#[derive(Debug, Clone)]
pub struct Matched {
    /// Which output stands for which class.
    pub map: ClassMap,
    /// What each output is called: as the dataset calls its class, else by its
    /// label.
    pub names: Vec<Option<String>>,
    /// Whether names told, so that no offset applies.
    pub by_name: bool,
    /// A part of a sentence for everything that was assumed.
    pub assumed: Vec<String>,
}

/// Matches.
///
/// # Errors
/// One sentence where labels do not fit the outputs, a class has no output, or
/// both sides name classes and disagree.
pub fn resolve(dataset: &Dataset, outputs: &Outputs) -> Result<Matched> {
    let labels = outputs.labels.map(|labels| Labels::aligned(outputs, labels)).transpose()?;
    let mut assumed = Vec::new();
    let by_name = match dataset.classes.order {
        Order::ByName => true,
        // Some of ILSVRC's classes: a model of one's own does not count all of them.
        Order::Ilsvrc2012 => match outputs.count {
            1000 | 1001 => false,
            count => count < 1000 || outputs.offset.is_none(),
        },
        Order::Given => false,
    };
    let matched = if by_name { by_name::matched } else { by_index::matched };
    let map = matched(dataset, labels.as_ref(), outputs, &mut assumed)?;
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
    let name = |output: usize| {
        let class = u32::try_from(map.class_of(output)).ok();
        let label = || labels.as_ref()?.by_output.get(output).copied().flatten();
        class.and_then(|class| dataset.classes.name(class)).or_else(label).map(str::to_owned)
    };
    let names = (0..outputs.count).map(name).collect();
    Ok(Matched { names, map, by_name, assumed })
}

#[cfg(test)]
mod tests;
