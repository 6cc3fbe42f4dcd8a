//! Runs of many devices as one fleet: each device with its class, its weight and its cases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use crate::decide::device_weights::DeviceWeights;
use crate::decide::evidence::Evidence;
use crate::record::run::Run;
use crate::table::row::Row;

/// A run's folder and what it holds; a published one may hold the table alone.
#[derive(Debug)]
pub struct FleetSource {
    /// The folder, or the table.
    pub folder: PathBuf,
    /// The run, where there is a journal.
    pub run: Option<Run>,
    /// Its rows, in the order of its cases.
    pub rows: Vec<Row>,
}

/// A device of a fleet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FleetDevice {
    /// Its name, which no other device of the fleet has.
    pub name: String,
    /// What it is one of: its processor or system on a chip.
    pub class: String,
    /// Operating system and version.
    pub os: String,
    /// Architecture.
    pub arch: String,
    /// How much it counts.
    pub weight: f64,
    /// The source that its cases are in.
    #[serde(skip)]
    source: usize,
}

/// Devices and their cases.
#[derive(Debug)]
pub struct Fleet {
    sources: Vec<FleetSource>,
    /// The devices, in the order of the runs.
    pub devices: Vec<FleetDevice>,
    /// What has to be known before two devices are compared, one sentence each.
    pub notes: Vec<String>,
}

impl Fleet {
    /// The fleet of these runs. Devices of one name, such as `local`, are called after
    /// their runs' folders.
    ///
    /// # Errors
    /// One sentence: a run without a case, one that is named twice, two devices of one name,
    /// a model that is not the same file everywhere, or weights that do not fit.
    pub fn new(mut sources: Vec<FleetSource>, weights: Option<&DeviceWeights>) -> Result<Self> {
        no_run_twice(&sources)?;
        no_parts(&sources)?;
        same_models(&sources)?;
        let mut devices = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            ensure!(!source.rows.is_empty(), "{} holds no case", source.folder.display());
            for row in &source.rows {
                let known = |it: &FleetDevice| it.source == index && it.name == row.device;
                if !devices.iter().any(known) {
                    devices.push(device_of(row, index));
                }
            }
        }
        rename(&mut sources, &mut devices)?;
        if let Some(weights) = weights {
            let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
            let weights = weights.of(&names)?;
            for (device, weight) in devices.iter_mut().zip(weights) {
                device.weight = weight;
            }
        }
        let notes = notes(&sources);
        Ok(Self { sources, devices, notes })
    }

    /// The cases of a device.
    pub(crate) fn cases<'a>(
        &'a self,
        device: &'a FleetDevice,
    ) -> impl Iterator<Item = Evidence<'a>> {
        let source = &self.sources[device.source];
        let mine = source.rows.iter().enumerate().filter(|(_, row)| row.device == device.name);
        mine.map(|(index, row)| {
            let evidence = match &source.run {
                Some(run) => Evidence::of_run(run, index, row),
                None => Evidence::of_row(row),
            };
            Evidence { weight: device.weight, ..evidence }
        })
    }

    /// All devices with their cases, as candidates are made of.
    #[must_use]
    pub(crate) fn evidence(&self, of_class: Option<&str>) -> Vec<(&str, f64, Vec<Evidence<'_>>)> {
        let mine = |device: &&FleetDevice| of_class.is_none_or(|class| device.class == class);
        self.devices
            .iter()
            .filter(mine)
            .map(|device| (device.name.as_str(), device.weight, self.cases(device).collect()))
            .collect()
    }

    /// The classes, in the order in which they first appear.
    #[must_use]
    pub(crate) fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<&str> = Vec::new();
        for device in &self.devices {
            if !classes.contains(&device.class.as_str()) {
                classes.push(&device.class);
            }
        }
        classes
    }

    /// The run of a device, where there is a journal.
    #[must_use]
    pub(crate) fn run(&self, device: &str) -> Option<(&Run, &FleetSource)> {
        let device = self.devices.iter().find(|it| it.name == device)?;
        let source = &self.sources[device.source];
        Some((source.run.as_ref()?, source))
    }

    /// The budget that every run was measured with, in milliseconds.
    #[must_use]
    pub(crate) fn budget_ms(&self) -> Option<f64> {
        let budget =
            |source: &FleetSource| source.run.as_ref()?.header.options.latency.as_ref()?.budget_ms;
        let first = budget(self.sources.first()?)?;
        self.sources.iter().all(|source| budget(source) == Some(first)).then_some(first)
    }
}

impl FleetSource {
    /// Where the case of `row`, a row of it, stands among its cases.
    #[must_use]
    pub(crate) fn position(&self, row: &Row) -> Option<usize> {
        self.rows.iter().position(|it| it.device == row.device && it.case() == row.case())
    }
}

