//! The arguments of `shutterbench run`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{ArgAction, Args};

use crate::cli::device_args::DeviceArgs;
use crate::record::backend_kind::BackendKind;
use crate::record::channels::{Channels, Layout};
use crate::record::delegate::Delegate;
use crate::record::input_size::InputSize;
use crate::record::option_set::OptionSet;
use crate::record::options::{Amount, CheckPreprocessing, Exif, NonNegative, Order, Tail};
use crate::record::partition::Partition;
use crate::record::preprocessing::Resize;
use crate::record::preset::Preset;
use crate::record::scenario::Rate;
use crate::record::settings::Settings;
use crate::record::shard::Shard;
use crate::record::sustained::Minutes;
use crate::record::timed_inputs::TimedInputs;

/// What to measure and how. Options override the suite file.
#[derive(Debug, Clone, Default, Args)]
#[command(args_override_self = true)]
pub(crate) struct RunArgs {
    /// Suite file (TOML) with any of these options
    pub suite: Option<PathBuf>,

    /// Models: paths, names of embedded or hosted models, or globs [default: five embedded models]
    #[arg(long, num_args = 1.., value_name = "PATH|NAME|GLOB", help_heading = "What")]
    pub model: Vec<String>,
    /// Runtimes: tflite, tflitec, litert, tract, onnxruntime, openvino [default: all that are
    /// present, except tflitec and openvino]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = backend)]
    pub backend: Vec<BackendKind>,
    /// CPU threads, such as 1,2,4 [default: 1; without --model also the number of CPUs]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = threads)]
    pub threads: Vec<NonZeroUsize>,
    /// Delegates: none, xnnpack, gpu, nnapi, npu, cuda, coreml, qnn, external:PATH[?key=value&...],
    /// plugin:PATH[?key=value&...]
    /// [default: those marked for each runtime in
    /// docs/delegates.md]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "What", value_parser = delegate)]
    pub delegate: Vec<Delegate>,
    /// A named set of a runtime's own settings, measured beside the default; can be repeated
    /// ('list options' shows the settings)
    #[arg(long, value_name = "NAME:KEY=VALUE[;KEY=VALUE]", help_heading = "What", value_parser = option_sets)]
    pub set: Vec<OptionSets>,
    /// Measure backends that have a set only with it
    #[arg(long, action = ArgAction::SetTrue, help_heading = "What")]
    pub no_default_options: bool,
    /// Measure only the cases with these ids, or whose name or model matches a pattern
    #[arg(long, num_args = 1.., value_name = "ID|GLOB", help_heading = "What")]
    pub only: Vec<String>,
    /// Signature to run if a file has several [default: serving_default, else that of the first
    /// graph]
    #[arg(long, value_name = "NAME", help_heading = "What")]
    pub signature: Option<String>,
    /// Measure one part of the cases: slice:K/N assigns them in turn, hash:K/N by id; `merge`
    /// combines the parts
    #[arg(long, value_name = "slice|hash:K/N", conflicts_with = "shard", help_heading = "What", value_parser = partition)]
    pub partition: Option<Partition>,
    /// The case that every part measures, to compare the machines [default: the first case]
    #[arg(long, value_name = "ID|GLOB", help_heading = "What")]
    pub anchor: Option<String>,

