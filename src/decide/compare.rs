//! Two runs, case by case.

use crate::decide::comparison::{CaseComparison, Comparison, Options, Outcome};
use crate::decide::metric::Metric;
use crate::decide::scored;
use crate::record::case::Case;
use crate::record::run::{CaseRecord, Run};
use crate::record::status::Status;
use crate::stats::paired;
use crate::stats::paired::Pairing;
use crate::table::row::Row;

/// Compares `new` with `base`, case by case.
#[must_use]
pub fn compare(base: &Run, new: &Run, options: Options) -> Comparison {
    let pairing = pairing(base, new);
    let (base_rows, new_rows) = (crate::table::rows::rows(base), crate::table::rows::rows(new));
    let partners = partners(base, new);
    let mut cases: Vec<CaseComparison> = partners
        .iter()
        .enumerate()
        .filter_map(|(index, partner)| {
            let was = Side::of(base, &base_rows, index);
            one(was, partner.map(|partner| Side::of(new, &new_rows, partner)), pairing, options)
        })
        .collect();
    let added = new.header.cases.iter().zip(&new_rows).enumerate();
    cases.extend(added.filter(|(index, _)| !partners.contains(&Some(*index))).filter_map(
        |(_, (case, row))| {
            let value = options.metric.value(row).filter(|_| row.status == Status::Ok)?;
            Some(CaseComparison { new: Some(value), ..bare(case.to_string(), Outcome::New) })
        },
    ));
    Comparison {
        base: base.header.run_id.clone(),
        new: new.header.run_id.clone(),
        options,
        pairing,
        caveats: caveats(base, new, pairing, options.metric),
        cases,
    }
}

/// Which case of `new` each case of `base` is compared with: the same one, unless
/// they are compared [`in_order`].
fn partners(base: &Run, new: &Run) -> Vec<Option<usize>> {
    let in_order = in_order(base, new);
    let partner = |(index, case): (usize, &Case)| {
        if in_order { Some(index) } else { same_case(base, case, new) }
    };
    base.header.cases.iter().enumerate().map(partner).collect()
}

/// Where `new` has a case of `base`. A run of several machines names the machine
/// of each case; one of a single machine names it once.
fn same_case(base: &Run, case: &Case, new: &Run) -> Option<usize> {
    let on_same = |other: &Case| match (&case.device, &other.device) {
        (None, None) => true,
        (mine, theirs) => {
            mine.as_ref().unwrap_or(&base.header.device)
                == theirs.as_ref().unwrap_or(&new.header.device)
        }
    };
    new.header.cases.iter().position(|other| case.is_like(other) && on_same(other))
}

/// Runs that have no case in common and equally many are compared in their order:
/// two models, or two delegates.
fn in_order(base: &Run, new: &Run) -> bool {
    let single = |run: &Run| run.header.devices().is_empty();
    single(base)
        && single(new)
        && base.header.cases.len() == new.header.cases.len()
        && !base.header.cases.iter().any(|case| same_case(base, case, new).is_some())
}

/// One case as one of the runs has it.
#[derive(Clone, Copy)]
struct Side<'a> {
    run: &'a Run,
    case: &'a Case,
    row: Option<&'a Row>,
    record: Option<&'a CaseRecord>,
}

impl<'a> Side<'a> {
    fn of(run: &'a Run, rows: &'a [Row], index: usize) -> Self {
        let case = &run.header.cases[index];
        let record = run.cases.iter().find(|record| record.case == *case);
        Self { run, case, row: rows.get(index), record }
    }

    fn value(&self, metric: Metric) -> Option<f64> {
        metric.value(self.row.filter(|row| row.status == Status::Ok)?)
    }
}

/// `None` where the base has no value and so nothing can be compared.
fn one(
    base: Side<'_>,
    new: Option<Side<'_>>,
    pairing: Pairing,
    options: Options,
) -> Option<CaseComparison> {
    let was = base.value(options.metric)?;
    let name = match new {
        Some(new) if new.case != base.case => format!("{} -> {}", base.case, new.case),
        _ => base.case.to_string(),
    };
    let Some((new, is)) = new.and_then(|new| Some((new, new.value(options.metric)?))) else {
        return Some(missing(name, was, new.and_then(|new| new.row)));
    };
    let both = CaseComparison { base: Some(was), new: Some(is), ..bare(name, Outcome::Undecided) };
    Some(match (options.metric.probability(), options.metric.rank()) {
        (Some(probability), _) => latency(both, &base, &new, probability, pairing, options),
        (_, Some(rank)) => {
            let (was, is) =
                (scored::record(base.run, base.case), scored::record(new.run, new.case));
            scored::compare(both, was.zip(is), rank, options)
        }
        _ => plain(both, was, is, options),
    })
}

