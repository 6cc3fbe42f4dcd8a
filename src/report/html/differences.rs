//! Whether differences in accuracy are significant: every model compared with the most accurate one
//! and with its float32 version, on the same images.

use std::fmt::Write as _;

use crate::decide::highlights::{Highlights, fastest_of_each_model};
use crate::record::case::{AccuracyKey, with_options};
use crate::record::run::{AccuracyRecord, Run};
use crate::report::html::escape::text;
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::units::percent;

/// The section, if at least two models were scored.
pub fn section(run: &Run, rows: &[Row], verdict: &Highlights) -> String {
    let Some(best) = verdict.most_accurate else { return String::new() };
    let scored = (0..rows.len()).filter(|&i| {
        rows[i].is_trusted() && rows[i].top1.is_some() && rows[i].device == rows[best].device
    });
    let mut shown = fastest_of_each_model(rows, scored);
    if shown.len() < 2 {
        return String::new();
    }
    // The most accurate model with its most accurate case, the others with the case that you would
    // ship.
    for index in &mut shown {
        if rows[*index].model == rows[best].model {
            *index = best;
        }
    }
    shown.sort_by(|&a, &b| rows[b].top1.unwrap_or(0.0).total_cmp(&rows[a].top1.unwrap_or(0.0)));
    let twins: Vec<Option<String>> = shown.iter().map(|&i| against_twin(run, i)).collect();
    let with_twins = twins.iter().any(Option::is_some);
    let mut body = String::new();
    for (&index, twin) in shown.iter().zip(twins) {
        let row = &rows[index];
        let lead = if index == best {
            "the most accurate".to_owned()
        } else {
            paired_top1::sentence(row).unwrap_or_default()
        };
        let twin = match twin {
            _ if !with_twins => String::new(),
            twin => format!("<td>{}</td>", text(&twin.unwrap_or_default())),
        };
        // Writing to a String does not fail.
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><span class=\"name\">{}</span> <span class=\"phone\">{}</span></th><td class=\"desk\">{}</td><td class=\"n\">{}</td><td>{}</td>{twin}</tr>",
            text(&row.model),
            text(&row.ran_on()),
            text(&row.ran_on()),
            row.top1.map_or(String::new(), percent),
            text(&lead),
        );
    }
    let twin_head =
        if with_twins { "<th scope=\"col\">against its float32 version</th>" } else { "" };
    format!(
        "<section id=\"differences\" class=\"long\" aria-labelledby=\"differences-title\"><h2 id=\"differences-title\">Are the differences in accuracy real?</h2>\
         <p class=\"lead\">Each model's fastest case against {}, on the same images, by McNemar's exact test at 5%. If the difference is not significant, the table states how many images would be needed to show a difference of this size (80% power).</p>\
         <div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"differences-title\"><table><thead><tr><th scope=\"col\">model</th><th scope=\"col\" class=\"desk\">ran on</th><th scope=\"col\" class=\"n\">Top-1 %</th><th scope=\"col\">compared with the most accurate</th>{twin_head}</tr></thead><tbody>{body}</tbody></table></div></section>\n",
        text(&rows[best].case())
    )
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
