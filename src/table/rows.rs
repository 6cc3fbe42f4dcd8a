//! From a run's record to the rows of `results.csv`.

use std::num::NonZeroUsize;

use crate::model::input_geometry::{self, InputGeometry};
use crate::model::resolve;
use crate::record::agreement::Agreement;
use crate::record::case::Case;
use crate::record::coverage::Coverage;
use crate::record::description::{Description, Model};
use crate::record::named_cpus;
use crate::record::option_set::DEFAULT;
use crate::record::options::LatencyOptions;
use crate::record::precision::Precision;
use crate::record::run::{AccuracyRecord, CaseRecord, Run};
use crate::record::setting_values::NO_SETTINGS;
use crate::record::status::Status;
use crate::record::visit::Process;
use crate::scoring::label_warning::label_warning;
use crate::scoring::tally::Tally;
use crate::stats::interval::Proportion;
use crate::stats::statistics;
use crate::stats::summary::Summary;
use crate::table::batch_size::{activation_bytes_per_image, images_per_run, macs_per_image};
use crate::table::other_settings;
use crate::table::paired_top1;
use crate::table::ranks::further_ranks;
use crate::table::row::Row;
use crate::table::scenario_rows;
use crate::table::speeds::Speeds;
use crate::table::sustained_rows;
use crate::table::units::one_line;
use crate::table::units::{proportion, rounded};
use crate::table::validity;
use crate::table::varied_axes::VariedAxes;

/// A row for each case of the run's plan, in the plan's order. A case that was
/// not begun is `skipped`.
#[must_use]
pub fn rows(run: &Run) -> Vec<Row> {
    let mut rows: Vec<Row> = run.header.cases.iter().map(|case| row(run, case)).collect();
    paired_top1::fill(&mut rows, run);
    for row in rows.iter_mut().filter(|row| row.status != Status::Skipped) {
        row.invalid_reason = validity::invalid_reason(row);
        row.valid = Some(row.invalid_reason.is_none());
    }
    rows
}

fn row(run: &Run, case: &Case) -> Row {
    let model = run.header.models.iter().find(|model| model.name == case.model);
    let with_latency = run.header.options.latency.is_some();
    let record = run.cases.iter().find(|record| with_latency && record.case == *case);
    let mut row = planned(run, case, model);
    if let Some(record) = record {
        measured(&mut row, run, record);
    }
    let key = case.accuracy_key();
    let Some(scored) = run.accuracies.iter().find(|scored| scored.key == key) else { return row };
    compared(&mut row, run, scored);
    row.outputs = scored.outputs;
    if let Some(seen) = scored.outputs.filter(|seen| seen.inputs > 0) {
        let share = |count: usize| proportion(count as f64 / seen.inputs as f64);
        row.not_a_number_share = Some(share(seen.not_a_number));
        row.constant_share = seen.flat.map(share);
    }
    if run.header.options.accuracy.is_some() {
        self::scored(&mut row, run, scored, record.is_some());
        row.top_k = further_ranks(run, scored);
    }
    row
}

/// What is known before anything is measured.
fn planned(run: &Run, case: &Case, model: Option<&Model>) -> Row {
    let header = &run.header;
    let overrides = &header.options.overrides;
    let description = model.map(|model| &model.description);
    let input = model.and_then(|model| model.signature.inputs.first());
    let size = model.and_then(|model| height_and_width(model, overrides));
    let machine = header.machine(case.device.as_deref());
    let runtime = machine.runtimes.iter().find(|runtime| runtime.backend == case.backend);
    let precision = description.and_then(|description| description.precision);
    Row {
        run_id: header.run_id.clone(),
        device: machine.device.to_owned(),
        os: machine.host.os.clone(),
        arch: machine.host.arch.clone(),
        cpu: machine.host.cpu.clone(),
        model: case.model.clone(),
        family: description.and_then(|description| description.family.clone()),
        precision: precision
            .or(model.map(|model| model.signature.precision))
            .unwrap_or(Precision::Float32),
        format: model.map_or(crate::record::format::Format::Tflite, |model| model.format),
        model_bytes: model.map_or(0, |model| model.bytes),
        float_weights: model.and_then(|model| model.signature.float_weights),
        macs: model.and_then(macs_per_image),
        parameters: model.and_then(|model| model.signature.cost.as_ref()?.parameters),
        activation_bytes: model.and_then(activation_bytes_per_image),
        weight_bytes: model.and_then(|model| model.signature.cost.as_ref()?.known_weight_bytes()),
        macs_per_byte: model
            .and_then(|model| model.signature.cost.as_ref()?.intensity())
            .map(|intensity| rounded(intensity, 4)),
        input_height: size.map(|(height, _)| height),
        input_width: size.map(|(_, width)| width),
        input_dtype: input.map(|input| input.element),
        classes: header
            .scored_of(&case.model)
            .and_then(|scored| scored.classes)
            .or(model.and_then(|model| model.signature.classes())),
        backend: case.backend,
        backend_version: runtime.map(|runtime| runtime.version.clone()),
        delegate: case.delegate.clone(),
        delegate_status: None,
        nodes_total: None,
        nodes_delegated: None,
        partitions: None,
        threads: case.threads.get(),
        options: Some(case.options.clone().unwrap_or_else(|| DEFAULT.to_owned())),
        batch: case.batch.map(NonZeroUsize::get),
        affinity: header.options.latency.as_ref().map(|latency| affinity(latency, case)),
        axes: VariedAxes::of(case),
        ..Row::default()
    }
}

