//! Where package files come from: their ordinary clients, or a folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::fetch::fetch_error::FetchError;
use crate::fetch::package_manifest::{Archive, Origin, PackagedRuntime};
use crate::fetch::{curl, pip};

/// The interpreter whose pip is used.
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
/// The environment variable that is in place of `--mirror`.
const MIRROR: &str = "SHUTTERBENCH_MIRROR";
/// The program that downloads files from an address.
const CURL: &str = "curl";

/// Where package files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageSource {
    /// The network, through `pip download` for wheels and curl for AARs.
    Network {
        /// The interpreter that has pip.
        python: PathBuf,
        /// curl.
        curl: PathBuf,
        /// An index in place of pip's own, or a repository in place of the
        /// manifest's.
        mirror: Option<String>,
    },
    /// A folder that holds the package files; needs no program.
    Folder(PathBuf),
}

impl Default for PackageSource {
    fn default() -> Self {
        Self::Network { python: PYTHON.into(), curl: CURL.into(), mirror: None }
    }
}

impl PackageSource {
    /// The mirror that the environment names, else the network.
    ///
    /// # Errors
    /// What it names is neither an address nor a folder.
    pub(crate) fn from_environment() -> Result<Self, FetchError> {
        std::env::var(MIRROR).map_or_else(|_| Ok(Self::default()), |mirror| Self::mirror(&mirror))
    }

    /// Reads the value of `--mirror`: an address or a folder.
    ///
    /// # Errors
    /// It is neither.
    pub fn mirror(text: &str) -> Result<Self, FetchError> {
        let is_address = ["http://", "https://", "file://"].iter().any(|s| text.starts_with(s));
        if is_address {
            let mirror = Some(text.trim_end_matches('/').to_owned());
            return Ok(Self::Network { python: PYTHON.into(), curl: CURL.into(), mirror });
        }
        if Path::new(text).is_dir() {
            return Ok(Self::Folder(text.into()));
        }
        Err(FetchError::Mirror(text.to_owned()))
    }

    /// Whether files come from elsewhere than from where they are published.
    pub(crate) const fn is_mirror(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Network { mirror: Some(_), .. })
    }

    /// Gets a runtime's package file, unchecked, and returns its path: in `scratch`, or where the
    /// mirror has it.
    pub(crate) fn bring(
        &self,
        runtime: &PackagedRuntime,
        archive: &Archive,
        python_version: &str,
        scratch: &Path,
    ) -> Result<PathBuf, FetchError> {
        let file = archive.file.as_str();
        let path = scratch.join(file);
        match (self, &archive.origin) {
            (Self::Folder(_), _) => self.bring_file(file, &[], &path, &|_| {}),
            (Self::Network { python, mirror, .. }, Origin::Wheel { platform }) => {
                let wheel = (file, platform.as_str());
                pip::download(python, mirror.as_deref(), runtime, wheel, python_version, scratch)?;
                Ok(path)
            }
            (Self::Network { curl, mirror, .. }, Origin::Aar { repository, folder }) => {
                let addresses = match mirror {
                    None => vec![format!("{repository}/{folder}/{file}")],
                    // A repository's mirror, or a plain folder of files.
                    Some(mirror) => {
                        vec![format!("{mirror}/{folder}/{file}"), format!("{mirror}/{file}")]
                    }
                };
                curl::download(curl, &addresses, file, &path, &|_| {})?;
                Ok(path)
            }
        }
    }

    /// Gets the file of this name that lies at one of `addresses`, unchecked, and returns its
    /// path: `to`, where a part of it may be already, or where the mirror has it.
    pub(crate) fn bring_file(
        &self,
        file: &str,
        addresses: &[String],
        to: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<PathBuf, FetchError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(file);
                if path.is_file() {
                    return Ok(path);
                }
                Err(FetchError::NotInMirror { file: file.to_owned(), folder: folder.clone() })
            }
            Self::Network { curl, mirror, .. } => {
                let in_mirror = mirror.as_ref().map(|mirror| vec![format!("{mirror}/{file}")]);
                let addresses = in_mirror.as_deref().unwrap_or(addresses);
                curl::download(curl, addresses, file, to, progress)?;
                Ok(to.to_owned())
            }
        }
    }
}

/// A folder that is removed with all that it holds when it goes out of scope.
#[derive(Debug)]
pub(crate) struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Makes it inside `folder`, so that what it holds can be renamed there.
    pub(crate) fn inside(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!(".fetch-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// The same under a name of its own. What an earlier program left under it when it was killed is
    /// removed: the images of a dataset take much space.
    pub(crate) fn named(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(format!(".fetch-{name}"));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Nothing depends on its removal, and an error could not be reported.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
