//! The types of OpenVINO's C interface, as the headers of release 2026.4 lay them out
//! (`openvino/c/*.h`).

use std::ffi::{c_char, c_int, c_void};

use crate::record::tensor::ElementType;

/// What a call returns (`ov_status_e`); 0 is success.
pub(crate) type OvStatus = c_int;

/// `ov_core_t`.
pub(crate) enum OvCore {}
/// `ov_model_t`.
pub(crate) enum OvModel {}
/// `ov_compiled_model_t`.
pub(crate) enum OvCompiled {}
/// `ov_infer_request_t`.
pub(crate) enum OvRequest {}
/// `ov_output_const_port_t`: an input or output.
pub(crate) enum OvPort {}
/// `ov_tensor_t`.
pub(crate) enum OvTensor {}

/// `ov_version_t`.
#[repr(C)]
pub(crate) struct OvVersion {
    pub(crate) number: *const c_char,
    pub(crate) description: *const c_char,
}

/// `ov_property_t`, whose value is a text here.
#[repr(C)]
pub(crate) struct OvProperty {
    pub(crate) key: *const c_char,
    pub(crate) value: *const c_void,
}

/// `ov_available_devices_t`.
#[repr(C)]
pub(crate) struct OvDevices {
    pub(crate) names: *mut *mut c_char,
    pub(crate) count: usize,
}

/// `ov_dimension_t`: a size between two limits, which are equal if it is known.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct OvDimension {
    pub(crate) least: i64,
    pub(crate) most: i64,
}

/// `ov_partial_shape_t`.
#[repr(C)]
pub(crate) struct OvPartialShape {
    pub(crate) rank: OvDimension,
    pub(crate) dimensions: *mut OvDimension,
}

/// `ov_profiling_info_t`.
#[repr(C)]
pub(crate) struct OvCountedNode {
    /// 0 if it did not run, 1 if it was optimised away, 2 if it ran. A node that took less
    /// than a microsecond counts as one that did not run.
    pub(crate) status: c_int,
    /// Microseconds.
    pub(crate) wall_us: i64,
    /// Microseconds.
    pub(crate) cpu_us: i64,
    pub(crate) name: *const c_char,
    /// The kernel, such as `jit_avx2_f32`.
    pub(crate) kernel: *const c_char,
    /// The operator, such as `Convolution`.
    pub(crate) operator: *const c_char,
}

/// `ov_profiling_info_list_t`.
#[repr(C)]
pub(crate) struct OvProfile {
    pub(crate) nodes: *mut OvCountedNode,
    pub(crate) count: usize,
}

/// The type of a tensor's elements by its number in `ov_element_type_e`; nothing for those
/// that no classifier takes or gives.
pub(crate) const fn element(number: c_int) -> Option<ElementType> {
    Some(match number {
        1 => ElementType::Bool,
        2 => ElementType::Bfloat16,
        3 => ElementType::Float16,
        4 => ElementType::Float32,
        5 => ElementType::Float64,
        7 => ElementType::Int8,
        8 => ElementType::Int16,
        9 => ElementType::Int32,
        10 => ElementType::Int64,
        16 => ElementType::Uint8,
        17 => ElementType::Uint16,
        18 => ElementType::Uint32,
        19 => ElementType::Uint64,
        _ => return None,
    })
}
