//! Which provider ran which node, from ONNX Runtime's own profile of one run
//! of a session made for it.

use std::path::PathBuf;
use std::{env, fs, process};

use ort::value::{DynTensor, ValueType};
use serde::Deserialize;

use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::tensor::TensorInfo;
use crate::runtime::onnxruntime_recipe::OnnxruntimeRecipe;

/// An entry of the profile, a file in the Trace Event format.
#[derive(Debug, Deserialize)]
struct TraceEvent {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    args: Arguments,
}

#[derive(Debug, Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    provider: String,
}

/// Profiles one run and counts.
pub(crate) fn coverage(recipe: &OnnxruntimeRecipe, known: &[TensorInfo]) -> ort::Result<Coverage> {
    let prefix = env::temp_dir().join(format!("shutterbench-{}-profile", process::id()));
    let mut session = recipe.session(|builder| {
        builder.with_profiling(&prefix).map_err(|error| ort::Error::new(error.to_string()))
    })?;
    let mut inputs = Vec::new();
    for (input, info) in session.inputs().iter().zip(known) {
        let ValueType::Tensor { ty, .. } = input.dtype() else { continue };
        let shape: Vec<i64> = info.shape.iter().map(|size| *size as i64).collect();
        let value = DynTensor::new(session.allocator(), *ty, shape)?;
        inputs.push((input.name().to_owned(), value));
    }
    session.run(inputs)?;
    let path = PathBuf::from(session.end_profiling()?);
    let text = fs::read_to_string(&path);
    // A file that stays behind in the temporary folder does no harm.
    let _ = fs::remove_file(&path);
    let text =
        text.map_err(|error| ort::Error::new(format!("its profile could not be read: {error}")))?;
    Ok(count(&text, recipe.provider().map(|provider| provider.name())))
}

/// Counts the kernels of a profile. `asked` is the requested provider.
fn count(profile: &str, asked: Option<&str>) -> Coverage {
    let Ok(events) = serde_json::from_str::<Vec<TraceEvent>>(profile) else {
        let status = asked.map(|_| DelegateStatus::Unknown);
        return Coverage { status, ..Coverage::default() };
    };
    let providers: Vec<&str> = events
        .iter()
        .filter(|event| event.cat == "Node" && event.name.ends_with("_kernel_time"))
        .map(|event| event.args.provider.as_str())
        .collect();
    let total = u32::try_from(providers.len()).ok().filter(|total| *total > 0);
    let Some(asked) = asked else {
        return Coverage { nodes_total: total, ..Coverage::default() };
    };
    let taken = providers.iter().filter(|provider| **provider == asked).count();
    // Adjacent kernels of the provider count as one piece.
    let pieces = providers
        .chunk_by(|one, other| (*one == asked) == (*other == asked))
        .filter(|chunk| chunk[0] == asked)
        .count();
    let status = match total {
        None => DelegateStatus::Unknown,
        Some(_) if taken == 0 => DelegateStatus::None,
        Some(total) if taken == total as usize => DelegateStatus::Full,
        Some(_) => DelegateStatus::Partial,
    };
    Coverage {
        nodes_total: total,
        nodes_delegated: total.and_then(|_| u32::try_from(taken).ok()),
        partitions: total.and_then(|_| u32::try_from(pieces).ok()),
        status: Some(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"[
        {"cat": "Session", "name": "model_loading_uri", "args": {}},
        {"cat": "Node", "name": "conv_kernel_time", "args": {"provider": "XnnpackExecutionProvider"}},
        {"cat": "Node", "name": "pool_kernel_time", "args": {"provider": "XnnpackExecutionProvider"}},
        {"cat": "Node", "name": "reshape_kernel_time", "args": {"provider": "CPUExecutionProvider"}},
        {"cat": "Node", "name": "gemm_kernel_time", "args": {"provider": "XnnpackExecutionProvider"}},
        {"cat": "Node", "name": "gemm_fence_after", "args": {}}
    ]"#;

    #[test]
    fn kernels_are_counted_by_provider() {
        let coverage = count(PROFILE, Some("XnnpackExecutionProvider"));
        assert_eq!(coverage.nodes_total, Some(4));
        assert_eq!(coverage.nodes_delegated, Some(3));
        assert_eq!(coverage.partitions, Some(2));
        assert_eq!(coverage.status, Some(DelegateStatus::Partial));
    }

    #[test]
    fn a_provider_that_took_nothing_and_one_that_nobody_asked_for() {
        let none = count(PROFILE, Some("CUDAExecutionProvider"));
        assert_eq!((none.nodes_delegated, none.status), (Some(0), Some(DelegateStatus::None)));
        let own = count(PROFILE, None);
        assert_eq!(own, Coverage { nodes_total: Some(4), ..Coverage::default() });
    }

    #[test]
    fn a_profile_that_cannot_be_read_is_unknown() {
        let unknown = count("[{", Some("CUDAExecutionProvider"));
        assert_eq!(unknown.status, Some(DelegateStatus::Unknown));
        assert_eq!(unknown.nodes_total, None);
    }
}
