//! Whether differences in accuracy are significant: every model compared with the most accurate one
//! and with its float32 version, on the same images.

use crate::decide::highlights::{Highlights, fastest_of_each_model};
use crate::record::case::{AccuracyKey, with_options};
use crate::record::run::{AccuracyRecord, Run};
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::units::percent;

/// The table of differences.
pub(crate) struct DifferencesSection {
    /// The most accurate case.
    pub best: String,
    /// Whether any model has a float32 version beside it.
    pub with_twins: bool,
    pub lines: Vec<DifferenceLine>,
}

/// A model beside the most accurate one.
pub(crate) struct DifferenceLine {
    pub model: String,
    pub ran_on: String,
    pub top1: String,
    pub against_best: String,
    /// Empty without a float32 version.
    pub against_twin: String,
}

/// The section, if at least two models were scored.
pub(crate) fn section(run: &Run, rows: &[Row], verdict: &Highlights) -> Option<DifferencesSection> {
    let best = verdict.most_accurate?;
    let scored = (0..rows.len()).filter(|&i| {
        rows[i].is_trusted() && rows[i].top1.is_some() && rows[i].device == rows[best].device
    });
    let mut shown = fastest_of_each_model(rows, scored);
    if shown.len() < 2 {
        return None;
    }
    // The most accurate model with its most accurate case, the others with the case that you would
    // ship.
    for index in &mut shown {
        if rows[*index].model == rows[best].model {
            *index = best;
        }
    }
    shown.sort_by(|&a, &b| rows[b].top1.unwrap_or(0.0).total_cmp(&rows[a].top1.unwrap_or(0.0)));
    let lines = shown.iter().map(|&index| {
        let row = &rows[index];
        DifferenceLine {
            model: row.model.clone(),
            ran_on: row.ran_on(),
            top1: row.top1.map_or(String::new(), percent),
            against_best: if index == best {
                "the most accurate".to_owned()
            } else {
                paired_top1::sentence(row).unwrap_or_default()
            },
            against_twin: against_twin(run, index).unwrap_or_default(),
        }
    });
    let lines: Vec<DifferenceLine> = lines.collect();
    let with_twins = lines.iter().any(|line| !line.against_twin.is_empty());
    Some(DifferencesSection { best: rows[best].case(), with_twins, lines })
}

/// A quantised model compared with the float32 model with the same weights, as its description
/// names it: on the same runtime if that was scored too.
fn against_twin(run: &Run, index: usize) -> Option<String> {
    let case = run.header.cases.get(index)?;
    let model = run.header.models.iter().find(|model| model.name == case.model)?;
    let twin = model.description.reference.as_deref().filter(|twin| *twin != case.model)?;
    let own = case.accuracy_key();
    let record = paired_top1::record(run, &own)?;
    let twins: Vec<&AccuracyRecord> = run
        .accuracies
        .iter()
        .filter(|other| other.key.model == twin && !other.predictions.is_empty())
        .collect();
    let same = |other: &&&AccuracyRecord| {
        let of = |key: &AccuracyKey| (key.backend, key.delegate.clone(), key.options.clone());
        of(&other.key) == of(&own)
    };
    let reference = twins.iter().find(same).or(twins.first())?;
    let words = paired_top1::words(&paired_top1::compare(reference, record)?);
    Some(if same(&reference) {
        words
    } else {
        let AccuracyKey { backend, delegate, options, .. } = &reference.key;
        format!("{words} (that one on {backend}/{delegate}{})", with_options(options.as_deref()))
    })
}
