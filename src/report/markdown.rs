//! `report.md`: a table for a pull request.

use std::fmt::Write as _;

use crate::decide::highlights::{Highlights, by_device, fastest_of_each_model};
use crate::decide::score_words;
use crate::record::model_pipeline::ModelPipeline;
use crate::record::names::together;
use crate::record::run::{AccuracyRecord, Run};
use crate::record::status::Status;
use crate::report::conditions_note;
use crate::report::cost_note;
use crate::report::found_rate_note;
use crate::report::notes::notes;
use crate::report::orientation_note;
use crate::report::preprocessing_note;
use crate::report::published_note;
use crate::report::scenario_note;
use crate::report::sustained_note;
use crate::scoring::tally::Tally;
use crate::table::paired_top1;
use crate::table::ranks::further_ranks;
use crate::table::row::Row;
use crate::table::sustained_rows::sustained_summaries;
use crate::table::units::{bytes, ms, one_line, percent};

/// A comment on a pull request holds 65,536 characters; longer tables are cut
/// there, and say so.
const MOST_ROWS: usize = 200;

/// The report of a run.
#[must_use]
pub fn document(run: &Run, rows: &[Row]) -> String {
    let header = &run.header;
    let verdict = Highlights::of(rows);
    let measured = rows.iter().filter(|row| row.is_measured()).count();
    let mut text = format!("### shutterbench: {}\n\n", escape(&header.run_id));
    let images = header
        .dataset
        .as_ref()
        .map_or(String::new(), |dataset| format!(", scored on {} images", dataset.images));
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "{measured} of {} cases measured on {}{images}.\n",
        rows.len(),
        escape(&header.measured_on()),
    );
    let devices = by_device(rows);
    for (device, rows) in &devices {
        let on = if devices.len() > 1 { format!(" on {}", escape(device)) } else { String::new() };
        for (title, sentence) in Highlights::of(rows).sentences(rows) {
            let _ = writeln!(text, "- **{title}{on}:** {}", escape(&sentence));
        }
    }
    if let Some(sentence) = orientation_note::sentence(run) {
        let _ = writeln!(text, "- **EXIF:** {}", escape(&sentence));
    }
    for sentence in conditions_note::sentences(run) {
        let _ = writeln!(text, "- **Conditions:** {}", escape(&sentence));
    }
    text.push('\n');
    text.push_str(&table(rows, &verdict));
    text.push_str(&words(rows));
    text.push_str(&scenario_note::table(run).markdown(escape));
    text.push_str(&sustained_note::table(&sustained_summaries(run)).markdown(escape));
    text.push_str(&found_rate_note::table(run).markdown(escape));
    text.push_str(&accuracies(rows));
    text.push_str(&scores(run));
    text.push_str(&pipelines(run));
    text.push_str(&preprocessing_note::markdown(run, escape));
    text.push_str(&published(run, rows));
    text.push_str(&cost_note::markdown(run, rows, escape));
    let _ = writeln!(
        text,
        "\n<sub>p50 and Top-1 with 95% intervals; ●: on the Pareto front of latency and Top-1, ○: on the front, but within noise; empty cell: not measured. shutterbench {}.</sub>",
        escape(&header.version)
    );
    text
}

fn table(rows: &[Row], verdict: &Highlights) -> String {
    let mut text = String::from(
        "| | model | ran on | threads | p50 ms | p99 ms | Top-1 % | Top-5 % | size | notes |\n|---|---|---|--:|--:|--:|--:|--:|--:|---|\n",
    );
    for (index, row) in rows.iter().enumerate().take(MOST_ROWS) {
        let mark = match verdict.front.contains(&index) {
            true if verdict.within_noise.contains(&index) => "○",
            true => "●",
            false => "",
        };
        let tags: Vec<String> =
            notes(row).into_iter().map(|note| escape(&note.tag_with_figures())).collect();
        let _ = writeln!(
            text,
            "| {mark} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            escape(&row.model),
            escape(&row.ran_on()),
            row.threads_and_axes(),
            interval(row.latency_p50_us, row.latency_p50_low_us, row.latency_p50_high_us, ms),
            row.shown_p99_us().map_or(String::new(), ms),
            interval(row.top1, row.top1_low, row.top1_high, percent),
            row.top5.map_or(String::new(), percent),
            bytes(row.model_bytes),
            tags.join(", "),
        );
    }
    if rows.len() > MOST_ROWS {
        let _ = writeln!(text, "\n{} more cases are in results.csv.", rows.len() - MOST_ROWS);
    }
    text
}

