//! Runs made from a seed: the shapes of real ones, for tests of what is
//! written about them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::record::agreement::Agreement;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::case::Case;
use shutterbench::record::coverage::{Coverage, DelegateStatus};
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Model;
use shutterbench::record::description::{Description, Published};
use shutterbench::record::format::Format;
use shutterbench::record::header::{DatasetFacts, Header, Runtime};
use shutterbench::record::host::Host;
use shutterbench::record::options::{AccuracyOptions, Amount, LatencyOptions, Options, Order};
use shutterbench::record::output_classes::OutputClasses;
use shutterbench::record::precision::Precision;
use shutterbench::record::prediction::Prediction;
use shutterbench::record::run::{AccuracyRecord, CaseRecord, Decoded, Finished, Run};
use shutterbench::record::signature::Signature;
use shutterbench::record::status::Status;
use shutterbench::record::tensor::{ElementType, TensorInfo};
use shutterbench::record::timed_inputs::TimedInputs;
use shutterbench::record::timed_runs::Block;
use shutterbench::record::visit::{Loaded, Memory, Process, ProcessBegan, Visit, WarmupReport};

/// Changes a visit's timed runs.
pub fn change_runs(visit: &mut Visit, change: impl FnOnce(&mut Block)) {
    let mut block = visit.block.unpacked();
    change(&mut block);
    visit.block = (&block).into();
}

/// What a generated run is like.
pub struct Shape {
    pub seed: u64,
    /// Names of the models.
    pub models: Vec<String>,
    pub threads: Vec<usize>,
    pub rounds: u32,
    pub samples_per_round: usize,
    pub images: usize,
    pub classes: u32,
}

