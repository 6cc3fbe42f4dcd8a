//! What delegates took, as the runtimes themselves report it.

use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::coverage::{Coverage, DelegateStatus};

use crate::material::{embedded, load, one, open, shared};

fn coverage(kind: BackendKind, model: &std::path::Path, delegate: &str) -> Option<Coverage> {
    let backend = open(kind)?;
    Some(load(&*backend, model, delegate, 1).unwrap().coverage().unwrap())
}

#[test]
fn without_a_delegate_every_node_of_the_file_is_tflites_own() {
    for path in embedded("tflite").into_iter().chain(shared("tflite")) {
        let Some(coverage) = coverage(BackendKind::Tflite, &path, "none") else { return };
        let nodes = u32::try_from(select::open(&path).unwrap().signature.nodes()).unwrap();
        let expected = Coverage { nodes_total: Some(nodes), ..Coverage::default() };
        assert_eq!(coverage, expected, "{}", path.display());
    }
}

#[test]
fn xnnpack_takes_a_float_model_whole() {
    let Some(coverage) = coverage(BackendKind::Tflite, &one("0.25_f32.tflite"), "xnnpack") else {
        return;
    };
    assert_eq!(coverage.status, Some(DelegateStatus::Full));
    assert_eq!(coverage.nodes_delegated, coverage.nodes_total);
    assert_eq!(coverage.partitions, Some(1));
}

#[test]
fn a_delegates_share_never_exceeds_the_whole() {
    for path in embedded("tflite").into_iter().chain(shared("tflite")) {
        let Some(coverage) = coverage(BackendKind::Tflite, &path, "xnnpack") else { return };
        println!("{}: {coverage:?}", path.display());
        let (total, taken) = (coverage.nodes_total.unwrap(), coverage.nodes_delegated.unwrap());
        let status = coverage.status.unwrap();
        assert!(taken <= total, "{}", path.display());
        assert_eq!(status == DelegateStatus::Full, taken == total, "{}", path.display());
        assert_eq!(status == DelegateStatus::None, taken == 0, "{}", path.display());
    }
}

#[test]
fn onnxruntime_counts_the_kernels_that_it_runs() {
    let Some(coverage) = coverage(BackendKind::Onnxruntime, &one("0.25_f32.onnx"), "none") else {
        return;
    };
    assert!(coverage.nodes_total.unwrap() > 5, "{coverage:?}");
    assert_eq!(coverage.status, None);
}

/// Both runtimes give the same files to the same XNNPACK; LiteRT's profiler must report the same as
/// TensorFlow Lite's plan, except for nodes that only the newer release takes.
#[test]
fn litert_counts_what_xnnpack_took() {
    for path in embedded("tflite").into_iter().chain(shared("tflite")) {
        let Some(litert) = coverage(BackendKind::Litert, &path, "xnnpack") else { return };
        let tflite = coverage(BackendKind::Tflite, &path, "xnnpack").unwrap();
        println!("{}: {litert:?}", path.display());
        assert_eq!(litert.nodes_total, tflite.nodes_total, "{}", path.display());
        assert!(litert.nodes_delegated >= tflite.nodes_delegated, "{}", path.display());
        assert!(litert.nodes_delegated <= litert.nodes_total, "{}", path.display());
        assert_ne!(litert.status, Some(DelegateStatus::Unknown), "{}", path.display());
    }
    let Some(full) = coverage(BackendKind::Litert, &one("0.25_f32.tflite"), "xnnpack") else {
        return;
    };
    assert_eq!((full.status, full.partitions), (Some(DelegateStatus::Full), Some(1)));
}

#[test]
fn litert_without_xnnpack_runs_every_node_itself() {
    for ending in ["0.25_f32.tflite", "1.0_int8.tflite"] {
        let path = one(ending);
        let Some(own) = coverage(BackendKind::Litert, &path, "none") else { return };
        let nodes = u32::try_from(select::open(&path).unwrap().signature.nodes()).unwrap();
        let expected = Coverage { nodes_total: Some(nodes), ..Coverage::default() };
        assert_eq!(own, expected, "{ending}");
    }
}
