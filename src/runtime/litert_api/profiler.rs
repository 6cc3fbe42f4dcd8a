//! LiteRT's own profiler: which kernels a run called, and whose they were.

use std::ffi::{c_char, c_void};
use std::ptr;

use edgefirst_tflite_sys::litert::{self as sys, Status};

use crate::runtime::litert_api::api::{ApiResult, check, text};
use crate::runtime::litert_api::compiled_model::CompiledModel;

/// A kernel that a run called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// A node of the runtime's plan, by its operator's name; also the node that represents what a
    /// delegate took, if that delegate does not profile itself.
    Node(String),
    /// An operator inside a delegate, by its place in that delegate's graph.
    Delegated(u64),
}

/// A call with what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimedCall {
    /// What was called.
    pub call: Call,
    /// What LiteRT or the delegate calls it.
    pub tag: String,
    /// Its place in its graph.
    pub place: u64,
    /// What it took; LiteRT counts microseconds.
    pub ns: u64,
}

// `LiteRtProfilerEventType` of `litert_profiler_event.h`.
const OPERATOR_INVOKE: u32 = 1 << 1;
const DELEGATE_OPERATOR_INVOKE: u32 = 1 << 2;
const DELEGATE_PROFILED_OPERATOR_INVOKE: u32 = 1 << 3;

/// `ProfiledEventData` of the same header.
#[repr(C)]
struct ProfiledEvent {
    tag: *const c_char,
    kind: u32,
    start_us: u64,
    elapsed_us: u64,
    memory_at_begin: [usize; 3],
    memory_at_end: [usize; 3],
    metadata: [u64; 2],
    source: u32,
}

// The binding's table leaves the profiler out; its handle is a pointer.
type Profiler = *mut c_void;
type GetProfiler = unsafe extern "C" fn(sys::CompiledModel, *mut Profiler) -> Status;
type ProfilerCall = unsafe extern "C" fn(Profiler) -> Status;
type Count = unsafe extern "C" fn(Profiler, *mut i32) -> Status;
type Events = unsafe extern "C" fn(Profiler, i32, *mut ProfiledEvent) -> Status;

impl CompiledModel {
    /// What `work` makes the model call, in order. The model has to be compiled
    /// with profiling enabled.
    pub(crate) fn profiled(
        &mut self,
        work: impl FnOnce(&mut Self) -> ApiResult<()>,
    ) -> ApiResult<Vec<TimedCall>> {
        let api = self.model.environment.api;
        let mut profiler: Profiler = ptr::null_mut();
        // SAFETY: the functions have these types in `litert_compiled_model.h`
        // and `litert_profiler.h`; the compiled model is live and owns the
        // profiler and the tags of its events.
        unsafe {
            let get = api.function::<GetProfiler>(c"LiteRtCompiledModelGetProfiler")?;
            check("LiteRtCompiledModelGetProfiler", get(self.raw, &raw mut profiler))?;
            if profiler.is_null() {
                return Err("LiteRT has no profiler for this model".into());
            }
            let start = api.function::<ProfilerCall>(c"LiteRtStartProfiler")?;
            let stop = api.function::<ProfilerCall>(c"LiteRtStopProfiler")?;
            let count_of = api.function::<Count>(c"LiteRtGetNumProfilerEvents")?;
            let events_of = api.function::<Events>(c"LiteRtGetProfilerEvents")?;
            let reset = api.function::<ProfilerCall>(c"LiteRtResetProfiler")?;
            check("LiteRtResetProfiler", reset(profiler))?;
            check("LiteRtStartProfiler", start(profiler))?;
            let worked = work(self);
            check("LiteRtStopProfiler", stop(profiler))?;
            worked?;
            let mut count = 0;
            check("LiteRtGetNumProfilerEvents", count_of(profiler, &raw mut count))?;
            let len = usize::try_from(count).unwrap_or(0);
            let mut events: Vec<ProfiledEvent> = Vec::with_capacity(len);
            check("LiteRtGetProfilerEvents", events_of(profiler, count, events.as_mut_ptr()))?;
            // The call has filled as many as requested.
            events.set_len(len);
            Ok(events.iter().filter_map(|event| call(event)).collect())
        }
    }
}

/// # Safety
/// The event's tag is null or a live string.
unsafe fn call(event: &ProfiledEvent) -> Option<TimedCall> {
    // SAFETY: as the caller promises.
    let tag = unsafe { text(event.tag) };
    let place = event.metadata[0];
    let call = match event.kind {
        OPERATOR_INVOKE => Call::Node(tag.clone()),
        DELEGATE_OPERATOR_INVOKE | DELEGATE_PROFILED_OPERATOR_INVOKE => Call::Delegated(place),
        _ => return None,
    };
    Some(TimedCall { call, tag, place, ns: event.elapsed_us.saturating_mul(1000) })
}
