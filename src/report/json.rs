//! `run.json`, and the report for machines.

use serde::Serialize;
use serde_json::{Value, json};

use super::notes::notes;
use super::row::Row;
use super::verdict::Verdict;
use crate::accuracy::tally::Tally;
use crate::run::{AccuracyRecord, CaseRecord, Run};

/// Confusions that `run.json` lists for each (model, backend, delegate);
/// predictions.csv holds all.
const MOST_CONFUSIONS: usize = 50;

/// `run.json`: everything about a run but its samples and predictions.
#[must_use]
pub fn run(run: &Run) -> Value {
    let cases: Vec<Value> = run.cases.iter().map(case).collect();
    let accuracies: Vec<Value> = run.accuracies.iter().map(accuracy).collect();
    let mut value = to_value(&run.header);
    if let Value::Object(fields) = &mut value {
        fields.insert("finished".into(), to_value(&run.finished));
        fields.insert("measured_cases".into(), cases.into());
        fields.insert("accuracies".into(), accuracies.into());
    }
    value
}

fn case(record: &CaseRecord) -> Value {
    let frequencies: Vec<u32> = record.visits.iter().filter_map(|visit| visit.mhz).collect();
    json!({
        "case": record.case.to_string(),
        "status": record.status,
        "error": record.error,
        "started_at": record.started_at,
        "seconds": record.seconds,
        "coverage": to_value(&record.coverage),
        "processes": to_value(&record.processes),
        "rounds": record.visits.len(),
        "lowest_mhz": frequencies.iter().min(),
        "highest_mhz": frequencies.iter().max(),
    })
}

fn accuracy(record: &AccuracyRecord) -> Value {
    let tally = Tally::of(&record.predictions);
    json!({
        "model": record.key.model,
        "backend": record.key.backend,
        "delegate": record.key.delegate,
        "status": record.status,
        "error": record.error,
        "images": tally.images,
        "images_decided_by_a_tie": tally.decided_by_tie,
        "expected_calibration_error": tally.calibration_error,
        "classes": tally.classes,
        "confusions": tally.confusions.iter().take(MOST_CONFUSIONS).collect::<Vec<_>>(),
        "agreement": record.agreement,
    })
}

/// The report for machines: each row with its notes, and the verdict.
#[must_use]
pub fn report(run: &Run, rows: &[Row]) -> Value {
    let verdict = Verdict::of(rows);
    let case = |index: &usize| rows[*index].case();
    let named = |indices: &[usize]| indices.iter().map(case).collect::<Vec<_>>();
    let with_notes = |row: &Row| {
        let mut value = to_value(row);
        let notes = notes(row);
        let notes = notes.iter().map(|note| json!({ "tag": note.tag, "text": note.text }));
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
        "fastest": verdict.fastest.as_ref().map(case),
        "as_fast": named(&verdict.as_fast),
        "most_accurate": verdict.most_accurate.as_ref().map(case),
        "as_accurate": named(&verdict.as_accurate),
        "smallest": verdict.smallest.as_ref().map(case),
        "pareto_latency_top1": named(&verdict.front),
        "pareto_latency_top1_size": named(&verdict.front_with_size),
    })
}

fn to_value(part: &impl Serialize) -> Value {
    // Records hold no map with keys that are no strings, which alone would
    // fail; numbers that JSON lacks become null.
    serde_json::to_value(part).unwrap_or(Value::Null)
}
