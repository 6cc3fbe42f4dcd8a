//! What each operator takes under TensorFlow Lite, on an interpreter made for it, so that the
//! measured one carries nothing extra.

use std::ffi::c_void;
use std::time::Instant;

use edgefirst_tflite::Library;
use edgefirst_tflite_sys::TfLiteInterpreterOptions;

use crate::model::tflite_division;
use crate::model::tflite_nodes::{self, FileNode};
use crate::record::delegate::Delegate;
use crate::record::operator_profile::{GraphDivision, OWN_KERNELS, OperatorProfile, ProfiledCall};
use crate::record::setting_values::SettingValues;
use crate::runtime::backend_error::BackendError;
use crate::runtime::heard_stderr::{self, Onward};
use crate::runtime::session::PROFILE_WARMUP;
use crate::runtime::tflite_bare::BareInterpreter;
use crate::runtime::tflite_delegate::NativeDelegate;
use crate::runtime::tflite_profiler::{RecordedOperator, TfliteProfiler};
use crate::runtime::{tflite_refusals, told_refusals, xnnpack_operator};

/// `TfLiteInterpreterOptionsSetTelemetryProfiler` of `c_api_experimental.h`.
type SetProfiler = unsafe extern "C" fn(*mut TfLiteInterpreterOptions, *mut c_void);

/// Profiles `runs` runs of the file of `model` on `inputs`.
///
/// # Errors
/// A library without a profiler, or one that refuses.
pub(crate) fn profile(
    library: &Library,
    model: &[u8],
    (delegate, options, threads): (&Delegate, &SettingValues, i32),
    inputs: &[Vec<u8>],
    runs: usize,
) -> Result<OperatorProfile, BackendError> {
    let api = library.as_sys();
    // SAFETY: the symbol has this signature in every release that has it.
    let set = unsafe {
        api.library().get::<SetProfiler>(b"TfLiteInterpreterOptionsSetTelemetryProfiler\0")
    };
    let set = *set.map_err(|_| {
        BackendError::Unsupported("this TensorFlow Lite library has no profiler".into())
    })?;
    // In this order: an interpreter has to go before what it uses.
    let mut profiler = TfliteProfiler::new();
    let at = profiler.as_ptr();
    // A delegate says what it refuses while it is made and applied.
    let (native, created) = heard_stderr::during(Onward::Yes, || {
        NativeDelegate::create(library, delegate, options, threads)
    });
    let native = native?;
    let (interpreter, applied) = heard_stderr::during(Onward::Yes, || {
        BareInterpreter::create(api, model, |options| {
            // SAFETY: `options` is live; profiler and delegate outlive the interpreter.
            unsafe {
                api.TfLiteInterpreterOptionsSetNumThreads(options, threads);
                set(options, at);
                if let Some(delegate) = &native {
                    api.TfLiteInterpreterOptionsAddDelegate(options, delegate.as_inner().as_ptr());
                }
            }
        })
    });
    let failed = |what: &str| BackendError::Failed(format!("TensorFlow Lite: {what}"));
    let mut interpreter =
        interpreter.ok_or_else(|| failed("it could not be loaded once more, with a profiler"))?;
    for (index, bytes) in inputs.iter().enumerate() {
        if !interpreter.write_input(index, bytes) {
            return Err(failed("its input could not be set to be profiled"));
        }
    }
    let nodes = tflite_nodes::of(model);
    let mut profiled = Vec::with_capacity(runs);
    let mut placement = None;
    for run in 0..PROFILE_WARMUP + runs {
        let start = Instant::now();
        if !interpreter.invoke() {
            return Err(failed("a profiled run failed"));
        }
        let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let records = profiler.take();
        if run >= PROFILE_WARMUP {
            profiled.push((ns, calls(&records, &nodes, delegate)));
            if *delegate != Delegate::None {
                placement = division(&records, &nodes, model);
            }
        }
    }
    drop(interpreter);
    let profile = OperatorProfile::of(profiled);
    let refusals = match delegate {
        Delegate::None => Vec::new(),
        _ if profile.left().next().is_none() => Vec::new(),
        Delegate::Xnnpack => {
            tflite_refusals::of_xnnpack(library, model, (options, threads), &nodes)
        }
        _ => told_refusals::of(&(created + &applied), &profile.left().collect::<Vec<_>>()),
    };
    Ok(OperatorProfile { placement, refusals, ..profile })
}

/// How the delegate divides the graph, from the records of a run. What is not called by the name of
/// a node is a partition, and so is a series of operators that a delegate tells, which XNNPACK
/// numbers from 0 in each.
fn division(
    records: &[RecordedOperator],
    nodes: &[FileNode],
    model: &[u8],
) -> Option<GraphDivision> {
    let (mut left, mut partitions) = (Vec::new(), 0);
    // The number of the last operator inside the present partition; `None` outside one.
    let mut inside: Option<i64> = None;
    for record in records {
        let place = usize::try_from(record.index).ok();
        let node = place.and_then(|place| nodes.get(place));
        if record.is_told {
            partitions += usize::from(inside.is_none_or(|last| record.index < last));
            inside = Some(record.index);
        } else if let (Some(place), true) =
            (place, node.is_some_and(|node| node.operator == record.operator))
        {
            left.push((place, record.operator.as_str()));
            inside = None;
        } else {
            partitions += 1;
            inside = Some(0);
        }
    }
    tflite_division::of(model, &left, partitions)
}

/// The calls of a run; `nodes` are the file's. What a delegate's
/// operators leave of its own time stays with the delegate.
fn calls(
    records: &[RecordedOperator],
    nodes: &[FileNode],
    delegate: &Delegate,
) -> Vec<ProfiledCall> {
    let inside = |at: usize| records.iter().filter(move |record| record.inside == Some(at));
    let call = |(at, record): (usize, &RecordedOperator)| {
        let node = usize::try_from(record.index).ok().and_then(|index| nodes.get(index));
        let own = node.filter(|node| node.operator == record.operator);
        let (name, ran_on) = match own {
            _ if record.is_told => (record.index.to_string(), delegate.to_string()),
            Some(node) => (node.name.clone(), OWN_KERNELS.to_owned()),
            None => (record.operator.clone(), delegate.to_string()),
        };
        let (operator, kernel) = match delegate {
            Delegate::Xnnpack if record.is_told => xnnpack_operator::told(&record.operator),
            _ => (record.operator.as_str(), ""),
        };
        let (operator, kernel) = (operator.to_owned(), kernel.to_owned());
        let taken = inside(at).fold(0_u64, |sum, inner| sum.saturating_add(inner.ns));
        ProfiledCall { name, operator, ran_on, kernel, ns: record.ns.saturating_sub(taken) }
    };
    records.iter().enumerate().map(call).collect()
}
