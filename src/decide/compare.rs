//! Two runs, case by case.

use crate::decide::compared_modes::{compared_rates, compared_sustained, kept_rate};
use crate::decide::compared_scenarios;
use crate::decide::compared_scenarios::{compared_scenarios, other_energy_sources};
use crate::decide::comparison::{CaseComparison, CompareOptions, Outcome, RunComparison};
use crate::decide::metric::Metric;
use crate::decide::partners::{can_be_in_order, have_a_case_in_common, other_sets, partners};
use crate::decide::yardstick_use::{no_common_yardstick, on_other_machines};
use crate::decide::{few_pairs, other_files, paired_accuracy, shared_core};
use crate::record::case::Case;
use crate::record::header::Header;
use crate::record::run::{CaseRecord, Run};
use crate::record::status::Status;
use crate::stats::paired::Pairing;
use crate::stats::statistics::mean;
use crate::stats::unpaired::is_mostly_disturbed;
use crate::stats::{holm, paired, welch};
use crate::table::row::Row;
use crate::table::units::counted;

/// Compares `new` with `base`, case by case.
#[must_use]
pub fn compare(base: &Run, new: &Run, options: CompareOptions) -> RunComparison {
    gate(base, new, &[options]).remove(0)
}

/// Compares by several figures at once. The chance that any case of any figure is reported as a
/// change although nothing changed is at most 5% for all of them together, by Holm's procedure;
/// file sizes, which do not scatter, are not part of it.
#[must_use]
pub fn gate(base: &Run, new: &Run, all: &[CompareOptions]) -> Vec<RunComparison> {
    let mut comparisons: Vec<RunComparison> =
        all.iter().map(|options| by_one(base, new, *options)).collect();
    let p_values: Vec<Option<f64>> =
        comparisons.iter().flat_map(|it| &it.cases).map(|case| case.p_value).collect();
    let compared = p_values.iter().flatten().count();
    let cases = comparisons.iter_mut().flat_map(|it| &mut it.cases);
    for (case, adjusted) in cases.zip(holm::adjusted(&p_values)) {
        case.p_adjusted = adjusted;
        let changed = matches!(case.outcome, Outcome::Better | Outcome::Worse);
        if changed && adjusted.is_some_and(|p| p > holm::LEVEL) {
            case.outcome = Outcome::Undecided;
            let too_few = few_pairs::are_too_few(case, compared);
            let remedy = if too_few { "use --processes" } else { "measure longer" };
            let by_chance = format!(
                "it differs, but a difference this large occurs by chance among {compared} comparisons; {remedy}, or compare fewer"
            );
            let note = case.note.take().map_or(String::new(), |note| note + "; ");
            case.note = Some(note + &by_chance);
        }
    }
    for comparison in &mut comparisons {
        comparison.caveats.extend(few_pairs::caveat(&comparison.cases, compared));
    }
    comparisons
}

fn by_one(base: &Run, new: &Run, options: CompareOptions) -> RunComparison {
    let pairing = pairing(base, new, options.metric);
    let (base_rows, new_rows) = (crate::table::rows::rows(base), crate::table::rows::rows(new));
    let partners = partners(base, new, in_order(base, new, options));
    let mut cases: Vec<CaseComparison> = partners
        .iter()
        .enumerate()
        .flat_map(|(index, partner)| {
            let was = CaseSide::of(base, &base_rows, index);
            let is = partner.map(|partner| CaseSide::of(new, &new_rows, partner));
            let mut compared: Vec<_> = one(was, is, pairing, options).into_iter().collect();
            compared.extend(is.map_or(Vec::new(), |is| in_scenarios(was, is, options)));
            compared
        })
        .collect();
    let added = new.header.cases.iter().zip(&new_rows).enumerate();
    cases.extend(added.filter(|(index, _)| !partners.contains(&Some(*index))).filter_map(
        |(_, (case, row))| {
            let value = options.metric.value(row).filter(|_| row.status == Status::Ok)?;
            Some(CaseComparison {
                new: Some(value),
                ..CaseComparison::bare(case.to_string(), Outcome::New)
            })
        },
    ));
    let mut caveats = caveats(base, new, pairing, options);
    caveats.extend(compared_scenarios::caveats(base, new, &cases));
    RunComparison {
        base: base.header.run_id.clone(),
        new: new.header.run_id.clone(),
        options,
        pairing,
        caveats,
        cases,
    }
}

