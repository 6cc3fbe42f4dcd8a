//! The answer first: cards, the Pareto front step by step, and every caveat.

use std::fmt::Write as _;

use super::text;
use crate::report::notes::{Note, Weight, notes as notes_of};
use crate::report::row::Row;
use crate::report::units::{bytes, ms, percent};
use crate::report::verdict::Verdict;

/// Fastest, most accurate, smallest.
pub fn cards(rows: &[Row], verdict: &Verdict) -> String {
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
        let top1 = row.top1.map_or(String::new(), |top1| format!("Top-1 {}%, ", percent(top1)));
        let latency = row.latency_p50_us.map_or(String::new(), |us| format!("{} ms", ms(us)));
        card(&mut cards, "Smallest", number.to_owned(), unit, row, &(top1 + &latency));
    }
    if cards.is_empty() {
        return "<section><h2>Nothing was measured</h2><p>No case of this run has a result. The table below says why, case by case.</p></section>\n".into();
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
        threads(row.threads),
        text(words),
    );
}

fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
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

/// The front as a table: what each step of accuracy costs.
pub fn front(rows: &[Row], verdict: &Verdict) -> String {
    if verdict.front.is_empty() {
        return String::new();
    }
    let mut body = String::new();
    let mut before: Option<&Row> = None;
    for &index in &verdict.front {
        let row = &rows[index];
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><span class=\"name\">{}</span></th><td>{} ×{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            text(&row.model),
            text(&row.ran_on()),
            row.threads,
            row.latency_p50_us.map_or(String::new(), ms),
            row.top1.map_or(String::new(), percent),
            bytes(row.model_bytes),
            before.map_or_else(|| "the fastest".to_owned(), |before| step(before, row)),
        );
        before = Some(row);
    }
    let also = verdict.front_with_size.iter().filter(|index| !verdict.front.contains(index));
    let also: Vec<String> = also.map(|&index| text(&rows[index].case())).collect();
    let also = match also.len() {
        0 => String::new(),
        1..=6 => format!(
            "<p class=\"dim\">Counting the size of the file as well, these are not beaten either: {}.</p>",
            also.join("; ")
        ),
        count => format!(
            "<p class=\"dim\">Counting the size of the file as well, {count} more cases are not beaten.</p>"
        ),
    };
    format!(
        "<section id=\"front\" aria-labelledby=\"front-title\"><h2 id=\"front-title\">The Pareto front</h2><p class=\"lead\">Whatever the latency that you can afford, the best choice is in this list.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"front-title\"><table><thead><tr><th scope=\"col\">model</th><th scope=\"col\">ran on</th><th scope=\"col\" class=\"n\">p50 ms</th><th scope=\"col\" class=\"n\">Top-1 %</th><th scope=\"col\" class=\"n\">size</th><th scope=\"col\">against the step before</th></tr></thead><tbody>{body}</tbody></table></div>{also}</section>\n"
    )
}

fn step(before: &Row, row: &Row) -> String {
    let (Some(slower), Some(better)) = (
        row.latency_p50_us.zip(before.latency_p50_us).map(|(now, then)| now / then),
        row.top1.zip(before.top1).map(|(now, then)| now - then),
    ) else {
        return String::new();
    };
    let overlaps = row.top1_low.zip(before.top1_high).is_some_and(|(low, high)| low <= high);
    let sure = if overlaps { "; their intervals overlap" } else { "" };
    format!("+{} points of Top-1 for {slower:.2} × the time{sure}", percent(better))
}

/// Everything to know beside the numbers, once each, the worst first.
pub fn notes(rows: &[Row]) -> String {
    let mut said: Vec<(Note, Vec<String>)> = Vec::new();
    for row in rows {
        for note in notes_of(row) {
            match said.iter_mut().find(|(other, _)| *other == note) {
                Some((_, cases)) => cases.push(row.case()),
                None => said.push((note, vec![row.case()])),
            }
        }
    }
    if said.is_empty() {
        return String::new();
    }
    said.sort_by_key(|(note, _)| std::cmp::Reverse(note.weight));
    let items: Vec<String> = said.iter().map(|(note, cases)| item(note, cases)).collect();
    /// So many are read at a glance; the others are one click away.
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
        "<section id=\"notes\" class=\"long\" aria-labelledby=\"notes-title\"><h2 id=\"notes-title\">Know before you quote a number</h2><ul class=\"notes\">{}</ul>{rest}</section>\n",
        first.concat()
    )
}

fn item(note: &Note, cases: &[String]) -> String {
    let cases = match cases {
        [one] => format!("<strong>{}</strong>: ", text(one)),
        [one, more @ ..] => format!("<strong>{}</strong> and {} more: ", text(one), more.len()),
        [] => String::new(),
    };
    format!("<li>{} {cases}{}</li>", tag(note), text(&note.text))
}

/// A note's tag, coloured by its weight.
pub fn tag(note: &Note) -> String {
    let class = match note.weight {
        Weight::Caveat => "",
        Weight::Warning => " warning",
        Weight::Failure => " failure",
    };
    format!("<span class=\"tag{class}\">{}</span>", text(&note.tag))
}
