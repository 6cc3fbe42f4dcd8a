//! `run.json`, and the report for machines.

use serde::Serialize;
use serde_json::{Value, json};

use crate::decide::highlights::Highlights;
use crate::record::model_pipeline::ModelPipeline;
use crate::record::run::{AccuracyRecord, CaseRecord, Run};
use crate::record::visit::Visit;
use crate::report::class_names::ClassNames;
use crate::report::conditions_note;
use crate::report::contents_note;
use crate::report::notes::notes;
use crate::report::orientation_note;
use crate::report::portable;
use crate::report::preprocessing_note;
use crate::report::published_note;
use crate::report::scenario_note;
use crate::scoring::label_warning::label_warning;
use crate::scoring::tally::Tally;
use crate::stats::disturbance::{Disturbance, Reading};
use crate::stats::statistics;
use crate::table::ranks::further_ranks;
use crate::table::row::Row;
use crate::table::speeds::Speeds;
use crate::table::sustained_rows::sustained_rows;
use crate::table::units::rounded;

/// Confusions that `run.json` lists for each (model, backend, delegate);
/// predictions.csv holds all.
const MOST_CONFUSIONS: usize = 50;

/// `run.json`: everything about a run but its samples and predictions. `rows`
/// are the run's.
#[must_use]
pub fn run(run: &Run, rows: &[Row]) -> Value {
    let row = |record: &CaseRecord| {
        let index = run.header.cases.iter().position(|case| *case == record.case);
        index.and_then(|index| rows.get(index))
    };
    let cases: Vec<Value> = run.cases.iter().map(|record| case(run, record, row(record))).collect();
    let accuracies: Vec<Value> =
        run.accuracies.iter().map(|record| accuracy(run, record)).collect();
    let mut value = to_value(&portable::header(&run.header));
    if let Value::Object(fields) = &mut value {
        if let Some(Value::Object(dataset)) = fields.get_mut("dataset") {
            dataset.insert("contents_sha256".into(), contents_note::digits(run).into());
        }
        fields.insert("finished".into(), to_value(&run.finished));
        fields.insert("decoded".into(), to_value(&run.decoded));
        fields.insert("measured_cases".into(), cases.into());
        fields.insert("accuracies".into(), accuracies.into());
        fields.insert("pipelines".into(), pipelines(run));
        fields.insert("orientation".into(), orientation_note::sentence(run).into());
        fields.insert("conditions".into(), conditions_note::sentences(run).into());
        fields.insert("published".into(), published(run, rows));
        fields.insert("preprocessing_checks".into(), checks(run));
        fields.insert("preprocessing_offer".into(), preprocessing_note::offer(run).into());
        fields.insert("scenarios".into(), scenario_note::json(run));
        fields.insert("sustained".into(), to_value(&sustained_rows(run)));
        fields.insert("found_rates".into(), found_rates(run));
    }
    value
}

/// The rates that were tried, by case.
fn found_rates(run: &Run) -> Value {
    let found = run.cases.iter().filter_map(|record| {
        let found = record.found_rate.as_ref()?;
        Some(json!({ "case": run.header.name_of(&record.case), "tried": found.tried }))
    });
    found.collect()
}

fn case(run: &Run, record: &CaseRecord, row: Option<&Row>) -> Value {
    let frequencies: Vec<u32> = record.visits.iter().filter_map(|visit| visit.mhz).collect();
    json!({
        "case": run.header.name_of(&record.case),
        "status": record.status,
        "error": record.error,
        "started_at": record.started_at,
        "seconds": record.seconds,
        "coverage": to_value(&record.coverage),
        "processes": to_value(&record.processes),
        "rounds": record.visits.len(),
        "visits": visits(record),
        "modes": row.and_then(|row| row.modes.as_ref()).map_or(&[][..], Speeds::modes),
        "lowest_mhz": frequencies.iter().min(),
        "highest_mhz": frequencies.iter().max(),
    })
}

/// Each visit with its median, what the yardstick took beside it, how long its threads waited for
/// a CPU, and whether it counts in the case's.
fn visits(record: &CaseRecord) -> Vec<Value> {
    let readings: Vec<Reading> = record.visits.iter().map(Reading::from).collect();
    let counts = Disturbance::of(&readings).counts;
    let us = |ns: f64| rounded(ns / 1e3, 3);
    let visit = |(visit, counts): (&Visit, bool)| {
        json!({
            "round": visit.round,
            "process": visit.process,
            "p50_us": statistics::median_ns(&visit.block.latency_ns()).map(us),
            "yardstick_us": visit.yardstick_ns.map(|ns| ns.map(|ns| us(ns as f64))),
            "waited_us": visit.waited_ns.map(|ns| us(ns as f64)),
            "counts": counts,
        })
    };
    record.visits.iter().zip(counts).map(visit).collect()
}