fn device_of(row: &Row, source: usize) -> FleetDevice {
    let Row { device, cpu, os, arch, .. } = row;
    let class = if cpu.is_empty() { arch.clone() } else { cpu.clone() };
    let (name, os, arch) = (device.clone(), os.clone(), arch.clone());
    FleetDevice { name, class, os, arch, weight: 1.0, source }
}

fn no_run_twice(sources: &[FleetSource]) -> Result<()> {
    ensure!(!sources.is_empty(), "no run was named");
    let identity = |source: &FleetSource| {
        let row = source.rows.first();
        row.map(|row| (row.run_id.clone(), row.device.clone(), row.started_at.clone()))
    };
    for (index, source) in sources.iter().enumerate() {
        let twin = sources[..index].iter().find(|other| identity(other) == identity(source));
        if let Some(twin) = twin {
            bail!(
                "{} and {} are the same run; name it once",
                twin.folder.display(),
                source.folder.display()
            );
        }
    }
    Ok(())
}

/// Parts of a matrix that were not merged would each count as a device.
fn no_parts(sources: &[FleetSource]) -> Result<()> {
    let part = |source: &FleetSource| source.run.as_ref()?.header.options.cases.partition;
    let parts = sources.iter().filter(|_| sources.len() > 1);
    match parts.into_iter().find_map(|source| Some((source, part(source)?))) {
        Some((source, part)) => bail!(
            "{} is part {part} of a run, not a device by itself; merge the parts first ('shutterbench merge')",
            source.folder.display()
        ),
        None => Ok(()),
    }
}

/// A model's name means one file in all runs; tables alone tell its size.
fn same_models(sources: &[FleetSource]) -> Result<()> {
    let mut known: BTreeMap<&str, (&FleetSource, String)> = BTreeMap::new();
    for source in sources {
        let by_hash = source.run.iter().flat_map(|run| &run.header.models);
        let by_hash = by_hash.map(|model| (model.name.as_str(), model.sha256.clone()));
        for (name, hash) in by_hash {
            match known.get(name) {
                Some((other, theirs)) => ensure!(
                    *theirs == hash,
                    "model {name} is another file in {} and in {}; measure one file on all devices",
                    other.folder.display(),
                    source.folder.display()
                ),
                None => {
                    known.insert(name, (source, hash));
                }
            }
        }
    }
    Ok(())
}

/// Gives devices of one name the names of their runs' folders, in the rows too.
fn rename(sources: &mut [FleetSource], devices: &mut [FleetDevice]) -> Result<()> {
    let own: Vec<String> = devices.iter().map(|device| device.name.clone()).collect();
    let count = |names: &[String], name: &String| names.iter().filter(|it| *it == name).count();
    for device in devices.iter_mut().filter(|device| count(&own, &device.name) > 1) {
        let source = &mut sources[device.source];
        let folder = source.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for row in source.rows.iter_mut().filter(|row| row.device == device.name) {
            row.device.clone_from(&folder);
        }
        device.name = folder;
    }
    let names: Vec<String> = devices.iter().map(|device| device.name.clone()).collect();
    match names.iter().find(|name| count(&names, name) > 1) {
        Some(name) => {
            bail!("two devices would be called '{name}'; give their runs' folders different names")
        }
        None => Ok(()),
    }
}

fn notes(sources: &[FleetSource]) -> Vec<String> {
    let mut notes = Vec::new();
    let differ = |of: &dyn Fn(&Run) -> Option<String>| {
        let mut values = sources.iter().filter_map(|source| of(source.run.as_ref()?));
        let first = values.next();
        first.is_some_and(|first| values.any(|other| other != first))
    };
    if differ(&|run| Some(run.header.dataset.as_ref()?.listing_sha256.clone())) {
        notes.push("the devices scored different datasets: their Top-1 cannot be compared".into());
    }
    if differ(&|run| Some(run.header.version.clone())) {
        notes.push("the runs were made by different versions of shutterbench".into());
    }
    for source in sources {
        let accuracy = source.run.as_ref().and_then(|run| run.header.options.accuracy.as_ref());
        if let Some(shard) = accuracy.and_then(|accuracy| accuracy.shard) {
            let folder = source.folder.display();
            notes.push(format!("{folder} scored shard {shard} only: its Top-1 is of these images"));
        }
        if source.run.as_ref().is_some_and(|run| run.finished.is_none()) {
            notes.push(format!(
                "{} did not come to its end: what it lacks counts as not measured",
                source.folder.display()
            ));
        }
    }
    notes
}
