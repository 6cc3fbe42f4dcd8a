//! The page: its sections, styles and scripts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::dataset::entries::Dataset;
use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::report::found_rate_note;
use crate::report::html::escape::text;
use crate::report::html::{
    case_table, cost_section, data, differences, front, method, operator_section,
    published_section, summary_section,
};
use crate::report::preprocessing_note;
use crate::report::scenario_note;
use crate::report::sustained_note;
use crate::report::svg;
use crate::table::row::Row;
use crate::table::short_names::ShortNames;
use crate::table::units::one_line;

const STYLE: &str = include_str!("../assets/report.css");
/// What the page runs, in this order: each part uses those before it.
const SCRIPTS: [&str; 4] = [
    include_str!("../assets/page.js"),
    include_str!("../assets/chart.js"),
    include_str!("../assets/detail.js"),
    include_str!("../assets/report.js"),
];

/// The page of a run.
#[must_use]
pub fn page(run: &Run, rows: &[Row]) -> String {
    page_with(run, rows, None)
}

/// The same, with the run's images where they are at hand.
#[must_use]
pub fn page_with(run: &Run, rows: &[Row], images: Option<&Dataset>) -> String {
    let rows: Vec<Row> = rows.iter().map(|row| row.clone().map_text(one_line)).collect();
    let rows = rows.as_slice();
    let verdict = Highlights::of(rows);
    let title = format!("{} – shutterbench", run.header.run_id);
    let sections = [
        summary_section::cards(rows, &verdict),
        main_plot(rows, &verdict),
        front::section(run, rows, &verdict),
        summary_section::notes(rows),
        case_table::section(rows, &verdict),
        detail(),
        scenario_note::section(run),
        sustained_note::section(run),
        found_rate_note::table(run).section(""),
        differences::section(run, rows, &verdict),
        preprocessing_note::section(run),
        published_section::section(run, rows),
        cost_section::section(run, rows),
        operator_section::section(run),
        method::coverage(rows),
        method::section(run, rows),
    ]
    .concat();
    let body = [
        header(run, rows),
        nav(&sections),
        "<main id=\"main\">".to_owned(),
        sections,
        "</main>".to_owned(),
        footer(run),
    ]
    .concat();
    let data = data::json(run, rows, &verdict, images);
    document(&title, &body, &data, &SCRIPTS)
}

/// A whole document around `body`. Nothing but the scripts given here can run
/// in it, whatever a model or class is called: the policy names their hashes.
#[must_use]
pub fn document(title: &str, body: &str, data: &str, scripts: &[&str]) -> String {
    let hashes: Vec<String> = scripts
        .iter()
        .map(|script| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = match hashes.as_slice() {
        [] => "'none'".to_owned(),
        hashes => hashes.join(" "),
    };
    let title = text(title);
    let scripts: String =
        scripts.iter().map(|script| format!("<script>{script}</script>\n")).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the results</a>\n{body}\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n{scripts}</body>\n</html>\n"
    )
}

/// The program's logo, a shutter.
const MARK: &str = "<svg class=\"mark\" viewBox=\"0 0 48 48\" aria-hidden=\"true\"><g fill=\"none\" stroke=\"currentColor\" stroke-width=\"3\" stroke-linejoin=\"round\"><circle cx=\"24\" cy=\"24\" r=\"21\"/><path d=\"M24 3l9 16M42.2 13.5L31 28.500M42.200 34.500H23.500M24 45l-9-16M5.800 34.500L17 19.500M5.800 13.500H24.500\"/></g></svg>";

fn header(run: &Run, rows: &[Row]) -> String {
    let header = &run.header;
    let measured = rows.iter().filter(|row| row.is_measured()).count();
    let models: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row.model.as_str()).collect();
    let machine = match header.devices().len() {
        0 => header.host.cpu.clone(),
        several => format!("{several} devices"),
    };
    let title = match models.first() {
        Some(only) if models.len() == 1 => format!("{only} on {machine}"),
        _ => format!("{} models on {machine}", models.len()),
    };
    let images = header.dataset.as_ref().map_or_else(
        || "accuracy not measured".to_owned(),
        |dataset| format!("scored on {} images", dataset.images),
    );
    let unfinished = if run.finished.is_some() {
        ""
    } else {
        "<p class=\"sub\"><span class=\"tag warning\">interrupted</span> This run did not finish; the page shows what it measured.</p>"
    };
    format!(
        "<header>{MARK}<div class=\"title\"><h1>{}</h1><p class=\"sub\">{measured} of {} cases measured, {images} · {} · {} · run {}</p>{unfinished}</div><button id=\"theme\" class=\"js-only\" type=\"button\">Theme: auto</button></header>\n",
        text(&title),
        rows.len(),
        text(&header.measured_on()),
        text(&day(&header.started_at)),
        text(&header.run_id),
    )
}

/// Links to the sections that the page has.
fn nav(sections: &str) -> String {
    let links: String = [
        ("plot", "Plot"),
        ("front", "Pareto front"),
        ("all", "All cases"),
        ("detail", "One model in detail"),
        ("scenarios", "Scenarios"),
        ("sustained", "Over minutes"),
        ("found-rate", "Highest rates"),
        ("differences", "Accuracy"),
        ("preprocessing", "Preprocessing"),
        ("published", "Published figures"),
        ("computation", "Computation"),
        ("operators", "Operators"),
        ("coverage", "Delegates"),
        ("method", "Host and method"),
    ]
    .into_iter()
    .filter(|(id, _)| sections.contains(&format!("<section id=\"{id}\"")))
    .map(|(id, title)| format!("<a href=\"#{id}\">{title}</a>"))
    .collect();
    format!("<nav aria-label=\"Sections\">{links}</nav>\n")
}

