//! Settings of LiteRT's CPU kernels and of its GPU accelerator, as lines of the text that they read
//! them from. Keys that they do not know are accepted in silence; tests/backends/options.rs and
//! tests/it/gpu.rs see to it that these have an effect.

use std::fmt::Write as _;
use std::path::Path;

use crate::record::runtime_setting::LITERT_GPU_CACHE;
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

/// The settings of the GPU accelerator for a request, by `LrtCreateGpuOptionsFromToml` of
/// `litert_gpu_options.cc`; empty if none is set.
pub(crate) fn gpu_lines(
    target: Executor,
    request: &LoadRequest<'_>,
) -> Result<String, BackendError> {
    let folder = request.options.get(LITERT_GPU_CACHE).filter(|_| target == Executor::Gpu);
    let Some(folder) = folder.map(Path::new) else { return Ok(String::new()) };
    // The accelerator names the files itself, by a word that stands for the model.
    let file = cached_file::of(folder, request.model, "", "gpu")?;
    let word = file.file_stem().unwrap_or_default().display();
    let folder = folder.display();
    Ok(format!(
        "serialization_dir = \"{folder}\"\nmodel_cache_key = \"{word}\"\nserialize_program_cache = true\n"
    ))
}