fn interval(
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    show: fn(f64) -> String,
) -> String {
    match (value, low.zip(high)) {
        (None, _) => String::new(),
        (Some(value), None) => show(value),
        (Some(value), Some((low, high))) => {
            format!("{} ({}–{})", show(value), show(low), show(high))
        }
    }
}

fn words(rows: &[Row]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in rows {
        for note in
            notes(row).into_iter().filter(|note| note.weight > crate::report::notes::Weight::Caveat)
        {
            lines.push(format!("- **{}**: {}\n", escape(&row.case()), escape(&note.text)));
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "\n<details><summary>{} warnings</summary>\n\n{}\n</details>\n",
        lines.len(),
        lines.concat()
    )
}

/// Every model's Top-1 compared with the most accurate, for its fastest case.
fn accuracies(rows: &[Row]) -> String {
    let scored = (0..rows.len()).filter(|&i| rows[i].is_trusted() && rows[i].top1.is_some());
    let lines: Vec<String> = fastest_of_each_model(rows, scored)
        .into_iter()
        .filter_map(|i| {
            let sentence = paired_top1::sentence(&rows[i])?;
            Some(format!("- **{}**: {sentence}\n", escape(&rows[i].case())))
        })
        .take(MOST_ROWS)
        .collect();
    if lines.len() < 2 {
        return String::new();
    }
    format!(
        "\n<details><summary>Top-1 compared with the most accurate, on the same images</summary>\n\n{}\n</details>\n",
        lines.concat()
    )
}

/// The figures of each (model, backend, delegate) for which the table has no column.
fn scores(run: &Run) -> String {
    // Without a dataset, outputs are only compared.
    let is_scored =
        |record: &&AccuracyRecord| record.status == Status::Ok && !record.predictions.is_empty();
    let scored = run.accuracies.iter().filter(is_scored);
    let lines: Vec<String> = scored
        .take(MOST_ROWS)
        .map(|record| {
            let tally = Tally::of(&record.predictions);
            let sentence = score_words::sentence(record, &tally, &further_ranks(run, record));
            format!("- **{}**: {}\n", escape(&record.key.to_string()), escape(&sentence))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "\n<details><summary>Scores and preparation</summary>\n\n{}\n</details>\n",
        lines.concat()
    )
}

/// What the photos went through, for which models.
fn pipelines(run: &Run) -> String {
    let line = |it: &ModelPipeline| {
        format!("- **{}**: {}\n", escape(&together(&it.models)), escape(&it.to_string()))
    };
    let lines: String = run.header.pipelines.iter().take(MOST_ROWS).map(line).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("\n<details><summary>From photo to input</summary>\n\n{lines}\n</details>\n")
}

/// What was published for the models, beside what was measured.
fn published(run: &Run, rows: &[Row]) -> String {
    let Some(pairs) = published_note::pairs(run, rows) else { return String::new() };
    let line = |pair: &published_note::Pair<'_>| {
        format!(
            "- **{}**{}: {}\n",
            escape(&pair.row.model),
            pair.caution(),
            escape(&pair.sentence())
        )
    };
    let lines: String = pairs.lines.iter().take(MOST_ROWS).map(line).collect();
    format!(
        "\n<details><summary>Published and measured</summary>\n\n{}\n\nPublished by: {}. {} Latencies were measured on different machines.\n\n</details>\n",
        lines.trim_end(),
        escape(&pairs.sources),
        escape(&pairs.comparability)
    )
}

/// Text that Markdown and the HTML inside it show as it is, on one line.
#[must_use]
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // An '@' would notify the user of that name.
            '@' => escaped.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '[' | ']' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    // Inside a word an underscore is not markup; at its ends it would be.
    if escaped.starts_with('_') || escaped.ends_with('_') {
        escaped.replace('_', "\\_")
    } else {
        escaped
    }
}
