//! Datasets by name: for `shutterbench fetch`, `list datasets`, and `run --dataset`.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::fetch_model::agreed;
use crate::cli::output;
use crate::dataset::fetched_datasets;
use crate::fetch::bring_dataset::{self, BroughtDataset, DatasetOutcome, DatasetProgress};
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_dataset::{HostedDataset, HostedDatasets};
use crate::fetch::package_source::PackageSource;

/// Fetches a dataset into the user's data folder, or unpacks the user's own archive of it there.
pub(crate) fn bring(
    dataset: &HostedDataset,
    own: Option<&Path>,
    source: &PackageSource,
) -> Result<BroughtDataset, FetchError> {
    let folder = fetched_datasets::folder().ok_or(FetchError::NoFolder)?;
    let HostedDataset { name, .. } = dataset;
    let is_shown = io::stderr().is_terminal();
    let bar = if is_shown { ProgressBar::new(dataset.bytes) } else { ProgressBar::hidden() };
    bar.set_message(name.clone());
    style(&bar, "{msg} {bar:30} {bytes} of {total_bytes} {eta}");
    let is_hosted = dataset.address.is_some() || source.is_mirror();
    if !is_shown && own.is_none() && is_hosted {
        output::tell(&format!("fetching {name} ({:.1} MB)", dataset.megabytes()));
    }
    let is_unpacking = Cell::new(false);
    let brought = bring_dataset::bring(dataset, own, &folder, source, &|progress| match progress {
        DatasetProgress::Downloaded(bytes) => bar.set_position(bytes),
        DatasetProgress::Unpacked(images) => {
            if !is_unpacking.replace(true) {
                show_unpacking(&bar, dataset, is_shown);
            }
            bar.set_position(images as u64);
        }
    });
    bar.finish_and_clear();
    let brought = brought?;
    match brought.outcome {
        DatasetOutcome::Pinned => output::tell(&format!(
            "{name}: nobody published the SHA-256 of its archive; this one's is kept, and later downloads must have it"
        )),
        DatasetOutcome::OtherArchive => output::tell(&format!(
            "warning: {name}: this is not the archive whose SHA-256 is published; its {} images were taken by their names",
            brought.images
        )),
        DatasetOutcome::Verified | DatasetOutcome::AlreadyThere => {}
    }
    Ok(brought)
}

fn show_unpacking(bar: &ProgressBar, dataset: &HostedDataset, is_shown: bool) {
    if !is_shown {
        output::tell(&format!("unpacking {}", dataset.name));
    }
    bar.set_length(dataset.images as u64);
    style(bar, "{msg} {bar:30} {pos} of {len} images {eta}");
}

fn style(bar: &ProgressBar, template: &str) {
    // A template of constants parses.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// The path of the requested dataset. A name that is not a path, but that of a dataset that can
/// be fetched, is the folder where it is; if it is not there, it is fetched: if `yes`, or if the
/// user says so.
///
/// # Errors
/// Nobody can be asked, the user says no, or it cannot be fetched.
pub(crate) fn provide(wanted: Option<PathBuf>, yes: bool) -> Result<Option<PathBuf>> {
    let Some(path) = wanted else { return Ok(None) };
    let hosted = HostedDatasets::built_in()?;
    let named = path.to_str().filter(|_| !path.exists()).and_then(|name| hosted.find(name));
    let Some(dataset) = named else { return Ok(Some(path)) };
    let folder = fetched_datasets::folder().ok_or(FetchError::NoFolder)?;
    if let Some(images) = fetched_datasets::images(&folder, &dataset.name) {
        return Ok(Some(images));
    }
    let HostedDataset { name, title, licence, .. } = dataset;
    let source = PackageSource::from_environment()?;
    if dataset.address.is_none() && !source.is_mirror() {
        let (name, file) = (name.clone(), dataset.file.clone());
        bail!(FetchError::OnRequest { name, file });
    }
    let line = format!("{name}: {title}, {:.1} MB, {licence}", dataset.megabytes());
    if !yes && !agreed(&[line])? {
        bail!("dataset {name} can be fetched: run 'shutterbench fetch {name}', or add --yes");
    }
    Ok(Some(bring(dataset, None, &source)?.path))
}

/// The datasets that can be fetched, as a table.
pub(crate) fn remote_table(datasets: &[HostedDataset], mut table: Table) -> Table {
    let folder = fetched_datasets::folder();
    for dataset in datasets {
        let there = folder
            .as_ref()
            .is_some_and(|folder| fetched_datasets::images(folder, &dataset.name).is_some());
        table.add_row([
            dataset.name.clone(),
            dataset.images.to_string(),
            dataset.classes.to_string(),
            format!("{:.1}", dataset.megabytes()),
            dataset.licence.clone(),
            if dataset.address.is_some() { "download" } else { "your archive" }.to_owned(),
            if there { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

/// What was done for datasets, as a table.
pub(crate) fn brought_table(datasets: &[BroughtDataset], mut table: Table) -> Table {
    for dataset in datasets {
        let what = match dataset.outcome {
            DatasetOutcome::Verified => "unpacked, verified",
            DatasetOutcome::Pinned => "unpacked, SHA-256 kept",
            DatasetOutcome::OtherArchive => "unpacked, not verified",
            DatasetOutcome::AlreadyThere => "already there",
        };
        table.add_row([
            dataset.name.clone(),
            dataset.images.to_string(),
            dataset.licence.clone(),
            what.to_owned(),
            dataset.path.display().to_string(),
        ]);
    }
    table
}
