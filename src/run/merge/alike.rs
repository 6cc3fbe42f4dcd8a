//! Whether two runs measured the same thing in the same way.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::record::description::Model;
use crate::record::header::Header;
use crate::record::options::Options;
use crate::record::run::Run;

/// What two runs are to be merged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Parts of one dataset: they differ in the part alone.
    Shards,
    /// Parts of one matrix: they differ in the cases and their models.
    Cases,
    /// Machines: these may have different runtimes, and so different cases.
    Machines,
}

/// Refuses runs that do not belong together.
pub(crate) fn check(
    (one, a): (&Path, &Header),
    (other, b): (&Path, &Header),
    scope: Scope,
) -> Result<()> {
    let pair = format!("{} and {} cannot be merged", one.display(), other.display());
    ensure!(
        (&a.version, &a.commit) == (&b.version, &b.commit),
        "{pair}: they were made by different versions of shutterbench"
    );
    let sources = a.sources.as_ref().zip(b.sources.as_ref());
    ensure!(
        sources.is_none_or(|(one, other)| one == other),
        "{pair}: they were made by builds of different sources, though of one version"
    );
    models(a, b, scope, &pair)?;
    let hash =
        |header: &Header| header.dataset.as_ref().map(|dataset| dataset.listing_sha256.clone());
    ensure!(hash(a) == hash(b), "{pair}: their datasets differ");
    let options = |header: &Header| serde_json::to_value(comparable(&header.options, scope));
    if let Some(difference) = difference("", &options(a)?, &options(b)?) {
        bail!("{pair}: their options differ, {difference}");
    }
    for model in a.models.iter().filter(|it| b.models.iter().any(|other| other.name == it.name)) {
        if let Some([one, other]) = a.other_pipeline(b, &model.name) {
            bail!(
                "{pair}: photos for model {} went through other steps: {one} in the one, {other} in the other",
                model.name
            );
        }
    }
    if scope == Scope::Machines {
        return Ok(());
    }
    ensure!(scope == Scope::Cases || a.cases == b.cases, "{pair}: their cases differ");
    for mine in &a.runtimes {
        let theirs = b.runtimes.iter().find(|theirs| theirs.backend == mine.backend);
        let Some(theirs) = theirs else { continue };
        ensure!(
            mine.version == theirs.version
                && (scope == Scope::Shards || mine.sha256 == theirs.sha256),
            "{pair}: {} is {} in one and {} in the other",
            mine.backend,
            mine.version,
            theirs.version
        );
    }
    Ok(())
}

/// Refuses runs that scored other images under the same listing.
pub(crate) fn same_images((one, a): (&Path, &Run), (other, b): (&Path, &Run)) -> Result<()> {
    let (mine, theirs) = (a.contents(), b.contents());
    let same = mine.is_empty() || theirs.is_empty() || mine == theirs;
    ensure!(
        same || mine[0].images != theirs[0].images,
        "{} and {} cannot be merged: the images that they scored have the same names and sizes but other contents",
        one.display(),
        other.display()
    );
    Ok(())
}

fn models(a: &Header, b: &Header, scope: Scope, pair: &str) -> Result<()> {
    let lacks = |one: &Header, other: &Header| {
        let known = |name: &str| other.models.iter().any(|model| model.name == name);
        one.models.iter().find(|model| !known(&model.name)).map(|model| model.name.clone())
    };
    if let Some(name) = lacks(a, b).or_else(|| lacks(b, a)).filter(|_| scope != Scope::Cases) {
        bail!("{pair}: only one of them has model {name}");
    }
    for mine in &a.models {
        let theirs = b.models.iter().find(|model| model.name == mine.name);
        if let Some(theirs) = theirs {
            ensure!(
                mine.sha256 == theirs.sha256,
                "{pair}: model {} is a different file in each",
                mine.name
            );
            let described = |model: &Model| {
                let mut description = model.description.clone();
                description.labels = description.labels.map(name_of);
                serde_json::to_value(description)
            };
            if let Some(difference) = difference("", &described(mine)?, &described(theirs)?) {
                bail!("{pair}: model {} is described differently, {difference}", mine.name);
            }
        }
    }
    Ok(())
}

/// What has to be equal of the options. Folders are those of each machine.
fn comparable(options: &Options, scope: Scope) -> Options {
    let mut options = options.clone();
    options.overrides.labels = options.overrides.labels.map(name_of);
    if let Some(accuracy) = &mut options.accuracy {
        accuracy.dataset = PathBuf::new();
        accuracy.labels = accuracy.labels.take().map(name_of);
        accuracy.shard = None;
    }
    match scope {
        // The first shard alone measures latency.
        Scope::Shards => options.latency = None,
        Scope::Cases => {
            options.cases.partition = None;
            options.cases.positions.clear();
        }
        // CPUs are numbered by each machine.
        Scope::Machines => {
            if let Some(latency) = &mut options.latency {
                latency.affinity.clear();
                latency.affinities.iter_mut().for_each(|named| named.cpus.clear());
            }
        }
    }
    options
}

fn name_of(path: PathBuf) -> PathBuf {
    path.file_name().map(PathBuf::from).unwrap_or_default()
}

/// The first difference of two values, as text.
fn difference(at: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(mine), Value::Object(theirs)) => mine.iter().find_map(|(key, value)| {
            let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            difference(&at, value, theirs.get(key).unwrap_or(&Value::Null))
        }),
        _ if one == other => None,
        _ => Some(format!("{at} is {one} in one and {other} in the other")),
    }
}
