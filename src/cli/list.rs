//! `shutterbench list` and `shutterbench doctor`.

use std::num::NonZeroUsize;

use anyhow::Result;
use comfy_table::{Table, presets};

use crate::cli::device_args::ServerArgs;
use crate::cli::fetch_dataset;
use crate::cli::fetch_model;
use crate::cli::output::{ExitStatus, print, print_json};
use crate::device::adb::AdbServer;
use crate::device::survey;
use crate::fetch::hosted_dataset::HostedDatasets;
use crate::fetch::hosted_model::HostedModels;
use crate::fetch::hosted_preset::{HostedPreset, HostedPresets};
use crate::host::doctor;
use crate::model::select;
use crate::record::backend_kind::BackendKind;
use crate::record::capabilities;
use crate::record::capabilities::SettingListing;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::precision::Precision;
use crate::report;
use crate::table::row::Row;
use crate::worker::runtime_probe;
use crate::worker::runtime_probe::BackendListing;
use crate::worker::worker_source::WorkerSource;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ListSubject {
    /// The embedded models
    Models,
    /// The datasets that `fetch` and `run --dataset` take by name
    Datasets,
    /// Models and datasets that `fetch` brings together under one name
    Presets,
    /// The runtimes, present or not
    Backends,
    /// The delegates of each runtime
    Delegates,
    /// The settings of each runtime that --set takes
    Options,
    /// The devices that adb's server knows
    Devices,
    /// The columns of results.csv; with --json, the JSON Schema of the rows
    Columns,
}

/// Prints a listing.
///
/// # Errors
/// A broken manifest, or standard output that cannot be written.
pub(crate) fn list(what: ListSubject, server: &ServerArgs, json: bool) -> Result<ExitStatus> {
    match what {
        ListSubject::Models => models(&select::embedded()?, json),
        ListSubject::Datasets => datasets(json),
        ListSubject::Presets => presets(json),
        ListSubject::Backends => backends(json),
        ListSubject::Delegates => delegates(json),
        ListSubject::Options => options(json),
        ListSubject::Devices => devices(&server.server(), json),
        ListSubject::Columns => columns(json),
    }
}

fn models(models: &[Model], json: bool) -> Result<ExitStatus> {
    if json {
        return print_json(&models);
    }
    let mut table = table(&["model", "format", "precision", "input", "classes", "bytes"]);
    for model in models {
        let input = model.signature.inputs.first();
        table.add_row([
            model.name.clone(),
            model.format.to_string(),
            model.description.precision.unwrap_or(model.signature.precision).to_string(),
            input
                .map(|input| format!("{} {}", input.shape_text(), input.element))
                .unwrap_or_default(),
            model.signature.classes().map(|classes| classes.to_string()).unwrap_or_default(),
            model.bytes.to_string(),
        ]);
    }
    print(format!("{table}\n").as_bytes())
}

/// Prints the models that can be fetched.
///
/// # Errors
/// Standard output that cannot be written.
pub(crate) fn remote_models(json: bool) -> Result<ExitStatus> {
    let hosted = HostedModels::built_in()?.models;
    if json {
        return print_json(&hosted);
    }
    let header = ["model", "precision", "input", "MB", "licence", "SHA-256", "there"];
    let table = fetch_model::remote_table(&hosted, table(&header));
    print(format!("{table}\n").as_bytes())
}

fn datasets(json: bool) -> Result<ExitStatus> {
    let hosted = HostedDatasets::built_in()?.datasets;
    if json {
        return print_json(&hosted);
    }
    let header = ["dataset", "images", "classes", "MB", "licence", "from", "there"];
    let table = fetch_dataset::remote_table(&hosted, table(&header));
    print(format!("{table}\n").as_bytes())
}

fn presets(json: bool) -> Result<ExitStatus> {
    let presets = HostedPresets::built_in()?.presets;
    if json {
        return print_json(&presets);
    }
    let mut table = table(&["preset", "what", "models and datasets"]);
    for HostedPreset { name, title, holds } in presets {
        table.add_row([name, title, holds.join("\n")]);
    }
    print(format!("{table}\n").as_bytes())
}

fn columns(json: bool) -> Result<ExitStatus> {
    if json {
        return print_json(&report::column_docs::schema());
    }
    let mut table = table(&["column", "unit", "meaning"]);
    for column in Row::COLUMNS {
        table.add_row([column.name.to_owned(), column.unit.to_string(), column.doc().to_owned()]);
    }
    print(format!("{table}\n").as_bytes())
}

