//! What a delegate really took, read from TensorFlow Lite's execution plan.
//!
//! Our own delegate, which takes nothing, looks at the plan twice: before the delegate in question
//! is applied, and after the tensors are allocated (when some builds of the library apply XNNPACK
//! on their own). Nodes that left the plan in between were taken; nodes that came with an owner are
//! the partitions. This happens on a separate interpreter, so that the measured one carries nothing
//! extra.

use std::ptr;

use edgefirst_tflite::Library;
use edgefirst_tflite_sys::{
    TfLiteContext, TfLiteDelegate, TfLiteIntArray, TfLiteInterpreter, TfLiteNode,
    TfLiteRegistration, TfLiteStatus, TfLiteStatus_kTfLiteError as ERROR,
    TfLiteStatus_kTfLiteOk as OK,
};

use crate::record::coverage::ExecutionPlan;
use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::delegate::Delegate;
use crate::record::setting_values::SettingValues;
use crate::runtime::backend_error::BackendError;
use crate::runtime::tflite_bare::BareInterpreter;
use crate::runtime::tflite_delegate::NativeDelegate;

/// `TfLiteInterpreterModifyGraphWithDelegate` of `c_api_experimental.h`.
type ModifyGraph =
    unsafe extern "C" fn(*const TfLiteInterpreter, *mut TfLiteDelegate) -> TfLiteStatus;

/// `kTfLiteDelegateFlagsAllowDynamicTensors` of `common.h`.
const ALLOW_DYNAMIC_TENSORS: i64 = 1;

/// The coverage of `model` by `delegate`.
pub(crate) fn coverage(
    library: &Library,
    model: &[u8],
    delegate: &Delegate,
    options: &SettingValues,
    threads: i32,
) -> Result<Coverage, BackendError> {
    let asked = *delegate != Delegate::None;
    // The names stay declared in this order: an interpreter has to go before
    // the delegates and the model that it uses.
    let mut before = PlanProbe::new();
    let mut after = PlanProbe::new();
    let native = NativeDelegate::create(library, delegate, options, threads)?;
    let Some((before, after)) = plans(library, model, native.as_ref(), &mut before, &mut after)
    else {
        let status = asked.then_some(DelegateStatus::Unknown);
        return Ok(Coverage { status, ..Coverage::default() });
    };
    Ok(Coverage::between(before, after, asked))
}

/// Builds an interpreter as the measured one was built and looks at its plan. `None` if this build
/// of the library does not let us.
fn plans(
    library: &Library,
    model: &[u8],
    delegate: Option<&NativeDelegate>,
    before: &mut PlanProbe,
    after: &mut PlanProbe,
) -> Option<(ExecutionPlan, ExecutionPlan)> {
    let api = library.as_sys();
    // SAFETY: the symbol has this signature in every release that has it (2.2 on).
    let modify = unsafe {
        *api.library().get::<ModifyGraph>(b"TfLiteInterpreterModifyGraphWithDelegate\0").ok()?
    };
    let interpreter = BareInterpreter::create(api, model, |options| {
        // SAFETY: `options` is live; the probe and the delegate outlive the interpreter.
        unsafe {
            api.TfLiteInterpreterOptionsAddDelegate(options, &raw mut before.delegate);
            if let Some(delegate) = delegate {
                api.TfLiteInterpreterOptionsAddDelegate(options, delegate.as_inner().as_ptr());
            }
        }
    })?;
    // SAFETY: the interpreter is live and `after` outlives it.
    let status = unsafe { modify(interpreter.as_ptr(), &raw mut after.delegate) };
    drop(interpreter);
    (status == OK).then_some((before.plan?, after.plan?))
}

/// A delegate that looks at the plan and takes nothing. Boxed: the runtime
/// keeps the address of `delegate`, and `delegate.data_` is the probe's own.
struct PlanProbe {
    delegate: TfLiteDelegate,
    plan: Option<ExecutionPlan>,
}

impl PlanProbe {
    fn new() -> Box<Self> {
        let mut probe = Box::new(Self {
            delegate: TfLiteDelegate {
                data_: ptr::null_mut(),
                Prepare: Some(look),
                CopyFromBufferHandle: None,
                CopyToBufferHandle: None,
                FreeBufferHandle: None,
                // Without this flag the runtime would refuse or freeze graphs
                // with dynamic tensors.
                flags: ALLOW_DYNAMIC_TENSORS,
                opaque_delegate_builder: ptr::null_mut(),
            },
            plan: None,
        });
        probe.delegate.data_ = (&raw mut probe.plan).cast();
        probe
    }
}

/// `Prepare` of the probe.
unsafe extern "C" fn look(
    context: *mut TfLiteContext,
    delegate: *mut TfLiteDelegate,
) -> TfLiteStatus {
    // SAFETY: the runtime calls this with its live context and with the
    // delegate that a `PlanProbe` made, whose `data_` is that probe's `plan`.
    unsafe {
        let Some(plan) = read_plan(context) else { return ERROR };
        *(*delegate).data_.cast::<Option<ExecutionPlan>>() = Some(plan);
    }
    OK
}

/// Counts the plan's nodes.
///
/// # Safety
/// `context` is live, inside a delegate's `Prepare`.
unsafe fn read_plan(context: *mut TfLiteContext) -> Option<ExecutionPlan> {
    let mut plan = ExecutionPlan::default();
    // SAFETY: as the caller promises; the runtime fills each out-parameter
    // when it answers `OK`, and `size` counts the elements after it.
    unsafe {
        let mut order: *mut TfLiteIntArray = ptr::null_mut();
        if (*context).GetExecutionPlan?(context, &raw mut order) != OK || order.is_null() {
            return None;
        }
        let len = usize::try_from((*order).size).ok()?;
        let indices = std::slice::from_raw_parts((*order).data.as_ptr(), len);
        for index in indices {
            let mut node: *mut TfLiteNode = ptr::null_mut();
            let mut registration: *mut TfLiteRegistration = ptr::null_mut();
            let status = (*context).GetNodeAndRegistration?(
                context,
                *index,
                &raw mut node,
                &raw mut registration,
            );
            if status != OK || node.is_null() {
                return None;
            }
            if (*node).delegate.is_null() { plan.own += 1 } else { plan.partitions += 1 }
        }
    }
    Some(plan)
}