/// Whether cases are compared in order: if the user requested it, or the runs were interleaved.
fn in_order(base: &Run, new: &Run, options: CompareOptions) -> bool {
    let asked = options.in_order || pairing(base, new, options.metric) == Pairing::ByRound;
    asked && can_be_in_order(base, new)
}

/// One case in one of the runs.
#[derive(Clone, Copy)]
struct CaseSide<'a> {
    run: &'a Run,
    case: &'a Case,
    row: Option<&'a Row>,
    record: Option<&'a CaseRecord>,
}

impl<'a> CaseSide<'a> {
    fn of(run: &'a Run, rows: &'a [Row], index: usize) -> Self {
        let case = &run.header.cases[index];
        let record = run.cases.iter().find(|record| record.case == *case);
        Self { run, case, row: rows.get(index), record }
    }

    fn value(&self, metric: Metric) -> Option<f64> {
        let row = self.row.filter(|row| row.status == Status::Ok)?;
        match metric {
            Metric::Rate => kept_rate(self.record?),
            _ => metric.value(row),
        }
    }
}

/// The scenarios of a case that both runs measured back to back.
fn in_scenarios(
    base: CaseSide<'_>,
    new: CaseSide<'_>,
    options: CompareOptions,
) -> Vec<CaseComparison> {
    let both_ok = [base, new].iter().all(|it| it.row.is_some_and(|row| row.status == Status::Ok));
    let (Some(was), Some(is), true) = (base.record, new.record, both_ok) else {
        return Vec::new();
    };
    let name = named(base.case, new.case);
    let mut lines = compared_scenarios(&name, (base.run, was), (new.run, is), options);
    lines.extend(compared_sustained(&name, (base.run, was), (new.run, is), options));
    lines
}

/// A case, and what it is called in the new run if it is another one.
fn named(base: &Case, new: &Case) -> String {
    if new == base { base.to_string() } else { format!("{base} -> {new}") }
}

/// `None` if the base has no value and so nothing can be compared.
fn one(
    base: CaseSide<'_>,
    new: Option<CaseSide<'_>>,
    pairing: Pairing,
    options: CompareOptions,
) -> Option<CaseComparison> {
    let was = base.value(options.metric)?;
    let name = named(base.case, new.map_or(base.case, |new| new.case));
    let Some((new, is)) = new.and_then(|new| Some((new, new.value(options.metric)?))) else {
        return Some(missing(name, was, new.and_then(|new| new.row)));
    };
    let both = CaseComparison {
        base: Some(was),
        new: Some(is),
        ..CaseComparison::bare(name, Outcome::Undecided)
    };
    let records = base.record.zip(new.record).filter(|_| options.metric == Metric::Energy);
    if let Some(why) = records.and_then(|(was, is)| other_energy_sources(was, is)) {
        return Some(CaseComparison { note: Some(why), ..both });
    }
    Some(match (options.metric.probability(), options.metric.rank()) {
        (Some(probability), _) => latency(both, &base, &new, probability, pairing, options),
        (_, Some(rank)) => {
            let (was, is) = (
                paired_accuracy::record(base.run, base.case),
                paired_accuracy::record(new.run, new.case),
            );
            paired_accuracy::compare(both, was.zip(is), rank, options)
        }
        _ if options.metric == Metric::Rate => match (base.record, new.record) {
            (Some(was), Some(is)) => compared_rates(both, (base.run, was), (new.run, is), options),
            _ => both,
        },
        _ => {
            let by_process = by_process(&both, &base, &new, options);
            by_process.unwrap_or_else(|| plain(both, was, is, options))
        }
    })
}