    /// Images per run, such as 1,4,8, if the runtime and the model support it [default: 1, or what
    /// the file fixes]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Latency", value_parser = batch)]
    pub batch: Vec<NonZeroUsize>,
    /// Untimed runs per process after its first one [default: auto, until times are steady]
    #[arg(long, value_name = "auto|N", help_heading = "Latency", value_parser = amount)]
    pub warmup: Option<Amount>,
    /// Timed runs per case [default: auto, until the median is known to within 1%]
    #[arg(long, value_name = "auto|N", help_heading = "Latency", value_parser = amount)]
    pub runs: Option<Amount>,
    /// Minimum time in timed runs per case, in seconds [default: 0.5]
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub min_seconds: Option<NonNegative>,
    /// Maximum time in timed runs per case, in seconds [default: 10]
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub max_seconds: Option<NonNegative>,
    /// Order in which cases are visited [default: interleaved]
    #[arg(long, value_enum, help_heading = "Latency")]
    pub order: Option<Order>,
    /// Seed for the order and the sample of images [default: 0]
    #[arg(long, value_name = "N", help_heading = "Latency")]
    pub seed: Option<u64>,
    /// Pin timed workers to CPUs: big, prime, little, all, or numbers such as 0,2-3; several names,
    /// or lists separated by ';', are measured each (big,little or '0;0-3') [default: not pinned]
    #[arg(long, value_name = "LIST", help_heading = "Latency")]
    pub affinity: Option<String>,
    /// Pause before each visit, in seconds [default: 0]
    #[arg(long, value_name = "S", help_heading = "Latency")]
    pub cooldown: Option<NonNegative>,
    /// Wait before each round until the hottest CPU is at most this hot, in degrees Celsius
    #[arg(long, value_name = "C", help_heading = "Latency")]
    pub max_temperature: Option<NonNegative>,
    /// Wait before each round until the battery is charged to at least P percent
    #[arg(long, value_name = "P", help_heading = "Latency")]
    pub min_battery: Option<NonNegative>,
    /// Processes per case [default: auto, at most 20]
    #[arg(long, value_name = "N|auto", help_heading = "Latency", value_parser = amount)]
    pub processes: Option<Amount>,
    /// With --runs auto, also continue until this percentile is known to within 5%
    #[arg(long, value_enum, value_name = "P", help_heading = "Latency")]
    pub tail: Option<Tail>,
    /// Do not time a fixed piece of work beside each visit (it shows disturbed visits)
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Latency")]
    pub no_yardstick: bool,
    /// Report the share of runs within this latency, in milliseconds
    #[arg(long, value_name = "MS", help_heading = "Latency")]
    pub budget_ms: Option<NonNegative>,
    /// Also profile each case, operator by operator, in a pass of its own after the timed runs
    #[arg(long, action = ArgAction::SetTrue, conflicts_with = "no_latency", help_heading = "Latency")]
    pub profile: bool,
    /// What timed runs are given: random numbers, or photos of the dataset in turn, prepared before
    /// [default: noise]
    #[arg(long, value_enum, value_name = "noise|dataset", help_heading = "Latency")]
    pub inputs: Option<TimedInputs>,
    /// Also run each case on a schedule, with idle in between: starts per second, such as 10,30
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Latency", value_parser = rate)]
    pub rate: Vec<Rate>,
    /// Also run several instances of each case at once, such as 2,4: throughput, and latency under it
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Latency", value_parser = streams)]
    pub streams: Vec<NonZeroU32>,
    /// Also time whole classifications, another photo of the dataset each time: decode, prepare,
    /// write the input, run, read the output, rank
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Latency")]
    pub end_to_end: bool,
    /// Also start each case N times in fresh processes with its files dropped from the page cache,
    /// and N times with its files in it
    #[arg(long, value_name = "N", help_heading = "Latency")]
    pub cold_starts: Option<NonZeroU32>,
    /// Also run each case alone for MINUTES, with its latency, frequency and temperature every ten
    /// seconds: whether it slows down as the machine warms up
    #[arg(long, value_name = "MINUTES", help_heading = "Latency")]
    pub sustained: Option<Minutes>,
    /// Start runs on a schedule meanwhile, this many per second [default: back to back]
    #[arg(long, value_name = "FPS", requires = "sustained", help_heading = "Latency")]
    pub sustained_rate: Option<Rate>,
    /// Also search for the highest rate at which 99 of 100 results are there within MS milliseconds
    #[arg(long, value_name = "MS", help_heading = "Latency")]
    pub find_rate: Option<f64>,
    /// Also measure energy per image beyond that of the idle machine, by RAPL, a Pixel's power
    /// rails or the battery's gauge
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Latency")]
    pub energy: bool,
    /// The same by an external meter: this shell command prints its power in watts
    #[arg(long, value_name = "COMMAND", help_heading = "Latency")]
    pub energy_meter: Option<String>,
    /// Do not measure latency
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Latency")]
    pub no_latency: bool,

