//! The arguments of `shutterbench run`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::device_args::DeviceArgs;
use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::record::input_size::InputSize;
use crate::record::options::{Amount, CheckPreprocessing, Exif, NonNegative, Order, Tail};
use crate::record::partition::Partition;
use crate::record::preprocessing::Resize;
use crate::record::preset::Preset;
use crate::record::shard::Shard;

/// What to measure and how. An option that is given wins over the suite file.
#[derive(Debug, Clone, Default, Args)]
#[command(args_override_self = true)]
pub struct RunArgs {
    /// A suite file
    pub suite: Option<PathBuf>,

    /// Models: paths, names of embedded models, or globs
    #[arg(long, num_args = 1.., value_name = "PATH|NAME|GLOB", help_heading = "What")]
    pub model: Vec<String>,
    /// Runtimes: tflite, tflitec, litert, tract, onnxruntime
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = backend)]
    pub backend: Vec<BackendKind>,
    /// CPU threads, such as 1,2,4
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = threads)]
    pub threads: Vec<NonZeroUsize>,
    /// none, xnnpack, gpu, nnapi, cuda, coreml, external:PATH[?key=value&...]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = delegate)]
    pub delegate: Vec<Delegate>,
    /// Only the cases with this id, or whose name or model matches this pattern
    #[arg(long, num_args = 1.., value_name = "ID|GLOB", help_heading = "What")]
    pub only: Vec<String>,
    /// Measure one part of the cases: slice:K/N in turn, or hash:K/N by their ids; `merge` makes the parts one run
    #[arg(long, value_name = "slice|hash:K/N", conflicts_with = "shard", help_heading = "What", value_parser = partition)]
    pub partition: Option<Partition>,
    /// The case that every part measures, by which machines are compared [default: the first]
    #[arg(long, value_name = "ID|GLOB", help_heading = "What")]
    pub anchor: Option<String>,

    /// Images a run, where the runtime and the model allow more than one
    #[arg(long, value_name = "N", help_heading = "Latency")]
    pub batch: Option<NonZeroUsize>,
    /// Untimed runs of each process after its first one
    #[arg(long, value_name = "auto|N", help_heading = "Latency", value_parser = amount)]
    pub warmup: Option<Amount>,
    /// Timed runs a case
    #[arg(long, value_name = "auto|N", help_heading = "Latency", value_parser = amount)]
    pub runs: Option<Amount>,
    /// Least time in timed runs per case
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub min_seconds: Option<NonNegative>,
    /// Most time in timed runs per case
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub max_seconds: Option<NonNegative>,
    /// Order in which cases are visited
    #[arg(long, value_enum, help_heading = "Latency")]
    pub order: Option<Order>,
    /// Seed of the order, the sample and the bootstrap
    #[arg(long, value_name = "N", help_heading = "Latency")]
    pub seed: Option<u64>,
    /// Pin timed workers to CPUs: big, prime, little, or a list such as 0,2-3
    #[arg(long, value_name = "LIST", help_heading = "Latency")]
    pub affinity: Option<String>,
    /// Pause before each visit
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub cooldown: Option<NonNegative>,
    /// Wait before each round until the hottest CPU is no hotter, in degrees Celsius
    #[arg(long, value_name = "C", help_heading = "Latency")]
    pub max_temperature: Option<NonNegative>,
    /// Wait before each round until the battery holds so much, in percent
    #[arg(long, value_name = "P", help_heading = "Latency")]
    pub min_battery: Option<NonNegative>,
    /// Processes that a case is spread over
    #[arg(long, value_name = "N|auto", help_heading = "Latency", value_parser = amount)]
    pub processes: Option<Amount>,
    /// With --runs auto, go on until this percentile is known to within 5% as well
    #[arg(long, value_enum, value_name = "P", help_heading = "Latency")]
    pub tail: Option<Tail>,
    /// Report the share of runs within this budget
    #[arg(long, value_name = "MS", help_heading = "Latency")]
    pub budget_ms: Option<NonNegative>,
    /// Measure no latency
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Latency")]
    pub no_latency: bool,

    /// A folder of labelled images
    #[arg(long, value_name = "DIR", help_heading = "Accuracy")]
    pub dataset: Option<PathBuf>,
    /// Class names of the models, one a line
    #[arg(long, value_name = "FILE", help_heading = "Accuracy")]
    pub labels: Option<PathBuf>,
    /// Score a stratified sample of so many images
    #[arg(long, value_name = "N", help_heading = "Accuracy")]
    pub images: Option<NonZeroUsize>,
    /// Score shard K of N only; `merge` makes the shards one run
    #[arg(long, value_name = "K/N", help_heading = "Accuracy", value_parser = shard)]
    pub shard: Option<Shard>,
    /// The same with K from 0, as the tasks of an array job count: --shard-index $TASK/8
    #[arg(long, value_name = "K/N", help_heading = "Accuracy", conflicts_with = "shard", value_parser = shard_index)]
    pub shard_index: Option<Shard>,
    /// Further ranks, besides 1 and 5, up to which a class counts as found, such as 3,10
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Accuracy", value_parser = rank)]
    pub top_k: Vec<NonZeroU32>,
    /// How photos become inputs: tflite-eval, slim, slim-pillow, torchvision, timm, hf,
    /// efficientnet, keras, mlperf, task-library, support-library, ultralytics or letterbox,
    /// with parameters such as torchvision,resize=232,crop=224
    #[arg(long, value_name = "PRESET[,KEY=VALUE...]", help_heading = "Accuracy", value_parser = preset)]
    pub preprocess: Option<Preset>,
    /// Filter of the preset slim-pillow: bilinear, bilinear-antialias or bicubic-antialias
    #[arg(long, value_name = "MODE", help_heading = "Accuracy", value_parser = resize)]
    pub resize: Option<Resize>,
    /// Share of each side that the crop of the preset slim-pillow keeps
    #[arg(long, value_name = "F", help_heading = "Accuracy")]
    pub crop: Option<f64>,
    /// Subtracted from pixels; one value, or one a channel
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "M",
        help_heading = "Accuracy",
        allow_negative_numbers = true
    )]
    pub mean: Vec<f32>,
    /// Divides what is left
    #[arg(long, value_delimiter = ',', value_name = "S", help_heading = "Accuracy")]
    pub scale: Vec<f32>,
    /// Height and width of the input, where a model's file leaves them open
    #[arg(long, value_name = "HxW", help_heading = "Accuracy")]
    pub input_size: Option<InputSize>,
    /// The output that is scored, where a model has several, by name or place from 0
    #[arg(long, value_name = "NAME|INDEX", help_heading = "Accuracy")]
    pub output: Option<String>,
    /// Output index minus class index (1 for ImageNet models with a background class)
    #[arg(long, value_name = "N", help_heading = "Accuracy", allow_negative_numbers = true)]
    pub label_offset: Option<i64>,
    /// Try each model under other preprocessing on up to 100 images [default: auto, where
    /// nothing was stated and 200 images or more are scored]
    #[arg(long, value_enum, value_name = "auto|always|never", num_args = 0..=1, default_missing_value = "always", require_equals = true, help_heading = "Accuracy")]
    pub check_preprocessing: Option<CheckPreprocessing>,
    /// Turn images upright as their EXIF orientation says [default: ignore]
    #[arg(long, value_enum, value_name = "ignore|apply", help_heading = "Accuracy")]
    pub exif: Option<Exif>,
    /// Measure no accuracy
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Accuracy")]
    pub no_accuracy: bool,

    /// Take two suites in turn, round by round, and compare them
    #[arg(long, num_args = 2, value_names = ["A.toml", "B.toml"], conflicts_with = "suite", help_heading = "Run")]
    pub ab: Vec<PathBuf>,
    /// Take turns with the workers of another build of shutterbench, and compare
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["ab", "in_process"], help_heading = "Run")]
    pub against: Option<PathBuf>,
    /// The run's folder (default: results/RUN-ID)
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// Continue an interrupted run; takes everything else from it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "suite", "ab", "against", "model", "backend", "threads", "delegate"], help_heading = "Run")]
    pub resume: Option<PathBuf>,
    /// Begin the run in --out, or go on with it; a command that a scheduler may repeat
    #[arg(long = "continue", requires = "out", conflicts_with_all = ["resume", "ab", "against"], help_heading = "Run")]
    pub go_on: bool,
    /// Exit code after an interrupt, for tools that take 130 for a signal [default: 130]
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = clap::value_parser!(u8).range(1..))]
    pub interrupt_code: Option<u8>,
    /// Silence after which a worker counts as hung
    #[arg(long, value_name = "S", help_heading = "Run")]
    pub timeout: Option<NonNegative>,
    /// Address space that a worker may take
    #[arg(long, value_name = "MB", help_heading = "Run")]
    pub memory_limit: Option<u64>,
    /// Fail a case whose delegate takes no node
    #[arg(long, help_heading = "Run")]
    pub require_delegate: bool,
    /// Run cases in this process: for debuggers and profilers
    #[arg(long, help_heading = "Run")]
    pub in_process: bool,
    /// No progress
    #[arg(long, short, help_heading = "Run")]
    pub quiet: bool,
    /// Print the rows as JSON in place of the table
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// End as by Ctrl-C when standard input ends: for a program that starts
    /// this one elsewhere
    #[arg(long, hide = true)]
    pub lifeline: bool,

    /// Where to run
    #[command(flatten)]
    pub on: DeviceArgs,
}

fn backend(text: &str) -> Result<BackendKind, String> {
    use strum::VariantNames;
    text.parse()
        .map_err(|_| format!("no such backend; known: {}", BackendKind::VARIANTS.join(", ")))
}

fn preset(text: &str) -> Result<Preset, String> {
    text.parse()
}

fn resize(text: &str) -> Result<Resize, String> {
    use strum::VariantNames;
    text.parse().map_err(|_| format!("no such mode; known: {}", Resize::VARIANTS.join(", ")))
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "threads must be whole numbers of at least 1".to_owned())
}

fn partition(text: &str) -> Result<Partition, String> {
    text.parse()
}

fn shard(text: &str) -> Result<Shard, String> {
    text.parse()
}

fn shard_index(text: &str) -> Result<Shard, String> {
    Shard::from_zero_based(text)
}

fn rank(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "ranks must be whole numbers of at least 1".to_owned())
}

fn delegate(text: &str) -> Result<Delegate, String> {
    text.parse()
}

fn amount(text: &str) -> Result<Amount, String> {
    text.parse()
}
