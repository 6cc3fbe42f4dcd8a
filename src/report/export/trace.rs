//! Trace Event Format, for Perfetto and chrome://tracing: a track per case with its visits,
//! and what the CPU's frequency and temperature were.
//!
//! Source of the form: 'Trace Event Format' of the Chromium project: complete events (`X`)
//! with `ts` and `dur` in microseconds, counters (`C`), and metadata (`M`) that names
//! processes and threads.

use serde_json::{Value, json};

use crate::record::run::{CaseRecord, Run};
use crate::record::visit::Visit;
use crate::report::export::measure::Export;
use crate::table::operator_times::OperatorTimes;
use crate::table::row::Row;

/// Writes a trace.
pub(crate) struct Trace;

/// The one process of the trace.
const PROCESS: u32 = 1;

impl Export for Trace {
    fn text(&self, run: &Run, _rows: &[Row]) -> String {
        let mut events = vec![name("process_name", 0, &format!("run {}", run.header.run_id))];
        let origin_ns = run.cases.iter().flat_map(|it| &it.visits).filter_map(began_ns).min();
        for (index, record) in run.cases.iter().enumerate() {
            let track = index as u64 + 1;
            events.push(name("thread_name", track, &run.header.name_of(&record.case)));
            for visit in &record.visits {
                let (Some(began), Some(origin)) = (began_ns(visit), origin_ns) else { continue };
                events.extend(of_visit(record, visit, track, began - origin));
            }
            let profile = record.profile.as_ref().and_then(OperatorTimes::of);
            events.extend(profile.iter().flat_map(|times| of_profile(run, record, times, track)));
        }
        format!("{}\n", json!({ "traceEvents": events, "displayTimeUnit": "ms" }))
    }
}

/// A track below the case's own with one run whose operators take their medians, one after the
/// other in the order in which they run: a picture of a run, at the beginning of the trace.
fn of_profile(run: &Run, record: &CaseRecord, times: &OperatorTimes, track: u64) -> Vec<Value> {
    let track = run.cases.len() as u64 + track;
    let title = format!("{}: operators", run.header.name_of(&record.case));
    let mut events = vec![name("thread_name", track, &title)];
    let mut from_us = 0.0;
    for time in times.nodes.iter().filter(|time| time.median_ns > 0.0) {
        let us = time.median_ns / 1e3;
        let details = json!({
            "name": time.name, "ran_on": time.ran_on, "kernel": time.kernel, "share": time.share,
        });
        events.push(json!({
            "ph": "X", "pid": PROCESS, "tid": track, "cat": "operator",
            "name": time.operator, "ts": from_us, "dur": us, "args": details,
        }));
        from_us += us;
    }
    events
}

fn name(what: &str, track: u64, name: &str) -> Value {
    json!({ "ph": "M", "pid": PROCESS, "tid": track, "name": what, "args": { "name": name } })
}

/// When the untimed runs before the timed ones began; `None` of a visit without any.
fn began_ns(visit: &Visit) -> Option<u64> {
    let first = *visit.block.unpacked().at_ns.first()?;
    Some(first.saturating_sub(untimed_ns(visit)))
}

fn untimed_ns(visit: &Visit) -> u64 {
    visit.cold_ns.unwrap_or(0) + visit.settle_ns
}

fn of_visit(record: &CaseRecord, visit: &Visit, track: u64, began_ns: u64) -> Vec<Value> {
    let us = |ns: u64| ns as f64 / 1e3;
    let span = |name: String, from_ns: u64, ns: u64, details: Value| {
        json!({
            "ph": "X", "pid": PROCESS, "tid": track, "cat": "visit",
            "name": name, "ts": us(from_ns), "dur": us(ns), "args": details,
        })
    };
    let (untimed, block) = (untimed_ns(visit), visit.block.unpacked());
    let last = block.at_ns.last().zip(block.latency_ns.last());
    let end = last.map_or(block.wall_ns, |(at, ns)| at + ns - block.at_ns[0]);
    let mut events = Vec::new();
    if let Some(cold) = visit.cold_ns {
        events.push(span("first run".into(), began_ns, cold, json!({})));
    }
    if visit.settle_ns > 0 {
        let from = began_ns + visit.cold_ns.unwrap_or(0);
        let details = json!({ "runs": visit.settle_runs });
        events.push(span("untimed runs".into(), from, visit.settle_ns, details));
    }
    let details = json!({
        "runs": block.latency_ns.len(),
        "round": visit.round,
        "process": visit.process,
        "status": record.status,
    });
    let timed = began_ns + untimed;
    events.push(span(format!("visit in round {}", visit.round), timed, end, details));
    let mut counter = |name: &str, value: f64| {
        events.push(json!({
            "ph": "C", "pid": PROCESS, "tid": 0, "name": name, "ts": us(timed + end),
            "args": { "value": value },
        }));
    };
    if let Some(mhz) = visit.mhz {
        counter("frequency MHz", mhz.into());
    }
    if let Some(millidegrees) = visit.millidegrees {
        counter("temperature C", millidegrees as f64 / 1e3);
    }
    events
}
