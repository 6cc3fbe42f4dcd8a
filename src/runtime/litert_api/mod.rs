//! LiteRT's C interface with owners: what is created here is destroyed once,
//! and what it uses lives longer.
//!
//! The binding's own wrappers take no option that reaches the CPU kernels or
//! the environment, so this calls the function table that it resolves.

pub(crate) mod api;
pub(crate) mod buffer;
pub(crate) mod compile_options;
pub(crate) mod compiled_model;
pub(crate) mod environment;
pub(crate) mod model_handle;
pub(crate) mod profiler;
