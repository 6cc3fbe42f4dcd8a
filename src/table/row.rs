//! The table of columns: a row of `results.csv`, each of its columns with its unit and
//! what it means.
//!
//! Everything that lists columns is made from it: results.csv (written and read),
//! `report --json`, docs/rows.schema.json, the wide table of the HTML report and
//! docs/columns.md. A new column is one entry at the end, and one place that measures it
//! (`table/rows.rs`); tests/it/columns.rs writes the documents again.

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::DelegateStatus;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::precision::Precision;
use crate::record::preset::PresetName;
use crate::record::signature::FloatWeights;
use crate::record::status::Status;
use crate::record::tensor::ElementType;
use crate::scoring::label_warning::LabelWarning;
use crate::stats::stability::Stability;
use crate::table::column::{cells, columns};
use crate::table::other_settings::OtherSetting;
use crate::table::ranks::TopK;
use crate::table::speeds::Speeds;
use crate::table::varied_axes::VariedAxes;

cells! {
    Text: BackendKind, Delegate, DelegateStatus, ElementType, Format, Precision, PresetName, Speeds, Stability, Status;
}

columns! {
    /// A row of `results.csv`. Absent is an empty field: 'not measured', never 0.
    /// Times are in the unit of the name, proportions 0..=1.
    struct Row;
    /// Name of the run, also of its folder.
    run_id: String, None;
    /// `local`, or the device's serial.
    device: String, None;
    /// Operating system and version.
    os: String, None;
    /// Architecture.
    arch: String, None;
    /// The processor's name.
    cpu: String, None;
    /// The model's name.
    model: String, None;
    /// Family of its architecture, if its description states one.
    family: Option<String>, None;
    /// float32, float16, dynamic_int8 (8-bit weights), int8 or int16x8 (16-bit activations, 8-bit
    /// weights).
    precision: Precision, None;
    /// tflite or onnx.
    format: Format, None;
    /// Size of the file.
    model_bytes: u64, Bytes;
    /// Pixels.
    input_height: Option<usize>, Pixels;
    /// Pixels.
    input_width: Option<usize>, Pixels;
    /// Element type of the first input.
    input_dtype: Option<ElementType>, None;
    /// Number of classes of the scored output.
    classes: Option<usize>, Count;
    /// The runtime, as `--backend` names it.
    backend: BackendKind, None;
    /// Version that the runtime reports.
    backend_version: Option<String>, None;
    /// The requested delegate: none, xnnpack, gpu, nnapi, npu, cuda, coreml, qnn, external:PATH,
    /// plugin:PATH.
    delegate: Delegate, None;
    /// full, partial, none (requested, but took no node), unknown (the runtime does not report it);
    /// empty if no delegate was requested.
    delegate_status: Option<DelegateStatus>, None;
    /// Nodes of the graph before any delegate.
    nodes_total: Option<u32>, Count;
    /// How many of them the delegate took.
    nodes_delegated: Option<u32>, Count;
    /// Number of partitions that it took them in.
    partitions: Option<u32>, Count;
    /// CPU threads requested; threads_used has the number that there really were.
    threads: usize, Count;
    /// ok, failed, crashed, timeout, out_of_memory, unsupported, skipped.
    status: Status, None;
    /// The reason, in one line; also if a timed case could not be scored.
    error: Option<String>, None;
    /// Time from the file to ready-to-run, reading it included, with the runtime's library open
    /// and the file in the page cache; median over the case's processes.
    load_ms: Option<f64>, Milliseconds;
    /// Time of the first run, which is in no other latency column; median over the processes.
    first_inference_ms: Option<f64>, Milliseconds;
    /// Untimed runs after it; the maximum over the processes.
    warmup_runs: Option<u32>, Count;
    /// Timed runs.
    runs: Option<usize>, Count;
    /// Visits to the case.
    rounds: Option<usize>, Count;
    /// Mean of the timed runs.
    latency_mean_us: Option<f64>, Microseconds;
    /// Their standard deviation.
    latency_std_us: Option<f64>, Microseconds;
    /// The fastest.
    latency_min_us: Option<f64>, Microseconds;
    /// Median of the runs in visits that nothing disturbed ([measurement.md](measurement.md));
    /// of all runs with `--no-yardstick`, or where too few visits are left.
    latency_p50_us: Option<f64>, Microseconds;
    /// Lower end of the median's 95% interval, by Student's t over processes or rounds; empty with
    /// too few rounds.
    latency_p50_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p50_high_us: Option<f64>, Microseconds;
    /// 90th percentile.
    latency_p90_us: Option<f64>, Microseconds;
    /// 95th percentile.
    latency_p95_us: Option<f64>, Microseconds;
    /// 99th percentile.
    latency_p99_us: Option<f64>, Microseconds;
    /// The slowest.
    latency_max_us: Option<f64>, Microseconds;
    /// Runs beyond Tukey's fences; counted, never dropped.
    outliers: Option<usize>, Count;
    /// Change of the round medians from the first quarter of the rounds to the last.
    drift_percent: Option<f64>, Percent;
    /// stable, drifting, throttled, multimodal, noisy, emulated.
    stability: Option<Stability>, None;
    /// Images per second, back to back.
    throughput_per_s: Option<f64>, PerSecond;
    /// Share of the runs within `--budget-ms`.
    within_budget: Option<f64>, Share;
    /// Resident memory that loading added; the maximum over the processes. Empty with
    /// `--in-process`.
    memory_load_bytes: Option<u64>, Bytes;
    /// Peak resident memory, including loading, this program and the runtime's library; the
    /// maximum over the processes. Empty with `--in-process`.
    memory_peak_bytes: Option<u64>, Bytes;
    /// CPU time over wall time of the timed runs.
    cpu_time_ratio: Option<f64>, None;
    /// Images scored.
    images: Option<usize>, Count;
    /// Share of the images whose best class is correct.
    top1: Option<f64>, Share;
    /// Lower end of its 95% Wilson interval.
    top1_low: Option<f64>, Share;
    /// Upper end.
    top1_high: Option<f64>, Share;
    /// Share of the images whose true class is among the five best.
    top5: Option<f64>, Share;
    /// Lower end.
    top5_low: Option<f64>, Share;
    /// Upper end.
    top5_high: Option<f64>, Share;
    /// Share of images whose two best probabilities differ by less than 0.1.
    ambiguous: Option<f64>, Share;
    /// Median CPU time for preparing an image, without decoding.
    preprocess_p50_us: Option<f64>, Microseconds;
    /// Share of inputs with the same best class as the model's reference case
    /// ([delegates.md](delegates.md)). If the upper end of its 95% Wilson interval is below 0.9,
    /// the case is flagged as a fast wrong answer and excluded from every ranking.
    agreement_top1: Option<f64>, Share;
    /// Largest absolute difference of dequantised outputs from the reference case's, on the same
    /// inputs.
    max_abs_error: Option<f64>, None;
    /// When the case began, RFC 3339.
    started_at: Option<String>, None;
    /// Wall time spent on it, everything included.
    seconds: Option<f64>, Seconds;
    /// The distinct speeds, if there are two or more, the fastest first: median in microseconds,
    /// colon, share of the runs; separated by spaces.
    modes: Option<Speeds>, None;
    /// Top-1 minus that of the most accurate case of the device, on the images that both were
    /// scored on.
    top1_difference: Option<f64>, Share;
    /// Two-sided p of McNemar's exact test of that difference.
    top1_difference_p: Option<f64>, Share;
    /// How many images would be needed to show a difference of this size (5% two-sided, 80% power);
    /// empty if there is no difference.
    top1_images_needed: Option<usize>, Count;
    /// Inputs that were compared: every scored image, or part of them if the reference is not
    /// scored in the run, or 16 random images without a dataset.
    agreement_inputs: Option<usize>, Count;
    /// Threads that worked for the model, from /proc: the calling thread and those that its process
    /// started since just before the model was loaded; the maximum over the processes. A GPU's
    /// driver adds its own.
    threads_used: Option<u32>, Count;
    /// Images per run: `--batch`, or as many as the file fixes. The latency columns are per run;
    /// throughput_per_s counts images.
    batch: Option<usize>, Count;
    /// latency_p50_us over batch.
    latency_per_image_us: Option<f64>, Microseconds;
    /// Median of the visits' first runs, which no other column includes: what an application sees
    /// that classifies an image now and then, with other work in between.
    latency_cold_p50_us: Option<f64>, Microseconds;
    /// Lower end of the 95% interval of latency_p90_us, from order statistics; empty with fewer
    /// than 36 independent runs or 5 visits.
    latency_p90_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p90_high_us: Option<f64>, Microseconds;
    /// Lower end of the 95% interval of latency_p99_us; empty with fewer than 368 independent
    /// runs or 5 visits.
    latency_p99_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    latency_p99_high_us: Option<f64>, Microseconds;
    /// Lower end of the 95% interval of within_budget; empty with fewer than 5 visits.
    within_budget_low: Option<f64>, Share;
    /// Its upper end.
    within_budget_high: Option<f64>, Share;
    /// Name of the preset whose pipeline the images went through; report.md, report.html and
    /// run.json have its steps and who stated it. Empty if the model was not scored.
    preprocess: Option<PresetName>, None;
    /// TRUE if the figures can be used as what they are called; FALSE if invalid_reason says why
    /// not; empty if the case was not begun.
    valid: Option<bool>, None;
    /// Why the row is not valid, and how to make it valid.
    invalid_reason: Option<String>, None;
    /// Share of the visits that something else disturbed, by the yardstick and by how long their
    /// threads waited for a CPU. Their runs are left out of latency_p50_us, its interval,
    /// drift_percent, stability and modes, and count in every other column. Empty with
    /// `--no-yardstick`.
    disturbed: Option<f64>, Share;
    /// The scored images as 64 digits: the sum, modulo 2^256, of the SHA-256 of each image's name,
    /// classes and bytes (docs/accuracy.md). Rows with the same digits were scored on the same
    /// images.
    dataset_sha256: Option<String>, None;
    /// memory_peak_bytes less what the same process held with the runtime open and no model
    /// loaded: what the model itself takes; the maximum over the processes. Empty with
    /// `--in-process`.
    memory_model_bytes: Option<u64>, Bytes;
    /// Multiply-accumulates of the model's convolutions and matrix products per image, from the
    /// file ([profile.md](profile.md)). Empty if they cannot be derived; `inspect` says why.
    macs: Option<u64>, Count;
    /// Elements of the model's weights and biases, from the file.
    parameters: Option<u64>, Count;
    /// Cosine of the angle between the outputs and the reference case's, its mean over the inputs
    /// ([delegates.md](delegates.md)).
    cosine: Option<f64>, None;
    /// Kullback-Leibler divergence of the case's probabilities from the reference case's, its mean
    /// over the inputs in nats. Empty if a score is not a number.
    kl_divergence: Option<f64>, None;
    /// Share of the reference case's five best classes that are among the case's five best.
    agreement_top5: Option<f64>, Share;
    /// Name of the set of the runtime's own settings; `default` if none was set. run.json
    /// keeps what each set states.
    options: Option<String>, None;
    /// CPUs that the timed workers were kept on: a name that `--affinity` takes, or numbers;
    /// `all` if they were not pinned. Empty if latency was not measured.
    affinity: Option<String>, None;
    /// Time from the model's file to ready-to-run with the file dropped from the page cache; median
    /// over the cold starts of `--cold-starts`.
    load_cold_ms: Option<f64>, Milliseconds;
    /// The same with the file in the page cache; median over the warm starts.
    load_warm_ms: Option<f64>, Milliseconds;
    /// Median time from a photo's file in memory to its five best classes, with `--end-to-end`;
    /// scenarios.csv has the parts.
    end_to_end_p50_us: Option<f64>, Microseconds;
    /// Energy per image of runs back to back beyond what the idle machine uses, with `--energy`;
    /// scenarios.csv has the idle power and the source.
    energy_mj_per_image: Option<f64>, Millijoules;
    /// Lower end of its 95% interval, by Student's t over the rounds.
    energy_mj_per_image_low: Option<f64>, Millijoules;
    /// Its upper end.
    energy_mj_per_image_high: Option<f64>, Millijoules;
    /// `max_abs_error` in steps of the model's quantised output. Empty for outputs that are not
    /// quantised, and if a score is not a number.
    max_error_steps: Option<f64>, None;
    /// `max_abs_error` as a share of the largest magnitude among the reference case's scores. Empty
    /// if a score is not a number.
    max_relative_error: Option<f64>, None;
    /// Share of inputs whose output has a score that is not a number.
    not_a_number_share: Option<f64>, Share;
    /// Share of inputs whose output has the same number for every class.
    constant_share: Option<f64>, Share;
    /// Lower end of the 95% interval of `end_to_end_p50_us`, by Student's t over the rounds.
    end_to_end_p50_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    end_to_end_p50_high_us: Option<f64>, Microseconds;
    /// Median latency at the end of the minutes of `--sustained`: over its last three windows;
    /// sustained.csv has all of them.
    sustained_p50_us: Option<f64>, Microseconds;
    /// Lower end of its 95% interval, by Student's t over the last fifth of the windows.
    sustained_p50_low_us: Option<f64>, Microseconds;
    /// Its upper end.
    sustained_p50_high_us: Option<f64>, Microseconds;
    /// Bytes of the inputs and of every tensor that an operator writes, each once, per image, from
    /// the file ([profile.md](profile.md)). Empty if they cannot be derived.
    activation_bytes: Option<u64>, Bytes;
    /// Bytes of the model's weights and biases as they are stored, from the file.
    weight_bytes: Option<u64>, Bytes;
    /// Arithmetic intensity, from the file: multiply-accumulates per byte that a run reads or
    /// writes, weights once and other tensors each time. Empty if it cannot be derived.
    macs_per_byte: Option<f64>, None;
    beside
    /// What the case's name shows of images per run and CPUs.
    axes: VariedAxes;
    /// Settings that the runtime says it has otherwise than they were set: a note.
    other_settings: Vec<OtherSetting>;
    /// The precision below 32 bits that the runtime chose by itself: a note.
    default_precision: Option<String>;
    /// Shares at the further ranks that `--top-k` names.
    top_k: Vec<TopK>;
    /// Why the labels look wrong: a note.
    label_warning: Option<LabelWarning>;
    /// Images with a score that is not a number, or a class that the model does not have.
    not_a_number: usize;
    /// What the outputs look like: notes.
    outputs: Option<OutputsSeen>;
    /// The model's weights: a note.
    float_weights: Option<FloatWeights>;
}
