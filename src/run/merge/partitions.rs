//! The parts of a matrix, measured by machines of one class, as one run.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

use crate::record::header::Header;
use crate::record::partition::Partition;
use crate::record::run::{CaseRecord, Run};
use crate::run::merge::alike;
use crate::run::merge::alike::Scope;
use crate::run::merge::fold::fold;
use crate::run::merge::merge_source::{MergeSource, add_new};
use crate::stats::summary::Summary;

/// How far the anchor's medians on two machines may differ if their intervals do not overlap:
/// boards and servers of one model differ by this much (docs/schedulers.md).
const TOLERANCE: f64 = 0.05;

/// Makes one run of all parts of a matrix.
pub(crate) fn unite(mut sources: Vec<MergeSource>) -> Result<Run> {
    sources.sort_by_key(|source| source.partition().map(Partition::index));
    complete(&sources)?;
    let of_one_class = |sources: &[MergeSource]| {
        sources.windows(2).try_for_each(|pair| {
            let [one, other] = [&pair[0], &pair[1]];
            alike::same_images((&one.folder, &one.run), (&other.folder, &other.run))?;
            one_class(one, other)
        })?;
        anchors(sources)
    };
    let (mut merged, anchors) = fold(sources, Scope::Cases, of_one_class, absorb)?;
    in_order(&mut merged)?;
    merged.header.assumptions.extend(anchors);
    let selection = &mut merged.header.options.cases;
    selection.partition = None;
    selection.anchor = None;
    Ok(merged)
}

/// Takes what a part has and the others do not; for the anchor, the first part's figures are kept.
fn absorb(merged: &mut Run, run: Run) {
    let Run { header, cases, accuracies, preprocessing_checks, .. } = run;
    let Header { models, runtimes, assumptions, dataset, options, .. } = header;
    for (position, record) in options.cases.positions.into_iter().zip(cases) {
        let known = &mut merged.header.options.cases.positions;
        if !known.contains(&position) {
            known.push(position);
            merged.cases.push(record);
        }
    }
    for record in accuracies {
        if merged.accuracies.iter().all(|known| known.key != record.key) {
            merged.accuracies.push(record);
        }
    }
    let header = &mut merged.header;
    for model in models {
        if header.models.iter().all(|known| known.name != model.name) {
            header.models.push(model);
        }
    }
    for runtime in runtimes {
        if header.runtimes.iter().all(|known| known.backend != runtime.backend) {
            header.runtimes.push(runtime);
        }
    }
    if let Some((mine, theirs)) = header.dataset.as_mut().zip(dataset) {
        add_new(&mut mine.unreadable, theirs.unreadable);
    }
    add_new(&mut header.assumptions, assumptions);
    for check in preprocessing_checks {
        if merged.preprocessing_checks.iter().all(|known| known.key != check.key) {
            merged.preprocessing_checks.push(check);
        }
    }
}

/// Puts cases and subjects into the order of the whole matrix.
fn in_order(merged: &mut Run) -> Result<()> {
    let positions = std::mem::take(&mut merged.header.options.cases.positions);
    ensure!(positions.len() == merged.cases.len(), "a part does not state which cases it has");
    let mut cases: Vec<(usize, CaseRecord)> =
        positions.into_iter().zip(std::mem::take(&mut merged.cases)).collect();
    cases.sort_by_key(|(position, _)| *position);
    merged.cases = cases.into_iter().map(|(_, record)| record).collect();
    merged.header.cases = merged.cases.iter().map(|record| record.case.clone()).collect();
    let order: HashMap<_, usize> = crate::run::replay::subjects(&merged.header)
        .into_iter()
        .enumerate()
        .map(|(at, key)| (key, at))
        .collect();
    merged.accuracies.sort_by_key(|record| order.get(&record.key).copied());
    // A model that a part compares with is another part's own.
    let Header { models, references, cases, pipelines, .. } = &mut merged.header;
    references.retain(|model| models.iter().all(|own| own.name != model.name));
    let first = |name: &str| cases.iter().position(|case| case.model == name);
    models.sort_by_key(|model| first(&model.name));
    for pipeline in &mut *pipelines {
        pipeline.models.sort_by_key(|model| first(model));
    }
    pipelines.sort_by_key(|pipeline| pipeline.models.first().and_then(|model| first(model)));
    Ok(())
}