    /// Labelled images: a folder, a table of labels, a Parquet file, a tar archive, or the name of
    /// a dataset that can be fetched [default for embedded models: theirs]
    #[arg(long, value_name = "PATH", help_heading = "Accuracy")]
    pub dataset: Option<PathBuf>,
    /// Column of the dataset's table that holds the images or their file names [default: by name]
    #[arg(long, value_name = "NAME", help_heading = "Accuracy")]
    pub image_column: Option<String>,
    /// Column of the dataset's table that holds the classes [default: by name]
    #[arg(long, value_name = "NAME", help_heading = "Accuracy")]
    pub label_column: Option<String>,
    /// Class names of the models, one per line
    #[arg(long, value_name = "FILE", help_heading = "Accuracy")]
    pub labels: Option<PathBuf>,
    /// Score a stratified sample of N images [default: all]
    #[arg(long, value_name = "N", help_heading = "Accuracy")]
    pub images: Option<NonZeroUsize>,
    /// Score only shard K of N, counted from 1; `merge` combines the shards
    #[arg(long, value_name = "K/N", help_heading = "Accuracy", value_parser = shard)]
    pub shard: Option<Shard>,
    /// The same, counted from 0, for array jobs: --shard-index $TASK/8
    #[arg(long, value_name = "K/N", help_heading = "Accuracy", conflicts_with = "shard", value_parser = shard_index)]
    pub shard_index: Option<Shard>,
    /// Also report Top-K accuracy for these K, such as 3,10 [default: only 1 and 5]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Accuracy", value_parser = rank)]
    pub top_k: Vec<NonZeroU32>,
    /// How photos are turned into inputs: tflite-eval, slim, slim-pillow, torchvision, timm, hf,
    /// efficientnet, keras, mlperf, task-library, support-library, ultralytics or letterbox,
    /// with parameters such as torchvision,resize=232,crop=224 [default: as stated with the model,
    /// else by its format]
    #[arg(long, value_name = "PRESET[,KEY=VALUE...]", help_heading = "Accuracy", value_parser = preset)]
    pub preprocess: Option<Preset>,
    /// Filter of the preset slim-pillow: bilinear, bilinear-antialias or bicubic-antialias
    #[arg(long, value_name = "MODE", help_heading = "Accuracy", value_parser = resize)]
    pub resize: Option<Resize>,
    /// Share of each side that the crop of the preset slim-pillow keeps, above 0 and at most 1
    #[arg(long, value_name = "F", help_heading = "Accuracy")]
    pub crop: Option<f64>,
    /// Subtracted from each pixel value; one number, or one per channel
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "M",
        help_heading = "Accuracy",
        allow_negative_numbers = true
    )]
    pub mean: Vec<f32>,
    /// Then divides it; one number, or one per channel
    #[arg(long, value_delimiter = ',', value_name = "S", help_heading = "Accuracy")]
    pub scale: Vec<f32>,
    /// Height and width of the input, if the model file leaves them open
    #[arg(long, value_name = "HxW", help_heading = "Accuracy")]
    pub input_size: Option<InputSize>,
    /// Channels of the input, in their order [default: as stated with the model, else RGB, or
    /// grey if there is one]
    #[arg(long, value_enum, value_name = "rgb|bgr|grey", help_heading = "Accuracy")]
    pub channels: Option<Channels>,
    /// Order of the input's axes [default: as stated with the model, else by its shape]
    #[arg(long, value_enum, value_name = "nchw|nhwc|nhw", help_heading = "Accuracy")]
    pub layout: Option<Layout>,
    /// Output to score, if a model has several: its name, or its position from 0
    #[arg(long, value_name = "NAME|INDEX", help_heading = "Accuracy")]
    pub output: Option<String>,
    /// Output index minus class index (1 for ImageNet models with a background class) [default: 0,
    /// unless the labels show a background class]
    #[arg(long, value_name = "N", help_heading = "Accuracy", allow_negative_numbers = true)]
    pub label_offset: Option<i64>,
    /// Try each model with other preprocessing on up to 100 images [default: auto, if none is
    /// stated and at least 200 images are scored]
    #[arg(long, value_enum, value_name = "auto|always|never", num_args = 0..=1, default_missing_value = "always", require_equals = true, help_heading = "Accuracy")]
    pub check_preprocessing: Option<CheckPreprocessing>,
    /// Whether to turn images upright according to their EXIF orientation [default: ignore]
    #[arg(long, value_enum, value_name = "ignore|apply", help_heading = "Accuracy")]
    pub exif: Option<Exif>,
    /// Do not measure accuracy
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Accuracy")]
    pub no_accuracy: bool,

    /// Measure the case of a settings file ('pick --settings'), and say whether its promised figures hold
    #[arg(long, value_name = "FILE", conflicts_with_all = ["suite", "ab", "resume", "backend", "threads", "delegate", "set", "batch", "affinity", "preprocess", "resize", "crop", "mean", "scale", "input_size", "channels", "layout", "output", "label_offset", "only", "partition"], help_heading = "Run")]
    pub settings: Option<PathBuf>,
    /// What is in that file, which is read once.
    #[arg(skip)]
    pub settings_read: OnceLock<Settings>,
    /// Interleave two suites round by round, and compare them
    #[arg(long, num_args = 2, value_names = ["A.toml", "B.toml"], conflicts_with = "suite", help_heading = "Run")]
    pub ab: Vec<PathBuf>,
    /// Interleave with the workers of another build of shutterbench, and compare
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["ab", "in_process"], help_heading = "Run")]
    pub against: Option<PathBuf>,
    /// The run's folder [default: results/RUN-ID]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// Also write every timed run to samples.csv in the run's folder
    #[arg(long, help_heading = "Run")]
    pub samples: bool,
    /// Continue an interrupted run with its own options
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "suite", "ab", "against", "model", "backend", "threads", "delegate"], help_heading = "Run")]
    pub resume: Option<PathBuf>,
    /// Begin the run in --out, or continue it: for schedulers that repeat a command
    #[arg(long = "continue", requires = "out", conflicts_with_all = ["resume", "ab", "against"], help_heading = "Run")]
    pub go_on: bool,
    /// Exit code after an interrupt, at least 3, for tools that read 130 as a signal [default: 130]
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = interrupt_code)]
    pub interrupt_code: Option<u8>,
    /// Run this shell command first, such as one that reserves a device; lines 'serial=SERIAL',
    /// 'adb_host=HOST' and 'adb_port=PORT' of its output set --device and adb's server
    #[arg(long, value_name = "COMMAND", conflicts_with = "lifeline", help_heading = "Run")]
    pub before: Option<String>,
    /// Run this shell command at the end, however the run ended
    #[arg(long, value_name = "COMMAND", conflicts_with = "lifeline", help_heading = "Run")]
    pub after: Option<String>,
    /// Seconds without a sign of life after which a worker counts as hung [default: 60]
    #[arg(long, value_name = "S", help_heading = "Run")]
    pub timeout: Option<NonNegative>,
    /// Limit on the address space of a worker, in megabytes [default: none]
    #[arg(long, value_name = "MB", help_heading = "Run")]
    pub memory_limit: Option<u64>,
    /// Fail a case whose delegate takes no node
    #[arg(long, help_heading = "Run")]
    pub require_delegate: bool,
    /// Run cases inside this process, for debuggers and profilers
    #[arg(long, help_heading = "Run")]
    pub in_process: bool,
    /// Fetch hosted models and datasets that are not here, without asking
    #[arg(long, short, help_heading = "Run")]
    pub yes: bool,
    /// Do not show progress
    #[arg(long, short, help_heading = "Run")]
    pub quiet: bool,
    /// Print the rows as JSON instead of the table
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// End as after Ctrl-C when standard input ends: for a program that starts this one
    /// on another machine
    #[arg(long, hide = true)]
    pub lifeline: bool,

    /// Where to run
    #[command(flatten)]
    pub on: DeviceArgs,
}

