//! Models by name: for `shutterbench fetch`, `list models --remote`, and `run --model`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Result, bail};
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output;
use crate::fetch::bring_model::{self, BroughtModel, ModelOutcome};
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_model::{HostedModel, HostedModels};
use crate::fetch::package_source::PackageSource;
use crate::model::fetched;
use crate::record::precision::Precision;

/// Fetches models into the user's data folder.
pub(crate) fn bring(
    models: &[&HostedModel],
    source: &PackageSource,
) -> Result<Vec<BroughtModel>, FetchError> {
    let folder = fetched::folder().ok_or(FetchError::NoFolder)?;
    models.iter().map(|model| bring_one(model, &folder, source)).collect()
}

fn bring_one(
    model: &HostedModel,
    folder: &Path,
    source: &PackageSource,
) -> Result<BroughtModel, FetchError> {
    let bar = if io::stderr().is_terminal() { bar(model) } else { ProgressBar::hidden() };
    if !io::stderr().is_terminal() {
        output::tell(&format!("fetching {} ({:.1} MB)", model.name, model.megabytes));
    }
    let brought = bring_model::bring(model, folder, source, &|bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let brought = brought?;
    if brought.outcome == ModelOutcome::Pinned {
        output::tell(&format!(
            "{}: nobody published the SHA-256 of its file; this one's is kept, and later downloads must have it",
            model.name
        ));
    }
    Ok(brought)
}

fn bar(model: &HostedModel) -> ProgressBar {
    let bar = ProgressBar::new((model.megabytes * 1e6) as u64);
    // A template of constants parses.
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes} of {total_bytes} {eta}")
    {
        bar.set_style(style);
    }
    bar.with_message(model.name.clone())
}

/// Fetches the models among `names` that are not here, but can be fetched: if `yes`, or if the
/// user says so.
///
/// # Errors
/// Nobody can be asked, the user says no, or a model cannot be fetched.
pub(crate) fn provide(names: &[String], yes: bool) -> Result<()> {
    let hosted = HostedModels::built_in()?;
    let here = |name: &str| {
        Path::new(name).exists()
            || fetched::folder().is_some_and(|folder| fetched::file(&folder, name).is_some())
    };
    let missing: Vec<&HostedModel> =
        names.iter().filter(|name| !here(name)).filter_map(|name| hosted.find(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = |model: &&HostedModel| {
        let HostedModel { name, title, megabytes, licence, .. } = model;
        format!("{name}: {title}, {megabytes:.1} MB, {licence}")
    };
    if !yes && !agreed(&missing.iter().map(line).collect::<Vec<_>>())? {
        let names: Vec<&str> = missing.iter().map(|model| model.name.as_str()).collect();
        bail!(
            "{} can be fetched: run 'shutterbench fetch {}', or add --yes",
            names.join(" and "),
            names.join(" ")
        );
    }
    bring(&missing, &PackageSource::from_environment()?)?;
    Ok(())
}

/// Asks on the terminal whether to fetch what `lines` describe; without one the answer is no.
pub(crate) fn agreed(lines: &[String]) -> Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(false);
    }
    let mut stderr = io::stderr().lock();
    for line in lines {
        writeln!(stderr, "{line}")?;
    }
    write!(stderr, "Not here yet. Fetch? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// The models that can be fetched, as a table.
pub(crate) fn remote_table(models: &[HostedModel], mut table: Table) -> Table {
    let folder = fetched::folder();
    for model in models {
        let there = folder.as_ref().is_some_and(|it| fetched::file(it, &model.name).is_some());
        let described = &model.description;
        table.add_row([
            model.name.clone(),
            described.precision.as_ref().map(Precision::to_string).unwrap_or_default(),
            described.resolution.map(|pixels| pixels.to_string()).unwrap_or_default(),
            format!("{:.1}", model.megabytes),
            model.licence.clone(),
            if model.sha256.is_some() { "published" } else { "kept on first use" }.to_owned(),
            if there { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

/// What was done for models, as a table.
pub(crate) fn brought_table(models: &[BroughtModel], mut table: Table) -> Table {
    for model in models {
        let what = match model.outcome {
            ModelOutcome::Verified => "fetched, verified",
            ModelOutcome::Pinned => "fetched, SHA-256 kept",
            ModelOutcome::AlreadyThere => "already there",
        };
        table.add_row([
            model.name.clone(),
            model.licence.clone(),
            what.to_owned(),
            model.path.display().to_string(),
        ]);
    }
    table
}
