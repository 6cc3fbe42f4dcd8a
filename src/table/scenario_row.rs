//! The table of columns of `scenarios.csv`: one row per case and scenario.
//!
//! It is a table of its own, since a case has as many of these rows as there are scenarios, and
//! `results.csv` has one row per case. docs/columns.md is made from it too.

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::record::status::Status;
use crate::table::column::columns;

columns! {
    /// A row of `scenarios.csv`. Absent is an empty field: 'not measured', never 0.
    struct ScenarioRow;
    /// Name of the run, also of its folder.
    run_id: String, None;
    /// `local`, or the device's serial.
    device: String, None;
    /// The case, as samples.csv names it.
    case: String, None;
    /// The model's name.
    model: String, None;
    /// tflite, tflitec, litert, tract or onnxruntime.
    backend: BackendKind, None;
    /// The requested delegate.
    delegate: Delegate, None;
    /// CPU threads requested.
    threads: usize, Count;
    /// back_to_back: one run after the other, in the same processes as the other scenarios; paced:
    /// runs start on a fixed schedule, with idle in between; streams: several instances at once, in
    /// processes of their own; end_to_end: from a photo's file in
    /// memory to its five best classes, another photo each run; cold_start and warm_start: from
    /// opening the runtime's library to the first result in a fresh process, with the files of both
    /// dropped from the page cache or in it; cache_miss: a warm start of a case whose options name a
    /// cache, which is empty, while its other starts find it filled.
    scenario: String, None;
    /// Starts per second of a paced scenario.
    rate_per_s: Option<f64>, PerSecond;
    /// ok, or how the scenario ended.
    status: Status, None;
    /// The reason, in one line.
    error: Option<String>, None;
    /// Visits, each in a process of its own.
    rounds: usize, Count;
    /// Timed runs.
    runs: Option<usize>, Count;
    /// Median of the runs in visits that nothing disturbed, as in results.csv.
    latency_p50_us: Option<f64>, Microseconds;
    /// Lower end of its 95% interval, by Student's t over processes.
    latency_p50_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p50_high_us: Option<f64>, Microseconds;
    /// 90th percentile.
    latency_p90_us: Option<f64>, Microseconds;
    /// Lower end of its 95% interval.
    latency_p90_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p90_high_us: Option<f64>, Microseconds;
    /// 99th percentile.
    latency_p99_us: Option<f64>, Microseconds;
    /// Lower end of its 95% interval; empty with fewer than 368 independent runs.
    latency_p99_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p99_high_us: Option<f64>, Microseconds;
    /// The slowest run.
    latency_max_us: Option<f64>, Microseconds;
    /// Median of the visits' first runs, which no other column includes.
    latency_cold_p50_us: Option<f64>, Microseconds;
    /// Latency over that of the same case back to back, paired by round.
    over_back_to_back: Option<f64>, None;
    /// Lower end of its 95% interval.
    over_back_to_back_low: Option<f64>, None;
    /// Its upper end.
    over_back_to_back_high: Option<f64>, None;
    /// Frames that were due from the first timed run to the last.
    frames: Option<usize>, Count;
    /// Share of the frames whose result was not there when the next frame was due; a frame that was
    /// dropped since an earlier run still lasted counts.
    deadline_misses: Option<f64>, Share;
    /// The longest streak of them in one visit.
    longest_miss_streak: Option<usize>, Count;
    /// How late runs started, median.
    start_late_p50_us: Option<f64>, Microseconds;
    /// 99th percentile of the same.
    start_late_p99_us: Option<f64>, Microseconds;
    /// Share of the runs that started within 200 microseconds of their time.
    started_in_time: Option<f64>, Share;
    /// CPU time of the whole process per image, idle threads that spin between runs included.
    cpu_per_image_us: Option<f64>, Microseconds;
    /// Median time to decode a photo.
    decode_p50_us: Option<f64>, Microseconds;
    /// Median time from its pixels to the input tensor.
    prepare_p50_us: Option<f64>, Microseconds;
    /// Median time to copy the tensor into the runtime.
    write_p50_us: Option<f64>, Microseconds;
    /// Median time of the run itself.
    invoke_p50_us: Option<f64>, Microseconds;
    /// Median time to copy the output out of the runtime.
    read_p50_us: Option<f64>, Microseconds;
    /// Median time to find the five best classes.
    rank_p50_us: Option<f64>, Microseconds;
    /// Median time to open the runtime's library.
    open_p50_us: Option<f64>, Microseconds;
    /// Median time from the model's file to ready-to-run.
    load_p50_us: Option<f64>, Microseconds;
    /// Median time of the first run.
    first_p50_us: Option<f64>, Microseconds;
    /// Energy per image beyond what the idle machine uses, with the model loaded; mean over the
    /// rounds. Untimed runs count among the images.
    energy_mj_per_image: Option<f64>, Millijoules;
    /// Lower end of its 95% interval, by Student's t over the rounds.
    energy_mj_per_image_low: Option<f64>, Millijoules;
    /// Its upper end.
    energy_mj_per_image_high: Option<f64>, Millijoules;
    /// Power of the idle machine, which was subtracted; median over the rounds.
    idle_watts: Option<f64>, Watts;
    /// Where energy was read: RAPL, power rails, battery gauge or an external meter.
    energy_source: Option<String>, None;
    /// Instances that ran at once.
    streams: Option<u32>, Count;
    /// Images per second back to back; of streams, of all of them together while all ran, median
    /// over the rounds.
    throughput_per_s: Option<f64>, PerSecond;
    /// Rate of the slowest stream over that of the fastest one, median over the rounds: 1 if all get
    /// the same.
    stream_fairness: Option<f64>, None;
    /// In how many rounds energy was not measured although it was asked for, and why.
    energy_error: Option<String>, None;
    /// Of starts of a case whose options name a cache: whether they found it filled (hit) or empty
    /// (miss).
    cache: Option<String>, None;
    /// Size of that cache on the disk after a start.
    cache_bytes: Option<u64>, Bytes;
    /// What a start read from the disk, the least of the rounds: how cold a cold start was. Empty if
    /// the system does not tell.
    disk_bytes: Option<u64>, Bytes;
    beside
}
