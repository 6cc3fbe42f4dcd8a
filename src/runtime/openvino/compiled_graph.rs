//! A model made ready for a device.

use std::ffi::{CStr, CString};
use std::path::Path;
use std::ptr;
use std::rc::Rc;

use crate::runtime::openvino::c_types::{OvCompiled, OvPort, OvProperty, OvStatus};
use crate::runtime::openvino::core_handle::CoreHandle;
use crate::runtime::openvino::openvino_library::{CallResult, c_string};
use crate::runtime::openvino::port::Port;
use crate::runtime::openvino::read_model::ReadModel;

/// A model made ready for a device.
pub(crate) struct CompiledGraph {
    pub(crate) core: Rc<CoreHandle>,
    pub(crate) raw: *mut OvCompiled,
}

impl CompiledGraph {
    /// Compiles `model` for `device` with OpenVINO's own properties.
    pub(crate) fn create(
        model: &ReadModel,
        device: &CStr,
        properties: &[(&str, String)],
    ) -> CallResult<Self> {
        let core = &model.core;
        let properties = PropertyList::of(properties)?;
        let mut raw = ptr::null_mut();
        // SAFETY: core and model are live; the list has that many elements and lives until the
        // call is over.
        let status = unsafe {
            (core.library.calls.ov_core_compile_model_props)(
                core.raw,
                model.raw,
                device.as_ptr(),
                properties.raw.len(),
                properties.raw.as_ptr(),
                &raw mut raw,
            )
        };
        core.library.check(status)?;
        Ok(Self { core: Rc::clone(core), raw })
    }

    /// Compiles a file in one step, which alone uses a folder of compiled models.
    pub(crate) fn from_file(
        core: &Rc<CoreHandle>,
        path: &Path,
        device: &CStr,
        properties: &[(&str, String)],
    ) -> CallResult<Self> {
        let file = c_string(path.as_os_str().as_encoded_bytes())?;
        let properties = PropertyList::of(properties)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the core is live, the path a string; the list as above.
        let status = unsafe {
            (core.library.calls.ov_core_compile_model_from_file_props)(
                core.raw,
                file.as_ptr(),
                device.as_ptr(),
                properties.raw.len(),
                properties.raw.as_ptr(),
                &raw mut raw,
            )
        };
        core.library.check(status)?;
        Ok(Self { core: Rc::clone(core), raw })
    }

    /// A property that it really has, as text.
    pub(crate) fn property(&self, key: &str) -> CallResult<String> {
        let library = self.core.library;
        let key = c_string(key)?;
        library.owned_text(|to| {
            // SAFETY: the compiled model is live, and the key is a string.
            unsafe { (library.calls.ov_compiled_model_get_property)(self.raw, key.as_ptr(), to) }
        })
    }

    /// Its inputs.
    pub(crate) fn inputs(&self) -> CallResult<Vec<Port>> {
        let calls = &self.core.library.calls;
        // SAFETY: the compiled model is live.
        let count = |to: *mut usize| unsafe { (calls.ov_compiled_model_inputs_size)(self.raw, to) };
        // SAFETY: it is live and has that many inputs.
        self.ports(count, |index, to| unsafe {
            (calls.ov_compiled_model_input_by_index)(self.raw, index, to)
        })
    }

    /// Its outputs.
    pub(crate) fn outputs(&self) -> CallResult<Vec<Port>> {
        let calls = &self.core.library.calls;
        // SAFETY: the compiled model is live.
        let count =
            |to: *mut usize| unsafe { (calls.ov_compiled_model_outputs_size)(self.raw, to) };
        // SAFETY: it is live and has that many outputs.
        self.ports(count, |index, to| unsafe {
            (calls.ov_compiled_model_output_by_index)(self.raw, index, to)
        })
    }

    /// As many ports as `count` writes, each as `get` writes it by its index.
    fn ports(
        &self,
        count: impl FnOnce(*mut usize) -> OvStatus,
        get: impl Fn(usize, *mut *mut OvPort) -> OvStatus,
    ) -> CallResult<Vec<Port>> {
        let library = self.core.library;
        let mut ports = 0;
        library.check(count(&raw mut ports))?;
        (0..ports).map(|index| Port::read(library, |to| get(index, to))).collect()
    }
}

impl Drop for CompiledGraph {
    fn drop(&mut self) {
        // SAFETY: created once, freed once, after its requests, which hold it.
        unsafe { (self.core.library.calls.ov_compiled_model_free)(self.raw) }
    }
}

/// Properties in the form that the library wants them, with their texts.
struct PropertyList {
    raw: Vec<OvProperty>,
    /// What `raw` points to.
    _texts: Vec<[CString; 2]>,
}

impl PropertyList {
    fn of(properties: &[(&str, String)]) -> CallResult<Self> {
        let texts = properties
            .iter()
            .map(|(key, value)| Ok([c_string(*key)?, c_string(value.as_str())?]))
            .collect::<CallResult<Vec<[CString; 2]>>>()?;
        let raw = texts
            .iter()
            .map(|[key, value]| OvProperty { key: key.as_ptr(), value: value.as_ptr().cast() })
            .collect();
        Ok(Self { raw, _texts: texts })
    }
}
