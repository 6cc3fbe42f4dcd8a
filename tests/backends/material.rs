//! Models, inputs and runtimes for the tests.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::option_set::OptionSet;
use shutterbench::record::setting_values::NO_SETTINGS;
use shutterbench::record::tensor::{ElementType, Tensor, TensorInfo};
use shutterbench::runtime::backend::{Backend, LoadRequest};
use shutterbench::runtime::backend_error::BackendError;
use shutterbench::runtime::registry;
use shutterbench::runtime::session::Session;

use crate::common;

/// The embedded models with this ending.
pub fn embedded(extension: &str) -> Vec<PathBuf> {
    with_extension(&common::repository().join("models/fashion-mnist"), extension)
}

/// The shared models with this ending; none after a skip.
pub fn shared(extension: &str) -> Vec<PathBuf> {
    common::shared()
        .map(|folder| with_extension(&folder.join("models"), extension))
        .unwrap_or_default()
}

fn with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    paths.sort();
    paths
}

/// An embedded model by the end of its name.
pub fn one(ending: &str) -> PathBuf {
    common::repository().join(format!("models/fashion-mnist/fmnist_mobilenet_v1_{ending}"))
}

/// Opens a runtime; `None` after a skip if it is absent.
pub fn open(kind: BackendKind) -> Option<Box<dyn Backend>> {
    match registry::open(kind) {
        Ok(backend) => Some(backend),
        Err(error @ BackendError::Absent { .. }) => {
            common::skip(&error.to_string());
            None
        }
        Err(error) => panic!("{kind}: {error}"),
    }
}

/// Loads a model.
pub fn load(
    backend: &dyn Backend,
    model: &Path,
    delegate: &str,
    threads: usize,
) -> Result<Box<dyn Session>, BackendError> {
    load_batch(backend, model, delegate, threads, 1)
}

/// The same on one thread with some of the runtime's own settings, `KEY=VALUE;KEY=VALUE`.
pub fn load_with(
    backend: &dyn Backend,
    model: &Path,
    delegate: &str,
    settings: &str,
) -> Result<Box<dyn Session>, BackendError> {
    let sets = OptionSet::parse(&format!("test:{settings}")).unwrap();
    let set = sets.iter().find(|set| set.backend == backend.kind()).unwrap();
    let (threads, batch, options) = (NonZeroUsize::MIN, NonZeroUsize::MIN, &set.set);
    let (delegate, shaped) = (&delegate.parse().unwrap(), None);
    backend.load(&LoadRequest { model, delegate, options, threads, batch, shaped })
}

/// The same with several images per run.
pub fn load_batch(
    backend: &dyn Backend,
    model: &Path,
    delegate: &str,
    threads: usize,
    batch: usize,
) -> Result<Box<dyn Session>, BackendError> {
    let delegate: Delegate = delegate.parse().unwrap();
    let [threads, batch] = [threads, batch].map(|count| NonZeroUsize::new(count).unwrap());
    let (delegate, shaped, options) = (&delegate, None, &NO_SETTINGS);
    backend.load(&LoadRequest { model, delegate, options, threads, batch, shaped })
}

/// A random tensor for an input, the same for the same seed: any byte for
/// integers, -1..1 for real numbers.
pub fn random(info: &TensorInfo, seed: u64) -> Tensor {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let bytes = match info.element {
        ElementType::Float32 => {
            (0..info.len()).flat_map(|_| random.random_range(-1.0_f32..1.0).to_ne_bytes()).collect()
        }
        _ => (0..info.byte_len()).map(|_| random.random()).collect(),
    };
    Tensor { element: info.element, shape: info.shape.clone(), bytes }
}

/// Runs on `input`, as raw bytes of the first output.
pub fn run(session: &mut dyn Session, input: &Tensor) -> Tensor {
    session.set_input(0, input).unwrap();
    session.invoke().unwrap();
    session.output(0).unwrap()
}

/// Largest absolute difference of two real outputs.
pub fn distance(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
