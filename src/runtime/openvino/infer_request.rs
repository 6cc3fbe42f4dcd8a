//! A compiled model with the memory of one run.

use std::ptr;

use crate::runtime::openvino::c_functions::CFunctions;
use crate::runtime::openvino::c_types::{OvProfile, OvRequest, OvStatus, OvTensor};
use crate::runtime::openvino::compiled_graph::CompiledGraph;
use crate::runtime::openvino::kernel_count::CountedNode;
use crate::runtime::openvino::openvino_library::{CallResult, text};

/// A compiled model with the memory of one run.
pub(crate) struct InferRequest {
    pub(crate) graph: CompiledGraph,
    raw: *mut OvRequest,
}

impl InferRequest {
    pub(crate) fn create(graph: CompiledGraph) -> CallResult<Self> {
        let library = graph.core.library;
        let mut raw = ptr::null_mut();
        // SAFETY: the compiled model is live, and the request keeps it so.
        let status = unsafe {
            (library.calls.ov_compiled_model_create_infer_request)(graph.raw, &raw mut raw)
        };
        library.check(status)?;
        Ok(Self { graph, raw })
    }

    fn calls(&self) -> &'static CFunctions {
        &self.graph.core.library.calls
    }

    /// Runs the model once, in the calling thread and those of OpenVINO. Nothing of ours is
    /// allocated here.
    pub(crate) fn run(&mut self) -> CallResult<()> {
        // SAFETY: the request is live, and nobody else uses it.
        let status = unsafe { (self.calls().ov_infer_request_infer)(self.raw) };
        self.graph.core.library.check(status)
    }

    /// Copies `bytes` into input `index`, which must have just as many.
    pub(crate) fn write(&mut self, index: usize, bytes: &[u8]) -> CallResult<()> {
        let get = self.calls().ov_infer_request_get_input_tensor_by_index;
        // SAFETY: the request is live.
        self.memory(
            |to| unsafe { get(self.raw, index, to) },
            |memory, len| {
                if len != bytes.len() {
                    return Err(format!("{} bytes do not fit an input of {len}", bytes.len()));
                }
                // SAFETY: the tensor has that many bytes, and nobody reads them during the call.
                unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), memory, len) };
                Ok(())
            },
        )
    }

    /// Copies the bytes of output `index`.
    pub(crate) fn read(&self, index: usize) -> CallResult<Vec<u8>> {
        let get = self.calls().ov_infer_request_get_output_tensor_by_index;
        // SAFETY: the request is live.
        self.memory(
            |to| unsafe { get(self.raw, index, to) },
            |memory, len| {
                // SAFETY: the tensor has that many bytes, and no run is in progress.
                Ok(unsafe { std::slice::from_raw_parts(memory, len) }.to_vec())
            },
        )
    }

    /// Lets `copy` use the memory of the tensor that `get` writes, and its size in bytes.
    fn memory<T>(
        &self,
        get: impl FnOnce(*mut *mut OvTensor) -> OvStatus,
        copy: impl FnOnce(*mut u8, usize) -> CallResult<T>,
    ) -> CallResult<T> {
        let (library, calls) = (self.graph.core.library, self.calls());
        let mut tensor = ptr::null_mut();
        library.check(get(&raw mut tensor))?;
        let (mut memory, mut len) = (ptr::null_mut(), 0);
        // SAFETY: `get` wrote a tensor, which is live until it is freed below.
        let status = unsafe {
            match (calls.ov_tensor_get_byte_size)(tensor, &raw mut len) {
                0 => (calls.ov_tensor_data)(tensor, &raw mut memory),
                failed => failed,
            }
        };
        let copied = library.check(status).and_then(|()| match len {
            // Memory of no bytes may have no place.
            0 => copy(ptr::NonNull::dangling().as_ptr(), 0),
            len => copy(memory.cast(), len),
        });
        // SAFETY: freed once; the request keeps the memory that it stands for.
        unsafe { (calls.ov_tensor_free)(tensor) };
        copied
    }

    /// The nodes, each with its mean over the runs so far. The model must have been compiled to
    /// count them.
    pub(crate) fn profile(&self) -> CallResult<Vec<CountedNode>> {
        let (library, calls) = (self.graph.core.library, self.calls());
        let mut list = OvProfile { nodes: ptr::null_mut(), count: 0 };
        // SAFETY: the request is live; the list has the layout of the header and holds that
        // many nodes, whose texts are strings, until it is freed below.
        unsafe {
            let status = (calls.ov_infer_request_get_profiling_info)(self.raw, &raw mut list);
            library.check(status)?;
            let node = |index| {
                let node = &*list.nodes.add(index);
                CountedNode {
                    kernel: text(node.kernel),
                    operator: text(node.operator),
                    name: text(node.name),
                    mean_us: u64::try_from(node.wall_us).unwrap_or(0),
                }
            };
            let nodes = (0..list.count).map(node).collect();
            (calls.ov_profiling_info_list_free)(&raw mut list);
            Ok(nodes)
        }
    }
}

impl Drop for InferRequest {
    fn drop(&mut self) {
        // SAFETY: created once, freed once, before the compiled model.
        unsafe { (self.calls().ov_infer_request_free)(self.raw) }
    }
}
