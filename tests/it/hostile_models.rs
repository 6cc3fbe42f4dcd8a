//! Damaged models: our code neither crashes nor hangs, and each gets a clear status.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::case::Case;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Model;
use shutterbench::record::format::Format;
use shutterbench::worker::protocol::{Reply, Request};
use shutterbench::worker::sample_input;
use shutterbench::worker::worker_source::WorkerSource;
use tempfile::TempDir;

use crate::common;

/// Mutated models of the quick test, and of the slow one: an outcome that one in 500 shows
/// is seen by the slow one with 86%.
const FEW: usize = 60;
const MANY: usize = 1000;
/// Patience with a mutant: it may ask for any amount of work.
const PATIENCE: Duration = Duration::from_secs(20);

fn models() -> Vec<PathBuf> {
    let mut folders = vec![common::repository().join("models/fashion-mnist")];
    folders.extend(common::shared().map(|shared| shared.join("models")));
    let mut models: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "tflite" || e == "onnx"))
        .collect();
    models.sort();
    models
}

/// One of: some bits flipped, cut short, a section overwritten by one of
/// another model, a section doubled, zeroes, 32-bit values made extreme.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    let len = bytes.len();
    // Headers and tables lie at the ends; weights in between are less telling.
    let place = |rng: &mut ChaCha8Rng| match rng.random_range(0..3) {
        0 => rng.random_range(0..len.min(4096)),
        1 => len - 1 - rng.random_range(0..len.min(16384)),
        _ => rng.random_range(0..len),
    };
    match rng.random_range(0..6) {
        0 => {
            for _ in 0..rng.random_range(1..32) {
                let at = place(rng);
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
        }
        1 => bytes.truncate(rng.random_range(0..len)),
        2 => {
            let size = rng.random_range(1..2048).min(other.len()).min(len);
            let from = rng.random_range(0..=other.len() - size);
            let to = place(rng).min(len - size);
            bytes[to..to + size].copy_from_slice(&other[from..from + size]);
        }
        3 => {
            let at = place(rng);
            let section = bytes[at..(at + rng.random_range(1..512)).min(len)].to_vec();
            bytes.splice(at..at, section);
        }
        4 => {
            let at = place(rng);
            let end = (at + rng.random_range(1..256)).min(len);
            bytes[at..end].fill(0);
        }
        _ => {
            for _ in 0..rng.random_range(1..4) {
                let at = place(rng).min(len.saturating_sub(4)) & !3;
                let value = [u32::MAX, i32::MAX as u32, 0x8000_0000, 0, 1][rng.random_range(0..5)];
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

/// Counts of what became of the mutants: by whom they were read, and how that ended.
type Outcomes = BTreeMap<(String, String), usize>;

/// Gives a file to our own reader and, if that accepts it, to every backend of its format, which
/// loads it and runs it once in a worker.
fn try_model(path: &Path, workers: &WorkerSource, backends: &[BackendKind]) -> Vec<[String; 2]> {
    let begin = Instant::now();
    let opened = select::open(path);
    // A model has megabytes: a reader that needs seconds for one is in a loop.
    assert!(begin.elapsed() < PATIENCE, "our reader took {:?}", begin.elapsed());
    match opened {
        Ok(model) => {
            let reads = |backend: &&BackendKind| backend.capabilities().reads(model.format);
            let readers = backends.iter().filter(reads);
            let tried = readers.map(|kind| [kind.to_string(), in_worker(&model, *kind, workers)]);
            std::iter::once(["our reader".into(), "ok".into()]).chain(tried).collect()
        }
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            vec![["our reader".into(), "refused".into()]]
        }
    }
}

fn in_worker(model: &Model, backend: BackendKind, workers: &WorkerSource) -> String {
    let delegate =
        if model.format == Format::Tflite && backend.capabilities().knows(&Delegate::Xnnpack) {
            Delegate::Xnnpack
        } else {
            Delegate::None
        };
    let case = Case::plain(&model.name, backend, delegate, NonZeroUsize::MIN);
    let run = || {
        let mut worker = workers.load(&case, model)?;
        // A mutant may claim inputs of any size.
        let bytes: usize = worker.loaded.inputs.iter().map(|input| input.byte_len()).sum();
        if bytes > 64 << 20 {
            return Ok(Reply::Unsupported { reason: "an input that no image has".into() });
        }
        let inputs = sample_input::seeded(&worker.loaded.inputs, 0);
        worker.link.ask(&Request::SetInputs, &inputs)?;
        worker.link.ask(&Request::First, &[]).map(|(reply, _)| reply)
    };
    match run() {
        Ok(Reply::Visited(_)) => "ok".into(),
        Ok(Reply::Failed { reason } | Reply::Unsupported { reason }) => {
            assert!(!reason.is_empty());
            "failed".into()
        }
        Ok(other) => panic!("{other:?}"),
        Err(fault) => {
            assert!(!fault.reason.is_empty() && !fault.reason.contains('\n'), "{fault:?}");
            fault.status.to_string()
        }
    }
}

/// Damages models `count` times, from `seed` on, and tries each.
fn outcomes(models: &[PathBuf], seed: usize, count: usize, backends: &[BackendKind]) -> Outcomes {
    let workers = WorkerSource::isolated()
        .with_program(env!("CARGO_BIN_EXE_shutterbench").into())
        .with_timeout(PATIENCE);
    let folder = TempDir::new().unwrap();
    let next = AtomicUsize::new(seed);
    let outcomes = Mutex::new(Outcomes::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= seed + count {
                        return;
                    }
                    let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
                    let source = &models[number % models.len()];
                    let mut bytes = fs::read(source).unwrap();
                    let other = fs::read(&models[rng.random_range(0..models.len())]).unwrap();
                    mutate(&mut bytes, &other, &mut rng);
                    let name =
                        format!("{number}.{}", source.extension().unwrap().to_str().unwrap());
                    let path = folder.path().join(name);
                    fs::write(&path, &bytes).unwrap();
                    let tried = try_model(&path, &workers, backends);
                    fs::remove_file(&path).unwrap();
                    let mut outcomes = outcomes.lock().unwrap();
                    for [who, how] in tried {
                        if how == "crashed" || how == "timeout" {
                            println!("mutant {number} of {}: {who} {how}", source.display());
                        }
                        *outcomes.entry((who, how)).or_default() += 1;
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    for ((who, how), count) in &outcomes {
        println!("{count:5} {who} {how}");
    }
    outcomes
}

/// What must hold of `count` mutants, whoever reads them.
fn assert_healthy(outcomes: &Outcomes, count: usize, backends: &[BackendKind]) {
    let of =
        |who: &str, how: &str| outcomes.get(&(who.into(), how.into())).copied().unwrap_or_default();
    let tried = |who: &str| {
        let its = outcomes.iter().filter(|((reader, _), _)| reader == who);
        its.map(|(_, count)| count).sum::<usize>()
    };
    assert_eq!(of("our reader", "ok") + of("our reader", "refused"), count);
    // With damage in the weights, and some in the tables, the file is still a model. If none were,
    // no worker would have started.
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    assert!(share(of("our reader", "ok"), count) > 0.3, "our reader refuses too much");
    for who in backends.iter().map(ToString::to_string) {
        let tried = tried(&who) - of(&who, "unsupported");
        assert!(tried > count / 30, "{who} was given next to nothing");
        assert!(share(of(&who, "ok"), tried) > 0.5, "{who} runs too little");
        // A mutant may ask for any amount of work, but few do.
        assert!(share(of(&who, "timeout"), tried) < 0.02, "{who} hangs");
    }
    assert_eq!(of("tract", "crashed"), 0, "tract is Rust, and does not crash");
}

/// The runtimes that are here; those that are not are skipped aloud.
fn present_backends() -> Vec<BackendKind> {
    let all =
        [BackendKind::Tract, BackendKind::Tflite, BackendKind::Litert, BackendKind::Onnxruntime];
    all.into_iter().filter(|kind| common::has_runtimes(&[*kind])).collect()
}

#[test]
fn a_few_damaged_models_each_get_a_status() {
    // Those that tract supports.
    let is_float = |path: &PathBuf| path.to_string_lossy().contains("_f32.");
    let models: Vec<PathBuf> = models().into_iter().filter(is_float).collect();
    let outcomes = outcomes(&models, 0, FEW, &[BackendKind::Tract]);
    assert_healthy(&outcomes, FEW, &[BackendKind::Tract]);
}

#[test]
fn slow_many_damaged_models_each_get_a_status_on_every_runtime() {
    let backends = present_backends();
    let outcomes = outcomes(&models(), FEW, MANY, &backends);
    assert_healthy(&outcomes, MANY, &backends);
}
