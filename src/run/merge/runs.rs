//! Several runs as one.

use crate::record::header::Header;
use crate::record::run::Run;
use crate::run::merge::alike::Scope;
use crate::run::merge::merge_source::{MergeSource, add_findings, add_new, parts, together};
use crate::run::merge::{alike, partitions, shards};
use crate::run::plan::run_second;
use anyhow::{Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Makes one run of several.
///
/// # Errors
/// One sentence: runs that are unfinished, overlap, lack a shard, or measured
/// something else than each other.
pub(crate) fn merge(sources: Vec<MergeSource>) -> Result<Run> {
    ensure!(!sources.is_empty(), "nothing to merge; name the runs");
    for source in &sources {
        mergeable(source)?;
    }
    no_run_twice(&sources)?;
    let mut machines = Vec::new();
    for group in groups(sources) {
        let name = group[0].folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = group[0].name();
        let run = match group.as_slice() {
            [whole] if !whole.is_part() => whole.run.clone(),
            [part, ..] if part.partition().is_some() => partitions::unite(group)?,
            _ => shards::unite(group)?,
        };
        machines.push(MachineRun { folder, name, run });
    }
    let mut merged = match <[MachineRun; 1]>::try_from(machines) {
        Ok([MachineRun { folder, run, .. }]) if run.header.parts.is_empty() => {
            bail!("{folder} is a whole run by itself; name the runs to merge it with")
        }
        Ok([MachineRun { run, .. }]) => run,
        Err(machines) => unite(machines)?,
    };
    merged.header.run_id = merged_id(&merged.header)?;
    Ok(merged)
}

/// The name of a run, derived from those that it was merged from: the same runs give the same name.
fn merged_id(header: &Header) -> Result<String> {
    let mut parts: Vec<String> = header
        .parts
        .iter()
        .map(|part| format!("{}\t{}\t{}\n", part.run_id, part.device, part.started_at))
        .collect();
    parts.sort_unstable();
    let hash = Sha256::digest(parts.concat());
    let began = OffsetDateTime::parse(&header.started_at, &Rfc3339);
    let second = run_second(began.unwrap_or(OffsetDateTime::UNIX_EPOCH))?;
    Ok(format!("{second}-{}", &format!("{hash:x}")[..6]))
}

/// The run of one machine, whole.
struct MachineRun {
    folder: String,
    /// The folder's name, which distinguishes machines of the same name.
    name: String,
    run: Run,
}

fn mergeable(source: &MergeSource) -> Result<()> {
    let header = &source.run.header;
    ensure!(
        source.run.finished.is_some(),
        "{} is unfinished; finish it with 'shutterbench run --resume {0}' first",
        source.name()
    );
    ensure!(
        header.devices().is_empty(),
        "{} already holds several devices; merge the runs that it was made from",
        source.name()
    );
    Ok(())
}

fn no_run_twice(sources: &[MergeSource]) -> Result<()> {
    for (index, source) in sources.iter().enumerate() {
        let identity = |source: &MergeSource| {
            let header = &source.run.header;
            // Two runs can begin in one second; but that they also last the same to the nanosecond
            // cannot be a coincidence.
            let seconds = source.run.finished.map(|finished| finished.seconds);
            (header.run_id.clone(), header.started_at.clone(), header.device.clone(), seconds)
        };
        let twin = sources[..index].iter().find(|other| identity(other) == identity(source));
        if let Some(twin) = twin {
            bail!("{} and {} are the same run; name only one of them", twin.name(), source.name());
        }
    }
    Ok(())
}

/// The shards or parts of one machine (as the runs name it) together, every whole run alone.
fn groups(sources: Vec<MergeSource>) -> Vec<Vec<MergeSource>> {
    let mut groups: Vec<Vec<MergeSource>> = Vec::new();
    for source in sources {
        let belongs = |group: &&mut Vec<MergeSource>| {
            let first = &group[0];
            first.is_part()
                && first.shard().is_some() == source.shard().is_some()
                && first.partition().is_some() == source.partition().is_some()
                && first.run.header.device == source.run.header.device
        };
        match groups.iter_mut().find(belongs) {
            Some(group) => group.push(source),
            None => groups.push(vec![source]),
        }
    }
    groups
}

/// Whole runs of several machines as one.
fn unite(machines: Vec<MachineRun>) -> Result<Run> {
    let names = device_names(&machines)?;
    let mut machines = machines.into_iter().zip(names);
    let Some((first, name)) = machines.next() else { bail!("no machine is left to merge") };
    let mut merged = on(first.run, &name);
    for (other, name) in machines {
        alike::check(
            (Path::new(&first.folder), &merged.header),
            (Path::new(&other.folder), &other.run.header),
            Scope::Machines,
        )?;
        let folders = (Path::new(&first.folder), Path::new(&other.folder));
        alike::same_images((folders.0, &merged), (folders.1, &other.run))?;
        let mut other = on(other.run, &name);
        add_findings(&mut merged.header, &mut other.header);
        merged.header.cases.extend(other.header.cases);
        merged.header.parts.extend(other.header.parts);
        let assumptions = &mut merged.header.assumptions;
        add_new(assumptions, other.header.assumptions);
        if let Some((mine, theirs)) = merged.header.dataset.as_mut().zip(other.header.dataset) {
            add_new(&mut mine.unreadable, theirs.unreadable);
        }
        merged.header.started_at = merged.header.started_at.min(other.header.started_at);
        merged.cases.extend(other.cases);
        merged.accuracies.extend(other.accuracies);
        merged.preprocessing_checks.extend(other.preprocessing_checks);
        merged.decoded += other.decoded;
        merged.finished = together(merged.finished, other.finished);
    }
    let devices: Vec<String> = merged.header.devices().into_iter().map(str::to_owned).collect();
    merged.header.device = devices.join(", ");
    Ok(merged)
}

/// A run with its machine's name on everything.
fn on(mut run: Run, device: &str) -> Run {
    run.header.parts = parts(&run, device);
    let name = || Some(device.to_owned());
    // What is wrong with a runtime or a model there need not be wrong elsewhere.
    let unusable = run.header.unusable.iter_mut().map(|(_, why)| why);
    for why in unusable.chain(run.header.unscored.iter_mut().map(|(_, why)| why)) {
        *why = format!("{device}: {why}");
    }
    run.header.cases.iter_mut().for_each(|case| case.device = name());
    run.cases.iter_mut().for_each(|record| record.case.device = name());
    run.accuracies.iter_mut().for_each(|record| record.key.device = name());
    run.preprocessing_checks.iter_mut().for_each(|check| check.key.device = name());
    run
}

/// The names of the machines: from their runs, or if two of them have the same name (such as
/// 'local') from their folders.
fn device_names(machines: &[MachineRun]) -> Result<Vec<String>> {
    let device = |of: &MachineRun| of.run.header.device.clone();
    let own: Vec<String> = machines.iter().map(device).collect();
    for (index, of) in machines.iter().enumerate() {
        let same = machines[..index].iter().find(|other| is_same_machine(other, of));
        if let Some(other) = same {
            bail!(
                "{} and {} were measured on the same machine ({}); merge one run per machine, and use 'shutterbench compare' for two runs of one machine",
                other.folder,
                of.folder,
                of.run.header.host.cpu
            );
        }
    }
    let unique = |names: &[String], name: &String| names.iter().filter(|n| *n == name).count() == 1;
    let names: Vec<String> = machines
        .iter()
        .zip(&own)
        .map(|(of, device)| if unique(&own, device) { device } else { &of.name }.clone())
        .collect();
    match names.iter().find(|name| !unique(&names, name)) {
        Some(name) => {
            bail!("two machines would be called '{name}'; give their folders different names")
        }
        None => Ok(names),
    }
}

fn is_same_machine(one: &MachineRun, other: &MachineRun) -> bool {
    let of = |of: &MachineRun| {
        let host = &of.run.header.host;
        let device = of.run.header.device.clone();
        (
            device,
            host.cpu.clone(),
            host.arch.clone(),
            host.os.clone(),
            host.cores,
            host.memory_bytes,
        )
    };
    of(one) == of(other)
}
