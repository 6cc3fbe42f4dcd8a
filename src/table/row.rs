//! A row of `results.csv`.

use serde::{Deserialize, Serialize};

use crate::record::backend_kind::BackendKind;
use crate::record::case::on_device;
use crate::record::coverage::DelegateStatus;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::precision::Precision;
use crate::record::status::Status;
use crate::record::tensor::ElementType;
use crate::scoring::doubt::Doubt;
use crate::stats::interval::wilson;
use crate::stats::stability::Stability;
use crate::table::speeds::Speeds;

/// The columns of `results.csv`, in order. Absent is an empty field: 'not
/// measured', never 0. Times are in the unit of the name, proportions 0..=1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the contract; docs/columns.md explains each")]
pub struct Row {
    pub run_id: String,
    pub device: String,
    pub os: String,
    pub arch: String,
    pub cpu: String,
    pub model: String,
    pub family: Option<String>,
    pub precision: Precision,
    pub format: Format,
    pub model_bytes: u64,
    pub input_height: Option<usize>,
    pub input_width: Option<usize>,
    pub input_dtype: Option<ElementType>,
    pub classes: Option<usize>,
    pub backend: BackendKind,
    pub backend_version: Option<String>,
    pub delegate: Delegate,
    pub delegate_status: Option<DelegateStatus>,
    pub nodes_total: Option<u32>,
    pub nodes_delegated: Option<u32>,
    pub partitions: Option<u32>,
    pub threads: usize,
    pub status: Status,
    pub error: Option<String>,
    pub load_ms: Option<f64>,
    pub first_inference_ms: Option<f64>,
    pub warmup_runs: Option<u32>,
    pub runs: Option<usize>,
    pub rounds: Option<usize>,
    pub latency_mean_us: Option<f64>,
    pub latency_std_us: Option<f64>,
    pub latency_min_us: Option<f64>,
    pub latency_p50_us: Option<f64>,
    pub latency_p50_low_us: Option<f64>,
    pub latency_p50_high_us: Option<f64>,
    pub latency_p90_us: Option<f64>,
    pub latency_p95_us: Option<f64>,
    pub latency_p99_us: Option<f64>,
    pub latency_max_us: Option<f64>,
    pub outliers: Option<usize>,
    pub drift_percent: Option<f64>,
    pub stability: Option<Stability>,
    pub throughput_per_s: Option<f64>,
    pub within_budget: Option<f64>,
    pub memory_load_bytes: Option<u64>,
    pub memory_peak_bytes: Option<u64>,
    pub cpu_time_ratio: Option<f64>,
    pub images: Option<usize>,
    pub top1: Option<f64>,
    pub top1_low: Option<f64>,
    pub top1_high: Option<f64>,
    pub top5: Option<f64>,
    pub top5_low: Option<f64>,
    pub top5_high: Option<f64>,
    pub ambiguous: Option<f64>,
    pub preprocess_p50_us: Option<f64>,
    pub agreement_top1: Option<f64>,
    pub max_abs_error: Option<f64>,
    pub started_at: Option<String>,
    pub seconds: Option<f64>,
    pub modes: Option<Speeds>,
    pub top1_difference: Option<f64>,
    pub top1_difference_p: Option<f64>,
    pub top1_images_needed: Option<usize>,
    pub agreement_inputs: Option<usize>,
    pub threads_used: Option<u32>,
    pub batch: Option<usize>,
    pub latency_per_image_us: Option<f64>,
    /// Shares at the further ranks that `--top-k` names; no column.
    #[serde(skip)]
    pub top_k: Vec<TopK>,
    /// Why the labels look wrong; no column, but a note.
    #[serde(skip)]
    pub doubt: Option<Doubt>,
}

