//! How models do with other pipelines, as tables and text.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::decide::pipelines::{Judged, better, judged};
use crate::model::resolve;
use crate::record::names::together;
use crate::record::options::CheckPreprocessing;
use crate::record::preprocessing_check::{IMAGES, PreprocessingCheck, Tried};
use crate::record::run::Run;
use crate::table::units::percent;

/// Titles of the columns.
pub(crate) const COLUMNS: [&str; 4] =
    ["pipeline", "Top-1 %", "difference in points, 95% interval", "p"];

/// What was found, in a sentence.
#[must_use]
pub(crate) fn sentence(check: &PreprocessingCheck) -> String {
    let Some(in_use) = check.tried.first() else {
        let why = check.error.as_deref().unwrap_or("it was interrupted");
        return format!("its preprocessing could not be checked: {why}");
    };
    match better(check) {
        Some(best) => format!(
            "the preprocessing in use ({}) is significantly worse than '{}' ({}): Top-1 {}% against {}% on the same {} images ({} points, 95% interval {}, {}); state the right one with --preprocess, --mean and --scale, or in a file NAME.toml beside the model",
            in_use.steps,
            best.tried.name,
            best.tried.steps,
            share(in_use, check),
            share(best.tried, check),
            check.images,
            points(best.paired.difference()),
            interval(&best),
            if best.p_value < 0.001 {
                "p < 0.001".to_owned()
            } else {
                format!("p = {:.3}", best.p_value)
            },
        ),
        None => format!(
            "none of the other kinds of preprocessing that were tried is significantly better than the one in use, on {} images",
            check.images
        ),
    }
}

/// What is offered where nobody states a model's preprocessing and it was not checked; a
/// shard but the first never checks.
#[must_use]
pub(crate) fn offer(run: &Run) -> Option<String> {
    let options = &run.header.options;
    let accuracy = options.accuracy.as_ref()?;
    let checks = accuracy.check_preprocessing == CheckPreprocessing::Auto
        && accuracy.shard.is_none_or(|shard| shard.index() == 1);
    let is_scored = |name: &str| {
        run.accuracies.iter().any(|it| it.key.model == name && !it.predictions.is_empty())
    };
    let is_checked = |name: &str| run.preprocessing_checks.iter().any(|it| it.key.model == name);
    let models = run.header.models.iter().filter(|model| {
        is_scored(&model.name)
            && !is_checked(&model.name)
            && resolve::assumes_preprocessing(model, &options.overrides)
    });
    let names: Vec<&str> = models.map(|model| model.name.as_str()).collect();
    (checks && !names.is_empty()).then(|| {
        format!(
            "{}: nobody states the preprocessing; --check-preprocessing tries others on up to {IMAGES} images",
            together(&names)
        )
    })
}

fn share(tried: &Tried, check: &PreprocessingCheck) -> String {
    percent(tried.right as f64 / check.images.max(1) as f64)
}

/// Percentage points with their sign: `+8.0`.
fn points(difference: f64) -> String {
    format!("{:+.1}", difference * 100.0)
}

fn interval(judged: &Judged<'_>) -> String {
    let (low, high) = judged.paired.interval();
    format!("{} to {}", points(low), points(high))
}

fn p_words(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// A line per pipeline: name, Top-1, difference, p.
pub(crate) fn lines(check: &PreprocessingCheck) -> Vec<[String; 4]> {
    let first = check
        .tried
        .first()
        .map(|tried| [tried.name.clone(), share(tried, check), String::new(), String::new()]);
    let others = judged(check).into_iter().map(|it| {
        let difference = format!("{} ({})", points(it.paired.difference()), interval(&it));
        [it.tried.name.clone(), share(it.tried, check), difference, p_words(it.p_value)]
    });
    first.into_iter().chain(others).collect()
}

/// What the terminal shows below the table; empty if nothing was checked or has to be.
#[must_use]
pub(crate) fn terminal(run: &Run) -> String {
    let mut shown = offer(run).map_or(String::new(), |offer| format!("\n{offer}\n"));
    for check in &run.preprocessing_checks {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(COLUMNS);
        for line in lines(check) {
            let cells = line.into_iter().enumerate().map(|(column, cell)| {
                let right = CellAlignment::Right;
                if column == 0 { Cell::new(cell) } else { Cell::new(cell).set_alignment(right) }
            });
            table.add_row(cells);
        }
        shown.push_str(&format!("\npreprocessing of {}: {}\n", check.key, sentence(check)));
        if !check.tried.is_empty() {
            shown.push_str(&format!("{}\n", table.trim_fmt()));
        }
    }
    shown
}

/// The same for `report.md`, whose texts `escape` makes harmless.
#[must_use]
pub(crate) fn markdown(run: &Run, escape: fn(&str) -> String) -> String {
    let mut shown = offer(run).map_or(String::new(), |offer| format!("\n{}\n", escape(&offer)));
    for check in &run.preprocessing_checks {
        let mark = if better(check).is_some() { "**Warning:** " } else { "" };
        shown.push_str(&format!(
            "\n{mark}{}: {}\n\n<details><summary>Other preprocessing, on the same {} images</summary>\n\n| {} |\n|---|--:|--:|--:|\n",
            escape(&check.key.to_string()),
            escape(&sentence(check)),
            check.images,
            COLUMNS.join(" | "),
        ));
        for line in lines(check) {
            let cells: Vec<String> = line.iter().map(|cell| escape(cell)).collect();
            shown.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        shown.push_str("\n</details>\n");
    }
    shown
}

/// The same for `run.json`.
#[must_use]
pub(crate) fn json(check: &PreprocessingCheck) -> Value {
    let others = judged(check);
    let of = |tried: &Tried, judged: Option<&Judged<'_>>| {
        let (low, high) = judged.map(|it| it.paired.interval()).unzip();
        json!({
            "pipeline": tried.name,
            "steps": tried.steps,
            "images_right": tried.right,
            "gained": tried.gained,
            "lost": tried.lost,
            "difference": judged.map(|it| it.paired.difference()),
            "difference_low": low,
            "difference_high": high,
            "p": judged.map(|it| it.p_value),
        })
    };
    let in_use = check.tried.first().map(|tried| of(tried, None));
    let others = others.iter().map(|it| of(it.tried, Some(it)));
    json!({
        "model": check.key.model,
        "backend": check.key.backend,
        "delegate": check.key.delegate,
        "options": check.key.options,
        "images": check.images,
        "pipelines": in_use.into_iter().chain(others).collect::<Vec<_>>(),
        "better": better(check).map(|it| it.tried.name.clone()),
        "error": check.error,
        "sentence": sentence(check),
    })
}