/// The CPUs of a case, by their name if they have one.
fn affinity(latency: &LatencyOptions, case: &Case) -> String {
    let numbers = || named_cpus::in_words(latency.cpus_of(case));
    case.affinity.clone().unwrap_or_else(numbers)
}

/// Height and width of the images that a model takes, as it runs.
fn height_and_width(model: &Model, overrides: &Description) -> Option<(usize, usize)> {
    let stated = resolve::merged(overrides, &model.description);
    let input = model.signature.inputs.get(input_geometry::image_input(model)?)?;
    let InputGeometry { height, width, .. } = input_geometry::of(model, input, &stated).ok()?;
    Some((height, width))
}

fn measured(row: &mut Row, run: &Run, record: &CaseRecord) {
    row.status = record.status;
    row.error = record.error.as_deref().map(one_line);
    row.started_at.clone_from(&record.started_at);
    row.seconds = Some(rounded(record.seconds, 3));
    scenario_rows::fill(row, record);
    sustained_rows::fill(row, record);
    processes(row, &record.processes, !run.header.options.in_process);
    if let Some(coverage) = &record.coverage {
        covered(row, coverage);
    }
    let options = &run.header.options;
    let asked = options.set_of(&record.case).map_or(&NO_SETTINGS, |set| &set.set);
    row.other_settings = other_settings::of(asked, &record.processes);
    let backend = record.case.backend;
    row.default_precision = other_settings::default_precision(backend, asked, &record.processes);
    let budget_ms = options.latency.as_ref().and_then(|latency| latency.budget_ms);
    let emulated = run.header.machine(record.case.device.as_deref()).host.emulated;
    let Some(summary) = Summary::of(&record.visits, budget_ms, emulated) else {
        return;
    };
    // Timings are whole nanoseconds.
    let us = |value: f64| Some(rounded(value, 3));
    row.runs = Some(summary.runs);
    row.rounds = Some(summary.rounds);
    row.latency_mean_us = us(summary.latency_mean_us);
    row.latency_std_us = summary.latency_std_us.and_then(us);
    row.latency_min_us = us(summary.latency_min_us);
    row.latency_p50_us = us(summary.latency_p50_us);
    row.latency_p50_low_us = summary.latency_p50_low_us.and_then(us);
    row.latency_p50_high_us = summary.latency_p50_high_us.and_then(us);
    row.latency_p90_us = us(summary.latency_p90_us);
    row.latency_p95_us = us(summary.latency_p95_us);
    row.latency_p99_us = us(summary.latency_p99_us);
    row.latency_p90_low_us = summary.latency_p90_low_us.and_then(us);
    row.latency_p90_high_us = summary.latency_p90_high_us.and_then(us);
    row.latency_p99_low_us = summary.latency_p99_low_us.and_then(us);
    row.latency_p99_high_us = summary.latency_p99_high_us.and_then(us);
    row.latency_max_us = us(summary.latency_max_us);
    row.outliers = Some(summary.outliers);
    row.drift_percent = summary.drift_percent.map(|drift| rounded(drift, 3));
    row.stability = summary.stability;
    let images = images_per_run(run, record);
    row.batch = Some(images);
    let batch = images as f64;
    row.throughput_per_s = summary.throughput_per_s.map(|rate| rounded(rate * batch, 3));
    row.latency_per_image_us = us(summary.latency_p50_us / batch);
    row.latency_cold_p50_us = summary.latency_cold_p50_us.and_then(us);
    row.within_budget = summary.within_budget.map(proportion);
    row.within_budget_low = summary.within_budget_low.map(proportion);
    row.within_budget_high = summary.within_budget_high.map(proportion);
    row.cpu_time_ratio = summary.cpu_time_ratio.map(|ratio| rounded(ratio, 4));
    row.modes = Speeds::of(&summary.modes);
    row.disturbed = summary.disturbed.map(proportion);
}

