//! A run that looks for its best case instead of measuring every one to its end: which cases
//! may not win, and which leave after a round.

use std::time::Instant;

use anyhow::Result;

use crate::record::case::Case;
use crate::record::narrowing::{Dropped, Narrowing};
use crate::record::precision::Precision;
use crate::record::run::{AccuracyRecord, CaseRecord};
use crate::record::status::Status;
use crate::run::active_case::VisitSize;
use crate::run::check_agreement::Works;
use crate::run::context::{Context, Side};
use crate::run::entry::Entry;
use crate::run::{check_agreement, reference};
use crate::stats::contender::PairedRatio;
use crate::stats::contest::{Contest, Leaving, RULES};
use crate::stats::{statistics, wrong_answers};

/// A search whose time is not stated takes this much per case, and the time of so many runs: a
/// fifth of what a plain run takes, or less. It is used to its half at least, since a machine's
/// moods last for seconds.
const CASE_SECONDS: f64 = 0.8;
const CASE_RUNS: f64 = 20.0;
/// A case that takes so many times as long as the quickest counts as such a case: it leaves after
/// the first round.
const MOST_TIMES: f64 = 8.0;
/// Fewest timed runs of a visit after the first round.
const LEAST_RUNS: u32 = 3;

/// Ends the cases of a search whose outputs are not those of the model, before anything is
/// timed: a wrong answer must not win, nor take the time of others.
///
/// # Errors
/// A journal that cannot be written.
pub(crate) fn exclude(side: &mut Side<'_>) -> Result<()> {
    let Some(narrowing) = narrowing(&side.context) else { return Ok(()) };
    check_agreement::measure(&mut side.context, Works::Unknown, side.accuracies)?;
    for case in 0..side.cases.len() {
        let record = &mut side.cases[case];
        let key = record.case.accuracy_key();
        let known = side.accuracies.iter().find(|it| it.key == key && it.ended);
        let Some(known) = known.filter(|_| !record.ended) else { continue };
        let Some((status, error)) = why_not(&side.context, &record.case, known, narrowing) else {
            continue;
        };
        let error = Some(error);
        let entry = Entry::CaseEnded { case, status, error, seconds: 0.0, killed: false };
        side.context.keep_case(record, entry)?;
    }
    Ok(())
}

fn narrowing(context: &Context<'_>) -> Option<Narrowing> {
    context.options().latency.as_ref()?.narrowing
}

/// Why a case may not win, by what is known of its outputs.
fn why_not(
    context: &Context<'_>,
    case: &Case,
    known: &AccuracyRecord,
    narrowing: Narrowing,
) -> Option<(Status, String)> {
    if known.status != Status::Ok {
        return Some((known.status, known.error.clone().unwrap_or_default()));
    }
    let model = context.model(case);
    let Some(agreement) = &known.agreement else {
        let reference = reference::key(reference::of(context.header(), model));
        return Some((
            Status::Skipped,
            format!("its outputs could not be compared with those of {reference}"),
        ));
    };
    let precision = model.signature.precision;
    wrong_answers::why_wrong(agreement, precision, narrowing.any_precision)
        .map(|why| (Status::Skipped, why))
}

/// What is known of a search while it lasts.
pub(crate) struct Search {
    narrowing: Narrowing,
    began: Instant,
    earlier_seconds: f64,
    /// The cases that are loaded, with their visits of this stretch of the run.
    contest: Contest,
    /// When the contest began, and how long it may take.
    from_seconds: f64,
    seconds: f64,
}

impl Search {
    /// The search that the run of `side` is.
    pub(crate) fn of(side: &Side<'_>) -> Option<Self> {
        let narrowing = narrowing(&side.context)?;
        Some(Self {
            narrowing,
            began: side.began,
            earlier_seconds: side.earlier_seconds,
            contest: Contest::new(narrowing.margin_percent, RULES),
            from_seconds: 0.0,
            seconds: 0.0,
        })
    }

    /// How long the visits of the next round are. In the first, which ends most of the hopeless
    /// cases, a single run will do if it is long.
    pub(crate) const fn visit_size(&self) -> VisitSize {
        let least_runs = if self.contest.rounds() == 0 { 1 } else { LEAST_RUNS };
        VisitSize { block_ms: self.narrowing.block_ms, least_runs }
    }

    fn spent_seconds(&self) -> f64 {
        self.earlier_seconds + self.began.elapsed().as_secs_f64()
    }

    /// Begins with a group of cases, of which a run takes `run_seconds`, and for which others are
    /// `waiting`: each group has its part of the time.
    pub(crate) fn begin(&mut self, run_seconds: &[f64], waiting: usize) {
        let cases = run_seconds.len();
        self.from_seconds = self.spent_seconds();
        self.seconds = match self.narrowing.seconds {
            Some(all) => {
                let left = (all - self.from_seconds).max(0.0);
                left * cases as f64 / (cases + waiting).max(1) as f64
            }
            None => {
                let quickest = run_seconds.iter().copied().fold(f64::INFINITY, f64::min);
                let run = |seconds: &f64| seconds.min(MOST_TIMES * quickest);
                run_seconds.iter().map(|it| CASE_SECONDS + CASE_RUNS * run(it)).sum()
            }
        };
        self.contest.begin(cases);
    }

    /// Which of the `live` cases leave after `round`, and why.
    pub(crate) fn look(
        &mut self,
        side: &Side<'_>,
        round: u32,
        live: &[usize],
    ) -> Vec<(usize, Dropped)> {
        for case in live {
            self.take(side, round, *case);
        }
        let spent = self.spent_seconds();
        let share = (spent - self.from_seconds) / self.seconds;
        let told = |Leaving { case, why, leader, ratio }: Leaving| {
            let PairedRatio { ratio, ends: (low, high), .. } = ratio;
            (case, Dropped { round, seconds: spent, why, leader, ratio, low, high })
        };
        self.contest.look(live, share).into_iter().map(told).collect()
    }

    /// The `live` cases whose process says that it computes a model of 32-bit numbers in fewer
    /// bits, which few inputs need not show; and a sentence for each.
    pub(crate) fn in_fewer_bits(&self, side: &Side<'_>, live: &[usize]) -> Vec<(usize, String)> {
        if self.narrowing.any_precision {
            return Vec::new();
        }
        let told = |case: &usize| {
            let record = side.cases.get(*case)?;
            let precision = side.context.model(&record.case).signature.precision;
            let bits = fewer_bits(record).filter(|_| precision == Precision::Float32)?;
            Some((*case, format!("it computes in {bits}, and the model is in float32")))
        };
        live.iter().filter_map(told).collect()
    }

    /// Takes the visit of `round`, if the case had one.
    fn take(&mut self, side: &Side<'_>, round: u32, case: usize) {
        let Some(record) = side.cases.get(case) else { return };
        let Some(visit) = record.visits.last().filter(|visit| visit.round == round) else { return };
        let latency = side.context.options().latency.as_ref();
        let images = latency.map_or(1, |latency| latency.batch_of(&record.case).get());
        let latencies = statistics::sorted_ns(&visit.block.latency_ns());
        self.contest.visited(case, round, &latencies, images as f64);
    }
}

/// What a case's process computes floating-point numbers in, if it says so and that is less
/// than 32 bits.
fn fewer_bits(record: &CaseRecord) -> Option<&str> {
    let key = record.case.backend.capabilities().precision_key?;
    let told = record.processes.last()?.loaded.settings.get(key)?;
    Some(told).filter(|told| ["bf16", "f16"].contains(told))
}
