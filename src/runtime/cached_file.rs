//! Names of the files in which runtimes keep what they made of a model.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::cannot_load;
use crate::system::files;

/// The file in `folder`, which is made, for what is kept of `model`: another one for each file that
/// ever was at that path, and for each of the `settings` that what is kept depends on.
pub(crate) fn of(
    folder: &Path,
    model: &Path,
    settings: &str,
    ending: &str,
) -> Result<PathBuf, BackendError> {
    let failed = |error: std::io::Error| {
        let reason = format!("nothing can be kept in {} ({error})", folder.display());
        BackendError::Failed(cannot_load(model, &reason))
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let (path, facts) =
        (files::canonical(model).map_err(failed)?, fs::metadata(model).map_err(failed)?);
    let changed = facts.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
    let identity = format!("{}\n{}\n{changed:?}{settings}", path.display(), facts.len());
    let hash = format!("{:x}", Sha256::digest(identity));
    Ok(folder.join(format!("{}.{ending}", &hash[..16])))
}