/// What the case's processes reported: the median over them for times, the maximum for memory if
/// the case had its own process (`of_its_own`): in a process shared with the program and the other
/// cases, its share is unknown.
fn processes(row: &mut Row, processes: &[Process], of_its_own: bool) {
    let median_ms = |ns: fn(&Process) -> u64| {
        let all: Vec<u64> = processes.iter().map(ns).collect();
        statistics::median_ns(&all).map(|ns| rounded(ns / 1e6, 6))
    };
    row.load_ms = median_ms(|process| process.loaded.load_ns);
    row.first_inference_ms = median_ms(|process| process.first_inference_ns);
    row.warmup_runs = processes.iter().map(|process| process.warmup.runs).max();
    if of_its_own {
        row.memory_load_bytes = processes.iter().filter_map(|p| p.loaded.memory_load_bytes).max();
        row.memory_peak_bytes =
            processes.iter().filter_map(|p| p.memory.map(|memory| memory.peak_bytes)).max();
        row.memory_model_bytes = processes.iter().filter_map(Process::memory_of_model).max();
    }
    row.threads_used = processes.iter().filter_map(Process::threads_used).max();
    if let Some(process) = processes.first() {
        row.backend_version = Some(process.loaded.backend_version.clone());
    }
}

fn covered(row: &mut Row, coverage: &Coverage) {
    row.delegate_status = coverage.status;
    row.nodes_total = coverage.nodes_total;
    row.nodes_delegated = coverage.nodes_delegated;
    row.partitions = coverage.partitions;
}

/// How the outputs agree with the reference's, or why that is not known.
fn compared(row: &mut Row, run: &Run, record: &AccuracyRecord) {
    if let Some(agreement) = record.agreement {
        let Agreement { images, top1, max_abs_error, kinds_differ, likeness, reach } = agreement;
        let likeness = likeness.filter(|_| !kinds_differ);
        row.cosine = likeness.map(|it| proportion(it.cosine));
        row.kl_divergence = likeness.and_then(|it| it.kl_divergence).map(proportion);
        row.agreement_top5 = agreement.likeness.and_then(|it| it.top5).map(proportion);
        row.agreement_inputs = Some(images);
        row.agreement_top1 = Some(proportion(top1));
        row.max_abs_error = (!kinds_differ).then_some(max_abs_error);
        let error = row.max_abs_error.filter(|error| error.is_finite());
        let in_units = |unit: f64| error.filter(|_| unit > 0.0).map(|it| rounded(it / unit, 6));
        row.max_error_steps = run.header.output_step(&record.key.model).and_then(in_units);
        row.max_relative_error = reach.and_then(in_units);
    } else if let (Status::Ok, Some(error)) = (row.status, &record.error) {
        let (status, error) = (record.status, one_line(error));
        row.error = Some(format!("its outputs were not compared ({status}): {error}"));
    }
}

/// A case may be scored without having been timed (`--no-latency`), and then
/// how scoring ended is how the case ended.
fn scored(row: &mut Row, run: &Run, record: &AccuracyRecord, timed: bool) {
    if !timed {
        row.status = record.status;
        row.error = record.error.as_deref().map(one_line);
        if let Some(coverage) = &record.coverage {
            covered(row, coverage);
        }
    } else if row.status == Status::Ok && record.status != Status::Ok {
        let error = record.error.as_deref().map_or(String::new(), one_line);
        row.error = Some(format!("its accuracy was not measured ({}): {error}", record.status));
    }
    row.preprocess_p50_us =
        statistics::median_ns(&record.preprocess_ns).map(|ns| rounded(ns / 1e3, 3));
    if record.status != Status::Ok || record.predictions.is_empty() {
        return;
    }
    let tally = Tally::of(&record.predictions);
    row.images = Some(tally.images);
    row.preprocess = run.header.pipeline_of(&record.key.model).map(|it| it.preset.name);
    (row.top1, row.top1_low, row.top1_high) = ends(tally.top1);
    row.not_a_number = tally.not_a_number;
    row.dataset_sha256 = record.all_contents().map(|contents| contents.hex());
    if !run.header.scored_of(&record.key.model).is_some_and(|it| it.form.is_best_only()) {
        // Among five outputs the true class is always one of the five best.
        if row.classes.is_none_or(|classes| classes > 5) {
            (row.top5, row.top5_low, row.top5_high) = ends(tally.top5);
        }
        row.ambiguous = tally.ambiguous.map(proportion);
    }
    let outputs = run.header.outputs_of(&record.key.model);
    row.label_warning = label_warning(&record.predictions, row.classes.unwrap_or(0), outputs);
}

/// A share and the ends of its interval.
fn ends(share: Option<Proportion>) -> (Option<f64>, Option<f64>, Option<f64>) {
    let end = |end: fn(Proportion) -> f64| share.map(|share| proportion(end(share)));
    (end(|share| share.value), end(|share| share.low), end(|share| share.high))
}