/// Every part once, and all of them.
fn complete(sources: &[MergeSource]) -> Result<()> {
    let parts: Vec<(Partition, &MergeSource)> =
        sources.iter().filter_map(|source| Some((source.partition()?, source))).collect();
    let Some((first, example)) = parts.first() else { return Ok(()) };
    for (part, other) in &parts {
        ensure!(
            (part.count(), part.dealing()) == (first.count(), first.dealing()),
            "{} is part {first} and {} is part {part}: these are not parts of one matrix",
            example.name(),
            other.name()
        );
    }
    if let Some(pair) = parts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        bail!(
            "{} and {} are both part {}; name only one of them",
            pair[0].1.name(),
            pair[1].1.name(),
            pair[0].0
        );
    }
    let missing: Vec<String> = (1..=first.count())
        .filter(|index| parts.iter().all(|(part, _)| part.index() != *index))
        .map(|index| format!("{}:{index}/{}", first.dealing(), first.count()))
        .collect();
    ensure!(
        missing.is_empty(),
        "some parts are missing: {}; name their folders too",
        missing.join(", ")
    );
    Ok(())
}

/// Refuses machines that are not of one class.
fn one_class(one: &MergeSource, other: &MergeSource) -> Result<()> {
    let class = |source: &MergeSource| {
        let host = &source.run.header.host;
        format!("{}, {}, {} cores", host.cpu, host.arch, host.cores)
    };
    ensure!(
        class(one) == class(other),
        "{} was measured on {} and {} on {}: these machines are not of one class, so their latencies cannot be in one run",
        one.name(),
        class(one),
        other.name(),
        class(other)
    );
    Ok(())
}

/// The latency of the anchor on each machine, as a sentence of the merged run.
fn anchors(sources: &[MergeSource]) -> Result<Option<String>> {
    let Some(id) = &sources[0].run.header.options.cases.anchor else { return Ok(None) };
    let medians = sources.iter().map(|source| anchor(source, id)).collect::<Result<Vec<_>>>()?;
    let fastest = medians.iter().min_by(|a, b| a.p50.total_cmp(&b.p50));
    let slowest = medians.iter().max_by(|a, b| a.p50.total_cmp(&b.p50));
    let Some((fastest, slowest)) = fastest.zip(slowest) else { return Ok(None) };
    let apart = slowest.p50 / fastest.p50 - 1.0;
    ensure!(
        apart <= TOLERANCE || fastest.high >= slowest.low,
        "the anchor {} took {:.1} us in {} and {:.1} us in {}, {:.0}% more: these machines are not equally fast; repeat the slower part, or merge machines of the same speed",
        fastest.case,
        fastest.p50,
        fastest.folder,
        slowest.p50,
        slowest.folder,
        apart * 100.0
    );
    Ok(Some(format!(
        "the {} parts were measured on machines of one class; their anchor {} took {:.1} to {:.1} us",
        sources.len(),
        fastest.case,
        fastest.p50,
        slowest.p50
    )))
}

struct AnchorMedian {
    folder: String,
    case: String,
    p50: f64,
    low: f64,
    high: f64,
}

fn anchor(source: &MergeSource, id: &str) -> Result<AnchorMedian> {
    let run = &source.run;
    let record = run.cases.iter().find(|record| record.case.id() == *id);
    let record =
        record.with_context(|| format!("{} did not measure the anchor {id}", source.name()))?;
    let summary = Summary::of(&record.visits, None, run.header.host.emulated);
    let summary = summary.with_context(|| {
        format!(
            "{} has no latency for the anchor {}, so it cannot be compared; measure that part again, or all parts with another --anchor",
            source.name(),
            record.case
        )
    })?;
    Ok(AnchorMedian {
        folder: source.name(),
        case: record.case.to_string(),
        p50: summary.latency_p50_us,
        low: summary.latency_p50_low_us.unwrap_or(summary.latency_p50_us),
        high: summary.latency_p50_high_us.unwrap_or(summary.latency_p50_us),
    })
}