/// The base has it and the new run does not, whether it failed, was left out or could not be
/// scored.
fn missing(case: String, was: f64, row: Option<&Row>) -> CaseComparison {
    let note = match row {
        None => "the new run does not have this case".to_owned(),
        Some(row) => {
            let error = row.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
            match row.status {
                Status::Ok => format!("the new run does not have this figure{error}"),
                status => format!("{status}{error}"),
            }
        }
    };
    CaseComparison {
        base: Some(was),
        note: Some(note),
        ..CaseComparison::bare(case, Outcome::Missing)
    }
}

fn latency(
    mut both: CaseComparison,
    base: &CaseSide,
    new: &CaseSide,
    probability: f64,
    pairing: Pairing,
    options: CompareOptions,
) -> CaseComparison {
    let visits = base.record.zip(new.record);
    let compared = visits.and_then(|(base_record, new_record)| {
        paired::compare(
            &base_record.visits,
            &new_record.visits,
            pairing,
            probability,
            options.threshold_percent,
        )
    });
    let Some(compared) = compared else {
        both.note = Some("no rounds to compare".into());
        return both;
    };
    both.change = Some(compared.ratio);
    both.low = compared.interval.map(|interval| interval.low);
    both.high = compared.interval.map(|interval| interval.high);
    both.p_value = compared.p_value;
    both.smallest_p = few_pairs::smallest_p(&compared, probability);
    both.outcome = compared.verdict.into();
    let is_disturbed =
        |side: &CaseSide<'_>| side.record.is_some_and(|record| is_mostly_disturbed(&record.visits));
    if compared.interval.is_none() {
        both.note = Some("too few runs for an interval: measure longer".into());
    } else if compared.pairing != Pairing::ByRound && (is_disturbed(base) || is_disturbed(new)) {
        both.note = Some(
            "something else used the machine during most of the visits of one run: measure it again on an idle machine, or both in turn with run --ab".into(),
        );
    } else if compared.pairing != Pairing::ByRound && both.outcome == Outcome::Undecided {
        both.note = Some(
            "two runs at different times do not tell it: measure both in turn with run --ab".into(),
        );
    }
    let threshold = paired::threshold_in_force(options.threshold_percent, compared.processes);
    if threshold > options.threshold_percent {
        let processes = counted(compared.processes, "process", "processes");
        both.note = Some(format!(
            "only {processes}: changes below {threshold}% cannot be told apart from memory-layout effects"
        ));
    }
    both
}

/// Figures that every process has once, such as its peak memory: the geometric means over
/// the processes, with Welch's interval of their ratio. `None` for other figures.
fn by_process(
    both: &CaseComparison,
    base: &CaseSide<'_>,
    new: &CaseSide<'_>,
    options: CompareOptions,
) -> Option<CaseComparison> {
    let logs = |side: &CaseSide<'_>| -> Option<Vec<f64>> {
        let values = options.metric.by_process(side.record?)?;
        // What is not above the idle machine's has no logarithm.
        let are_plain = options.metric != Metric::Energy || values.iter().all(|it| *it > 0.0);
        are_plain.then_some(())?;
        Some(values.into_iter().map(|value| value.max(f64::MIN_POSITIVE).ln()).collect())
    };
    let (was, is) = (logs(base)?, logs(new)?);
    let mut both = both.clone();
    let (was_mean, is_mean) = (mean(&was), mean(&is));
    both.base = Some(was_mean.exp());
    both.new = Some(is_mean.exp());
    both.change = Some((is_mean - was_mean).exp());
    let Some(found) = welch::difference(&was, &is) else {
        both.note =
            Some("a single process: its scatter is unknown; use --processes 5 or more".into());
        return Some(both);
    };
    both.low = Some(found.interval.low.exp());
    both.high = Some(found.interval.high.exp());
    both.p_value = Some(found.p_value);
    both.outcome = paired::conclude(found.value, found.interval, options.threshold_percent).into();
    Some(both)
}