/// One of our RFC 3339 times, which are UTC, to the minute.
fn day(rfc3339: &str) -> String {
    match rfc3339.get(..16) {
        Some(moment) => format!("{} UTC", moment.replacen('T', " ", 1)),
        None => rfc3339.to_owned(),
    }
}

fn main_plot(rows: &[Row], verdict: &Highlights) -> String {
    let (title, lead) = if rows.iter().any(|row| row.is_measured() && row.top1.is_some()) {
        (
            "Latency against accuracy",
            "Up and to the left is better. The area of a bubble is the size of its model, whiskers are 95% intervals. Cases with a thick rim are on the Pareto front: no other case is both faster and more accurate.",
        )
    } else {
        (
            "Latency against size",
            "Nothing was scored, so the plot shows size instead of accuracy. Down and to the left is better.",
        )
    };
    let common = match ShortNames::of(rows).common() {
        "" => String::new(),
        common => format!(" Names omit their common prefix, {}.", text(common)),
    };
    let unscored = rows.iter().filter(|row| row.is_measured() && row.top1.is_none()).count();
    let unscored = match unscored {
        0 => String::new(),
        _ if !rows.iter().any(|row| row.top1.is_some()) => String::new(),
        1 => "<p class=\"dim\">1 case was timed but not scored; it appears only in the table.</p>"
            .into(),
        count => format!(
            "<p class=\"dim\">{count} cases were timed but not scored; they appear only in the table.</p>"
        ),
    };
    let backends: std::collections::BTreeSet<_> =
        rows.iter().filter(|row| row.is_measured()).map(|row| row.backend).collect();
    let legend: String = backends
        .iter()
        .map(|backend| format!("<li><i style=\"--c:var(--{backend})\"></i>{backend}</li>"))
        .collect();
    format!(
        "<section id=\"plot\" aria-labelledby=\"plot-title\"><h2 id=\"plot-title\">{title}</h2><p class=\"lead\">{lead}{common}</p>\
         <ul class=\"legend\">{legend}<li class=\"ring\"><i></i>Pareto front</li></ul>\
         <figure><div class=\"no-js static\">{}</div><div id=\"main-plot\" class=\"plot js-block\" tabindex=\"0\" role=\"group\" aria-label=\"Plot of all cases; use the arrow keys to move from case to case\" aria-describedby=\"main-readout\"></div>\
         <p id=\"main-readout\" class=\"readout js-block\" role=\"status\">Point at a bubble, or focus the plot and use the arrow keys, to read its numbers here.</p></figure>{unscored}<p class=\"controls js-flex save\"><button type=\"button\" id=\"save-svg\">Save as SVG</button><button type=\"button\" id=\"save-png\">Save as PNG, for slides</button></p></section>\n",
        svg::plot::main_plot(rows, verdict),
    )
}

fn detail() -> String {
    let plot = |id: &str, title: &str, lead: &str| {
        format!(
            "<div id=\"{id}-panel\"><h3 id=\"{id}-title\">{title}</h3><p class=\"dim\">{lead}</p><ul class=\"legend\" id=\"{id}-legend\"></ul><figure class=\"plot\" id=\"{id}-plot\" role=\"img\" aria-labelledby=\"{id}-title\"></figure><details><summary>{title}: the numbers</summary><div class=\"scroll\" id=\"{id}-numbers\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}-title\"></div></details></div>"
        )
    };
    format!(
        "<section id=\"detail\" class=\"long\" aria-labelledby=\"detail-title\"><h2 id=\"detail-title\">One model in detail</h2><p class=\"no-js lead\">These plots need JavaScript; predictions.csv and 'shutterbench report RUN --samples FILE' hold their numbers.</p>\
         <div class=\"js-block\"><div class=\"controls\"><label class=\"grow\">Model <select id=\"model\"></select></label><span class=\"dim\" id=\"detail-limit\"></span></div><div class=\"halves\">{}{}{}\
         <div><h3>Accuracy by class</h3><div class=\"controls\"><label>Scored on <select id=\"scored\"></select></label></div><div id=\"classes\"></div></div></div><div id=\"confusions\"></div></div></section>\n",
        plot(
            "ecdf",
            "Distribution of latencies",
            "All timed runs are shown: a steep line means a steady case, a step a second speed."
        ),
        plot(
            "drift",
            "Drift over the rounds",
            "The median of each visit relative to the median of the case: a slope suggests a processor that warms up or throttles."
        ),
        plot(
            "threads",
            "Scaling with threads",
            "Relative to the same case with the fewest threads. Dotted: perfect scaling; grey: other models."
        ),
    )
}

fn footer(run: &Run) -> String {
    let header = &run.header;
    let commit =
        header.commit.as_deref().map_or(String::new(), |commit| format!(" ({})", text(commit)));
    format!("<footer><p>Written by shutterbench {}{commit}.</p></footer>\n", text(&header.version),)
}
