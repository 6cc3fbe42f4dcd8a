//! Trace Event Format, for Perfetto and chrome://tracing: a track per case with its loads, warm-ups
//! and visits, and what the CPU's frequency and temperature were.
//!
//! Source of the form: 'Trace Event Format' of the Chromium project: complete events (`X`)
//! with `ts` and `dur` in microseconds, counters (`C`), and metadata (`M`) that names
//! processes and threads.

use serde_json::{Value, json};

use crate::record::run::{CaseRecord, Run};
use crate::record::visit::{Process, Visit};
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
        let loads = run.cases.iter().flat_map(|it| &it.processes).filter_map(|it| it.began);
        let visits = run.cases.iter().flat_map(|it| &it.visits).filter_map(began_ns);
        let origin_ns = visits.chain(loads.map(|began| began.load_ns)).min().unwrap_or(0);
        for (index, record) in run.cases.iter().enumerate() {
            let track = index as u64 + 1;
            events.push(name("thread_name", track, &run.header.name_of(&record.case)));
            let track_of_case = CaseTrack { track, origin_ns };
            for process in &record.processes {
                events.extend(track_of_case.of_process(process));
            }
            for visit in &record.visits {
                let Some(began) = began_ns(visit) else { continue };
                events.extend(track_of_case.of_visit(record, visit, began));
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

/// Where the events of a case go.
#[derive(Debug, Clone, Copy)]
struct CaseTrack {
    track: u64,
    origin_ns: u64,
}

impl CaseTrack {
    fn us(self, ns: u64) -> f64 {
        ns.saturating_sub(self.origin_ns) as f64 / 1e3
    }

    fn span(self, name: &str, from_ns: u64, ns: u64, details: Value) -> Value {
        json!({
            "ph": "X", "pid": PROCESS, "tid": self.track, "cat": "visit",
            "name": name, "ts": self.us(from_ns), "dur": ns as f64 / 1e3, "args": details,
        })
    }

    /// A span right before another. Chrome adds begin and duration up as floating-point numbers: if
    /// the sum was above the other's begin, the other would be taken to lie in this one.
    fn span_until(self, name: &str, from_ns: u64, next_ns: u64, details: Value) -> Value {
        let ns = next_ns.saturating_sub(from_ns);
        let overlaps = self.us(from_ns) + ns as f64 / 1e3 > self.us(next_ns);
        self.span(name, from_ns, if overlaps { ns.saturating_sub(1) } else { ns }, details)
    }

    /// What a process did before its visits.
    fn of_process(self, process: &Process) -> Vec<Value> {
        let Some(began) = process.began else { return Vec::new() };
        let load = json!({
            "open_ms": process.loaded.open_ns.map(|ns| ns as f64 / 1e6),
            "load_ms": process.loaded.load_ns as f64 / 1e6,
        });
        let warmup = json!({ "runs": process.warmup.runs, "steady": process.warmup.steady });
        vec![
            self.span_until("start and load", began.load_ns, began.first_ns, load),
            self.span_until("first inference", began.first_ns, began.warmup_ns, json!({})),
            self.span(
                "warm-up",
                began.warmup_ns,
                began.warm_ns.saturating_sub(began.warmup_ns),
                warmup,
            ),
        ]
    }

    fn of_visit(self, record: &CaseRecord, visit: &Visit, began_ns: u64) -> Vec<Value> {
        let (timed, block) = (began_ns + untimed_ns(visit), visit.block.unpacked());
        let last = block.at_ns.last().zip(block.latency_ns.last());
        let ns = last.map_or(block.wall_ns, |(at, ns)| at + ns - block.at_ns[0]);
        let mut events = Vec::new();
        let settled = began_ns + visit.cold_ns.unwrap_or(0);
        if visit.cold_ns.is_some() {
            events.push(self.span_until("first run", began_ns, settled, json!({})));
        }
        if visit.settle_ns > 0 {
            let details = json!({ "runs": visit.settle_runs });
            events.push(self.span_until("untimed runs", settled, timed, details));
        }
        let details = json!({
            "runs": block.latency_ns.len(),
            "round": visit.round,
            "process": visit.process,
            "status": record.status,
        });
        events.push(self.span(&format!("visit in round {}", visit.round), timed, ns, details));
        let mut counter = |name: &str, value: f64| {
            events.push(json!({
                "ph": "C", "pid": PROCESS, "tid": 0, "name": name, "ts": self.us(timed + ns),
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
}
