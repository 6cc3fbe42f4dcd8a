//! A model file under a name that OpenVINO reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, process};

use crate::model::tflite_signature;
use crate::record::format::Format;
use crate::record::signature::Shaped;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{cannot_load, tflite_bytes};
use crate::system::files;

/// Files of this process so far.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A model's file, or a stand-in for it that is removed when this goes out of scope.
pub(crate) enum StagedFile {
    /// The file itself.
    Own(PathBuf),
    /// A link to it, or a copy with another graph first.
    StandIn(PathBuf),
}

impl StagedFile {
    /// OpenVINO reads a TensorFlow Lite file only from a path that ends in `.tflite`, and only its
    /// first graph.
    pub(crate) fn of(model: &Path, format: Format, shaped: &Shaped) -> Result<Self, BackendError> {
        let is_named = model.extension().is_some_and(|ending| ending == "tflite");
        let failed = |error: io::Error| BackendError::Failed(cannot_load(model, &error));
        if format == Format::Tflite && tflite_signature::is_moved(&shaped.signature) {
            let path = free_path();
            fs::write(&path, tflite_bytes(model, shaped)?).map_err(failed)?;
            return Ok(Self::StandIn(path));
        }
        if format == Format::Tflite && !is_named {
            let path = free_path();
            let target = fs::canonicalize(model).map_err(failed)?;
            files::stand_in(&target, &path).map_err(failed)?;
            return Ok(Self::StandIn(path));
        }
        Ok(Self::Own(model.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(path) | Self::StandIn(path) => path,
        }
    }
}

fn free_path() -> PathBuf {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("shutterbench-{}-{count}.tflite", process::id()))
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if let Self::StandIn(path) = self {
            // A file that stays behind in the temporary folder does no harm.
            let _ = fs::remove_file(path);
        }
    }
}
