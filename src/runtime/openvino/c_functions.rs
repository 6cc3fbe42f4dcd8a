//! The functions of OpenVINO's C library that this program calls, found by name.

use std::ffi::{c_char, c_int, c_void};

use libloading::Library;

use crate::runtime::openvino::c_types::{
    OvCompiled, OvCore, OvDevices, OvModel, OvPartialShape, OvPort, OvProfile, OvProperty,
    OvRequest, OvStatus, OvTensor, OvVersion,
};

/// Declares the table: a field per function, and how all of them are found.
macro_rules! c_functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions, by their names in the library.
        pub(crate) struct CFunctions {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl CFunctions {
            /// Those of `library`; else the name of the first that it lacks.
            pub(crate) fn of(library: &'static Library) -> Result<Self, &'static str> {
                $(
                    let symbol = concat!(stringify!($name), "\0").as_bytes();
                    // SAFETY: this is the function's type in OpenVINO's headers, and the
                    // library stays open for as long as the program runs.
                    let $name = unsafe { library.get(symbol).map(|found| *found) };
                    let $name = $name.map_err(|_| stringify!($name))?;
                )*
                Ok(Self { $($name,)* })
            }
        }
    };
}

c_functions! {
    ov_get_openvino_version: fn(*mut OvVersion) -> OvStatus;
    ov_version_free: fn(*mut OvVersion);
    ov_get_last_err_msg: fn() -> *const c_char;
    ov_get_error_info: fn(OvStatus) -> *const c_char;
    ov_free: fn(*const c_char);

    ov_core_create: fn(*mut *mut OvCore) -> OvStatus;
    ov_core_free: fn(*mut OvCore);
    ov_core_get_available_devices: fn(*const OvCore, *mut OvDevices) -> OvStatus;
    ov_available_devices_free: fn(*mut OvDevices);
    ov_core_read_model: fn(*const OvCore, *const c_char, *const c_char, *mut *mut OvModel) -> OvStatus;
    ov_core_compile_model_props: fn(*const OvCore, *const OvModel, *const c_char, usize, *const OvProperty, *mut *mut OvCompiled) -> OvStatus;

    ov_core_compile_model_from_file_props: fn(*const OvCore, *const c_char, *const c_char, usize, *const OvProperty, *mut *mut OvCompiled) -> OvStatus;

    ov_model_free: fn(*mut OvModel);
    ov_model_inputs_size: fn(*const OvModel, *mut usize) -> OvStatus;
    ov_model_const_input_by_index: fn(*const OvModel, usize, *mut *mut OvPort) -> OvStatus;
    ov_model_reshape_by_port_indexes: fn(*const OvModel, *const usize, *const OvPartialShape, usize) -> OvStatus;

    ov_compiled_model_free: fn(*mut OvCompiled);
    ov_compiled_model_inputs_size: fn(*const OvCompiled, *mut usize) -> OvStatus;
    ov_compiled_model_outputs_size: fn(*const OvCompiled, *mut usize) -> OvStatus;
    ov_compiled_model_input_by_index: fn(*const OvCompiled, usize, *mut *mut OvPort) -> OvStatus;
    ov_compiled_model_output_by_index: fn(*const OvCompiled, usize, *mut *mut OvPort) -> OvStatus;
    ov_compiled_model_get_property: fn(*const OvCompiled, *const c_char, *mut *mut c_char) -> OvStatus;
    ov_compiled_model_create_infer_request: fn(*const OvCompiled, *mut *mut OvRequest) -> OvStatus;

    ov_output_const_port_free: fn(*mut OvPort);
    ov_port_get_any_name: fn(*const OvPort, *mut *mut c_char) -> OvStatus;
    ov_port_get_element_type: fn(*const OvPort, *mut c_int) -> OvStatus;
    ov_port_get_partial_shape: fn(*const OvPort, *mut OvPartialShape) -> OvStatus;
    ov_partial_shape_create_static: fn(i64, *const i64, *mut OvPartialShape) -> OvStatus;
    ov_partial_shape_free: fn(*mut OvPartialShape);

    ov_infer_request_free: fn(*mut OvRequest);
    ov_infer_request_infer: fn(*mut OvRequest) -> OvStatus;
    ov_infer_request_get_input_tensor_by_index: fn(*const OvRequest, usize, *mut *mut OvTensor) -> OvStatus;
    ov_infer_request_get_output_tensor_by_index: fn(*const OvRequest, usize, *mut *mut OvTensor) -> OvStatus;
    ov_infer_request_get_profiling_info: fn(*const OvRequest, *mut OvProfile) -> OvStatus;
    ov_profiling_info_list_free: fn(*mut OvProfile);

    ov_tensor_free: fn(*mut OvTensor);
    ov_tensor_data: fn(*const OvTensor, *mut *mut c_void) -> OvStatus;
    ov_tensor_get_byte_size: fn(*const OvTensor, *mut usize) -> OvStatus;
}
