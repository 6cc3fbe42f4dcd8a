//! `shutterbench profile`: where the time of a run's cases goes.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde::Serialize;

use crate::cli::output::{ExitStatus, print, print_json};
use crate::record::operator_profile::OperatorProfile;
use crate::record::run::{CaseRecord, Run};
use crate::report::operator_difference::OperatorDifference;
use crate::report::operator_line::{self, OperatorLine};
use crate::report::{difference_note, operator_note};
use crate::run::culprit::NodeDifference;
use crate::run::selection::CasePattern;
use crate::run::{culprit, replay};
use crate::table::operator_times::OperatorTimes;
use crate::table::units::three_digits;
use crate::worker::worker_source::WorkerSource;

/// Nodes of a case that are shown.
const MOST_NODES: usize = 15;

/// Which run, and which of its cases.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// The folder of a run that was measured with --profile
    pub run: PathBuf,
    /// A case's id, or a pattern for its name or model [default: every case]
    pub case: Option<String>,
    /// A second case: show what makes it slower or faster than the first
    pub other: Option<String>,
    /// Find the first node whose output differs from that of the runtime's own kernels: runs the
    /// case's model here, cut off after each node
    #[arg(long, requires = "case", conflicts_with_all = ["other", "json"])]
    pub culprit: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows operators by time, or what tells two cases apart.
///
/// # Errors
/// A folder without a run, a case that the run does not have, or a run without a profile.
pub(crate) fn profile(args: &ProfileArgs) -> Result<ExitStatus> {
    let run = replay::read(&args.run)?;
    if args.culprit {
        return culprit(&run, args.case.as_deref());
    }
    ensure!(
        run.cases.iter().any(|record| record.profile.is_some()),
        "{} holds no profile; measure with 'shutterbench run --profile'",
        args.run.display()
    );
    let cases = match &args.case {
        Some(text) => chosen(&run, text)?,
        None => run.cases.iter().filter(|record| record.profile.is_some()).collect(),
    };
    if let Some(other) = &args.other {
        let (one, other) = (the_only(&run, args.case.as_deref())?, the_only(&run, Some(other))?);
        if args.json {
            return print_json(&OperatorDifference::of(&run, one, other)?);
        }
        return print(difference_note::text(&run, one, other)?.as_bytes());
    }
    if args.json {
        return json(&run, &cases);
    }
    let texts: Vec<String> =
        cases.iter().map(|record| operator_note::text(&run, record, MOST_NODES)).collect();
    print(texts.join("\n").as_bytes())
}

/// A profiled case, for programs.
#[derive(Serialize)]
struct Profiled<'a> {
    case: String,
    profile: Option<&'a OperatorProfile>,
    /// As in `profile.csv`: with what is outside of operators, they add up to the run.
    lines: Vec<OperatorLine<'a>>,
}

fn json(run: &Run, cases: &[&CaseRecord]) -> Result<ExitStatus> {
    let times = |record: &&CaseRecord| record.profile.as_ref().and_then(OperatorTimes::of);
    let times: Vec<Option<OperatorTimes>> = cases.iter().map(times).collect();
    let all: Vec<Profiled<'_>> = cases
        .iter()
        .zip(&times)
        .map(|(record, times)| Profiled {
            case: run.header.name_of(&record.case),
            profile: record.profile.as_ref(),
            lines: match (&record.profile, times) {
                (Some(profile), Some(times)) => operator_line::lines(profile, times),
                _ => Vec::new(),
            },
        })
        .collect();
    print_json(&all)
}

/// Says where the outputs of a case begin to differ; one that does is a bad ending.
fn culprit(run: &Run, text: Option<&str>) -> Result<ExitStatus> {
    let record = the_only(run, text)?;
    let options = &run.header.options;
    let workers = WorkerSource::isolated()
        .with_overrides(options.overrides.clone())
        .with_sets(options.option_sets.clone());
    let comparison = culprit::find(&run.header, &record.case, &workers)?;
    let mut text = format!("{}\n", run.header.name_of(&record.case));
    // Writing to a String does not fail.
    for (index, reason) in &comparison.skipped {
        let _ = writeln!(text, "node {index} was not compared: {reason}");
    }
    let count = comparison.compared.len();
    match comparison.culprit() {
        None => {
            let _ =
                writeln!(text, "no node differs from the runtime's own kernels: {count} compared");
        }
        Some(node) => {
            let _ = writeln!(text, "{}", described(node, count - 1));
        }
    }
    match &comparison.delegated {
        None => {}
        Some(Ok(range)) => text += &told(range),
        Some(Err(reason)) => {
            let _ =
                writeln!(text, "in the whole file, no node was taken from the delegate: {reason}");
        }
    }
    print(text.as_bytes())?;
    let is_wrong = comparison.culprit().is_some() || matches!(comparison.delegated, Some(Ok(_)));
    Ok(if is_wrong { ExitStatus::Bad } else { ExitStatus::Good })
}

/// A node that differs, in words; `before` it, as many agree.
fn described(node: &NodeDifference, before: usize) -> String {
    let cosine = node.cosine.map_or(String::new(), |cosine| format!(", cosine {cosine:.3}"));
    format!(
        "node {}, {} '{}': max error {} where outputs reach {}{cosine}; the {before} nodes before it agree; largest on {}",
        node.index,
        node.operator,
        node.name,
        at_any_scale(node.max_abs_error),
        at_any_scale(node.magnitude),
        node.shown_by
    )
}

/// Nodes that a delegate computes wrongly together, in words.
fn told(range: &RangeInclusive<usize>) -> String {
    let (first, last) = (range.start(), range.end());
    if first == last {
        return format!("the whole file is wrong as soon as node {first} is delegated\n");
    }
    format!("the whole file is wrong as soon as nodes {first} to {last} are delegated together\n")
}

/// Three digits, also of what is far below 1: scores inside a model may be.
fn at_any_scale(value: f64) -> String {
    let is_tiny = value != 0.0 && value.abs() < 1e-3;
    if is_tiny { format!("{value:.2e}") } else { three_digits(value) }
}

/// The cases that `text` means.
fn chosen<'a>(run: &'a Run, text: &str) -> Result<Vec<&'a CaseRecord>> {
    let pattern = CasePattern::new(text)?;
    let cases: Vec<&CaseRecord> =
        run.cases.iter().filter(|record| pattern.means(&record.case)).collect();
    ensure!(
        !cases.is_empty(),
        "'{text}' matches none of the run's {} cases; 'shutterbench profile' without it shows all of them",
        run.cases.len()
    );
    Ok(cases)
}

/// The one case that `text` means.
fn the_only<'a>(run: &'a Run, text: Option<&str>) -> Result<&'a CaseRecord> {
    let text = text.unwrap_or("*");
    match chosen(run, text)?.as_slice() {
        [one] => Ok(one),
        several => {
            let names: Vec<String> =
                several.iter().take(4).map(|it| format!("'{}'", it.case)).collect();
            bail!(
                "'{text}' matches {} cases ({}...); name exactly one",
                several.len(),
                names.join(", ")
            )
        }
    }
}
