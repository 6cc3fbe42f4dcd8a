//! LiteRT's C interface with owners: what is created here is destroyed once,
//! and what it uses lives longer.
//!
//! The binding's own wrappers take no option that reaches the CPU kernels or
//! the environment, so this calls the function table that it resolves.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr;
use std::rc::Rc;

use edgefirst_tflite::{Library, LiteRtStatusCode};
use edgefirst_tflite_sys::litert::{self as sys, EnvOption, LiteRtFunctions, Status, status};

/// What a failed call says: its name and the runtime's word.
pub(super) type ApiResult<T> = Result<T, String>;

fn check(call: &str, code: Status) -> ApiResult<()> {
    if code == status::OK { Ok(()) } else { Err(format!("{call}: {}", LiteRtStatusCode(code))) }
}

/// Which side of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// The hardware that a model is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hardware {
    Cpu,
    Gpu,
}

impl Hardware {
    /// The CPU takes what the GPU leaves.
    const fn bits(self) -> sys::HwAcceleratorSet {
        match self {
            Self::Cpu => sys::kLiteRtHwAcceleratorCpu,
            Self::Gpu => sys::kLiteRtHwAcceleratorGpu | sys::kLiteRtHwAcceleratorCpu,
        }
    }
}

/// `LiteRtAny` of `litert_any.h`, which the binding does not export.
#[repr(C)]
struct Any {
    kind: u32,
    value: u64,
}

/// `LiteRtEnvOption` of `litert_environment_options.h`.
#[repr(C)]
struct EnvironmentOption {
    tag: u32,
    value: Any,
}

const _: () = assert!(size_of::<EnvironmentOption>() == size_of::<EnvOption>());

/// `kLiteRtAnyTypeInt` and `kLiteRtAnyTypeString`.
const ANY_INT: u32 = 2;
const ANY_STRING: u32 = 8;
/// `kLiteRtEnvOptionTagRuntimeLibraryDir`.
const RUNTIME_LIBRARY_DIR: u32 = 22;
/// `kLiteRtEnvOptionTagAutoRegisterAccelerators`.
const AUTO_REGISTER_ACCELERATORS: u32 = 24;

// Functions that the binding's table leaves out. `LiteRtOpaqueOptions` is a pointer.
type CreateOpaque = unsafe extern "C" fn(
    *const c_char,
    *mut c_void,
    Option<unsafe extern "C" fn(*mut c_void)>,
    *mut *mut c_void,
) -> Status;
type AddOpaque = unsafe extern "C" fn(sys::Options, *mut c_void) -> Status;
type TensorName = unsafe extern "C" fn(sys::Tensor, *mut *const c_char) -> Status;

/// A loaded library with LiteRT's interface.
#[derive(Clone, Copy)]
pub(super) struct Api {
    library: &'static Library,
    calls: &'static LiteRtFunctions,
}

impl Api {
    /// The interface of `library`; else the symbol that it lacks.
    pub(super) fn of(library: &'static Library) -> Result<Self, &'static str> {
        match library.litert() {
            Some(calls) => Ok(Self { library, calls }),
            None => Err(library.litert_missing_symbol().unwrap_or("its LiteRT interface")),
        }
    }

    /// # Safety
    /// `T` is the type of the C function `name`.
    unsafe fn function<T: Copy>(&self, name: &CStr) -> ApiResult<T> {
        // SAFETY: as the caller promises.
        let symbol = unsafe { self.library.as_sys().library().get::<T>(name.to_bytes_with_nul()) };
        symbol
            .map(|symbol| *symbol)
            .map_err(|_| format!("the library lacks {}", name.to_string_lossy()))
    }
}

/// A LiteRT environment.
pub(super) struct Environment {
    api: Api,
    raw: sys::Environment,
}

impl Environment {
    /// Creates one that brings up `hardware` only, with accelerators' libraries
    /// looked for in `folder`.
    pub(super) fn create(api: Api, hardware: Hardware, folder: &Path) -> ApiResult<Rc<Self>> {
        let folder = c_string(folder.to_str().ok_or("the library's folder is not in UTF-8")?)?;
        let options = [
            EnvironmentOption {
                tag: AUTO_REGISTER_ACCELERATORS,
                value: Any { kind: ANY_INT, value: hardware.bits() as u64 },
            },
            EnvironmentOption {
                tag: RUNTIME_LIBRARY_DIR,
                value: Any { kind: ANY_STRING, value: folder.as_ptr() as u64 },
            },
        ];
        let mut raw = ptr::null_mut();
        // SAFETY: the options have the C layout and, with the string, outlive
        // the call, which copies them.
        let code = unsafe {
            (api.calls.create_environment)(
                options.len() as i32,
                options.as_ptr().cast::<EnvOption>(),
                &raw mut raw,
            )
        };
        check("LiteRtCreateEnvironment", code)?;
        Ok(Rc::new(Self { api, raw }))
    }

