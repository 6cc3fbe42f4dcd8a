//! Why XNNPACK leaves nodes to TensorFlow Lite.
//!
//! XNNPACK decides node by node which it takes, with its messages switched off. It explains itself
//! only for a node that is given to it regardless. So a delegate of our own stands before it: when
//! XNNPACK has named what it takes, each node that it did not name is given to it alone, on an
//! interpreter that is thrown away, and what it prints is the reason.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::ptr;

use edgefirst_tflite::Library;
use edgefirst_tflite_sys::{
    TfLiteContext, TfLiteDelegate, TfLiteIntArray, TfLiteRegistration, TfLiteStatus,
    TfLiteStatus_kTfLiteError as ERROR, TfLiteStatus_kTfLiteOk as OK,
};

use crate::model::tflite_nodes::FileNode;
use crate::record::delegate::Delegate;
use crate::record::operator_profile::Refusal;
use crate::record::setting_values::SettingValues;
use crate::runtime::heard_stderr::{self, Onward};
use crate::runtime::tflite_bare::BareInterpreter;
use crate::runtime::tflite_delegate::NativeDelegate;
use crate::runtime::told_refusals;

/// Nodes that XNNPACK is asked about; of many, nearly all have the reasons of the first.
const MOST_ASKED: usize = 100;
/// Begins the line that we print before a node is asked about.
const ASKED: &str = "shutterbench asks XNNPACK about node ";

/// The function of a context by which a delegate takes nodes.
type Replace = unsafe extern "C" fn(
    *mut TfLiteContext,
    TfLiteRegistration,
    *const TfLiteIntArray,
    *mut TfLiteDelegate,
) -> TfLiteStatus;

thread_local! {
    /// The runtime's own such function while ours stands in for it.
    static REPLACED: RefCell<Option<Replace>> = const { RefCell::new(None) };
}

/// What XNNPACK says of the nodes of `model` that it does not take; `nodes` are the file's.
pub(crate) fn of_xnnpack(
    library: &Library,
    model: &[u8],
    (options, threads): (&SettingValues, i32),
    nodes: &[FileNode],
) -> Vec<Refusal> {
    // Elsewhere a structure that another release made longer would move the arguments after it.
    if cfg!(not(target_pointer_width = "64")) {
        return Vec::new();
    }
    let Ok(Some(xnnpack)) = NativeDelegate::create(library, &Delegate::Xnnpack, options, threads)
    else {
        return Vec::new();
    };
    let mut before = Box::new(TfLiteDelegate {
        data_: xnnpack.as_inner().as_ptr().cast(),
        Prepare: Some(ask),
        CopyFromBufferHandle: None,
        CopyToBufferHandle: None,
        FreeBufferHandle: None,
        // SAFETY: the delegate is live.
        flags: unsafe { (*xnnpack.as_inner().as_ptr()).flags },
        opaque_delegate_builder: ptr::null_mut(),
    });
    let api = library.as_sys();
    let ((), heard) = heard_stderr::during(Onward::No, || {
        // It fails: `ask` refuses in the end, so that nothing half-taken is run.
        drop(BareInterpreter::create(api, model, |options| {
            // SAFETY: `options` is live; both delegates outlive the interpreter.
            unsafe { api.TfLiteInterpreterOptionsAddDelegate(options, &raw mut *before) };
        }));
    });
    reasons(&heard, nodes)
}

/// What follows the line about each node.
fn reasons(heard: &str, nodes: &[FileNode]) -> Vec<Refusal> {
    let about = |part: &str| {
        let (index, said) = part.split_once('\n')?;
        let index: usize = index.trim().parse().ok()?;
        let node = nodes.get(index)?;
        let reason = said.lines().map(told_refusals::message).find(|line| !line.is_empty())?;
        Some(Refusal {
            index: Some(index),
            name: node.name.clone(),
            operator: node.operator.clone(),
            reason,
        })
    };
    heard.split(ASKED).skip(1).filter_map(about).collect()
}

