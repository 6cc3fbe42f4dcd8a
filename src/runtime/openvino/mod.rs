//! OpenVINO through its C interface, opened at run time.
//!
//! The files from the ground up: the functions, the library with its core, what is made
//! from it (each with an owner that frees it once), and the backend.

pub(crate) mod c_functions;
pub(crate) mod c_types;
pub(crate) mod compiled_graph;
pub(crate) mod core_handle;
pub(crate) mod infer_request;
pub(crate) mod kernel_count;
pub(crate) mod openvino_backend;
pub(crate) mod openvino_device;
pub(crate) mod openvino_library;
pub(crate) mod openvino_recipe;
pub(crate) mod port;
pub(crate) mod read_model;
pub(crate) mod staged_file;
