//! What scores alone show about wrong labels, if no name could contradict them.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::output_classes::OutputClasses;
use crate::record::prediction::Prediction;
use crate::stats::interval::wilson;

/// Fewer images do not show a shift.
const LEAST_SHIFTED: usize = 10;
/// A shifted Top-1 is at most this, or five times chance: neighbours among ILSVRC's classes look
/// alike. Four MobileNets of 41.6% to 86.4% on 500 photos had 0.2% to 1.2% at an offset that is
/// wrong by one; one in ten allows for a set whose neighbours are closer.
const MOST_SHIFTED: f64 = 0.1;
/// A shift is assumed if Top-1 is this many times as high with every class moved (34 to 216 times
/// for those).
const TIMES: f64 = 5.0;
/// With every class moved Top-1 is at least this, and four times chance: among few
/// classes a shuffle moves some by one.
const LEAST_MOVED: f64 = 0.2;
/// Fewer images do not distinguish a poor model from chance.
const LEAST_NEAR_CHANCE: usize = 50;
/// More outputs than this make any use of a model better than `MOST_NEAR_CHANCE`.
const MANY_OUTPUTS: usize = 100;
/// Shuffled labels leave some lines in their place, and neighbours alike.
const MOST_NEAR_CHANCE: f64 = 0.02;

/// Why labels look wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelWarning {
    /// They would be right one output further.
    Shifted(LabelShift),
    /// Top-1 is near chance.
    NearChance(NearChance),
}

/// Classes that look shifted by one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelShift {
    /// Top-1 as the labels are.
    pub top1: f64,
    /// By how much the outputs of the classes would have to change.
    pub shift: i64,
    /// Top-1 then.
    pub top1_shifted: f64,
    /// Whether the outputs were matched by name, so that the labels must be corrected and not the
    /// offset.
    pub by_name: bool,
}

/// A Top-1 near chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NearChance {
    /// Top-1.
    pub top1: f64,
    /// On how many images.
    pub images: usize,
    /// Outputs of the model.
    pub outputs: usize,
}

impl LabelWarning {
    /// A short label for a table cell.
    #[must_use]
    pub(crate) const fn tag(&self) -> &'static str {
        match self {
            Self::Shifted(_) => "labels shifted",
            Self::NearChance(_) => "near chance",
        }
    }

    /// The shift, if it is one.
    #[must_use]
    pub(crate) const fn shift(&self) -> Option<LabelShift> {
        match self {
            Self::Shifted(shift) => Some(*shift),
            Self::NearChance(_) => None,
        }
    }

    /// The other warning, if it is that.
    #[must_use]
    pub(crate) const fn near_chance(&self) -> Option<NearChance> {
        match self {
            Self::NearChance(near_chance) => Some(*near_chance),
            Self::Shifted(_) => None,
        }
    }
}

impl fmt::Display for LabelWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shifted(LabelShift { top1, shift, top1_shifted, by_name }) => {
                write!(
                    f,
                    "Top-1 is {:.1}%, but {:.1}% with every class moved by {shift:+}: ",
                    top1 * 100.0,
                    top1_shifted * 100.0,
                )?;
                if *by_name {
                    write!(
                        f,
                        "the lines of the labels file are shifted relative to the outputs; give the file that belongs to the model with --labels"
                    )
                } else {
                    write!(f, "the labels are shifted; change --label-offset by {shift:+}")
                }
            }
            Self::NearChance(NearChance { top1, images, outputs }) => {
                write!(
                    f,
                    "Top-1 is {:.1}% on {images} images, near chance among {outputs} outputs: the labels may be shuffled or belong to another model, or the preprocessing may be wrong",
                    top1 * 100.0
                )?;
                if matches!(outputs, 1000 | 1001) {
                    f.write_str("; or the class indices are the numbers of ILSVRC2012's development kit, which orders its classes differently, or are indices in a file that is read as such numbers")?;
                }
                Ok(())
            }
        }
    }
}

/// Whether the labels look wrong. `known` says which output is which class; without it (an old
/// journal) class and output indices are the same.
#[must_use]
pub(crate) fn label_warning(
    predictions: &[Prediction],
    outputs: usize,
    known: Option<&OutputClasses>,
) -> Option<LabelWarning> {
    let shift = label_shift(predictions, outputs, known).map(LabelWarning::Shifted);
    shift.or_else(|| near_chance(predictions, outputs).map(LabelWarning::NearChance))
}

