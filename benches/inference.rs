//! Inference across the embedded family: model x backend x delegate x threads,
//! on every backend present. `cargo bench --bench inference`, or a part of it:
//! `cargo bench --bench inference -- 0.25_int8/tflite`.
//!
//! criterion measures its cases one after the other in one process. To compare numbers use
//! `shutterbench run`, which interleaves the cases.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

use std::num::NonZeroUsize;
use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Model;
use shutterbench::record::setting_values::NO_SETTINGS;
use shutterbench::record::tensor::Tensor;
use shutterbench::runtime::backend::{Backend, LoadRequest};
use shutterbench::runtime::backend_error::BackendError;
use shutterbench::runtime::registry;
use shutterbench::runtime::session::Session;
use shutterbench::worker::sample_input;
use strum::VariantArray;

const THREADS: [NonZeroUsize; 2] = [NonZeroUsize::MIN, NonZeroUsize::new(2).unwrap()];
/// Delegates worth a line for each backend: what runs on any CPU.
const DELEGATES: [Delegate; 2] = [Delegate::None, Delegate::Xnnpack];
const SEED: u64 = 1;

fn family(criterion: &mut Criterion) {
    let models = match select::embedded() {
        Ok(models) => models,
        Err(error) => return eprintln!("skipped: {error:#}"),
    };
    let backends = present();
    for model in &models {
        let mut group = criterion.benchmark_group(&model.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(500));
        for backend in &backends {
            for delegate in &DELEGATES {
                for threads in THREADS {
                    let request = LoadRequest {
                        model: &model.path,
                        delegate,
                        options: &NO_SETTINGS,
                        threads,
                        batch: NonZeroUsize::MIN,
                        shaped: None,
                    };
                    bench(&mut group, backend.as_ref(), &request, model);
                }
            }
        }
        group.finish();
    }
}

fn present() -> Vec<Box<dyn Backend>> {
    let open = |kind: &BackendKind| {
        registry::open(*kind).map_err(|error| eprintln!("skipped: {kind}: {error}")).ok()
    };
    BackendKind::VARIANTS.iter().filter_map(open).collect()
}

fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    backend: &dyn Backend,
    request: &LoadRequest<'_>,
    model: &Model,
) {
    let name = format!("{}/{} x{}", backend.kind(), request.delegate, request.threads);
    match ready(backend, request) {
        Ok(mut session) => {
            // The first run may still allocate; a session that cannot run is named.
            if let Err(error) = session.invoke() {
                return eprintln!("skipped: {} {name}: {error}", model.name);
            }
            group.bench_function(name, |bencher| bencher.iter(|| session.invoke()));
        }
        Err(BackendError::Unsupported(_)) => {}
        Err(error) => eprintln!("skipped: {} {name}: {error}", model.name),
    }
}

fn ready(
    backend: &dyn Backend,
    request: &LoadRequest<'_>,
) -> Result<Box<dyn Session>, BackendError> {
    let mut session = backend.load(request)?;
    let inputs = session.inputs().to_vec();
    for (index, info) in inputs.iter().enumerate() {
        let bytes = sample_input::seeded(std::slice::from_ref(info), SEED);
        let tensor = Tensor { element: info.element, shape: info.shape.clone(), bytes };
        session.set_input(index, &tensor)?;
    }
    Ok(session)
}

criterion_group!(benches, family);
criterion_main!(benches);
