//! The Pareto front step by step.

use std::fmt::Write as _;

use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::report::html::escape::text;
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent};

/// The front as a table: what each step of accuracy costs.
pub fn section(run: &Run, rows: &[Row], verdict: &Highlights) -> String {
    if verdict.front.is_empty() {
        return String::new();
    }
    let mut body = String::new();
    let mut before: Option<usize> = None;
    for &index in &verdict.front {
        let row = &rows[index];
        let unsure = verdict.within_noise.contains(&index);
        let _ = write!(
            body,
            "<tr{}><th scope=\"row\"><span class=\"name\">{}</span> <span class=\"phone\">{} ×{}</span></th><td class=\"desk\">{} ×{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            if unsure { " class=\"dim\"" } else { "" },
            text(&row.model),
            text(&row.ran_on()),
            row.threads_and_axes(),
            text(&row.ran_on()),
            row.threads_and_axes(),
            row.latency_p50_us.map_or(String::new(), ms),
            row.top1.map_or(String::new(), percent),
            bytes(row.model_bytes),
            before
                .map_or_else(|| "the fastest".to_owned(), |before| step(run, rows, before, index)),
        );
        if unsure {
            let end = body.len() - "</td></tr>".len();
            body.insert_str(end, "; within noise");
        }
        before = Some(index);
    }
    let also = verdict.front_with_size.iter().filter(|index| !verdict.front.contains(index));
    let also: Vec<String> = also.map(|&index| text(&rows[index].case())).collect();
    let also = match also.len() {
        0 => String::new(),
        1..=6 => format!(
            "<p class=\"dim\">If the file size counts too, these cases are not beaten either: {}.</p>",
            also.join("; ")
        ),
        count => format!(
            "<p class=\"dim\">If the file size counts too, {count} more cases are not beaten.</p>"
        ),
    };
    format!(
        "<section id=\"front\" aria-labelledby=\"front-title\"><h2 id=\"front-title\">The Pareto front</h2><p class=\"lead\">No measured case is both faster and more accurate than one of these. Steps in grey are within noise: their intervals of latency or Top-1 overlap those of the last step in black.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"front-title\"><table><thead><tr><th scope=\"col\">model</th><th scope=\"col\" class=\"desk\">ran on</th><th scope=\"col\" class=\"n\">p50 ms</th><th scope=\"col\" class=\"n\">Top-1 %</th><th scope=\"col\" class=\"n\">size</th><th scope=\"col\">compared with the previous step</th></tr></thead><tbody>{body}</tbody></table></div>{also}</section>\n"
    )
}

/// What a step up the front gains and costs.
fn step(run: &Run, rows: &[Row], before: usize, now: usize) -> String {
    let slower = rows[now].latency_p50_us.zip(rows[before].latency_p50_us);
    let cost = slower.map_or(String::new(), |(now, then)| format!("{:.2} × the time", now / then));
    let record = |index: usize| {
        let case = run.header.cases.get(index)?;
        paired_top1::record(run, &case.accuracy_key())
    };
    let paired =
        record(before).zip(record(now)).and_then(|(before, now)| paired_top1::compare(before, now));
    match paired {
        Some(paired) => format!("{cost}; {}", text(&paired_top1::words(&paired))),
        None => cost,
    }
}
