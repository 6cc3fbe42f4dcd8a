//! The shards of one dataset as one run.

use anyhow::{Result, bail, ensure};

use crate::record::agreement::Agreement;
use crate::record::image_contents::ImageContents;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::run::{AccuracyRecord, Run};
use crate::record::shard::Shard;
use crate::record::status::Status;
use crate::run::merge::alike::Scope;
use crate::run::merge::fold::fold;
use crate::run::merge::merge_source::{MergeSource, add_new};
use crate::run::plan::latency_elsewhere;
use crate::run::replay;
use crate::scoring::score::{too_many_sentence, too_many_unreadable};

/// Makes one run of all shards of a dataset.
pub(crate) fn unite(mut sources: Vec<MergeSource>) -> Result<Run> {
    sources.sort_by_key(MergeSource::shard);
    complete(&sources)?;
    let (mut merged, unreadable) = fold(sources, Scope::Shards, unreadable, take)?;
    let processors = processors(&merged);
    if processors.len() > 1 {
        merged.header.assumptions.push(format!(
            "the shards were scored on different processors ({}), whose kernels may round differently",
            processors.join("; ")
        ));
    }
    if let Some(accuracy) = &mut merged.header.options.accuracy {
        accuracy.shard = None;
    }
    if let Some(dataset) = &mut merged.header.dataset {
        dataset.unreadable = unreadable;
    }
    Ok(merged)
}

/// Puts the images of the next shard behind those of the ones before.
fn take(merged: &mut Run, run: Run) {
    let shard = run.header.options.accuracy.as_ref().and_then(|accuracy| accuracy.shard);
    let elsewhere = shard.map(latency_elsewhere);
    let mut assumptions = run.header.assumptions;
    assumptions.retain(|assumption| Some(assumption) != elsewhere.as_ref());
    add_new(&mut merged.header.assumptions, assumptions);
    if let Some((mine, theirs)) = merged.header.dataset.as_mut().zip(run.header.dataset) {
        mine.images += theirs.images;
    }
    for (record, other) in merged.accuracies.iter_mut().zip(run.accuracies) {
        append(record, other, shard);
    }
}

/// Every shard once, and all of them.
fn complete(sources: &[MergeSource]) -> Result<()> {
    let shards: Vec<(Shard, &MergeSource)> =
        sources.iter().filter_map(|source| Some((source.shard()?, source))).collect();
    let Some((first, example)) = shards.first() else { return Ok(()) };
    if let Some((shard, other)) = shards.iter().find(|(shard, _)| shard.count() != first.count()) {
        bail!(
            "{} is shard {first} and {} is shard {shard}: these are not shards of one sweep",
            example.name(),
            other.name()
        );
    }
    let twice = shards.windows(2).find(|pair| pair[0].0 == pair[1].0);
    if let Some([(shard, one), (_, other)]) = twice {
        bail!("{} and {} are both shard {shard}; name only one of them", one.name(), other.name());
    }
    let missing: Vec<String> = (1..=first.count())
        .filter(|index| shards.iter().all(|(shard, _)| shard.index() != *index))
        .map(|index| format!("{index}/{}", first.count()))
        .collect();
    ensure!(
        missing.is_empty(),
        "some shards are missing: {}; name their folders too",
        missing.join(", ")
    );
    Ok(())
}

/// Images that any shard could not read: what all shards name was found while
/// the dataset was listed and comes once, before what each found in its part.
fn unreadable(sources: &[MergeSource]) -> Result<Vec<(String, String)>> {
    let of = |source: &MergeSource| {
        let dataset = source.run.header.dataset.as_ref();
        dataset.map_or_else(Vec::new, |dataset| dataset.unreadable.clone())
    };
    let all: Vec<Vec<(String, String)>> = sources.iter().map(of).collect();
    let several = sources.len() > 1;
    let is_listed =
        |item: &(String, String)| several && all.iter().all(|shard| shard.contains(item));
    let mut unreadable: Vec<_> =
        all.first().into_iter().flatten().filter(|item| is_listed(item)).cloned().collect();
    let decoded: Vec<_> = all.iter().flatten().filter(|item| !is_listed(item)).cloned().collect();
    let datasets = || sources.iter().filter_map(|source| source.run.header.dataset.as_ref());
    let images: usize = datasets().map(|dataset| dataset.images).sum();
    if let Some(dataset) = datasets().next().filter(|_| several) {
        ensure!(
            !too_many_unreadable(decoded.len(), images),
            "{}",
            too_many_sentence(&decoded, images, &dataset.path)
        );
    }
    unreadable.extend(decoded);
    Ok(unreadable)
}

fn append(record: &mut AccuracyRecord, other: AccuracyRecord, shard: Option<Shard>) {
    if record.status == Status::Ok && other.status != Status::Ok {
        record.status = other.status;
        let reason = other.error.unwrap_or_else(|| "not scored".to_owned());
        let shard = shard.map_or_else(String::new, |shard| format!("shard {shard}: "));
        record.error = Some(format!("{shard}{reason}"));
    }
    record.predictions.extend(other.predictions);
    record.preprocess_ns.extend(other.preprocess_ns);
    record.contents = replay::joined(record.contents, other.contents, ImageContents::and);
    record.outputs = replay::joined(record.outputs, other.outputs, OutputsSeen::and);
    record.agreement = replay::joined(record.agreement, other.agreement, Agreement::and);
    record.coverage = record.coverage.take().or(other.coverage);
    record.ended &= other.ended;
}

fn processors(run: &Run) -> Vec<String> {
    let mut processors = Vec::new();
    let hosts = run.header.parts.iter().map(|part| &part.host);
    add_new(&mut processors, hosts.map(|host| format!("{}, {}", host.cpu, host.arch)).collect());
    processors
}