/// Classes look shifted by one if Top-1 is near chance as it is, and high when the output of every
/// class is moved by one.
fn label_shift(
    predictions: &[Prediction],
    outputs: usize,
    known: Option<&OutputClasses>,
) -> Option<LabelShift> {
    let images = predictions.len();
    let places = known.map(OutputClasses::output_of_class);
    let output_of = |class: i64| match &places {
        Some(places) => places.get(&class).copied(),
        None => Some(class),
    };
    let mut moved = HashMap::<i64, usize>::new();
    for p in predictions {
        let best = p.top.first().and_then(|(best, _)| output_of(i64::from(*best)));
        if let (Some(best), Some(label)) = (best, output_of(p.label.into())) {
            *moved.entry(best - label).or_default() += 1;
        }
    }
    let share_at =
        |shift: i64| moved.get(&shift).copied().unwrap_or(0) as f64 / images.max(1) as f64;
    let top1 = share_at(0);
    let chance = 1.0 / outputs.max(1) as f64;
    let (shift, top1_shifted) = [1, -1]
        .map(|shift| (shift, share_at(shift)))
        .into_iter()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let shifted = images >= LEAST_SHIFTED
        && top1 <= (5.0 * chance).clamp(MOST_SHIFTED, 0.5)
        && top1_shifted >= (4.0 * chance).clamp(LEAST_MOVED, 0.5)
        && top1_shifted >= top1 * TIMES;
    let by_name = known.is_some_and(|known| known.by_name);
    shifted.then_some(LabelShift { top1, shift, top1_shifted, by_name })
}

/// Whether Top-1 is what guessing would give, or so little that hardly a label
/// can be in its place.
fn near_chance(predictions: &[Prediction], outputs: usize) -> Option<NearChance> {
    let images = predictions.len();
    let right = predictions.iter().filter(|p| p.rank_of_label <= 1).count();
    let top1 = wilson(right, images).filter(|_| images >= LEAST_NEAR_CHANCE && outputs > 1)?;
    let guessed = top1.low <= 1.0 / outputs as f64;
    let hardly = outputs > MANY_OUTPUTS && top1.value <= MOST_NEAR_CHANCE;
    (guessed || hardly).then_some(NearChance { top1: top1.value, images, outputs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(label: u32, best: i64) -> Prediction {
        let best = i32::try_from(best).unwrap();
        Prediction {
            image: "".into(),
            label,
            top: [(best, 0.9), (best + 1, 0.0)].into_iter().collect(),
            rank_of_label: if u32::try_from(best) == Ok(label) { 1 } else { 9 },
            tie: false,
            not_a_number: false,
        }
    }

    fn predictions(count: u32, best: impl Fn(i64) -> i64) -> Vec<Prediction> {
        (0..count).map(|label| prediction(label, best(label.into()))).collect()
    }

    #[test]
    fn a_shift_by_one_is_noticed() {
        let hint =
            label_warning(&predictions(100, |class| class + 1), 1001, None).unwrap().to_string();
        assert!(hint.contains("--label-offset by +1"), "{hint}");
        assert_eq!(label_warning(&predictions(100, |class| class), 1001, None), None);
        assert_eq!(label_warning(&[], 10, None), None);
    }

    #[test]
    fn a_shift_among_neighbours_that_look_alike_is_noticed() {
        // One in 20 is taken for its neighbour, and is right by that luck alone.
        let shifted = predictions(100, |class| if class % 20 == 0 { class } else { class + 1 });
        assert!(label_warning(&shifted, 1001, None).unwrap().shift().is_some());
        // A poor model with as little is not.
        let poor = predictions(100, |class| if class % 20 == 0 { class } else { class + 7 });
        assert_eq!(label_warning(&poor, 1001, None), None);
    }

    /// Classes 0, 1, 2 ... of 100 stand at outputs in another order.
    fn by_name() -> OutputClasses {
        let outputs = (0..100).map(|output| (output * 37 % 100, None)).collect();
        OutputClasses { models: vec!["m".to_owned()], outputs, by_name: true }
    }

    #[test]
    fn a_shift_is_one_of_outputs_not_of_the_classes_numbers() {
        let known = by_name();
        let places = known.output_of_class();
        let next = |class: i64| known.outputs[(places[&class] as usize + 1) % 100].0;
        let found = label_warning(&predictions(100, next), 100, Some(&known)).unwrap();
        assert_eq!(found.shift().unwrap().shift, 1);
        assert!(found.to_string().contains("lines of the labels file are shifted"), "{found}");
        // The numbers of the classes alone would not tell.
        assert_eq!(label_warning(&predictions(100, next), 100, None).unwrap().shift(), None);
    }

    #[test]
    fn a_top1_near_chance_is_doubted_where_there_are_images_enough() {
        let shuffled = |count| predictions(count, |class| (class * 7 + 3) % 10);
        let many: Vec<Prediction> = (0..20).flat_map(|_| shuffled(10)).collect();
        let found = label_warning(&many, 10, None).unwrap();
        assert!(found.near_chance().is_some(), "{found}");
        assert!(
            found.to_string().contains("may be shuffled or belong to another model"),
            "{found}"
        );
        assert_eq!(label_warning(&many[..40], 10, None), None);
        let fair: Vec<Prediction> = (0..20)
            .flat_map(|turn| predictions(10, move |class| if turn < 6 { class } else { 0 }))
            .collect();
        assert_eq!(label_warning(&fair, 10, None), None);
    }
}
