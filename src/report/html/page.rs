//! The page of a run: what its sections hold. `templates/run.html` says how they look.

use std::collections::BTreeSet;

use askama::Template;

use crate::dataset::entries::Dataset;
use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::report::cost_note;
use crate::report::html::case_table::{self, CasesSection};
use crate::report::html::cost_section::{self, ComputationLine};
use crate::report::html::coverage_section::{self, CoverageLine};
use crate::report::html::data;
use crate::report::html::differences::{self, DifferencesSection};
use crate::report::html::frame::{Frame, file};
use crate::report::html::front::{self, FrontSection};
use crate::report::html::method::{self, MethodSection, TermLine};
use crate::report::html::note_section::{self, NoteSection};
use crate::report::html::operator_section::{self, BesideEachOther, ProfiledCase};
use crate::report::html::preprocessing_section::{self, CheckTable};
use crate::report::html::published_section::{self, PublishedSection};
use crate::report::html::summary_section::{self, Card, NotesSection};
use crate::report::operator_note::PROFILE_CSV;
use crate::report::svg;
use crate::table::row::Row;
use crate::table::short_names::ShortNames;
use crate::table::units::one_line;

/// What the page runs, in this order: each part uses those before it.
const SCRIPTS: [&str; 5] = [
    include_str!("../assets/page.js"),
    include_str!("../assets/chart.js"),
    include_str!("../assets/detail.js"),
    include_str!("../assets/long_table.js"),
    include_str!("../assets/report.js"),
];

/// Sections that a run does not have are `None` or empty.
#[derive(Template)]
#[template(path = "run.html", whitespace = "minimize")]
struct RunPage<'a> {
    frame: Frame,
    heading: Heading,
    cards: Vec<Card>,
    plot: PlotSection,
    front: Option<FrontSection>,
    notes: NotesSection,
    cases: CasesSection,
    scenarios: Option<NoteSection>,
    sustained: Option<NoteSection>,
    found_rates: Option<NoteSection>,
    differences: Option<DifferencesSection>,
    preprocessing: Vec<CheckTable>,
    published: Option<PublishedSection>,
    computation: Vec<ComputationLine>,
    operators: Vec<ProfiledCase>,
    beside_each_other: Vec<BesideEachOther>,
    coverage: Vec<CoverageLine>,
    method: MethodSection,
    /// The program that made the run.
    version: &'a str,
    commit: Option<&'a str>,
}

/// The head of the page.
struct Heading {
    title: String,
    measured: usize,
    cases: usize,
    images: String,
    measured_on: String,
    started: String,
    run_id: String,
    finished: bool,
}

/// The plot of all cases.
struct PlotSection {
    /// Whether it shows accuracy; else it shows size.
    scored: bool,
    /// The prefix that names omit.
    common: String,
    backends: Vec<String>,
    svg: String,
    /// Cases that are not on it although they were timed.
    unscored: usize,
}

/// The page of a run.
#[must_use]
pub fn page(run: &Run, rows: &[Row]) -> String {
    page_with(run, rows, None)
}

/// The same, with the run's images where they are at hand.
#[must_use]
pub(crate) fn page_with(run: &Run, rows: &[Row], images: Option<&Dataset>) -> String {
    let rows: Vec<Row> = rows.iter().map(|row| row.clone().map_text(one_line)).collect();
    let rows = rows.as_slice();
    let verdict = Highlights::of(rows);
    let title = format!("{} – shutterbench", run.header.run_id);
    file(&RunPage {
        frame: Frame::new(title, &SCRIPTS, data::of(run, rows, &verdict, images)),
        heading: heading(run, rows),
        cards: summary_section::cards(rows, &verdict),
        plot: plot(rows, &verdict),
        front: front::section(run, rows, &verdict),
        notes: summary_section::notes(rows),
        cases: case_table::section(rows, &verdict),
        scenarios: note_section::scenarios(run),
        sustained: note_section::sustained(run),
        found_rates: note_section::found_rates(run),
        differences: differences::section(run, rows, &verdict),
        preprocessing: preprocessing_section::checks(run),
        published: published_section::section(run, rows),
        computation: cost_section::lines(run, rows),
        operators: operator_section::cases(run),
        beside_each_other: operator_section::beside_each_other(run),
        coverage: coverage_section::lines(rows),
        method: method::section(run, rows),
        version: &run.header.version,
        commit: run.header.commit.as_deref(),
    })
}

fn heading(run: &Run, rows: &[Row]) -> Heading {
    let header = &run.header;
    let models: BTreeSet<&str> = rows.iter().map(|row| row.model.as_str()).collect();
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
    Heading {
        title,
        measured: rows.iter().filter(|row| row.is_measured()).count(),
        cases: rows.len(),
        images,
        measured_on: header.measured_on(),
        started: to_the_minute(&header.started_at),
        run_id: header.run_id.clone(),
        finished: run.finished.is_some(),
    }
}

/// One of our RFC 3339 times, which are UTC, to the minute.
pub(crate) fn to_the_minute(rfc3339: &str) -> String {
    match rfc3339.get(..16) {
        Some(moment) => format!("{} UTC", moment.replacen('T', " ", 1)),
        None => rfc3339.to_owned(),
    }
}

fn plot(rows: &[Row], verdict: &Highlights) -> PlotSection {
    let measured = || rows.iter().filter(|row| row.is_measured());
    let any_is_scored = rows.iter().any(|row| row.top1.is_some());
    let unscored = measured().filter(|row| row.top1.is_none()).count();
    let backends: BTreeSet<_> = measured().map(|row| row.backend).collect();
    PlotSection {
        scored: measured().any(|row| row.top1.is_some()),
        common: ShortNames::of(rows).common().to_owned(),
        backends: backends.iter().map(ToString::to_string).collect(),
        svg: svg::plot::main_plot(rows, verdict),
        unscored: if any_is_scored { unscored } else { 0 },
    }
}