fn backends(json: bool) -> Result<ExitStatus> {
    let backends = runtime_probe::backends(&WorkerSource::isolated());
    if json {
        return print_json(&backends);
    }
    let mut table = table(&["backend", "version", "library, or why it is missing"]);
    for listed in backends {
        let absent = || [listed.reason.clone(), listed.remedy.clone()].into_iter().flatten();
        table.add_row([
            listed.backend.to_string(),
            listed.version.clone().unwrap_or_else(|| "absent".into()),
            match () {
                _ if listed.present => {
                    let library = listed.library.iter().map(|path| path.display().to_string());
                    library.chain(listed.note.map(str::to_owned)).collect::<Vec<_>>().join("; ")
                }
                _ => absent().collect::<Vec<_>>().join("; "),
            },
        ]);
    }
    print(format!("{table}\n").as_bytes())
}

fn delegates(json: bool) -> Result<ExitStatus> {
    let mut delegates = runtime_probe::delegates(&WorkerSource::isolated());
    for listed in delegates.iter_mut().filter(|listed| listed.available) {
        if listed.delegate == Delegate::Gpu.to_string() {
            listed.reason = refused(listed.backend, Delegate::Gpu);
            listed.available = listed.reason.is_none();
        }
    }
    if json {
        return print_json(&delegates);
    }
    let mut table = table(&["backend", "delegate", "can run here"]);
    for listed in delegates {
        table.add_row([
            listed.backend.to_string(),
            listed.delegate.clone(),
            listed.reason.map_or_else(|| "yes".into(), |reason| format!("no: {reason}")),
        ]);
    }
    print(format!("{table}\n").as_bytes())
}

fn options(json: bool) -> Result<ExitStatus> {
    let listed = capabilities::settings();
    if json {
        return print_json(&listed);
    }
    let mut table = table(&["backend", "setting", "takes", "default", "meaning"]);
    for SettingListing { backend, key, takes, default, meaning } in listed {
        table.add_row([backend.to_string(), key.to_owned(), takes, default.to_owned(), meaning]);
    }
    print(format!("{table}\n").as_bytes())
}

/// Why a delegate cannot run a small embedded model. Whether a GPU can do it shows only
/// when it is tried, which a worker does. `None` also if the models are missing.
fn refused(backend: BackendKind, delegate: Delegate) -> Option<String> {
    let model = select::embedded().ok()?.into_iter().min_by_key(|model| {
        let wanted = backend.capabilities().reads(model.format)
            && model.signature.precision == Precision::Float32;
        (!wanted, model.bytes)
    })?;
    let case = Case::plain(&model.name, backend, delegate, NonZeroUsize::MIN);
    WorkerSource::isolated().load(&case, &model).err().map(|fault| fault.reason)
}

fn devices(server: &AdbServer, json: bool) -> Result<ExitStatus> {
    let devices = survey::devices(server)?;
    if json {
        return print_json(&devices);
    }
    if devices.is_empty() {
        return print(b"adb sees no device\n");
    }
    let mut table = table(&["device", "state", "model", "system", "program", "battery"]);
    for device in devices {
        let facts = device.facts.as_ref();
        table.add_row([
            device.listed.name.to_string(),
            device.listed.state.to_string(),
            device.listed.model.clone().unwrap_or_default(),
            facts.map(|facts| facts.system.clone()).unwrap_or_default(),
            facts.and_then(|facts| facts.target).unwrap_or_default().to_owned(),
            facts.and_then(|facts| facts.battery.clone()).unwrap_or_default(),
        ]);
    }
    print(format!("{table}\n").as_bytes())
}

/// Shows what would disturb a measurement, which runtimes are present, and which devices.
///
/// # Errors
/// Standard output that cannot be written.
pub(crate) fn doctor(json: bool) -> Result<ExitStatus> {
    #[derive(serde::Serialize)]
    struct Examined {
        #[serde(flatten)]
        report: doctor::Report,
        runtimes: Vec<BackendListing>,
        devices: Vec<survey::Device>,
    }
    // Without adb there are no devices, and that disturbs nothing.
    let devices = survey::devices(&AdbServer::default()).unwrap_or_default();
    let report = doctor::examine();
    let runtimes = runtime_probe::backends(&WorkerSource::isolated());
    if json {
        return print_json(&Examined { report, runtimes, devices });
    }
    let runtimes: String = runtimes.iter().map(runtime_in_words).collect();
    let devices: String = devices.iter().map(|device| format!("{}\n", device.in_words())).collect();
    print(format!("{report}{runtimes}{devices}").as_bytes())
}

fn runtime_in_words(listing: &BackendListing) -> String {
    let backend = listing.backend;
    let remedy = listing.remedy.as_ref().map_or_else(String::new, |it| format!("\n  {it}"));
    match (&listing.version, &listing.reason) {
        (Some(version), _) => format!("runtime {backend}: {version}\n"),
        (None, reason) => {
            let reason = reason.as_deref().unwrap_or("it cannot be used");
            // What can be brought is missing; what cannot is there and does not work.
            let what = if listing.remedy.is_some() { "missing" } else { "unusable" };
            format!("runtime {backend} is {what}: {reason}{remedy}\n")
        }
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header);
    table
}
