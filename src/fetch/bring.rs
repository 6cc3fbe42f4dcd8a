//! Bringing the libraries of runtimes into their folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fetch::archive;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::package_source::PackageSource;

use crate::fetch::package_manifest::{Archive, PackagedLibrary, PackagedRuntime, Runtimes};
use crate::fetch::package_source::ScratchFolder;
use crate::installation;

/// The target that this program was built for, as the folders of runtimes name it.
pub const TARGET: &str = env!("SHUTTERBENCH_TARGET");

/// `runtimes` in the user's data folder.
#[must_use]
pub(crate) fn user_folder() -> Option<PathBuf> {
    installation::user_data().map(|data| data.join("runtimes"))
}

/// The version of a runtime that does not report it, if its library is one that `fetch` installs.
#[must_use]
pub(crate) fn known_version(library: &Path) -> Option<String> {
    let mut file = fs::File::open(library).ok()?;
    let bytes = file.metadata().ok()?.len();
    let manifest = Runtimes::built_in().ok()?;
    manifest.version_of(bytes, || archive::sha256(&mut file).ok()).map(str::to_owned)
}

/// A library that is in place, and whether it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The runtime's name.
    pub runtime: String,
    /// The runtime's version.
    pub version: String,
    /// The path of the library.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// What was done.
    pub outcome: FetchOutcome,
}

/// What was done for a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchOutcome {
    /// It was not there, or it was another one.
    Brought,
    /// Exactly this one was there.
    AlreadyThere,
}

/// The current step, for a progress display.
#[derive(Debug, Clone, Copy)]
pub enum FetchProgress<'a> {
    /// A package file is being requested.
    Downloading(&'a Archive),
    /// It is there and gets checked and unpacked.
    Unpacking(&'a Archive),
}

/// Fetches the runtimes with these names (all that there are for `target` if `names` is empty) into
/// `folder/target`. What is already there and correct stays.
///
/// # Errors
/// [`FetchError`]; libraries before the failing one are in place, and no part of the failing one
/// is.
pub fn fetch(
    names: &[String],
    target: &str,
    folder: &Path,
    source: &PackageSource,
    progress: &dyn Fn(FetchProgress<'_>),
) -> Result<Vec<Fetched>, FetchError> {
    bring(&Runtimes::built_in()?, names, target, folder, source, progress)
}

/// The same with what a manifest says.
fn bring(
    manifest: &Runtimes,
    names: &[String],
    target: &str,
    folder: &Path,
    source: &PackageSource,
    progress: &dyn Fn(FetchProgress<'_>),
) -> Result<Vec<Fetched>, FetchError> {
    let selected = manifest.select(names)?;
    let is_packaged = |runtime: &&PackagedRuntime| runtime.archive(target).is_ok();
    let passed_over = names.is_empty() && selected.iter().any(is_packaged);
    let wanted: Vec<(&PackagedRuntime, &Archive)> = selected
        .into_iter()
        .filter(|runtime| !passed_over || is_packaged(runtime))
        .map(|runtime| Ok((runtime, runtime.archive(target)?)))
        .collect::<Result<_, FetchError>>()?;
    let folder = folder.join(target);
    fs::create_dir_all(&folder).map_err(FetchError::file("create the folder", &folder))?;
    let mut fetched = Vec::new();
    for (runtime, archive) in wanted {
        let request =
            RuntimeRequest { runtime, archive, python: &manifest.python, folder: &folder };
        fetched.extend(request.fulfil(source, progress)?);
    }
    Ok(fetched)
}

/// One runtime to fetch into a folder.
struct RuntimeRequest<'a> {
    runtime: &'a PackagedRuntime,
    archive: &'a Archive,
    python: &'a str,
    folder: &'a Path,
}

impl RuntimeRequest<'_> {
    fn fulfil(
        &self,
        source: &PackageSource,
        progress: &dyn Fn(FetchProgress<'_>),
    ) -> Result<Vec<Fetched>, FetchError> {
        let libraries = &self.archive.libraries;
        let missing: Vec<&PackagedLibrary> =
            libraries.iter().filter(|library| self.installed(library).is_none()).collect();
        if !missing.is_empty() {
            self.bring(&missing, source, progress)?;
        }
        let outcome = |library: &PackagedLibrary| {
            let is_missing = missing.iter().any(|m| m.file == library.file);
            if is_missing { FetchOutcome::Brought } else { FetchOutcome::AlreadyThere }
        };
        libraries.iter().map(|library| self.fetched(library, outcome(library))).collect()
    }

    /// The hash of a library that is in place.
    fn installed(&self, library: &PackagedLibrary) -> Option<String> {
        archive::installed(&self.folder.join(&library.file), library, self.archive)
    }

    fn bring(
        &self,
        missing: &[&PackagedLibrary],
        source: &PackageSource,
        progress: &dyn Fn(FetchProgress<'_>),
    ) -> Result<(), FetchError> {
        let scratch = ScratchFolder::inside(self.folder)
            .map_err(FetchError::file("write into", self.folder))?;
        progress(FetchProgress::Downloading(self.archive));
        let path = source.bring(self.runtime, self.archive, self.python, scratch.path())?;
        progress(FetchProgress::Unpacking(self.archive));
        let file = archive::open(&path, self.archive)?;
        for library in missing {
            archive::extract(&file, self.archive, library, scratch.path(), self.folder)?;
        }
        Ok(())
    }

    fn fetched(
        &self,
        library: &PackagedLibrary,
        outcome: FetchOutcome,
    ) -> Result<Fetched, FetchError> {
        let path = self.folder.join(&library.file);
        let sha256 = self.installed(library).ok_or_else(|| FetchError::Changed(path.clone()))?;
        Ok(Fetched {
            runtime: self.runtime.name.clone(),
            version: self.archive.version_of(self.runtime).to_owned(),
            path,
            sha256,
            outcome,
        })
    }
}

#[cfg(test)]
#[path = "bring_tests.rs"]
mod tests;
