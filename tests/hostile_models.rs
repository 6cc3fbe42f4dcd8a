//! Damaged models: no crash or hang of ours, and a clear status for each.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::case::Case;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Model;
use shutterbench::record::format::Format;
use shutterbench::runtime::registry;
use shutterbench::worker::protocol::{Reply, Request};
use shutterbench::worker::sample_input;
use shutterbench::worker::source::WorkerSource;
use tempfile::TempDir;

/// Mutated models.
const MUTANTS: usize = 2000;
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

/// What became of a model: 'refused' by our own reader, else the status after
/// loading it and running it once in a worker.
fn outcome(path: &Path, workers: &WorkerSource, backends: &[BackendKind]) -> String {
    let model = match select::open(path) {
        Ok(model) => model,
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            return "refused".into();
        }
    };
    let outcomes: Vec<String> = backends
        .iter()
        .filter(|backend| backend.capabilities().reads(model.format))
        .map(|backend| format!("{backend} {}", in_worker(&model, *backend, workers)))
        .collect();
    outcomes.join(", ")
}

fn in_worker(model: &Model, backend: BackendKind, workers: &WorkerSource) -> String {
    let delegate =
        if model.format == Format::Tflite && backend.capabilities().knows(&Delegate::Xnnpack) {
            Delegate::Xnnpack
        } else {
            Delegate::None
        };
    let case = Case {
        model: model.name.clone(),
        backend,
        delegate,
        threads: NonZeroUsize::MIN,
        device: None,
    };
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
        Ok(Reply::Timed(_)) => "ok".into(),
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

#[test]
fn two_thousand_damaged_models_each_get_a_status() {
    let models = models();
    let backends: Vec<BackendKind> = [BackendKind::Tflite, BackendKind::Tract]
        .into_iter()
        .filter(|kind| registry::open(*kind).is_ok())
        .collect();
    if !backends.contains(&BackendKind::Tflite) {
        common::skip(
            "damaged models on tflite: its library is absent; 'shutterbench fetch tflite' brings it",
        );
    }
    let workers = WorkerSource::isolated()
        .with_program(env!("CARGO_BIN_EXE_shutterbench").into())
        .with_timeout(PATIENCE);
    let folder = TempDir::new().unwrap();
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::<String, usize>::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MUTANTS {
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
                    let outcome = outcome(&path, &workers, &backends);
                    fs::remove_file(&path).unwrap();
                    *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    for (outcome, count) in &outcomes {
        println!("{count:5} {outcome}");
    }
    assert_eq!(outcomes.values().sum::<usize>(), MUTANTS);
}