/// The base measured it and the new run did not: a regression if the new run
/// tried and failed, else merely left out.
fn missing(case: String, was: f64, row: Option<&Row>) -> CaseComparison {
    let tried = row.filter(|row| row.status.is_failure());
    let (outcome, note) = match tried {
        Some(row) => {
            let error = row.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
            (Outcome::Missing, format!("{}{error}", row.status))
        }
        None => (Outcome::Undecided, "not measured in the new run".to_owned()),
    };
    CaseComparison { base: Some(was), note: Some(note), ..bare(case, outcome) }
}

fn latency(
    mut both: CaseComparison,
    base: &Side,
    new: &Side,
    probability: f64,
    pairing: Pairing,
    options: Options,
) -> CaseComparison {
    let visits = base.record.zip(new.record);
    let compared = visits.and_then(|(base_record, new_record)| {
        paired::compare(
            &base_record.visits,
            &new_record.visits,
            pairing,
            probability,
            options.threshold_percent,
            base.run.header.options.seed,
        )
    });
    let Some(compared) = compared else {
        both.note = Some("no rounds to compare".into());
        return both;
    };
    both.change = Some(compared.ratio);
    both.low = compared.interval.map(|interval| interval.low);
    both.high = compared.interval.map(|interval| interval.high);
    both.outcome = match compared.verdict {
        paired::Verdict::Faster => Outcome::Better,
        paired::Verdict::Slower => Outcome::Worse,
        paired::Verdict::Same => Outcome::Same,
        paired::Verdict::Undecided => Outcome::Undecided,
    };
    let threshold = paired::threshold_in_force(options.threshold_percent, compared.processes);
    if threshold > options.threshold_percent {
        both.note = Some(format!(
            "{} processes only: no change below {threshold}% is told from the luck of a memory layout",
            compared.processes
        ));
    }
    both
}

/// Figures that are the same whenever they are measured: no interval.
fn plain(mut both: CaseComparison, was: f64, is: f64, options: Options) -> CaseComparison {
    let ratio = if was > 0.0 { is / was } else { 1.0 };
    let reach = 1.0 + options.threshold_percent / 100.0;
    both.change = Some(ratio);
    both.outcome = if ratio >= reach {
        Outcome::Worse
    } else if ratio <= 1.0 / reach {
        Outcome::Better
    } else {
        Outcome::Same
    };
    both
}

/// Rounds belong together where the runs were taken in turn, and nowhere else: round 7
/// of two runs that merely overlap in time, or whose machines' clocks agree by chance,
/// is not the same moment.
fn pairing(base: &Run, new: &Run) -> Pairing {
    let in_turn = base.header.in_turn.is_some() && base.header.in_turn == new.header.in_turn;
    if in_turn { Pairing::ByRound } else { Pairing::Unpaired }
}

fn caveats(base: &Run, new: &Run, pairing: Pairing, metric: Metric) -> Vec<String> {
    let mut caveats = Vec::new();
    let (was, is) = (&base.header, &new.header);
    if was.device != is.device || was.measured_on() != is.measured_on() {
        caveats.push(format!(
            "the machines differ: {} ({}) and {} ({})",
            was.measured_on(),
            was.device,
            is.measured_on(),
            is.device
        ));
    }
    if in_order(base, new) {
        caveats.push("no case is in both runs: their cases are compared in their order".into());
    }
    if metric.probability().is_some() && pairing == Pairing::Unpaired {
        caveats.push(
            "the runs were not taken in turn: the intervals allow for as much change of the machine between them as within them, and more than that looks like a change of the models; to be sure take them in turn (run --ab, --against)".into(),
        );
    }
    for runtime in &was.runtimes {
        let other = is.runtimes.iter().find(|other| other.backend == runtime.backend);
        if let Some(other) = other.filter(|other| other.version != runtime.version) {
            caveats.push(format!(
                "{} was {} and is {}",
                runtime.backend, runtime.version, other.version
            ));
        }
    }
    let hashes = was.dataset.as_ref().zip(is.dataset.as_ref());
    if metric.rank().is_some()
        && hashes.is_some_and(|(was, is)| was.listing_sha256 != is.listing_sha256)
    {
        caveats.push("the datasets differ: only images of both are compared".into());
    }
    caveats
}

fn bare(case: String, outcome: Outcome) -> CaseComparison {
    CaseComparison {
        case,
        base: None,
        new: None,
        change: None,
        low: None,
        high: None,
        p_value: None,
        outcome,
        note: None,
    }
}
