//! The answer first: cards, and every caveat.

use crate::decide::highlights::Highlights;
use crate::report::notes::{Group, Note, Weight, grouped};
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent};

/// A winner of the run.
pub(crate) struct Card {
    pub title: &'static str,
    pub figure: String,
    pub unit: String,
    pub model: String,
    pub ran_on: String,
    /// What else to know about the figure.
    pub words: String,
}

/// Everything to know beside the numbers, once each, the worst first.
pub(crate) struct NotesSection(Vec<NoteItem>);

/// A caveat, with the cases that it is about.
pub(crate) struct NoteItem {
    pub class: &'static str,
    pub tag: String,
    pub text: String,
    pub cases: Vec<String>,
}

/// Fastest, most accurate, smallest.
pub(crate) fn cards(rows: &[Row], verdict: &Highlights) -> Vec<Card> {
    let fastest = verdict.fastest.map(|index| fastest(rows, &rows[index], verdict));
    let accurate = verdict.most_accurate.map(|index| most_accurate(rows, &rows[index], verdict));
    let smallest = verdict.smallest.map(|index| smallest(&rows[index]));
    [fastest, accurate, smallest].into_iter().flatten().collect()
}

fn fastest(rows: &[Row], row: &Row, verdict: &Highlights) -> Card {
    let interval = interval(row.latency_p50_low_us, row.latency_p50_high_us, ms, " ms");
    let figure = row.latency_p50_us.map_or(String::new(), ms);
    card("Fastest", figure, "ms", row, interval + &rivals(rows, &verdict.as_fast))
}

fn most_accurate(rows: &[Row], row: &Row, verdict: &Highlights) -> Card {
    let interval = interval(row.top1_low, row.top1_high, percent, "%");
    let images = row.images.map_or(String::new(), |images| format!(" on {images} images"));
    let at = row.latency_p50_us.map_or(String::new(), |us| format!("; takes {} ms", ms(us)));
    let words = interval + &images + &at + &rivals(rows, &verdict.as_accurate);
    card("Most accurate", row.top1.map_or(String::new(), percent), "% Top-1", row, words)
}

fn smallest(row: &Row) -> Card {
    let size = bytes(row.model_bytes);
    let (number, unit) = size.split_once(' ').unwrap_or((&size, ""));
    let top1 = row.top1.map(|top1| format!("Top-1 {}%", percent(top1)));
    let latency = row.latency_p50_us.map(|us| format!("{} ms", ms(us)));
    let words: Vec<String> = top1.into_iter().chain(latency).collect();
    card("Smallest", number.to_owned(), unit, row, words.join(", "))
}

fn card(title: &'static str, figure: String, unit: &str, row: &Row, words: String) -> Card {
    let ran_on = format!("{}, {}", row.ran_on(), threads(row));
    Card { title, figure, unit: unit.to_owned(), model: row.model.clone(), ran_on, words }
}

fn threads(row: &Row) -> String {
    let threads = if row.threads == 1 { "thread" } else { "threads" };
    let batch = row.axes.batch.map_or_else(String::new, |images| format!(", batch {images}"));
    let cpus = row.axes.affinity.as_ref();
    let cpus = cpus.map_or_else(String::new, |cpus| format!(", CPUs {cpus}"));
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

/// The notes of all rows.
pub(crate) fn notes(rows: &[Row]) -> NotesSection {
    NotesSection(grouped(rows).iter().map(item).collect())
}

impl NotesSection {
    /// This many are visible at once; the others are one click away.
    const AT_ONCE: usize = 8;

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are visible at once.
    pub(crate) fn first(&self) -> &[NoteItem] {
        &self.0[..self.0.len().min(Self::AT_ONCE)]
    }

    /// Those that are not.
    pub(crate) fn rest(&self) -> &[NoteItem] {
        &self.0[self.first().len()..]
    }
}

fn item(group: &Group) -> NoteItem {
    let case = |(case, figures): &(String, Option<String>)| match figures {
        Some(figures) if group.cases.len() > 1 => format!("{case}: {figures}"),
        _ => case.clone(),
    };
    NoteItem {
        class: tag_class(&group.note),
        tag: group.note.tag.clone(),
        text: group.text(),
        cases: group.cases.iter().map(case).collect(),
    }
}

/// What colours a note's tag, by its weight.
pub(crate) const fn tag_class(note: &Note) -> &'static str {
    match note.weight {
        Weight::Caveat | Weight::Remark => "",
        Weight::Warning => " warning",
        Weight::Failure => " failure",
    }
}
