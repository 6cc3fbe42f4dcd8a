//! Files that belong together on a device, in a folder named by their hash: it
//! is pushed once, and again only when one of them changed.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::dataset::entries::Dataset;
use crate::device::remote_path::RemotePath;
use crate::file_hash;

/// Digits of the hash in a folder's name: 80 bits, beyond any accident.
pub(crate) const DIGITS: usize = 20;

/// The kind of a bundle, which names the folder above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum BundleKind {
    /// This program, built for the device.
    Program,
    /// A runtime's libraries.
    Runtime,
    /// A model with its description and labels.
    Model,
    /// Labelled images.
    Dataset,
    /// A delegate's library.
    Delegate,
    /// Class names.
    Labels,
}

/// What a file of a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// What this file here holds.
    Of(PathBuf),
    /// This text.
    Text(String),
    /// The image at this position of a dataset; one that cannot be read is left out, and
    /// found missing when it is its turn.
    Image(Arc<Dataset>, usize),
}

/// Files with their paths inside the bundle, and a hash over all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    kind: BundleKind,
    files: Vec<(String, Content)>,
    bytes: u64,
    hash: String,
}

impl Bundle {
    /// Reads every file once, for its hash.
    ///
    /// # Errors
    /// A file that cannot be read, or a path that leads out of the bundle.
    pub(crate) fn new(kind: BundleKind, files: Vec<(String, Content)>) -> Result<Self> {
        let mut all = Sha256::new();
        let mut bytes = 0;
        let mut there = Vec::with_capacity(files.len());
        for (name, content) in files {
            let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
            ensure!(
                Path::new(&name).components().all(inside),
                "{name} is outside its folder, so it cannot be pushed to a device; move it inside"
            );
            let measured = content.measure().with_context(|| format!("could not read {name}"))?;
            let Some((size, hash)) = measured else { continue };
            bytes += size;
            all.update(format!("{}:{name}{size}:", name.len()));
            all.update(hash);
            there.push((name, content));
        }
        let files = there;
        let hash = format!("{:x}", all.finalize())[..DIGITS].to_owned();
        Ok(Self { kind, files, bytes, hash })
    }

    /// Its folder on a device.
    #[must_use]
    pub(crate) fn folder(&self, root: &RemotePath) -> RemotePath {
        root.join(&self.kind.to_string()).join(&self.hash)
    }

    /// What it is.
    #[must_use]
    pub(crate) const fn kind(&self) -> BundleKind {
        self.kind
    }

    /// Its size.
    #[must_use]
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of its files.
    #[must_use]
    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }

    /// A name for it while it is on its way.
    #[must_use]
    pub(crate) fn transit_name(&self) -> String {
        format!("{}-{}-{}", self.kind, self.hash, std::process::id())
    }

    /// Creates the folder `to` with its files: as links if the file system supports them, else as
    /// copies.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(crate) fn stage(&self, to: &Path) -> Result<()> {
        for (name, content) in &self.files {
            let path = to.join(name);
            let folder = path.parent().unwrap_or(to);
            fs::create_dir_all(folder)
                .and_then(|()| content.write(&path))
                .with_context(|| format!("could not prepare {}", path.display()))?;
        }
        Ok(())
    }
}

impl Content {
    /// Its size and hash; `None` for what is left out.
    fn measure(&self) -> io::Result<Option<(u64, [u8; 32])>> {
        let (hash, bytes) = match self {
            Self::Of(path) => file_hash::sha256(File::open(path)?)?,
            Self::Text(text) => file_hash::sha256(text.as_bytes())?,
            Self::Image(dataset, position) => {
                let Ok(bytes) = dataset.load(&dataset.entries[*position]) else { return Ok(None) };
                file_hash::sha256(bytes.as_slice())?
            }
        };
        Ok(Some((bytes, hash.into())))
    }

    fn write(&self, to: &Path) -> io::Result<()> {
        match self {
            // adb pushes a symbolic link as one, so its file is what is linked.
            Self::Of(path) => {
                let path = fs::canonicalize(path)?;
                fs::hard_link(&path, to).or_else(|_| fs::copy(&path, to).map(|_| ()))
            }
            Self::Text(text) => fs::write(to, text),
            Self::Image(dataset, position) => {
                let bytes = dataset.load(&dataset.entries[*position]);
                fs::write(to, bytes.map_err(io::Error::other)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, content: &str) -> (String, Content) {
        (name.to_owned(), Content::Text(content.to_owned()))
    }

    #[test]
    fn the_hash_changes_with_every_name_and_content_and_with_nothing_else() {
        let hash =
            |files: Vec<(String, Content)>| Bundle::new(BundleKind::Model, files).unwrap().hash;
        let one = hash(vec![text("a", "x"), text("b", "y")]);
        assert_eq!(one, hash(vec![text("a", "x"), text("b", "y")]));
        assert_ne!(one, hash(vec![text("a", "x"), text("c", "y")]));
        assert_ne!(one, hash(vec![text("a", "x"), text("b", "z")]));
        assert_ne!(one, hash(vec![text("a", "xby")]));
    }

    #[test]
    fn files_keep_their_paths_and_links_become_files() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        fs::write(&real, "content").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let files = vec![("deep/it's \"; $(x).png".to_owned(), Content::Of(link)), text("t", "x")];
        let bundle = Bundle::new(BundleKind::Dataset, files).unwrap();
        assert_eq!(bundle.bytes(), 8);
        let staged = folder.path().join("staged");
        bundle.stage(&staged).unwrap();
        let image = staged.join("deep/it's \"; $(x).png");
        assert!(image.symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read_to_string(image).unwrap(), "content");
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        for name in ["../x", "/etc/passwd", "a/../../b"] {
            let error = Bundle::new(BundleKind::Dataset, vec![text(name, "")]).unwrap_err();
            assert!(error.to_string().contains("outside"), "{error}");
        }
    }
}
