//! The table of columns of `sustained.csv`: one row per window of a case that goes on for minutes.

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::table::column::columns;

columns! {
    /// A row of `sustained.csv`. Absent is an empty field: 'not measured', never 0.
    struct SustainedRow;
    /// Name of the run, also of its folder.
    run_id: String, None;
    /// `local`, or the device's serial.
    device: String, None;
    /// The case, as samples.csv names it.
    case: String, None;
    /// The model's name.
    model: String, None;
    /// The runtime, as `--backend` names it.
    backend: BackendKind, None;
    /// The requested delegate.
    delegate: Delegate, None;
    /// CPU threads requested.
    threads: usize, Count;
    /// Starts per second; empty if runs follow each other.
    rate_per_s: Option<f64>, PerSecond;
    /// Which window, from 0.
    window: usize, Count;
    /// Which of the case's processes, from 0. A run that was cut short goes on in another one, before
    /// which the machine could cool.
    process: u32, Count;
    /// Time in windows before this one.
    at_s: f64, Seconds;
    /// Time in this one.
    seconds: f64, Seconds;
    /// Timed runs in it.
    runs: u64, Count;
    /// Their median.
    latency_p50_us: f64, Microseconds;
    /// Their 90th percentile.
    latency_p90_us: f64, Microseconds;
    /// Their median over that of the first three windows.
    over_start: Option<f64>, None;
    /// Frequency right after the last run of the CPU that ran it, in MHz.
    cpu_mhz: Option<u32>, None;
    /// Temperature of the hottest CPU right after the last run, in degrees Celsius.
    cpu_celsius: Option<f64>, None;
    /// Whether the case has begun to be slower for good: since a window that, with the two after it,
    /// is at least 5% slower than the first three.
    throttled: bool, None;
    /// Frames that were due in it, on a schedule.
    frames: Option<u64>, Count;
    /// Share of them whose result was not there when the next one was due, as in scenarios.csv.
    deadline_misses: Option<f64>, Share;
    /// How long its threads stood in line for a CPU that others used, as a share of its time: above
    /// 0.05 something else made it slower, not heat. Only of runs back to back, where the system tells.
    waited: Option<f64>, Share;
    beside
}