    /// Names of the accelerators that were brought up.
    pub(super) fn accelerators(&self) -> ApiResult<Vec<String>> {
        let calls = self.api.calls;
        let mut count = 0;
        // SAFETY: the environment is live; every out-parameter is valid, and
        // names are NUL-terminated strings that live as long as it does.
        unsafe {
            check(
                "LiteRtGetNumAccelerators",
                (calls.get_num_accelerators)(self.raw, &raw mut count),
            )?;
            (0..count)
                .map(|index| {
                    let mut accelerator = ptr::null_mut();
                    let mut name = ptr::null();
                    check(
                        "LiteRtGetAccelerator",
                        (calls.get_accelerator)(self.raw, index, &raw mut accelerator),
                    )?;
                    check(
                        "LiteRtGetAcceleratorName",
                        (calls.get_accelerator_name)(accelerator, &raw mut name),
                    )?;
                    Ok(text(name))
                })
                .collect()
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once; everything made from it holds
        // an `Rc` to it and is gone.
        unsafe { (self.api.calls.destroy_environment)(self.raw) }
    }
}

/// A model file.
pub(super) struct Model {
    environment: Rc<Environment>,
    raw: sys::Model,
}

impl Model {
    pub(super) fn from_file(environment: &Rc<Environment>, path: &Path) -> ApiResult<Rc<Self>> {
        let path = c_string(path.to_str().ok_or("its path is not in UTF-8")?)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the environment is live, the string outlives the call.
        let code = unsafe {
            (environment.api.calls.create_model_from_file)(
                environment.raw,
                path.as_ptr(),
                &raw mut raw,
            )
        };
        check("LiteRtCreateModelFromFile", code)?;
        Ok(Rc::new(Self { environment: Rc::clone(environment), raw }))
    }

    fn signature(&self) -> ApiResult<sys::Signature> {
        let mut raw = ptr::null_mut();
        // SAFETY: the model is live; a model without signatures has a default one.
        let code =
            unsafe { (self.environment.api.calls.get_model_signature)(self.raw, 0, &raw mut raw) };
        check("LiteRtGetModelSignature", code)?;
        Ok(raw)
    }

    fn tensor(&self, side: Side, index: usize) -> ApiResult<sys::Tensor> {
        let calls = self.environment.api.calls;
        let signature = self.signature()?;
        let mut raw = ptr::null_mut();
        // SAFETY: signature and tensor belong to the model, which is live.
        let code = unsafe {
            match side {
                Side::Input => {
                    (calls.get_signature_input_tensor_by_index)(signature, index, &raw mut raw)
                }
                Side::Output => {
                    (calls.get_signature_output_tensor_by_index)(signature, index, &raw mut raw)
                }
            }
        };
        check("LiteRtGetSignatureTensorByIndex", code)?;
        Ok(raw)
    }

    /// Names of the tensors on a side, in the order of the first signature.
    pub(super) fn names(&self, side: Side) -> ApiResult<Vec<String>> {
        let api = self.environment.api;
        let signature = self.signature()?;
        let mut count = 0;
        // SAFETY: the signature is live. `LiteRtGetTensorName` has had this
        // signature since 2.0, and its string lives as long as the model.
        unsafe {
            let code = match side {
                Side::Input => (api.calls.get_num_signature_inputs)(signature, &raw mut count),
                Side::Output => (api.calls.get_num_signature_outputs)(signature, &raw mut count),
            };
            check("LiteRtGetNumSignatureTensors", code)?;
            let name_of = api.function::<TensorName>(c"LiteRtGetTensorName")?;
            (0..count)
                .map(|index| {
                    let mut name = ptr::null();
                    check(
                        "LiteRtGetTensorName",
                        name_of(self.tensor(side, index)?, &raw mut name),
                    )?;
                    Ok(text(name))
                })
                .collect()
        }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, after every compiled form of it.
        unsafe { (self.environment.api.calls.destroy_model)(self.raw) }
    }
}

/// Options of a compilation.
pub(super) struct Options {
    api: Api,
    raw: sys::Options,
}

impl Options {
    pub(super) fn create(api: Api, hardware: Hardware) -> ApiResult<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid out-parameter.
        check("LiteRtCreateOptions", unsafe { (api.calls.create_options)(&raw mut raw) })?;
        let options = Self { api, raw };
        // SAFETY: the options were just created.
        let code = unsafe { (api.calls.set_options_hardware_accelerators)(raw, hardware.bits()) };
        check("LiteRtSetOptionsHardwareAccelerators", code)?;
        Ok(options)
    }

