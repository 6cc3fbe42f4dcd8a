//! Where the time of cases goes, as lines for the terminal and for `profile.csv`.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::record::delegate::Delegate;
use crate::record::operator_profile::{GraphDivision, OWN_KERNELS, OperatorProfile};
use crate::record::run::{CaseRecord, Run};
use crate::report::cost_note;
use crate::report::csv::guard;
use crate::report::operator_line;
use crate::report::refusal_note::{self, ToldReason};
use crate::stats::statistics::median_ns;
use crate::table::operator_times::{OperatorTime, OperatorTimes};
use crate::table::units::{bytes, ms, percent};

/// The file in a run's folder.
pub(crate) const PROFILE_CSV: &str = "profile.csv";

/// The cases that were profiled, with what their operators take.
pub(crate) fn profiled(run: &Run) -> impl Iterator<Item = (&CaseRecord, OperatorTimes)> {
    run.cases.iter().filter_map(|it| Some((it, OperatorTimes::of(it.profile.as_ref()?)?)))
}

/// Writes `profile.csv`: a line per node of each profiled case in the order in which they run, and
/// one for what is outside of them. The medians of a case add up to that of its run.
///
/// # Errors
/// What the writer says.
pub(crate) fn csv(run: &Run, to: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(to);
    writer.write_record([
        "case",
        "node",
        "name",
        "operator",
        "ran_on",
        "median_us",
        "low_us",
        "high_us",
        "share",
        "runs",
        "reason",
        "kernel",
        "layer",
    ])?;
    for (record, times) in profiled(run) {
        let case = run.header.name_of(&record.case);
        let Some(profile) = &record.profile else { continue };
        let number = |value: Option<f64>| value.map_or(String::new(), |it| it.to_string());
        for (index, line) in operator_line::lines(profile, &times).iter().enumerate() {
            writer.write_record([
                guard(&case).as_ref(),
                &index.to_string(),
                guard(line.name).as_ref(),
                guard(line.operator).as_ref(),
                guard(line.ran_on).as_ref(),
                &line.median_us.to_string(),
                &number(line.low_us),
                &number(line.high_us),
                &line.share.to_string(),
                &times.runs.to_string(),
                guard(line.reason).as_ref(),
                guard(line.kernel).as_ref(),
                guard(line.layer).as_ref(),
            ])?;
        }
    }
    writer.flush()
}

/// The operators of a case: by type, then the nodes that take most.
pub(crate) fn text(run: &Run, record: &CaseRecord, most_nodes: usize) -> String {
    let name = run.header.name_of(&record.case);
    let Some(profile) = &record.profile else {
        return format!("{name}: not profiled; run with --profile\n");
    };
    let Some(times) = OperatorTimes::of(profile) else {
        let reason = profile.absent.as_deref().unwrap_or("no run was profiled");
        return format!("{name}: {reason}\n{}", reasons(profile));
    };
    let mut text = format!("{name}\n{}\n", beside_timed(run, record, &times));
    table(&mut text, "nodes", &times.types.iter().collect::<Vec<_>>());
    let nodes = times.by_time();
    let shown = &nodes[..nodes.len().min(most_nodes)];
    text.push('\n');
    table(&mut text, "name", shown);
    if nodes.len() > shown.len() {
        let _ = writeln!(text, "{} more in {PROFILE_CSV}", nodes.len() - shown.len());
    }
    if let Some(left) = left(record, &times) {
        let _ = writeln!(text, "{left}");
    }
    text + &reasons(profile)
}

/// Why a delegate left nodes, a line each.
fn reasons(profile: &OperatorProfile) -> String {
    let mut text = String::new();
    for ToldReason { nodes, reason } in refusal_note::reasons(profile) {
        let _ = writeln!(text, "  why {nodes}: {reason}");
    }
    text
}

/// Nodes of a type that are named; of more, the number is enough.
const MOST_NAMED: usize = 4;

