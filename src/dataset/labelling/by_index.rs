//! Classes matched with outputs by their index, which the background class of
//! TensorFlow's ImageNet models shifts by one.

use anyhow::{Result, bail};

use crate::dataset::entries::{ClassOrder, Dataset};
use crate::dataset::labelling::output_labels::Labels;
use crate::dataset::labelling::outputs::ModelOutputs;
use crate::dataset::labelling::same_name::{is_background, known_as};
use crate::record::class_map::ClassMap;

/// Share of comparable names that must agree if both sides name classes. Two spellings of
/// ImageNet's names agree on nearly all; a shuffled or shifted file on nearly none.
const AGREEMENT: f64 = 0.9;

/// Matches at the stated offset, else at the one that the number of outputs and the names suggest.
pub(crate) fn matched(
    dataset: &Dataset,
    labels: Option<&Labels>,
    outputs: &ModelOutputs,
    assumed: &mut Vec<String>,
) -> Result<ClassMap> {
    let names = DatasetNames::of(dataset);
    let (offset, guess) = match outputs.offset {
        Some(stated) => (stated, None),
        None => {
            let (offset, guess) = guessed_offset(dataset, outputs, labels, &names);
            (offset, Some(guess))
        }
    };
    match names.against(labels, offset, outputs)? {
        OffsetEvidence::Agree => {}
        OffsetEvidence::Foreign => {
            assumed.extend(guess.filter(|_| offset != 0));
            assumed.push(
                "none of the dataset's class names is among the labels (another language?); classes are matched by index"
                    .to_owned(),
            );
        }
        OffsetEvidence::Nothing => assumed.extend(guess),
    }
    Ok(ClassMap::shifted(offset, outputs.count))
}

/// 1 if output 0 is a background class; 1001 outputs for at most 1000 classes are taken as
/// ImageNet's plus the background of TensorFlow's models. Also returns the sentence that reports
/// it.
fn guessed_offset(
    dataset: &Dataset,
    outputs: &ModelOutputs,
    labels: Option<&Labels>,
    names: &DatasetNames,
) -> (i64, String) {
    let one_spare = outputs.count == 1001 && dataset.class_count() <= 1000;
    let background = |why: &str| (1, format!("{why}; output 0 is taken as the background class"));
    let in_order = (0, "the label offset is not stated; output 0 is taken as class 0".to_owned());
    let Some(labels) = labels else {
        return if one_spare { background("1001 outputs without labels") } else { in_order };
    };
    match labels.by_output.first().copied().flatten() {
        None => background("1001 outputs for 1000 labels"),
        Some(first) if is_background(first) => background(&format!("its first label is '{first}'")),
        // Labels without that line, for instance in another language, do not show it; the dataset's
        // classes do, unless names agree without a shift.
        Some(_)
            if one_spare
                && (dataset.classes.order == ClassOrder::Ilsvrc2012 || !names.agree(labels, 0)) =>
        {
            background("1001 outputs for at most 1000 classes")
        }
        Some(_) => in_order,
    }
}

/// What names show about an offset.
enum OffsetEvidence {
    /// They agree at it.
    Agree,
    /// Not one is known to the other side.
    Foreign,
    /// One of the sides has none.
    Nothing,
}

/// The dataset's classes that have names.
struct DatasetNames<'a> {
    dataset: &'a Dataset,
    known_as: Vec<(u32, Vec<String>)>,
}

impl<'a> DatasetNames<'a> {
    fn of(dataset: &'a Dataset) -> Self {
        // A number is not a name that labels could contradict.
        let are_names = dataset.classes.order != ClassOrder::Numbers;
        let named = (0..).zip(&dataset.classes.names);
        let named = named.filter(|(_, name)| are_names && name.is_some());
        let known_as = named.map(|(class, _)| (class, known_as(&dataset.classes, class))).collect();
        Self { dataset, known_as }
    }

    /// Whether nearly all agree with the labels at this offset.
    fn agree(&self, labels: &Labels, offset: i64) -> bool {
        let agrees = |(class, names): &&(u32, Vec<String>)| {
            usize::try_from(i64::from(*class).saturating_add(offset))
                .is_ok_and(|output| labels.agrees(output, names))
        };
        let count = self.known_as.iter().filter(agrees).count();
        count > 0 && count as f64 / self.known_as.len() as f64 >= AGREEMENT
    }

    /// Refuses labels that contradict the dataset's names at this offset.
    fn against(
        &self,
        labels: Option<&Labels>,
        offset: i64,
        outputs: &ModelOutputs,
    ) -> Result<OffsetEvidence> {
        let Some(labels) = labels.filter(|_| !self.known_as.is_empty()) else {
            return Ok(OffsetEvidence::Nothing);
        };
        if self.agree(labels, offset) {
            return Ok(OffsetEvidence::Agree);
        }
        if let Some(better) = [offset.saturating_add(1), offset.saturating_sub(1)]
            .into_iter()
            .find(|o| self.agree(labels, *o))
        {
            bail!(
                "the labels of model {} agree with the dataset's names at --label-offset {better}, not at {offset}; give that",
                outputs.model
            );
        }
        if self.known_as.iter().all(|(_, names)| labels.find(names).is_none()) {
            return Ok(OffsetEvidence::Foreign);
        }
        bail!(
            "the labels of model {} are not in the order of the dataset's classes: {}; give the file that belongs to the model with --labels",
            outputs.model,
            self.example(labels, offset).unwrap_or_else(|| "names disagree".to_owned())
        )
    }

    /// The first class with another label in place of its name.
    fn example(&self, labels: &Labels, offset: i64) -> Option<String> {
        self.known_as.iter().find_map(|(class, names)| {
            let output = usize::try_from(i64::from(*class).saturating_add(offset)).ok()?;
            let label = labels.by_output.get(output).copied().flatten()?;
            let name = self.dataset.classes.name(*class)?;
            (!labels.agrees(output, names)).then(|| {
                format!(
                    "output {output} is '{label}', where class {class} of the dataset is '{name}'"
                )
            })
        })
    }
}
