//! Settings of LiteRT's CPU kernels, as lines of the text that it reads them from. It accepts
//! keys that it does not know in silence; tests/backends/options.rs sees to it that these have
//! an effect.

use std::fmt::Write as _;
use std::path::Path;

use crate::runtime::backend::LoadRequest;
use crate::runtime::backend_error::BackendError;
use crate::runtime::cached_file;
use crate::runtime::xnnpack_flags;

/// What executes the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executor {
    /// LiteRT's own CPU kernels.
    Builtin,
    /// XNNPACK, LiteRT's default on a CPU.
    Xnnpack,
    /// The GPU accelerator, with the CPU for what it leaves.
    Gpu,
}

/// The settings of the CPU kernels for a request, by `ParseLiteRtCpuOptions` of
/// `litert_cpu_options.cc`.
pub(crate) fn lines(target: Executor, request: &LoadRequest<'_>) -> Result<String, BackendError> {
    let options = request.options;
    // `LiteRtCpuKernelMode`.
    let kernel_mode = match (target, options.get("kernels")) {
        (Executor::Builtin, Some("reference")) => 1,
        (Executor::Builtin, _) => 2,
        (Executor::Xnnpack | Executor::Gpu, _) => 0,
    };
    let mut lines = format!("num_threads = {}\nkernel_mode = {kernel_mode}\n", request.threads);
    // Writing to a String does not fail.
    if let Some(flags) = xnnpack_flags::stated(xnnpack_flags::USUAL, options) {
        let _ = writeln!(lines, "flags = {flags}");
    }
    if let Some(folder) = options.get("weight_cache_folder") {
        let file = cached_file::of(Path::new(folder), request.model, "", "xnnpack")?;
        let _ = writeln!(lines, "weight_cache_file_path = \"{}\"", file.display());
    }
    Ok(lines)
}