/// What a delegate left to the runtime's own kernels, and what that takes and costs.
pub(crate) fn left(record: &CaseRecord, times: &OperatorTimes) -> Option<String> {
    if record.case.delegate == Delegate::None {
        return None;
    }
    let placement = record.profile.as_ref().and_then(|profile| profile.placement.as_ref());
    let own = times.types.iter().filter(|time| time.ran_on == OWN_KERNELS);
    let (mut words, mut share) = (Vec::new(), 0.0);
    for time in own {
        let nodes = placement.map_or(String::new(), |it| places(it, &time.operator));
        words.push(format!("{} {}{nodes}", time.operator, time.name));
        share += time.share;
    }
    if words.is_empty() {
        return Some("the delegate left no node to the runtime".to_owned());
    }
    let told = record.coverage.as_ref().and_then(|coverage| coverage.partitions);
    let pieces = placement.map(|it| it.partitions).or_else(|| told.map(|pieces| pieces as usize));
    let pieces = pieces.map_or(String::new(), |pieces| match pieces {
        0 => String::new(),
        1 => "; it took the rest in one partition".to_owned(),
        pieces => format!("; it took the rest in {pieces} partitions"),
    });
    Some(format!(
        "the delegate left to the runtime ({}% of the time): {}{pieces}{}",
        percent(share),
        words.join(", "),
        placement.map_or(String::new(), between)
    ))
}

/// Where the nodes of a type are that were left, and what they take.
fn places(placement: &GraphDivision, operator: &str) -> String {
    let nodes = || placement.left.iter().filter(|node| node.operator == operator);
    let mut places: Vec<String> = nodes()
        .take(MOST_NAMED)
        .map(|node| {
            let place = node.index.map_or(format!("'{}'", node.name), |index| index.to_string());
            let takes = node.takes.map_or(String::new(), |element| format!(" on {element}"));
            format!("node {place}{takes}")
        })
        .collect();
    if nodes().count() > MOST_NAMED {
        places.push("...".to_owned());
    }
    if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) }
}

/// What passes between the delegate and the runtime.
fn between(placement: &GraphDivision) -> String {
    let size = placement.bytes_between.map_or(String::new(), |it| format!(" ({})", bytes(it)));
    match placement.tensors_between {
        None | Some(0) => String::new(),
        Some(1) => format!("; 1 tensor{size} passes between the two in each run"),
        Some(tensors) => format!("; {tensors} tensors{size} pass between the two in each run"),
    }
}

/// What a profiled run takes, beside the timed ones and the rate of those.
pub(crate) fn beside_timed(run: &Run, record: &CaseRecord, times: &OperatorTimes) -> String {
    let timed: Vec<u64> = record.visits.iter().flat_map(|visit| visit.block.latency_ns()).collect();
    let timed = median_ns(&timed).map_or(String::new(), |timed| {
        let more = (times.run_ns / timed - 1.0) * 100.0;
        let rate = cost_note::rate_words(run, record, timed);
        let rate = rate.map_or(String::new(), |rate| format!("; {rate}"));
        format!("; timed without profiling: {} ms ({more:+.0}%){rate}", ms(timed / 1e3))
    });
    format!("median of {} profiled runs: {} ms{timed}", times.runs, ms(times.run_ns / 1e3))
}

fn table(text: &mut String, first: &str, rows: &[&OperatorTime]) {
    let cells: Vec<[String; 6]> = rows.iter().map(|time| cells(time)).collect();
    let titles = ["share %", "ms", "95% interval", "operator", "ran on", first].map(str::to_owned);
    let widths: Vec<usize> = (0..6)
        .map(|at| {
            let longest = cells.iter().chain([&titles]).map(|cells| cells[at].chars().count());
            longest.max().unwrap_or(0)
        })
        .collect();
    for line in [&titles].into_iter().chain(&cells) {
        let mut shown = String::new();
        for (at, cell) in line.iter().enumerate() {
            let width = widths[at];
            // Writing to a String does not fail.
            let _ = match at {
                0 | 1 => write!(shown, "{cell:>width$}  "),
                _ => write!(shown, "{cell:<width$}  "),
            };
        }
        let _ = writeln!(text, "{}", shown.trim_end());
    }
}

/// What ran it, with the kernel where that is told.
fn ran_on(time: &OperatorTime) -> String {
    if time.kernel.is_empty() {
        time.ran_on.clone()
    } else {
        format!("{}: {}", time.ran_on, time.kernel)
    }
}

/// Share, median, interval, operator, where it ran, name.
pub(crate) fn cells(time: &OperatorTime) -> [String; 6] {
    let interval = time.interval.as_ref();
    [
        percent(time.share),
        ms(time.median_ns / 1e3),
        interval.map_or(String::new(), |it| format!("{}..{}", ms(it.low / 1e3), ms(it.high / 1e3))),
        time.operator.clone(),
        ran_on(time),
        time.name.clone(),
    ]
}