/// The figures of one (model, backend, delegate) that no column has.
fn accuracy(run: &Run, record: &AccuracyRecord) -> Value {
    let tally = Tally::of(&record.predictions);
    let names = ClassNames::of(run, &record.key.model);
    let model = run.header.models.iter().find(|model| model.name == record.key.model);
    let scored = run.header.scored_of(&record.key.model);
    let outputs = scored.and_then(|scored| scored.classes);
    let outputs = outputs.or(model.and_then(|model| model.signature.classes())).unwrap_or(0);
    let preprocess = statistics::median_ns(&record.preprocess_ns);
    let warning =
        label_warning(&record.predictions, outputs, run.header.outputs_of(&record.key.model));
    let classes = tally.classes.iter().map(|class| {
        json!({
            "class": class.class,
            "name": names.name(class.class.into()),
            "images": class.images,
            "top1": class.top1,
            "top5": class.top5,
        })
    });
    let confusions = tally.confusions.iter().take(MOST_CONFUSIONS).map(|confusion| {
        json!({
            "label": confusion.label,
            "label_name": names.name(confusion.label.into()),
            "predicted": confusion.predicted,
            "predicted_name": names.name(confusion.predicted),
            "images": confusion.images,
        })
    });
    json!({
        "model": record.key.model,
        "backend": record.key.backend,
        "delegate": record.key.delegate,
        "options": record.key.options,
        "device": record.key.device,
        "status": record.status,
        "error": record.error,
        "images": tally.images,
        "contents_sha256": record.all_contents().map(|contents| contents.hex()),
        "outputs": record.outputs,
        "images_decided_by_a_tie": tally.decided_by_tie,
        "images_with_a_score_that_is_no_number": tally.not_a_number,
        "ambiguous": tally.ambiguous,
        "preprocess_p50_us": preprocess.map(|ns| rounded(ns / 1e3, 3)),
        "expected_calibration_error": tally.calibration_error,
        "top1": to_value(&tally.top1),
        "top5": to_value(&tally.top5),
        "top_k": further_ranks(run, record),
        "label_shift": warning.and_then(|warning| warning.shift()),
        "near_chance": warning.and_then(|warning| warning.near_chance()),
        "classes": classes.collect::<Vec<_>>(),
        "confusions": confusions.collect::<Vec<_>>(),
        "agreement": record.agreement,
    })
}

/// The report for machines: each row with its notes, and the verdict.
#[must_use]
pub fn report(run: &Run, rows: &[Row]) -> Value {
    let verdict = Highlights::of(rows);
    let case = |index: &usize| rows[*index].case();
    let named = |indices: &[usize]| indices.iter().map(case).collect::<Vec<_>>();
    let with_notes = |row: &Row| {
        let mut value = to_value(row);
        let notes = notes(row);
        let notes = notes
            .iter()
            .map(|note| json!({ "tag": note.tag, "text": note.text, "figures": note.figures }));
        if let Value::Object(fields) = &mut value {
            fields.insert("case".into(), row.case().into());
            fields.insert("notes".into(), notes.collect());
        }
        value
    };
    json!({
        "schema": run.header.schema,
        "run_id": run.header.run_id,
        "finished": run.finished.is_some(),
        "rows": rows.iter().map(with_notes).collect::<Vec<_>>(),
        "accuracies": run.accuracies.iter().map(|record| accuracy(run, record)).collect::<Vec<_>>(),
        "published": published(run, rows),
        "pipelines": pipelines(run),
        "orientation": orientation_note::sentence(run),
        "preprocessing_checks": checks(run),
        "preprocessing_offer": preprocessing_note::offer(run),
        "fastest": verdict.fastest.as_ref().map(case),
        "as_fast": named(&verdict.as_fast),
        "most_accurate": verdict.most_accurate.as_ref().map(case),
        "as_accurate": named(&verdict.as_accurate),
        "smallest": verdict.smallest.as_ref().map(case),
        "pareto_latency_top1": named(&verdict.front),
        "pareto_within_noise": named(&verdict.within_noise),
        "pareto_latency_top1_size": named(&verdict.front_with_size),
    })
}

/// What the photos went through, for which models: as data, and as reports say it.
fn pipelines(run: &Run) -> Value {
    let line = |it: &ModelPipeline| {
        json!({
            "models": it.models,
            "preset": it.preset,
            "source": it.source.to_string(),
            "steps": it.pipeline.to_string(),
            "pipeline": it.pipeline,
        })
    };
    run.header.pipelines.iter().map(line).collect()
}

fn checks(run: &Run) -> Value {
    run.preprocessing_checks.iter().map(preprocessing_note::json).collect()
}

/// Figures that were published for the models, beside the measured ones.
fn published(run: &Run, rows: &[Row]) -> Value {
    let Some(pairs) = published_note::pairs(run, rows) else { return Value::Null };
    let line = |pair: &published_note::Pair<'_>| {
        json!({
            "model": pair.row.model,
            "matched_by": pair.matched_by,
            "published": pair.published,
            "here": {
                "case": pair.row.case(),
                "top1": pair.row.top1,
                "top5": pair.row.top5,
                "size_mb": pair.row.model_bytes as f64 / 1e6,
                "latency_ms": pair.row.latency_p50_us.map(|us| us / 1e3),
            },
        })
    };
    json!({
        "sources": pairs.sources,
        "comparability": pairs.comparability,
        "models": pairs.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn to_value(part: &impl Serialize) -> Value {
    // Only a map whose keys are not strings would fail, and records have none; numbers that JSON
    // lacks become null.
    serde_json::to_value(part).unwrap_or(Value::Null)
}