impl Default for Shape {
    fn default() -> Self {
        let widths = ["0.25", "0.5", "0.75", "1.0"];
        let models = widths
            .iter()
            .flat_map(|width| ["f32", "int8"].map(|p| format!("family_{width}_{p}")))
            .collect();
        Self {
            seed: 1,
            models,
            threads: vec![1, 2],
            rounds: 12,
            samples_per_round: 25,
            images: 200,
            classes: 10,
        }
    }
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

pub fn host() -> Host {
    Host {
        os: "Debian GNU/Linux 12".into(),
        arch: "x86_64".into(),
        cpu: "Test CPU @ 2.60GHz".into(),
        cores: 8,
        max_mhz: vec![3600; 8],
        governor: Some("performance".into()),
        turbo: Some(true),
        memory_bytes: 16 << 30,
        load_before: Some(0.12),
        clock_precision_ns: 20,
        clock_cost_ns: 24,
        ..Host::default()
    }
}

fn image(shape: Vec<usize>) -> TensorInfo {
    TensorInfo::fixed("input".into(), shape, ElementType::Uint8, None)
}

fn model(name: &str, index: usize, classes: u32) -> Model {
    let int8 = name.ends_with("int8");
    Model {
        name: name.into(),
        path: PathBuf::from(format!("/home/somebody/project/models/{index}.tflite")),
        format: if name.ends_with("onnx") { Format::Onnx } else { Format::Tflite },
        bytes: 100_000 * (index as u64 + 1) / if int8 { 4 } else { 1 } + 1234,
        sha256: format!("{index:064x}"),
        signature: Signature {
            inputs: vec![image(vec![1, 28, 32, 1])],
            outputs: vec![image(vec![1, classes as usize])],
            operators: vec![("CONV_2D".into(), 15), ("DEPTHWISE_CONV_2D".into(), 13)],
            precision: if int8 { Precision::Int8 } else { Precision::Float32 },
            normalization: None,
            labels: Some((0..classes).map(|class| format!("thing {class}")).collect()),
            preprocess: None,
            image_size: None,
            convolved_channels: None,
            output_kinds: Vec::new(),
            output_classes: Vec::new(),
            float_weights: None,
            sorted_outputs: Vec::new(),
            foreign_operators: Vec::new(),
            external_data: Vec::new(),
            external_least: Vec::new(),
            own_operators: Vec::new(),
            storage: Vec::new(),
            choices: Vec::new(),
            chosen: None,
            cost: None,
        },
        pipeline_source: None,
        stated: Vec::new(),
        config_notes: Vec::new(),
        config_error: None,
        description: Description {
            family: Some("family".into()),
            published: (index == 0).then(|| Published {
                top1: Some(0.395),
                top5: Some(0.644),
                size_mb: Some(0.5),
                latency_ms: Some(0.8),
                latency_on: Some("Pixel 3, CPU, 4 threads".into()),
                dataset: Some("ILSVRC2012 validation".into()),
                source: Some("hosted models".into()),
            }),
            ..Description::default()
        },
    }
}

pub fn options(seed: u64) -> Options {
    Options {
        option_sets: Vec::new(),
        no_default_options: false,
        latency: Some(LatencyOptions {
            inputs: TimedInputs::Noise,
            profile: false,
            batch: std::num::NonZeroUsize::MIN,
            warmup: Amount::Auto,
            runs: Amount::Auto,
            min_seconds: 1.0,
            max_seconds: 10.0,
            block_ms: 50.0,
            order: Order::Interleaved,
            cooldown_seconds: 0.0,
            preconditions: shutterbench::record::options::Preconditions::default(),
            processes: Amount::Auto,
            affinity: Vec::new(),
            affinities: Vec::new(),
            budget_ms: Some(33.0),
            tail: None,
            no_yardstick: false,
            scenarios: Default::default(),
            sustained: None,
            find_rate: None,
            narrowing: None,
        }),
        accuracy: Some(AccuracyOptions {
            columns: Default::default(),
            dataset: "photos".into(),
            labels: None,
            images: None,
            shard: None,
            top_k: Vec::new(),
            check_preprocessing: shutterbench::record::options::CheckPreprocessing::Auto,
            exif: shutterbench::record::options::Exif::Ignore,
        }),
        overrides: Description::default(),
        seed,
        timeout_seconds: 60.0,
        memory_limit_mb: None,
        cases: shutterbench::record::partition::Selection::default(),
        in_process: false,
        require_delegate: false,
        worker: None,
    }
}

/// A run of `shape.models` on two backends, everything measured.
pub fn run(shape: &Shape) -> Run {
    let mut rng = ChaCha8Rng::seed_from_u64(shape.seed);
    let models: Vec<Model> = shape
        .models
        .iter()
        .enumerate()
        .map(|(index, name)| model(name, index, shape.classes))
        .collect();
    let backends = [(BackendKind::Tflite, Delegate::Xnnpack), (BackendKind::Tract, Delegate::None)];
    let mut cases = Vec::new();
    for model in &models {
        for (backend, delegate) in &backends {
            for count in &shape.threads {
                cases.push(Case::plain(&model.name, *backend, delegate.clone(), threads(*count)));
            }
        }
    }
    let records = cases.iter().map(|case| record(shape, case, &models, &mut rng)).collect();
    let accuracies = accuracies(shape, &cases, &mut rng);
    Run {
        header: Header {
            schema: shutterbench::run::journal::SCHEMA,
            run_id: "2026-01-02T03-04-05-test".into(),
            version: "0.1.0".into(),
            binary_sha256: None,
            commit: Some("0123456789ab".into()),
            sources: None,
            started_at: "2026-01-02T03:04:05Z".into(),
            options: options(shape.seed),
            host: host(),
            working_folder: Some("/home/somebody/project".into()),
            device: "local".into(),
            runtimes: vec![Runtime {
                backend: BackendKind::Tflite,
                version: "2.17.1".into(),
                library: None,
                sha256: Some("ab".repeat(32)),
            }],
            unusable: Vec::new(),
            models,
            references: Vec::new(),
            cases,
            dataset: Some(DatasetFacts {
                path: PathBuf::from("/home/somebody/photos/validation"),
                images: shape.images,
                classes: shape.classes as usize,
                listing_sha256: "cd".repeat(32),
                image_size: None,
                unreadable: vec![("broken.jpg".into(), "is not a readable JPEG".into())],
                left_out: Vec::new(),
            }),
            pipelines: Vec::new(),
            outputs: vec![OutputClasses {
                models: shape.models.clone(),
                outputs: (0..i64::from(shape.classes))
                    .map(|class| (class, Some(format!("thing {class}"))))
                    .collect(),
                by_name: false,
            }],
            scored: Vec::new(),
            unscored: Vec::new(),
            in_turn: None,
            yardstick: None,
            assumptions: vec!["resize: bilinear, since nothing says otherwise".into()],
            parts: Vec::new(),
        },
        cases: records,
        accuracies,
        decoded: Decoded { images: shape.images, turned: 0, seconds: 0.5 },
        preprocessing_checks: Vec::new(),
        finished: Some(Finished { load_after: Some(1.02), seconds: 99.5 }),
    }
}

fn record(shape: &Shape, case: &Case, models: &[Model], rng: &mut ChaCha8Rng) -> CaseRecord {
    let index = models.iter().position(|model| model.name == case.model).unwrap();
    let backend = if case.backend == BackendKind::Tract { 2.5 } else { 1.0 };
    let speed_up = (case.threads.get() as f64).powf(0.8);
    let base_ns = 150_000.0 * (index as f64 + 1.0) * backend / speed_up;
    let visits = (0..shape.rounds)
        .map(|round| {
            let pace = base_ns * (1.0 + 0.01 * rng.random_range(-1.0..1.0));
            let latency_ns: Vec<u64> = (0..shape.samples_per_round)
                .map(|_| (pace * (1.0 + 0.04 * rng.random::<f64>().powi(4))) as u64)
                .collect();
            let start = u64::from(round + 1) * 1_000_000_000 + index as u64 * 10_000_000;
            let at_ns = latency_ns
                .iter()
                .scan(start, |at, ns| {
                    let now = *at;
                    *at += ns + 40;
                    Some(now)
                })
                .collect();
            let wall_ns = latency_ns.iter().sum::<u64>() + 1_000;
            let cpu_ns = wall_ns * case.threads.get() as u64;
            Visit {
                round,
                process: round / 4,
                block: (&Block { at_ns, latency_ns, cpu_ns, wall_ns }).into(),
                mhz: Some(3600),
                cold_ns: Some((pace * 1.2) as u64),
                settle_runs: 3,
                ..Visit::default()
            }
        })
        .collect();
    let coverage = match case.delegate {
        Delegate::None => Coverage { nodes_total: Some(31), ..Coverage::default() },
        _ => Coverage {
            nodes_total: Some(31),
            nodes_delegated: Some(31),
            partitions: Some(1),
            status: Some(DelegateStatus::Full),
        },
    };
    CaseRecord {
        case: case.clone(),
        status: Status::Ok,
        error: None,
        started_at: Some("2026-01-02T03:04:06Z".into()),
        seconds: 3.21,
        processes: vec![Process {
            loaded: Loaded {
                backend_version: "2.17.1".into(),
                load_ns: 3_456_789,
                memory_load_bytes: Some(1_234_567),
                threads_before: Some(1),
                memory_before_bytes: Some(8_000_000),
                ..Loaded::default()
            },
            first_inference_ns: 2 * base_ns as u64,
            warmup: WarmupReport { runs: 20, ns: 20 * base_ns as u64, steady: Some(true) },
            // Right before the first visit below.
            began: Some(ProcessBegan {
                load_ns: 900_000_000,
                first_ns: 904_000_000,
                warmup_ns: 905_000_000,
                warm_ns: 940_000_000,
            }),
            memory: Some(Memory {
                resident_bytes: 9_000_000,
                peak_bytes: 12_345_678,
                threads: case.threads.get() as u32,
            }),
        }],
        visits,
        coverage: Some(coverage),
        profile: None,
        scenarios: Vec::new(),
        sustained: Default::default(),
        found_rate: None,
        dropped: None,
        ended: true,
    }
}

fn accuracies(shape: &Shape, cases: &[Case], rng: &mut ChaCha8Rng) -> Vec<AccuracyRecord> {
    let mut keys: Vec<_> = cases.iter().map(Case::accuracy_key).collect();
    keys.dedup();
    keys.into_iter()
        .map(|key| {
            let index = shape.models.iter().position(|name| *name == key.model).unwrap();
            let skill = 0.6 + 0.35 * (index as f64 + 1.0) / shape.models.len() as f64;
            AccuracyRecord {
                key,
                status: Status::Ok,
                error: None,
                predictions: (0..shape.images)
                    .map(|image| prediction(image, shape.classes, skill, rng))
                    .collect(),
                preprocess_ns: (0..shape.images).map(|i| 40_000 + i as u64).collect(),
                contents: None,
                outputs: None,
                agreement: Some(Agreement {
                    images: 64,
                    top1: 0.995,
                    max_abs_error: 0.0078125,
                    kinds_differ: false,
                    likeness: None,
                    reach: None,
                }),
                coverage: None,
                ended: true,
            }
        })
        .collect()
}

fn prediction(image: usize, classes: u32, skill: f64, rng: &mut ChaCha8Rng) -> Prediction {
    let label = image as u32 % classes;
    let right = rng.random_bool(skill);
    let shift = rng.random_range(1..classes);
    let best = if right { label } else { (label + shift) % classes };
    let first = rng.random_range(0.3..0.9_f32);
    let top = (0..classes.min(5))
        .map(|rank| (((best + rank) % classes).cast_signed(), first / (rank + 1) as f32))
        .collect();
    let rank_of_label = if right { 1 } else { rng.random_range(2..=classes.max(2)) };
    Prediction {
        image: format!("image_{image:05}.png").into(),
        label,
        top,
        rank_of_label,
        tie: rng.random_bool(0.02),
        not_a_number: false,
    }
}