/// Sizes of files, and energy that cannot be told from none: sizes are the same whenever they are measured, and have no interval.
fn plain(mut both: CaseComparison, was: f64, is: f64, options: CompareOptions) -> CaseComparison {
    if options.metric == Metric::Energy {
        both.note =
            Some("in some rounds it used no more than the idle machine: measure longer".into());
        return both;
    }
    if was == 0.0 {
        both.outcome = if is == 0.0 { Outcome::Same } else { Outcome::Worse };
        return both;
    }
    let ratio = is / was;
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

/// Rounds belong together only if the runs were interleaved: round 7 of two runs that merely
/// overlap in time, or whose machines' clocks agree by chance, is not the same moment.
fn pairing(base: &Run, new: &Run, metric: Metric) -> Pairing {
    let in_turn = base.header.in_turn.is_some() && base.header.in_turn == new.header.in_turn;
    match no_common_yardstick(&base.header, &new.header, metric) {
        _ if in_turn => Pairing::ByRound,
        None => Pairing::ByYardstick,
        Some(_) => Pairing::Unpaired,
    }
}

fn caveats(base: &Run, new: &Run, pairing: Pairing, options: CompareOptions) -> Vec<String> {
    let metric = options.metric;
    let mut caveats = Vec::new();
    let (was, is) = (&base.header, &new.header);
    if on_other_machines(was, is) {
        caveats.push(format!(
            "the machines differ: {} ({}) and {} ({})",
            was.measured_on(),
            was.device,
            is.measured_on(),
            is.device
        ));
    }
    if in_order(base, new, options) {
        caveats.push(
            "the runs have no case in common: their cases are compared in their order".into(),
        );
    } else if !have_a_case_in_common(base, new) {
        caveats.push(
            "the runs have no case in common; --in-order compares runs with the same number of cases in their order"
                .into(),
        );
    }
    if let Some(why) = no_common_yardstick(was, is, metric)
        && metric.probability().is_some()
        && pairing == Pairing::Unpaired
    {
        caveats.push(format!(
            "the runs were not interleaved, and {why}. The intervals assume the machine drifted no more between the runs than within them; larger drift looks like a model change. Use run --ab or --against to rule that out."
        ));
    }
    if metric.probability().is_some() && pairing == Pairing::Unpaired {
        caveats.extend(shared_core::caveat(&is.cases, &was.host, &is.host));
    }
    caveats.extend(other_sets(was, is));
    caveats.extend(other_inputs(was, is));
    caveats.extend(other_files::caveats(was, is));
    if metric.rank().is_some() {
        caveats.extend(paired_accuracy::other_images(base, new).map(str::to_owned));
        caveats.extend(preprocessing(was, is));
    }
    caveats
}

/// If one run was timed on photos and the other one was not.
fn other_inputs(was: &Header, is: &Header) -> Option<String> {
    let inputs = |header: &Header| Some(header.options.latency.as_ref()?.inputs);
    let (then, now) = inputs(was).zip(inputs(is)).filter(|(then, now)| then != now)?;
    Some(format!("timed runs were given --inputs {then}, now they are given --inputs {now}"))
}

/// Of each model of both runs whose photos were not prepared alike.
fn preprocessing(was: &Header, is: &Header) -> Vec<String> {
    let both = was.models.iter().filter(|model| is.models.iter().any(|it| it.name == model.name));
    both.filter_map(|model| {
        let [then, now] = was.other_pipeline(is, &model.name)?;
        Some(format!("photos for {} went through {then} and now go through {now}", model.name))
    })
    .collect()
}
