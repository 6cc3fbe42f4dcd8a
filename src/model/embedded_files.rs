//! The files of the embedded family inside the program, for a program that lies alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::installation;

// `NAME`, a hash over the files; `FILES`, each file's path and size; `CONTENT`, all of them one
// after the other. Made by build.rs; all are empty without the feature `embed`.
include!(concat!(env!("OUT_DIR"), "/embedded_files.rs"));

/// The folder that holds the family's manifest, in the user's data folder; its files are put
/// there the first time. `None` if the program was built without the feature `embed`, or if
/// there is no such folder.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn unpacked() -> Result<Option<PathBuf>> {
    let Some(data) = installation::user_data().filter(|_| !FILES.is_empty()) else {
        return Ok(None);
    };
    let folder = data.join("models").join(NAME);
    if !folder.is_dir() {
        unpack(&folder).with_context(|| {
            format!(
                "could not write the embedded models to {}; set XDG_DATA_HOME to a folder that can be written",
                folder.display()
            )
        })?;
    }
    Ok(Some(folder))
}

/// Writes all files to `folder`: all of them, or none.
fn unpack(folder: &Path) -> io::Result<()> {
    let part = folder.with_added_extension(std::process::id().to_string());
    let mut rest = CONTENT;
    for (path, bytes) in FILES {
        let (content, after) = rest.split_at_checked(*bytes).unwrap_or((rest, &[]));
        rest = after;
        let path = part.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&part))?;
        fs::write(path, content)?;
    }
    let renamed = fs::rename(&part, folder);
    if renamed.is_ok() || !folder.is_dir() {
        return renamed;
    }
    // Another process was first.
    fs::remove_dir_all(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_what_the_repository_holds() {
        if FILES.is_empty() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("family");
        unpack(&folder).unwrap();
        // A second one finds it there and leaves nothing beside it.
        unpack(&folder).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut count = 0;
        for (path, _) in FILES {
            assert_eq!(fs::read(folder.join(path)).unwrap(), fs::read(models.join(path)).unwrap());
            count += 1;
        }
        assert!(count > 1000, "{count} files");
    }
}