    /// Adds a group of settings: `payload` is lines of `key = value`.
    pub(super) fn add(&mut self, group: &str, payload: &str) -> ApiResult<()> {
        /// Takes back what `CString::into_raw` gave away.
        unsafe extern "C" fn free(payload: *mut c_void) {
            // SAFETY: the runtime calls this once with the pointer it was given.
            drop(unsafe { CString::from_raw(payload.cast::<c_char>()) });
        }
        let group = c_string(group)?;
        let payload = c_string(payload)?.into_raw();
        let mut opaque = ptr::null_mut();
        // SAFETY: both functions have these types in `litert_opaque_options.h`
        // and `litert_options.h`; the options own the payload from here on.
        unsafe {
            let create = self.api.function::<CreateOpaque>(c"LiteRtCreateOpaqueOptions")?;
            let add = self.api.function::<AddOpaque>(c"LiteRtAddOpaqueOptions")?;
            let code = create(group.as_ptr(), payload.cast(), Some(free), &raw mut opaque);
            check("LiteRtCreateOpaqueOptions", code)?;
            check("LiteRtAddOpaqueOptions", add(self.raw, opaque))
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once; a compiled model does not keep them.
        unsafe { (self.api.calls.destroy_options)(self.raw) }
    }
}

/// A model made ready for its hardware.
pub(super) struct CompiledModel {
    model: Rc<Model>,
    raw: sys::CompiledModel,
}

impl CompiledModel {
    pub(super) fn create(model: &Rc<Model>, options: &Options) -> ApiResult<Self> {
        let environment = &model.environment;
        let mut raw = ptr::null_mut();
        // SAFETY: all three are live; the `Rc` keeps the model and its
        // environment alive for as long as the compiled form uses them.
        let code = unsafe {
            (environment.api.calls.create_compiled_model)(
                environment.raw,
                model.raw,
                options.raw,
                &raw mut raw,
            )
        };
        check("LiteRtCreateCompiledModel", code)?;
        Ok(Self { model: Rc::clone(model), raw })
    }

    fn calls(&self) -> &'static LiteRtFunctions {
        self.model.environment.api.calls
    }

    /// Whether no node was left to the runtime's own kernels.
    pub(super) fn is_fully_accelerated(&self) -> ApiResult<bool> {
        let mut fully = false;
        // SAFETY: the compiled model is live.
        let code =
            unsafe { (self.calls().compiled_model_is_fully_accelerated)(self.raw, &raw mut fully) };
        check("LiteRtCompiledModelIsFullyAccelerated", code)?;
        Ok(fully)
    }

    /// A buffer that fits one input or output.
    pub(super) fn buffer(&self, side: Side, index: usize) -> ApiResult<Buffer> {
        let calls = self.calls();
        let tensor = self.model.tensor(side, index)?;
        let mut requirements = ptr::null_mut();
        let mut raw = ptr::null_mut();
        let mut size = 0;
        // SAFETY: the compiled model is live and owns the requirements; the
        // tensor type is plain data that the runtime fills.
        unsafe {
            let mut kind = std::mem::zeroed::<sys::RankedTensorType>();
            check(
                "LiteRtGetRankedTensorType",
                (calls.get_ranked_tensor_type)(tensor, &raw mut kind),
            )?;
            let code = match side {
                Side::Input => (calls.get_compiled_model_input_buffer_requirements)(
                    self.raw,
                    0,
                    index,
                    &raw mut requirements,
                ),
                Side::Output => (calls.get_compiled_model_output_buffer_requirements)(
                    self.raw,
                    0,
                    index,
                    &raw mut requirements,
                ),
            };
            check("LiteRtGetCompiledModelBufferRequirements", code)?;
            let code = (calls.create_managed_tensor_buffer_from_requirements)(
                self.model.environment.raw,
                &raw const kind,
                requirements,
                &raw mut raw,
            );
            check("LiteRtCreateManagedTensorBufferFromRequirements", code)?;
            let mut buffer = Buffer { environment: Rc::clone(&self.model.environment), raw, size };
            check("LiteRtGetTensorBufferSize", (calls.get_tensor_buffer_size)(raw, &raw mut size))?;
            buffer.size = size;
            Ok(buffer)
        }
    }

