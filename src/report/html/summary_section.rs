//! The answer first: cards, and every caveat.

use std::fmt::Write as _;

use crate::decide::highlights::Highlights;
use crate::report::html::escape::text;
use crate::report::notes::{Group, Note, Weight, grouped};
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent};

/// Fastest, most accurate, smallest.
pub fn cards(rows: &[Row], verdict: &Highlights) -> String {
    let mut cards = String::new();
    if let Some(index) = verdict.fastest {
        let row = &rows[index];
        let interval = interval(row.latency_p50_low_us, row.latency_p50_high_us, ms, " ms");
        let rivals = rivals(rows, &verdict.as_fast);
        card(
            &mut cards,
            "Fastest",
            row.latency_p50_us.map_or(String::new(), ms),
            "ms",
            row,
            &(interval + &rivals),
        );
    }
    if let Some(index) = verdict.most_accurate {
        let row = &rows[index];
        let interval = interval(row.top1_low, row.top1_high, percent, "%");
        let images = row.images.map_or(String::new(), |images| format!(" on {images} images"));
        let rivals = rivals(rows, &verdict.as_accurate);
        let at = row.latency_p50_us.map_or(String::new(), |us| format!("; takes {} ms", ms(us)));
        card(
            &mut cards,
            "Most accurate",
            row.top1.map_or(String::new(), percent),
            "% Top-1",
            row,
            &(interval + &images + &at + &rivals),
        );
    }
    if let Some(index) = verdict.smallest {
        let row = &rows[index];
        let size = bytes(row.model_bytes);
        let (number, unit) = size.split_once(' ').unwrap_or((&size, ""));
        let top1 = row.top1.map(|top1| format!("Top-1 {}%", percent(top1)));
        let latency = row.latency_p50_us.map(|us| format!("{} ms", ms(us)));
        let words: Vec<String> = top1.into_iter().chain(latency).collect();
        card(&mut cards, "Smallest", number.to_owned(), unit, row, &words.join(", "));
    }
    if cards.is_empty() {
        return "<section><h2>Nothing was measured</h2><p>No case of this run has a result. The table below gives the reason for each case.</p></section>\n".into();
    }
    format!("<div class=\"cards\">{cards}</div>\n")
}

fn card(cards: &mut String, title: &str, figure: String, unit: &str, row: &Row, words: &str) {
    // Writing to a String does not fail.
    let _ = write!(
        cards,
        "<section class=\"card\"><h2>{title}</h2><p class=\"figure\">{figure} <small>{}</small></p><p class=\"who\">{}</p><p class=\"dim\">{}, {}</p><p class=\"dim\">{}</p></section>",
        text(unit),
        text(&row.model),
        text(&row.ran_on()),
        threads(row),
        text(words),
    );
}

fn threads(row: &Row) -> String {
    let threads = if row.threads == 1 { "thread" } else { "threads" };
    let batch = row.axes.batch.map_or_else(String::new, |images| format!(", batch {images}"));
    let cpus = row.axes.affinity.as_ref();
    let cpus = cpus.map_or_else(String::new, |cpus| format!(", CPUs {}", text(cpus)));
    format!("{} {threads}{batch}{cpus}", row.threads)
}

fn interval(low: Option<f64>, high: Option<f64>, show: fn(f64) -> String, unit: &str) -> String {
    match low.zip(high) {
        Some((low, high)) => format!("95% interval {} to {}{unit}", show(low), show(high)),
        None => "no interval".to_owned(),
    }
}

fn rivals(rows: &[Row], indices: &[usize]) -> String {
    match indices {
        [] => String::new(),
        [one] => format!("; not distinguishable from {}", rows[*one].model),
        [one, more @ ..] => {
            format!("; not distinguishable from {} and {} more", rows[*one].model, more.len())
        }
    }
}

/// Everything to know beside the numbers, once each, the worst first.
pub fn notes(rows: &[Row]) -> String {
    let items: Vec<String> = grouped(rows).iter().map(item).collect();
    if items.is_empty() {
        return String::new();
    }
    /// This many are visible at once; the others are one click away.
    const AT_ONCE: usize = 8;
    let (first, rest) = items.split_at(items.len().min(AT_ONCE));
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!(
            "<details><summary>{} more</summary><ul class=\"notes\">{}</ul></details>",
            rest.len(),
            rest.concat()
        )
    };
    format!(
        "<section id=\"notes\" class=\"long\" aria-labelledby=\"notes-title\"><h2 id=\"notes-title\">Before you quote a number</h2><ul class=\"notes\">{}</ul>{rest}</section>\n",
        first.concat()
    )
}

fn item(group: &Group) -> String {
    let tag = tag(&group.note);
    let says = text(&group.text());
    match group.cases.as_slice() {
        [(one, _)] => format!("<li>{tag} <strong>{}</strong>: {says}</li>", text(one)),
        several => {
            let each: String = several.iter().map(case).collect();
            format!(
                "<li>{tag} {says}<details><summary>{} cases</summary><ul>{each}</ul></details></li>",
                several.len()
            )
        }
    }
}

fn case((case, figures): &(String, Option<String>)) -> String {
    let figures = figures.as_deref().map_or(String::new(), |figures| format!(": {figures}"));
    format!("<li>{}{}</li>", text(case), text(&figures))
}

/// A note's tag, coloured by its weight.
pub fn tag(note: &Note) -> String {
    let class = match note.weight {
        Weight::Caveat | Weight::Remark => "",
        Weight::Warning => " warning",
        Weight::Failure => " failure",
    };
    format!("<span class=\"tag{class}\">{}</span>", text(&note.tag))
}

/// The tag and this case's own figures beside it.
pub fn tag_with_figures(note: &Note) -> String {
    let figures = note.figures.as_deref().map_or(String::new(), |figures| {
        format!("<span class=\"figures\">{}</span> ", text(figures))
    });
    tag(note) + &figures
}