/// `Prepare` of the delegate that stands before XNNPACK.
unsafe extern "C" fn ask(
    context: *mut TfLiteContext,
    delegate: *mut TfLiteDelegate,
) -> TfLiteStatus {
    // SAFETY: the runtime calls this with its live context and with the delegate of `of_xnnpack`,
    // whose `data_` is XNNPACK's, live as well. The context gets its own function back.
    unsafe {
        let xnnpack = (*delegate).data_.cast::<TfLiteDelegate>();
        let (Some(prepare), Some(replace)) =
            ((*xnnpack).Prepare, (*context).ReplaceNodeSubsetsWithDelegateKernels)
        else {
            return ERROR;
        };
        REPLACED.set(Some(replace));
        (*context).ReplaceNodeSubsetsWithDelegateKernels = Some(give_each);
        prepare(context, xnnpack);
        (*context).ReplaceNodeSubsetsWithDelegateKernels = Some(replace);
        REPLACED.set(None);
    }
    ERROR
}

/// Stands in for the function by which XNNPACK takes `taken`: gives it each other node instead.
unsafe extern "C" fn give_each(
    context: *mut TfLiteContext,
    kernel: TfLiteRegistration,
    taken: *const TfLiteIntArray,
    delegate: *mut TfLiteDelegate,
) -> TfLiteStatus {
    let Some(replace) = REPLACED.take() else { return ERROR };
    // SAFETY: called by XNNPACK inside its `Prepare`, with the live context that it was given.
    let (Some(taken), Some(plan)) = (unsafe { elements(taken) }, unsafe { plan(context) }) else {
        return ERROR;
    };
    let taken: BTreeSet<i32> = taken.into_iter().collect();
    for index in plan.into_iter().filter(|index| !taken.contains(index)).take(MOST_ASKED) {
        // If it cannot be printed, it is not heard either.
        let _ = writeln!(std::io::stderr(), "{ASKED}{index}");
        // The layout of a TfLiteIntArray: its length, then its elements.
        let one = [1, index];
        // SAFETY: as the caller promises; the array is only read during the call. The answer is
        // of no use: what could not be made shows when the graph is prepared, which it is not.
        unsafe { replace(context, kernel, one.as_ptr().cast(), delegate) };
    }
    // What the runtime says afterwards is of no node.
    let _ = writeln!(std::io::stderr(), "{ASKED}(all)");
    OK
}

/// The nodes that are going to run.
///
/// # Safety
/// `context` is live, inside a delegate's `Prepare`.
unsafe fn plan(context: *mut TfLiteContext) -> Option<Vec<i32>> {
    let mut order: *mut TfLiteIntArray = ptr::null_mut();
    // SAFETY: as the caller promises; the runtime fills the out-parameter when it answers `OK`.
    unsafe {
        let status = (*context).GetExecutionPlan?(context, &raw mut order);
        if status == OK { elements(order) } else { None }
    }
}

/// # Safety
/// `array` is null or live.
unsafe fn elements(array: *const TfLiteIntArray) -> Option<Vec<i32>> {
    if array.is_null() {
        return None;
    }
    // SAFETY: as the caller promises; `size` counts the elements after it.
    unsafe {
        let len = usize::try_from((*array).size).ok()?;
        Some(std::slice::from_raw_parts((*array).data.as_ptr(), len).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_what_is_said_after_the_node_was_named() {
        let node = |operator: &str| FileNode {
            operator: operator.into(),
            name: operator.to_lowercase(),
            tensor: None,
        };
        let nodes = [node("CONV_2D"), node("SOFTMAX"), node("CAST")];
        let heard = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n\
            shutterbench asks XNNPACK about node 1\n\
            ERROR: unsupported type INT8 in tensor #51 in node #1\n\
            shutterbench asks XNNPACK about node 2\n\
            shutterbench asks XNNPACK about node 9\nERROR: no such node\n\
            shutterbench asks XNNPACK about node 0\n\
            shutterbench asks XNNPACK about node (all)\nERROR: Restored original execution plan\n";
        let found = reasons(heard, &nodes);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].index, found[0].operator.as_str()), (Some(1), "SOFTMAX"));
        assert_eq!(found[0].reason, "unsupported type INT8 in tensor #51 in node #1");
    }
}