/// The share of images whose true class is among the `k` best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TopK {
    /// How many of the best count.
    pub k: u32,
    /// The share.
    pub share: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Row {
    /// The columns' names, in order.
    pub const COLUMNS: [&'static str; 68] = [
        "run_id",
        "device",
        "os",
        "arch",
        "cpu",
        "model",
        "family",
        "precision",
        "format",
        "model_bytes",
        "input_height",
        "input_width",
        "input_dtype",
        "classes",
        "backend",
        "backend_version",
        "delegate",
        "delegate_status",
        "nodes_total",
        "nodes_delegated",
        "partitions",
        "threads",
        "status",
        "error",
        "load_ms",
        "first_inference_ms",
        "warmup_runs",
        "runs",
        "rounds",
        "latency_mean_us",
        "latency_std_us",
        "latency_min_us",
        "latency_p50_us",
        "latency_p50_low_us",
        "latency_p50_high_us",
        "latency_p90_us",
        "latency_p95_us",
        "latency_p99_us",
        "latency_max_us",
        "outliers",
        "drift_percent",
        "stability",
        "throughput_per_s",
        "within_budget",
        "memory_load_bytes",
        "memory_peak_bytes",
        "cpu_time_ratio",
        "images",
        "top1",
        "top1_low",
        "top1_high",
        "top5",
        "top5_low",
        "top5_high",
        "ambiguous",
        "preprocess_p50_us",
        "agreement_top1",
        "max_abs_error",
        "started_at",
        "seconds",
        "modes",
        "top1_difference",
        "top1_difference_p",
        "top1_images_needed",
        "agreement_inputs",
        "threads_used",
        "batch",
        "latency_per_image_us",
    ];

    /// The row with every free text replaced by what `change` makes of it.
    /// Numbers and words of a fixed vocabulary stay as they are.
    #[must_use]
    pub fn map_text(mut self, change: impl Fn(&str) -> String) -> Self {
        let required =
            [&mut self.run_id, &mut self.device, &mut self.os, &mut self.arch, &mut self.cpu];
        for text in required.into_iter().chain([&mut self.model]) {
            *text = change(text);
        }
        let optional = [&mut self.family, &mut self.backend_version, &mut self.error];
        for text in optional.into_iter().flatten() {
            *text = change(text);
        }
        self
    }

    /// Whether it has a latency.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.status == Status::Ok && self.latency_p50_us.is_some()
    }

    /// Whether its answers are those of the model: measured, and not in
    /// conflict with the reference backend. Only such rows win anything.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.status == Status::Ok && !self.is_suspicious()
    }

    /// Whether its latency may win anything: trusted, and of a real CPU.
    #[must_use]
    pub fn may_be_fastest(&self) -> bool {
        self.is_measured() && self.is_trusted() && self.stability != Some(Stability::Emulated)
    }

    /// A fast wrong answer: the best class differs from the reference's more
    /// often than rounding explains, by more than the few inputs of a short
    /// comparison can be off by chance.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        let Some(share) = self.agreement_top1 else { return false };
        let inputs = self.agreement_inputs.unwrap_or(0);
        let same = (share * inputs as f64).round() as usize;
        wilson(same, inputs).map_or(share, |interval| interval.high) < LEAST_AGREEMENT
    }

    /// What really ran: backend and delegate, with a word of coverage where
    /// the delegate did not take the whole graph.
    #[must_use]
    pub fn ran_on(&self) -> String {
        let asked = format!("{}/{}", self.backend, self.delegate);
        match (self.delegate_status, self.nodes_delegated, self.nodes_total) {
            (None | Some(DelegateStatus::Full), ..) => asked,
            (Some(DelegateStatus::Partial), Some(taken), Some(all)) => {
                format!("{asked} (partial: {taken} of {all} nodes)")
            }
            (Some(DelegateStatus::Partial), ..) => format!("{asked} (partial)"),
            (Some(DelegateStatus::None), ..) => format!("{asked} (took no node)"),
            (Some(DelegateStatus::Unknown), ..) => format!("{asked} (coverage unknown)"),
        }
    }

    /// The name that `samples.csv` knows the case by.
    #[must_use]
    pub fn case(&self) -> String {
        let Self { model, backend, delegate, threads, device, .. } = self;
        format!("{model} {backend}/{delegate} x{threads}{}", on_device(Some(device)))
    }
}

/// The least share of inputs on which a case's best class has to equal the
/// reference backend's. Different kernels round differently: on a quantised
/// MobileNet 0.25, whose scores tie often, a few inputs in a hundred change.
const LEAST_AGREEMENT: f64 = 0.9;