    /// Runs the first signature once. Nothing is allocated here.
    pub(super) fn run(&mut self, inputs: &mut Handles, outputs: &mut Handles) -> ApiResult<()> {
        // SAFETY: the handles belong to live buffers of this environment, which
        // nobody else uses during the call.
        let code = unsafe {
            (self.calls().run_compiled_model)(
                self.raw,
                0,
                inputs.raw.len(),
                inputs.raw.as_mut_ptr(),
                outputs.raw.len(),
                outputs.raw.as_mut_ptr(),
            )
        };
        check("LiteRtRunCompiledModel", code)
    }
}

impl Drop for CompiledModel {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, before its model.
        unsafe { (self.calls().destroy_compiled_model)(self.raw) }
    }
}

/// Memory of one input or output, where its hardware wants it.
pub(super) struct Buffer {
    environment: Rc<Environment>,
    raw: sys::TensorBuffer,
    size: usize,
}

impl Buffer {
    /// Copies `bytes` to its start.
    pub(super) fn write(&mut self, bytes: &[u8]) -> ApiResult<()> {
        self.locked(sys::kLiteRtTensorBufferLockModeWrite, bytes.len(), |host| {
            // SAFETY: the mapping holds at least `bytes.len()` bytes, and
            // Rust's own memory is no part of it.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), host, bytes.len()) }
        })
    }

    /// Copies its first `len` bytes.
    pub(super) fn read(&self, len: usize) -> ApiResult<Vec<u8>> {
        self.locked(sys::kLiteRtTensorBufferLockModeRead, len, |host| {
            // SAFETY: the mapping holds at least `len` bytes.
            unsafe { std::slice::from_raw_parts(host, len).to_vec() }
        })
    }

    /// Waits until what was computed into it is there.
    pub(super) fn wait(&self) -> ApiResult<()> {
        self.locked(sys::kLiteRtTensorBufferLockModeRead, 0, |_| ())
    }

    fn locked<T>(
        &self,
        mode: sys::TensorBufferLockMode,
        len: usize,
        copy: impl FnOnce(*mut u8) -> T,
    ) -> ApiResult<T> {
        if len > self.size {
            return Err(format!("{len} bytes do not fit a tensor buffer of {}", self.size));
        }
        let calls = self.environment.api.calls;
        let mut host = ptr::null_mut();
        // SAFETY: the buffer is live; it is unlocked once below.
        let code = unsafe { (calls.lock_tensor_buffer)(self.raw, &raw mut host, mode) };
        check("LiteRtLockTensorBuffer", code)?;
        let result = (!host.is_null()).then(|| copy(host.cast()));
        // SAFETY: it was locked above.
        check("LiteRtUnlockTensorBuffer", unsafe { (calls.unlock_tensor_buffer)(self.raw) })?;
        result.ok_or_else(|| "LiteRtLockTensorBuffer: no host memory".to_owned())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once, before its environment.
        unsafe { (self.environment.api.calls.destroy_tensor_buffer)(self.raw) }
    }
}

/// The handles of some buffers, in the form that a run wants them.
pub(super) struct Handles {
    raw: Vec<sys::TensorBuffer>,
}

impl Handles {
    /// `buffers` have to live for as long as the handles are used.
    pub(super) fn of(buffers: &[Buffer]) -> Self {
        Self { raw: buffers.iter().map(|buffer| buffer.raw).collect() }
    }
}

fn c_string(text: &str) -> ApiResult<CString> {
    CString::new(text).map_err(|_| format!("'{text}' holds a NUL character"))
}

/// # Safety
/// `name` is null or a NUL-terminated string.
unsafe fn text(name: *const c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}
