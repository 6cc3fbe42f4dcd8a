//! `shutterbench fetch`: arguments in, a table or JSON out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::cli::fetch_args::Args;
use crate::cli::fetch_dataset;
use crate::cli::fetch_model;
use crate::cli::output;
use crate::fetch::archive;
use crate::fetch::bring::{FetchOutcome, FetchProgress, Fetched, fetch};
use crate::fetch::bring_dataset::BroughtDataset;
use crate::fetch::bring_model::BroughtModel;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_dataset::{HostedDataset, HostedDatasets};
use crate::fetch::hosted_model::{HostedModel, HostedModels};
use crate::fetch::hosted_preset::HostedPresets;
use crate::fetch::package_manifest::{Archive, Origin, PackagedRuntime, Runtimes};
use crate::fetch::package_source::PackageSource;

/// Executes the command and prints the result.
///
/// # Errors
/// [`FetchError`].
pub(crate) fn command(args: &Args) -> Result<(), FetchError> {
    let folder = match &args.dir {
        Some(folder) => folder.clone(),
        None => crate::fetch::bring::user_folder().ok_or(FetchError::NoFolder)?,
    };
    if args.list {
        let rows = list(&args.names, &folder)?;
        return print(args.json, &rows, list_table);
    }
    if args.names.is_empty() && !args.all {
        let known = Runtimes::built_in()?.runtimes.into_iter().map(|r| r.name).collect();
        return Err(FetchError::NothingNamed { known });
    }
    // Read here and not by clap: a mirror for every command does not contradict `--archive`.
    let source = match &args.mirror {
        Some(mirror) => PackageSource::mirror(mirror)?,
        None => PackageSource::from_environment()?,
    };
    let Wanted { runtimes, models, datasets } = Wanted::of(&args.names)?;
    if let Some(archive) = &args.archive {
        let is_one = runtimes.is_empty() && models.is_empty() && datasets.len() == 1;
        if !is_one {
            return Err(FetchError::ArchiveOfWhat(archive.clone()));
        }
    }
    let mut fetched = Vec::new();
    if args.all || !runtimes.is_empty() {
        fetched = fetch(&runtimes, &args.target, &folder, &source, &tell)?;
    }
    let mut several = Several { of: models.len() + datasets.len(), missed: 0 };
    let brought = several.each(&models, |model| fetch_model::bring(&[model], &source))?.concat();
    let own = args.archive.as_deref();
    let unpacked =
        several.each(&datasets, |dataset| fetch_dataset::bring(dataset, own, &source))?;
    show(args.json, &fetched, &brought, &unpacked)?;
    let Several { of, missed } = several;
    if missed == 0 { Ok(()) } else { Err(FetchError::Missed { missed, of }) }
}

/// Models and datasets that are fetched one after the other.
struct Several {
    of: usize,
    missed: usize,
}

