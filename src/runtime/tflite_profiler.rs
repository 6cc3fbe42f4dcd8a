//! TensorFlow Lite's telemetry profiler: what each operator of a run takes.
//!
//! Interface: `TfLiteTelemetryProfilerStruct` of `tensorflow/lite/profiling/telemetry/c/profiler.h`
//! (2.12 on). The binding's own profiler counts whole microseconds, which cuts half of one off
//! every operator; ours counts nanoseconds. What happens inside a delegate is told by the delegate
//! itself, in microseconds.

use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// An operator that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedOperator {
    /// What the runtime or the delegate calls it.
    pub operator: String,
    /// Its place in its graph.
    pub index: i64,
    /// Whether a delegate told it of an operator of its own.
    pub is_told: bool,
    /// The place of the record inside which it ran.
    pub inside: Option<usize>,
    /// What it took, with what ran inside it.
    pub ns: u64,
    began: Instant,
}

#[derive(Debug, Default)]
struct Recorder {
    records: Vec<RecordedOperator>,
    /// Those that have begun and not ended.
    open: Vec<usize>,
}

impl Recorder {
    fn begin(&mut self, operator: String, index: i64, ns: u64) -> usize {
        let inside = self.open.last().copied();
        let began = Instant::now();
        let is_told = false;
        self.records.push(RecordedOperator { operator, index, is_told, inside, ns, began });
        self.records.len() - 1
    }

    fn end(&mut self, at: usize) {
        self.open.retain(|open| *open != at);
        if let Some(record) = self.records.get_mut(at) {
            record.ns = u64::try_from(record.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        }
    }
}

/// The C structure; its first field is ours.
#[repr(C)]
struct TelemetryProfiler {
    data: *mut c_void,
    report_event: Option<unsafe extern "C" fn(*mut Self, *const c_char, u64)>,
    report_op_event: Option<unsafe extern "C" fn(*mut Self, *const c_char, i64, i64, u64)>,
    report_settings: Option<unsafe extern "C" fn(*mut Self, *const c_char, *const c_void)>,
    begin_op: Option<unsafe extern "C" fn(*mut Self, *const c_char, i64, i64) -> u32>,
    end_op: Option<unsafe extern "C" fn(*mut Self, u32)>,
    report_op: Option<unsafe extern "C" fn(*mut Self, *const c_char, u64, i64, i64)>,
}

/// A profiler that one interpreter may be given, which it has to outlive.
pub(crate) struct TfliteProfiler {
    profiler: TelemetryProfiler,
    recorder: Mutex<Recorder>,
}

impl TfliteProfiler {
    /// Boxed: the runtime keeps its address.
    pub(crate) fn new() -> Box<Self> {
        let mut this = Box::new(Self {
            profiler: TelemetryProfiler {
                data: std::ptr::null_mut(),
                report_event: Some(ignore_event),
                report_op_event: Some(ignore_op_event),
                report_settings: Some(ignore_settings),
                begin_op: Some(begin),
                end_op: Some(end),
                report_op: Some(report),
            },
            recorder: Mutex::default(),
        });
        this.profiler.data = (&raw mut this.recorder).cast();
        this
    }

    /// What `TfLiteInterpreterOptionsSetTelemetryProfiler` takes.
    pub(crate) fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut self.profiler).cast()
    }

    /// What ran since this was asked last.
    pub(crate) fn take(&self) -> Vec<RecordedOperator> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.open.clear();
        std::mem::take(&mut recorder.records)
    }
}

/// # Safety
/// `profiler` is one that a live [`TfliteProfiler`] made.
unsafe fn with<T>(profiler: *mut TelemetryProfiler, work: impl FnOnce(&mut Recorder) -> T) -> T {
    // SAFETY: as the caller promises, `data` is the recorder beside it.
    let recorder = unsafe { &*(*profiler).data.cast::<Mutex<Recorder>>() };
    work(&mut recorder.lock().unwrap_or_else(PoisonError::into_inner))
}

/// # Safety
/// `name` is null or a live string.
unsafe fn owned(name: *const c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn begin(
    profiler: *mut TelemetryProfiler,
    name: *const c_char,
    index: i64,
    _graph: i64,
) -> u32 {
    // SAFETY: the runtime passes the profiler that it was given, and a live name.
    unsafe {
        let name = owned(name);
        with(profiler, |recorder| {
            let at = recorder.begin(name, index, 0);
            recorder.open.push(at);
            u32::try_from(at).unwrap_or(u32::MAX)
        })
    }
}

unsafe extern "C" fn end(profiler: *mut TelemetryProfiler, handle: u32) {
    // SAFETY: the runtime passes the profiler that it was given.
    unsafe { with(profiler, |recorder| recorder.end(handle as usize)) }
}

unsafe extern "C" fn report(
    profiler: *mut TelemetryProfiler,
    name: *const c_char,
    elapsed_us: u64,
    index: i64,
    _graph: i64,
) {
    // SAFETY: the runtime passes the profiler that it was given, and a live name.
    unsafe {
        let name = owned(name);
        with(profiler, |recorder| {
            let at = recorder.begin(name, index, elapsed_us.saturating_mul(1000));
            recorder.records[at].is_told = true;
        });
    }
}

unsafe extern "C" fn ignore_event(_: *mut TelemetryProfiler, _: *const c_char, _: u64) {}

unsafe extern "C" fn ignore_op_event(
    _: *mut TelemetryProfiler,
    _: *const c_char,
    _: i64,
    _: i64,
    _: u64,
) {
}

unsafe extern "C" fn ignore_settings(
    _: *mut TelemetryProfiler,
    _: *const c_char,
    _: *const c_void,
) {
}
