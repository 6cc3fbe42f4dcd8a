//! OpenVINO's core, from which everything else is made.

use std::ptr;
use std::rc::Rc;

use crate::runtime::openvino::c_types::{OvCore, OvDevices};
use crate::runtime::openvino::openvino_library::{CallResult, OpenvinoLibrary, text};

/// The core of one process.
pub(crate) struct CoreHandle {
    pub(crate) library: &'static OpenvinoLibrary,
    pub(crate) raw: *mut OvCore,
}

impl CoreHandle {
    pub(crate) fn create(library: &'static OpenvinoLibrary) -> CallResult<Rc<Self>> {
        let mut raw = ptr::null_mut();
        // SAFETY: the call writes a core if it succeeds.
        library.check(unsafe { (library.calls.ov_core_create)(&raw mut raw) })?;
        Ok(Rc::new(Self { library, raw }))
    }

    /// The devices that OpenVINO can use here, such as `CPU` and `GPU`.
    pub(crate) fn devices(&self) -> CallResult<Vec<String>> {
        let calls = &self.library.calls;
        let mut list = OvDevices { names: ptr::null_mut(), count: 0 };
        // SAFETY: the core is live; the list has the layout of the header and holds that many
        // strings, until it is freed below.
        unsafe {
            let status = (calls.ov_core_get_available_devices)(self.raw, &raw mut list);
            self.library.check(status)?;
            let names = (0..list.count).map(|index| text(*list.names.add(index))).collect();
            (calls.ov_available_devices_free)(&raw mut list);
            Ok(names)
        }
    }
}

impl Drop for CoreHandle {
    fn drop(&mut self) {
        // SAFETY: created once, freed once; everything made from it holds an `Rc` to it.
        unsafe { (self.library.calls.ov_core_free)(self.raw) }
    }
}
