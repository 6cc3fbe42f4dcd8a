//! Settings of LiteRT's CPU kernels, as lines of the text that it reads them from. It accepts
//! keys that it does not know in silence; tests/backends/options.rs sees to it that these have
//! an effect.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::runtime::backend::LoadRequest;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::cannot_load;
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
        let file = cache_file(Path::new(folder), request.model)?;
        let _ = writeln!(lines, "weight_cache_file_path = \"{}\"", file.display());
    }
    Ok(lines)
}

/// The file in `folder` for the weights of `model`: another one for each file that ever was at
/// that path.
fn cache_file(folder: &Path, model: &Path) -> Result<PathBuf, BackendError> {
    let failed = |error: std::io::Error| {
        let reason = format!("its weights cannot be kept in {} ({error})", folder.display());
        BackendError::Failed(cannot_load(model, &reason))
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let (path, facts) =
        (fs::canonicalize(model).map_err(failed)?, fs::metadata(model).map_err(failed)?);
    let changed = facts.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
    let identity = format!("{}\n{}\n{changed:?}", path.display(), facts.len());
    let hash = format!("{:x}", Sha256::digest(identity));
    Ok(folder.join(format!("{}.xnnpack", &hash[..16])))
}