pub(crate) fn backend(text: &str) -> Result<BackendKind, String> {
    use strum::VariantNames;
    text.parse()
        .map_err(|_| format!("no such backend; known: {}", BackendKind::VARIANTS.join(", ")))
}

/// What one `--set` gives: a set for each backend that has its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptionSets(pub Vec<OptionSet>);

pub(crate) fn option_sets(text: &str) -> Result<OptionSets, String> {
    OptionSet::parse(text).map(OptionSets)
}

pub(crate) fn batch(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "batches must be whole numbers of at least 1".to_owned())
}

fn preset(text: &str) -> Result<Preset, String> {
    text.parse()
}

fn resize(text: &str) -> Result<Resize, String> {
    use strum::VariantNames;
    text.parse().map_err(|_| format!("no such mode; known: {}", Resize::VARIANTS.join(", ")))
}

pub(crate) fn threads(text: &str) -> Result<NonZeroUsize, String> {
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

pub(crate) fn delegate(text: &str) -> Result<Delegate, String> {
    text.parse()
}

fn streams(text: &str) -> Result<NonZeroU32, String> {
    /// No application runs more processes than that.
    const MOST: u32 = 64;
    let count: Option<NonZeroU32> = text.parse().ok().filter(|it: &NonZeroU32| it.get() <= MOST);
    count.ok_or_else(|| format!("streams must be whole numbers from 1 to {MOST}"))
}

fn rate(text: &str) -> Result<Rate, String> {
    text.parse()
}

fn amount(text: &str) -> Result<Amount, String> {
    text.parse()
}

/// An exit code that nothing else means: 0, 1 and 2 do.
fn interrupt_code(text: &str) -> Result<u8, String> {
    let code = text.parse().ok().filter(|code| *code > 2);
    code.ok_or_else(|| {
        format!("'{text}' is not a code of its own; give a number from 3 to 255, since 0, 1 and 2 have a meaning")
    })
}