impl Several {
    /// What came of `wanted`. What is wrong with one file of several is said and counted, and does
    /// not keep the others away.
    fn each<T, R>(
        &mut self,
        wanted: &[T],
        bring: impl Fn(&T) -> Result<R, FetchError>,
    ) -> Result<Vec<R>, FetchError> {
        let mut brought = Vec::new();
        for one in wanted {
            match bring(one) {
                Ok(one) => brought.push(one),
                Err(error) if self.of > 1 && error.is_of_one_file() => {
                    output::tell(&error.to_string());
                    self.missed += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(brought)
    }
}

fn show(
    json: bool,
    fetched: &[Fetched],
    brought: &[BroughtModel],
    unpacked: &[BroughtDataset],
) -> Result<(), FetchError> {
    if json {
        let rows = (fetched.iter().map(FetchedRow::Runtime))
            .chain(brought.iter().map(FetchedRow::Model))
            .chain(unpacked.iter().map(FetchedRow::Dataset))
            .collect::<Vec<_>>();
        return print(true, &rows, |_| Table::new());
    }
    if !fetched.is_empty() {
        print(false, fetched, fetched_table)?;
    }
    if !brought.is_empty() {
        print(false, brought, |rows| {
            fetch_model::brought_table(rows, table(&["name", "licence", "what", "model"]))
        })?;
    }
    if unpacked.is_empty() {
        return Ok(());
    }
    print(false, unpacked, |rows| {
        let header = ["name", "images", "licence", "what", "folder"];
        fetch_dataset::brought_table(rows, table(&header))
    })
}

/// A line of the JSON.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum FetchedRow<'a> {
    Runtime(&'a Fetched),
    Model(&'a BroughtModel),
    Dataset(&'a BroughtDataset),
}

/// What the command line names.
struct Wanted {
    runtimes: Vec<String>,
    models: Vec<HostedModel>,
    datasets: Vec<HostedDataset>,
}

impl Wanted {
    /// A name that belongs neither to a runtime nor to a dataset names one or more models.
    fn of(names: &[String]) -> Result<Self, FetchError> {
        let known = Runtimes::built_in()?;
        let hosted = HostedModels::built_in()?;
        let hosted_datasets = HostedDatasets::built_in()?;
        let (mut runtimes, mut models) = (Vec::new(), Vec::<HostedModel>::new());
        let mut datasets = Vec::<HostedDataset>::new();
        for name in &HostedPresets::built_in()?.expanded(names) {
            if let Some(dataset) = hosted_datasets.find(name) {
                if !datasets.contains(dataset) {
                    datasets.push(dataset.clone());
                }
                continue;
            }
            let found = hosted.matching(name);
            if found.is_empty() {
                known.select(std::slice::from_ref(name))?;
                runtimes.push(name.clone());
            }
            for model in found {
                if !models.contains(model) {
                    models.push(model.clone());
                }
            }
        }
        Ok(Self { runtimes, models, datasets })
    }
}

/// A runtime for a target, as `--list` shows it.
#[derive(Debug, Serialize)]
struct ListedRuntime {
    name: String,
    title: String,
    version: String,
    target: String,
    licence: String,
    package: String,
    package_version: String,
    megabytes: Option<f64>,
    libraries: Vec<ListedLibrary>,
}

#[derive(Debug, Serialize)]
struct ListedLibrary {
    path: PathBuf,
    sha256: Option<String>,
    installed: bool,
}

fn list(names: &[String], folder: &Path) -> Result<Vec<ListedRuntime>, FetchError> {
    let manifest = Runtimes::built_in()?;
    let runtimes = manifest.select(names)?;
    let rows = runtimes.into_iter().flat_map(|runtime| {
        runtime.archives.iter().map(|archive| listed(runtime, archive, folder))
    });
    Ok(rows.collect())
}

fn listed(runtime: &PackagedRuntime, archive: &Archive, folder: &Path) -> ListedRuntime {
    let libraries = archive.libraries.iter().map(|library| {
        let path = folder.join(&archive.target).join(&library.file);
        let found = archive::installed(&path, library, archive);
        let installed = found.is_some();
        ListedLibrary { path, sha256: library.sha256.clone().or(found), installed }
    });
    let (package, package_version) = match &archive.origin {
        Origin::Wheel { .. } => (runtime.package.clone(), runtime.package_version.clone()),
        Origin::Aar { .. } => (archive.file.clone(), String::new()),
    };
    ListedRuntime {
        name: runtime.name.clone(),
        title: runtime.title.clone(),
        version: archive.version_of(runtime).to_owned(),
        target: archive.target.clone(),
        licence: runtime.licence.clone(),
        package,
        package_version,
        megabytes: archive.bytes.map(megabytes),
        libraries: libraries.collect(),
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn list_table(rows: &[ListedRuntime]) -> Table {
    let mut table = table(&["name", "version", "target", "licence", "package", "MB", "there"]);
    for row in rows {
        let there =
            if row.libraries.iter().all(|library| library.installed) { "yes" } else { "no" };
        table.add_row([
            row.name.clone(),
            row.version.clone(),
            row.target.clone(),
            row.licence.clone(),
            format!("{} {}", row.package, row.package_version).trim_end().to_owned(),
            row.megabytes.map_or_else(String::new, |megabytes| format!("{megabytes:.1}")),
            there.to_owned(),
        ]);
    }
    table
}

fn fetched_table(rows: &[Fetched]) -> Table {
    let mut table = table(&["name", "version", "what", "library"]);
    for row in rows {
        let what = match row.outcome {
            FetchOutcome::Brought => "brought",
            FetchOutcome::AlreadyThere => "already there",
        };
        let path = row.path.display().to_string();
        table.add_row([row.runtime.clone(), row.version.clone(), what.to_owned(), path]);
    }
    table
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table
}

fn print<T: Serialize>(json: bool, rows: &[T], table: fn(&[T]) -> Table) -> Result<(), FetchError> {
    let mut text = if json {
        serde_json::to_string_pretty(rows).map_err(io::Error::from)
    } else {
        Ok(table(rows).trim_fmt())
    }
    .map_err(FetchError::file("write to", "standard output"))?;
    text.push('\n');
    match io::stdout().write_all(text.as_bytes()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(FetchError::file("write to", "standard output")),
    }
}

fn tell(progress: FetchProgress<'_>) {
    match progress {
        FetchProgress::Downloading(archive) => {
            let size =
                archive.bytes.map_or_else(String::new, |b| format!(" ({:.1} MB)", megabytes(b)));
            output::tell(&format!("downloading {}{size}", archive.file));
        }
        FetchProgress::Unpacking(archive) => {
            output::tell(&format!("checking and unpacking {}", archive.file));
        }
    }
}
