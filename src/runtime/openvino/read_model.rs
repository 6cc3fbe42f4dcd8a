//! A model as OpenVINO read it from its file, before it is compiled.

use std::path::Path;
use std::ptr;
use std::rc::Rc;

use crate::runtime::openvino::c_types::{OvDimension, OvModel, OvPartialShape};
use crate::runtime::openvino::core_handle::CoreHandle;
use crate::runtime::openvino::openvino_library::{CallResult, OpenvinoLibrary, c_string};
use crate::runtime::openvino::port::Port;

/// A model that can be given other shapes.
pub(crate) struct ReadModel {
    pub(crate) core: Rc<CoreHandle>,
    pub(crate) raw: *mut OvModel,
}

impl ReadModel {
    /// Reads a file; by its ending OpenVINO knows a TensorFlow Lite file.
    pub(crate) fn open(core: &Rc<CoreHandle>, path: &Path) -> CallResult<Self> {
        let library = core.library;
        let file = c_string(path.as_os_str().as_encoded_bytes())?;
        let mut raw = ptr::null_mut();
        // SAFETY: the core is live, the path a string; without a second file the weights are
        // the model's own.
        let status = unsafe {
            (library.calls.ov_core_read_model)(core.raw, file.as_ptr(), ptr::null(), &raw mut raw)
        };
        // Results are published, and the folder is private.
        let file_name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let public = |said: String| said.replace(&*path.to_string_lossy(), &file_name);
        library.check(status).map_err(public)?;
        Ok(Self { core: Rc::clone(core), raw })
    }

    /// Its inputs.
    pub(crate) fn inputs(&self) -> CallResult<Vec<Port>> {
        let library = self.core.library;
        let calls = &library.calls;
        let mut count = 0;
        // SAFETY: the model is live.
        library.check(unsafe { (calls.ov_model_inputs_size)(self.raw, &raw mut count) })?;
        let input = |index| {
            // SAFETY: the model is live and has that many inputs.
            Port::read(library, |to| unsafe {
                (calls.ov_model_const_input_by_index)(self.raw, index, to)
            })
        };
        (0..count).map(input).collect()
    }

    /// Gives each input a shape; the other shapes of the graph follow.
    pub(crate) fn reshape(&mut self, shapes: &[Vec<usize>]) -> CallResult<()> {
        let library = self.core.library;
        let shapes = shapes
            .iter()
            .map(|shape| StaticShape::create(library, shape))
            .collect::<CallResult<Vec<_>>>()?;
        let ports: Vec<usize> = (0..shapes.len()).collect();
        // Copies of the plain structures; their owners live until the call is over.
        let raw: Vec<OvPartialShape> = shapes
            .iter()
            .map(|it| OvPartialShape { rank: it.raw.rank, dimensions: it.raw.dimensions })
            .collect();
        // SAFETY: the model is live and used by nobody else; both arrays have that many
        // elements, and the call copies them.
        library.check(unsafe {
            (library.calls.ov_model_reshape_by_port_indexes)(
                self.raw,
                ports.as_ptr(),
                raw.as_ptr(),
                ports.len(),
            )
        })
    }
}

impl Drop for ReadModel {
    fn drop(&mut self) {
        // SAFETY: read once, freed once; what was compiled from it does not need it.
        unsafe { (self.core.library.calls.ov_model_free)(self.raw) }
    }
}

/// A shape whose dimensions are all known, in the library's memory.
struct StaticShape {
    library: &'static OpenvinoLibrary,
    raw: OvPartialShape,
}

impl StaticShape {
    fn create(library: &'static OpenvinoLibrary, sizes: &[usize]) -> CallResult<Self> {
        let sizes: Vec<i64> =
            sizes.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
        let none = OvDimension { least: 0, most: 0 };
        let mut raw = OvPartialShape { rank: none, dimensions: ptr::null_mut() };
        let rank = sizes.len() as i64;
        // SAFETY: the array has that many elements, and the call copies them.
        let status = unsafe {
            (library.calls.ov_partial_shape_create_static)(rank, sizes.as_ptr(), &raw mut raw)
        };
        library.check(status)?;
        Ok(Self { library, raw })
    }
}

impl Drop for StaticShape {
    fn drop(&mut self) {
        // SAFETY: created once, freed once.
        unsafe { (self.library.calls.ov_partial_shape_free)(&raw mut self.raw) }
    }
}
