//! Which provider ran which node, and what that took, from ONNX Runtime's own profile of a
//! session made for it.

use std::path::PathBuf;
use std::time::Instant;
use std::{env, fs, process};

use ort::session::{Session as RuntimeSession, SessionInputValue};
use ort::value::{DynTensor, ValueType};
use serde::Deserialize;

use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::operator_profile::{OWN_KERNELS, OperatorProfile, ProfiledCall};
use crate::record::tensor::TensorInfo;
use crate::runtime::onnxruntime_recipe::OnnxruntimeRecipe;
use crate::runtime::session::PROFILE_WARMUP;

/// An entry of the profile, a file in the Trace Event format.
#[derive(Debug, Deserialize)]
struct TraceEvent {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    /// In microseconds.
    #[serde(default)]
    dur: u64,
    #[serde(default)]
    args: Arguments,
}

impl TraceEvent {
    /// The node whose kernel this is the call of.
    fn kernel_of(&self) -> Option<&str> {
        self.name.strip_suffix("_kernel_time").filter(|_| self.cat == "Node")
    }
}

#[derive(Debug, Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    op_name: String,
}

/// ONNX Runtime's own kernels.
const CPU_PROVIDER: &str = "CPUExecutionProvider";

/// A session that writes a profile.
fn profiled(recipe: &OnnxruntimeRecipe) -> ort::Result<RuntimeSession> {
    let prefix = env::temp_dir().join(format!("shutterbench-{}-profile", process::id()));
    recipe.session(|builder| {
        builder.with_profiling(&prefix).map_err(|error| ort::Error::new(error.to_string()))
    })
}

/// The profile that a session has written.
fn written(session: &mut RuntimeSession) -> ort::Result<String> {
    let path = PathBuf::from(session.end_profiling()?);
    let text = fs::read_to_string(&path);
    // A file that stays behind in the temporary folder does no harm.
    let _ = fs::remove_file(&path);
    text.map_err(|error| ort::Error::new(format!("its profile could not be read: {error}")))
}

/// Profiles `runs` runs on `inputs`.
pub(crate) fn operators(
    recipe: &OnnxruntimeRecipe,
    inputs: &[(String, DynTensor)],
    runs: usize,
) -> ort::Result<OperatorProfile> {
    let mut session = profiled(recipe)?;
    let mut total_ns = Vec::with_capacity(runs);
    for run in 0..PROFILE_WARMUP + runs {
        let views: Vec<(&str, SessionInputValue<'_>)> =
            inputs.iter().map(|(name, value)| (name.as_str(), value.into())).collect();
        let start = Instant::now();
        session.run(views)?;
        let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if run >= PROFILE_WARMUP {
            total_ns.push(ns);
        }
    }
    let mut calls = calls(&written(&mut session)?);
    calls.drain(..PROFILE_WARMUP.min(calls.len()));
    if calls.len() != total_ns.len() {
        return Err(ort::Error::new(format!(
            "its profile has {} runs of {}",
            calls.len(),
            total_ns.len()
        )));
    }
    Ok(OperatorProfile::of(total_ns.into_iter().zip(calls).collect()))
}

/// The calls of kernels of each run. An event is written when it ends, that of a run last.
fn calls(profile: &str) -> Vec<Vec<ProfiledCall>> {
    let events = serde_json::from_str::<Vec<TraceEvent>>(profile).unwrap_or_default();
    let (mut runs, mut calls) = (Vec::new(), Vec::new());
    for event in events {
        if event.cat == "Session" && event.name == "model_run" {
            runs.push(std::mem::take(&mut calls));
        } else if let Some(name) = event.kernel_of() {
            let provider = event.args.provider.as_str();
            let ran_on = if provider == CPU_PROVIDER { OWN_KERNELS } else { provider };
            calls.push(ProfiledCall {
                name: name.to_owned(),
                operator: event.args.op_name.clone(),
                ran_on: ran_on.to_owned(),
                // It has one per operator and provider, without a name.
                kernel: String::new(),
                ns: event.dur.saturating_mul(1000),
            });
        }
    }
    runs
}

/// Profiles one run and counts.
pub(crate) fn coverage(recipe: &OnnxruntimeRecipe, known: &[TensorInfo]) -> ort::Result<Coverage> {
    let mut session = profiled(recipe)?;
    let mut inputs = Vec::new();
    for (input, info) in session.inputs().iter().zip(known) {
        let ValueType::Tensor { ty, .. } = input.dtype() else { continue };
        let shape: Vec<i64> = info.shape.iter().map(|size| *size as i64).collect();
        let value = DynTensor::new(session.allocator(), *ty, shape)?;
        inputs.push((input.name().to_owned(), value));
    }
    session.run(inputs)?;
    let text = written(&mut session)?;
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
        .filter(|event| event.kernel_of().is_some())
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
    fn kernels_are_timed_run_by_run() {
        let kernel = |name: &str, us: u64, provider: &str| {
            format!(
                r#"{{"cat": "Node", "name": "{name}_kernel_time", "dur": {us},
                "args": {{"op_name": "Conv", "provider": "{provider}"}}}}"#
            )
        };
        let end = r#"{"cat": "Session", "name": "model_run", "dur": 99, "args": {}}"#.to_owned();
        let (own, other) = ("CPUExecutionProvider", "XnnpackExecutionProvider");
        let text = [kernel("a", 5, own), kernel("b", 7, other), end.clone(), kernel("a", 6, own)];
        let runs = calls(&format!("[{}]", [&text[..], &[end]].concat().join(",")));
        let found: Vec<Vec<(&str, &str, u64)>> = runs
            .iter()
            .map(|run| run.iter().map(|it| (&*it.name, &*it.ran_on, it.ns)).collect())
            .collect();
        assert_eq!(
            found,
            [vec![("a", OWN_KERNELS, 5000), ("b", other, 7000)], vec![("a", OWN_KERNELS, 6000)]]
        );
    }

    #[test]
    fn a_profile_that_cannot_be_read_is_unknown() {
        let unknown = count("[{", Some("CUDAExecutionProvider"));
        assert_eq!(unknown.status, Some(DelegateStatus::Unknown));
        assert_eq!(unknown.nodes_total, None);
    }
}
