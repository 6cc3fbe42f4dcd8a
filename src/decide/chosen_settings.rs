//! From a case of a run to its settings file, and whether a run measures what one says.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::model::labels::labels_file;
use crate::model::{input_geometry, resolve};
use crate::record::case::Case;
use crate::record::description::{Description, Model};
use crate::record::header::Header;
use crate::record::run::Run;
use crate::record::settings::{
    AppliedPipeline, MeasuredOn, ModelFile, Promise, SCHEMA, Settings, SettingsOutput,
};
use crate::table::row::Row;

/// The columns whose figures are promised, where they were measured.
const PROMISED: [&str; 8] = [
    "latency_p50_us",
    "latency_p90_us",
    "latency_p99_us",
    "within_budget",
    "load_ms",
    "memory_peak_bytes",
    "top1",
    "top5",
];

/// The settings of a case of `run`, whose row is `row`. `seen` says where a file lies as
/// seen from the folder of the settings file.
///
/// # Errors
/// One sentence: the run does not have the case's model.
pub(crate) fn of(
    run: &Run,
    case: &Case,
    row: &Row,
    seen: impl Fn(&Path) -> PathBuf,
) -> Result<Settings> {
    let header = &run.header;
    let model = header.models.iter().find(|model| model.name == case.model);
    let model = model.with_context(|| format!("the run has no model '{}'", case.model))?;
    let latency = header.options.latency.as_ref();
    let stated = resolve::merged(&header.options.overrides, &model.description);
    let input =
        model.signature.inputs.get(input_geometry::image_input(model).unwrap_or(0)).cloned();
    let of_input = |input| input_geometry::of(model, input, &stated).ok();
    let geometry = input.as_ref().and_then(of_input);
    let pipeline = pipeline(header, model);
    let machine = header.machine(case.device.as_deref());
    let scored = header.scored_of(&case.model);
    let outputs = header.outputs_of(&case.model);
    let mut description = description(model, stated, pipeline.as_ref());
    description.label_names = description.label_names.or_else(|| of_file(model, header));
    let stated_names = || {
        let names = description.label_names.clone().or_else(|| model.signature.labels.clone());
        names.into_iter().flatten().map(Some).collect()
    };
    let labels = outputs.map_or_else(stated_names, |known| {
        known.outputs.iter().map(|(_, name)| name.clone()).collect()
    });
    Ok(Settings {
        schema: SCHEMA,
        written_by: format!("shutterbench {}", env!("CARGO_PKG_VERSION")),
        case: row.case(),
        model: ModelFile {
            name: model.name.clone(),
            path: seen(&model.path),
            format: model.format,
            bytes: model.bytes,
            sha256: model.sha256.clone(),
        },
        backend: case.backend,
        backend_version: row.backend_version.clone(),
        delegate: case.delegate.clone(),
        options: header.options.set_of(case).cloned(),
        threads: case.threads,
        batch: latency.map_or(NonZeroUsize::MIN, |latency| latency.batch_of(case)),
        affinity: latency.map_or_else(Vec::new, |latency| latency.cpus_of(case).to_vec()),
        layout: geometry.map(|geometry| geometry.layout),
        input,
        pipeline,
        output: scored.map(|scored| SettingsOutput {
            index: scored.index,
            form: scored.form,
            kind: scored.kind,
        }),
        labels,
        description,
        measured: MeasuredOn {
            run_id: header.run_id.clone(),
            started_at: row.started_at.clone().unwrap_or_else(|| header.started_at.clone()),
            device: machine.device.to_owned(),
            cpu: machine.host.cpu.clone(),
            os: machine.host.os.clone(),
            arch: machine.host.arch.clone(),
            budget_ms: latency.and_then(|latency| latency.budget_ms),
            dataset_sha256: header.dataset.as_ref().map(|dataset| dataset.listing_sha256.clone()),
            images: row.images,
        },
        promised: promised(row),
    })
}

/// The pipeline that the run scored with; where it scored nothing, the one that it would
/// have used.
fn pipeline(header: &Header, model: &Model) -> Option<AppliedPipeline> {
    let (preset, steps) = match header.pipeline_of(&model.name) {
        Some(known) => (known.preset.clone(), known.pipeline.clone()),
        None => {
            let overrides = &header.options.overrides;
            let input = resolve::input_spec(model, overrides, header.image_size()).ok()?;
            (input.preset, input.spec.pipeline)
        }
    };
    Some(AppliedPipeline { preset, text: steps.to_string(), steps })
}

/// What has to be stated so that the model is fed and read as it was, wherever its file
/// lies. What the file itself says needs no repetition.
fn description(
    model: &Model,
    stated: Description,
    pipeline: Option<&AppliedPipeline>,
) -> Description {
    let mut description = Description {
        label_names: stated.label_names.filter(|_| model.signature.labels.is_none()),
        label_offset: stated.label_offset,
        layout: stated.layout,
        input_size: stated.input_size,
        scored_output: stated.scored_output,
        output: stated.output,
        ..Description::default()
    };
    if let Some(AppliedPipeline { preset, steps, .. }) = pipeline {
        let (mean, scale) = steps.normalisation();
        description.preprocess = Some(preset.clone());
        description.channels = Some(steps.channels());
        description.mean = Some(mean.to_vec());
        description.scale = Some(scale.to_vec());
    }
    description
}

/// The names of a labels file, which may lie nowhere near the settings; from the header
/// where the file is gone and the header has them all.
fn of_file(model: &Model, header: &Header) -> Option<Vec<String>> {
    let stated = resolve::merged(&header.options.overrides, &model.description);
    let path = stated.labels?;
    let of_header = || {
        let known = header.outputs_of(&model.name)?;
        known.outputs.iter().map(|(_, name)| name.clone()).collect()
    };
    labels_file::read(&path).ok().or_else(of_header)
}

fn promised(row: &Row) -> Vec<Promise> {
    let promise = |name: &&str| {
        let column = Row::column(name)?;
        let figure = row.figure(column)?;
        Some(Promise {
            column: column.name.to_owned(),
            unit: column.unit.to_string(),
            value: figure.value,
            low: figure.interval.map(|(low, _)| low),
            high: figure.interval.map(|(_, high)| high),
        })
    };
    PROMISED.iter().filter_map(promise).collect()
}

/// Refuses a run that does not measure the case of `settings`, which lie in `file`.
///
/// # Errors
/// One sentence: another file of the model, or another pipeline.
pub(crate) fn check(settings: &Settings, file: &Path, header: &Header) -> Result<()> {
    let Some(model) = header.models.first() else { return Ok(()) };
    check_model(settings, file, model)?;
    let known = header.pipeline_of(&model.name).zip(settings.pipeline.as_ref());
    if let Some((now, then)) = known {
        ensure!(
            now.pipeline == then.steps,
            "{} states other preprocessing than this run would use: '{}' there, '{}' here; pick the settings again with this version",
            file.display(),
            then.text,
            now.pipeline
        );
    }
    Ok(())
}

/// Refuses another model than that of `settings`, which lie in `file`.
///
/// # Errors
/// One sentence with both files.
pub(crate) fn check_model(settings: &Settings, file: &Path, model: &Model) -> Result<()> {
    let ModelFile { name, sha256, .. } = &settings.model;
    ensure!(
        model.sha256 == *sha256,
        "{} is for another file of model {name}: SHA-256 {sha256} there, {} in {}; name the right file with --model, or pick the settings again",
        file.display(),
        model.sha256,
        model.path.display()
    );
    Ok(())
}
