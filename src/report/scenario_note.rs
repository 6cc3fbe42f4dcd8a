//! The scenarios of a run, for every report: as text, Markdown and JSON.

use serde_json::Value;

use crate::record::run::Run;
use crate::record::scenario::Scenario;
use crate::record::status::Status;
use crate::report::note_table::NoteTable;
use crate::table::scenario_row::ScenarioRow;
use crate::table::scenario_rows::scenario_rows;
use crate::table::units::{bytes, ms, percent, three_digits};

/// What a reader has to know before the numbers.
const LEAD: &str = "Each case was also run in other ways, in processes of their own; 'back to back' are the runs beside them there, and ratios to it are paired by round. A frame misses its deadline if its result is not there when the next frame is due; the fairness of streams is the rate of the slowest over that of the fastest one. Parts are medians; energy is beyond that of the idle machine.";

/// A column that a reader is shown: its title, whether it holds numbers, and a row's cell.
type ShownColumn = (&'static str, bool, fn(&ScenarioRow) -> String);

/// The columns, numbers to the right.
const SHOWN: [ShownColumn; 12] = [
    ("case", false, |row| row.case.clone()),
    ("scenario", false, scenario),
    ("p50 ms", true, |row| {
        with_interval(row.latency_p50_us, row.latency_p50_low_us, row.latency_p50_high_us, ms)
    }),
    ("p90 ms", true, |row| row.latency_p90_us.map_or(String::new(), ms)),
    ("p99 ms", true, |row| row.latency_p99_us.map_or(String::new(), ms)),
    ("over back to back", true, |row| {
        with_interval(
            row.over_back_to_back,
            row.over_back_to_back_low,
            row.over_back_to_back_high,
            three_digits,
        )
    }),
    ("per second", true, |row| row.throughput_per_s.map_or(String::new(), three_digits)),
    ("missed", true, missed),
    ("in time", true, |row| {
        row.started_in_time.map_or(String::new(), |share| format!("{}%", percent(share)))
    }),
    ("mJ/image", true, |row| {
        with_interval(
            row.energy_mj_per_image,
            row.energy_mj_per_image_low,
            row.energy_mj_per_image_high,
            three_digits,
        )
    }),
    ("of which ms", false, stages),
    ("CPU ms/image", true, |row| row.cpu_per_image_us.map_or(String::new(), ms)),
];

/// Which share of the deadlines were missed, and how many in succession.
fn missed(row: &ScenarioRow) -> String {
    let streak = row.longest_miss_streak.filter(|streak| *streak > 1);
    let streak = streak.map_or(String::new(), |streak| format!(", up to {streak} in a row"));
    row.deadline_misses.map_or(String::new(), |share| format!("{}%{streak}", percent(share)))
}

/// The parts that were timed, in milliseconds.
fn stages(row: &ScenarioRow) -> String {
    let stages = [
        ("decode", row.decode_p50_us),
        ("prepare", row.prepare_p50_us),
        ("write", row.write_p50_us),
        ("run", row.invoke_p50_us),
        ("read", row.read_p50_us),
        ("rank", row.rank_p50_us),
        ("open", row.open_p50_us),
        ("load", row.load_p50_us),
        ("first run", row.first_p50_us),
    ];
    let timed = stages.into_iter().filter_map(|(name, us)| Some(format!("{name} {}", ms(us?))));
    timed.collect::<Vec<_>>().join(", ")
}

/// Which it is, or why it was not measured.
fn scenario(row: &ScenarioRow) -> String {
    if let Some(streams) = row.streams
        && row.status == Status::Ok
    {
        let fairness = row.stream_fairness.filter(|_| streams > 1);
        let fairness = fairness.map_or(String::new(), |it| format!(", fairness {it:.2}"));
        return Scenario::Streams { count: streams }.to_string() + &fairness;
    }
    let starts = match (row.rate_per_s, row.streams) {
        (Some(rate), _) => format!("{rate} per second"),
        (None, Some(count)) => Scenario::Streams { count }.to_string(),
        (None, None) => row.scenario.replace('_', " "),
    };
    let starts = match (&row.cache, row.cache_bytes) {
        (Some(found), Some(size)) if row.scenario.starts_with("cache") => {
            format!("start, cache {found}, {}", bytes(size))
        }
        (Some(found), Some(size)) => format!("{starts}, cache {found}, {}", bytes(size)),
        _ => starts,
    };
    let starts = match row.disk_bytes.filter(|_| row.scenario == "cold_start") {
        Some(read) => format!("{starts}, {} from the disk", bytes(read)),
        None => starts,
    };
    match (row.status, &row.error) {
        (Status::Ok, _) => match &row.energy_error {
            None => starts,
            Some(error) => format!("{starts}: energy was not measured {error}"),
        },
        (status, Some(error)) => format!("{starts}: {status}: {error}"),
        (status, None) => format!("{starts}: {status}"),
    }
}

fn with_interval(
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    show: fn(f64) -> String,
) -> String {
    let ends = low.zip(high).map(|(low, high)| format!(" [{}, {}]", show(low), show(high)));
    value.map_or(String::new(), |value| show(value) + &ends.unwrap_or_default())
}

/// The table; it has no rows if the run has no scenarios.
#[must_use]
pub(crate) fn table(run: &Run) -> NoteTable {
    let line = |row| SHOWN.iter().map(|(_, _, cell)| cell(row)).collect();
    NoteTable {
        id: "scenarios",
        title: "Scenarios",
        lead: LEAD,
        columns: SHOWN.iter().map(|(title, numeric, _)| (*title, *numeric)).collect(),
        rows: scenario_rows(run).iter().map(line).collect(),
    }
}

/// The rows of `scenarios.csv` as JSON; null if the run has no scenarios.
#[must_use]
pub(crate) fn json(run: &Run) -> Value {
    let rows = scenario_rows(run);
    if rows.is_empty() { Value::Null } else { serde_json::to_value(rows).unwrap_or(Value::Null) }
}
