//! Which package carries which runtime, as `runtimes.toml` says.

use serde::Deserialize;

use crate::fetch::fetch_error::FetchError;
use crate::fetch::toml_list;

/// The manifest's text, part of the program.
const TEXT: &str = include_str!("runtimes.toml");
/// The schema of the manifest that this program reads.
const SCHEMA: u32 = 1;

/// Everything that can be fetched.
#[derive(Debug, Clone, Deserialize)]
pub struct Runtimes {
    schema: u32,
    /// The Python version whose builds of a package are taken, such as `3.11`.
    pub python: String,
    /// The runtimes.
    #[serde(rename = "runtime")]
    pub runtimes: Vec<PackagedRuntime>,
}

/// One runtime, on every target that it is packaged for.
#[derive(Debug, Clone, Deserialize)]
pub struct PackagedRuntime {
    /// The name that the command line takes for it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The runtime's own version, unless an archive states another.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
    /// The Python package that carries it.
    pub package: String,
    /// That package's version.
    pub package_version: String,
    /// The files that hold it, one per target.
    #[serde(rename = "archive")]
    pub archives: Vec<Archive>,
}

/// A package file for one target.
#[derive(Debug, Clone, Deserialize)]
pub struct Archive {
    /// The target, as Rust names it.
    pub target: String,
    /// The file's name.
    pub file: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// The runtime's version in it, if that is not [`PackagedRuntime::version`].
    pub version: Option<String>,
    /// Its size, if known.
    pub bytes: Option<u64>,
    /// Its SHA-256.
    pub sha256: String,
    /// The libraries that are taken out of it.
    #[serde(rename = "library")]
    pub libraries: Vec<PackagedLibrary>,
}

/// Where a package file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Origin {
    /// The Python package's file for a platform, from an index.
    Wheel {
        /// The platform tag that the package's client asks for.
        platform: String,
    },
    /// A file of a Maven repository, for Android.
    Aar {
        /// The repository's address.
        repository: String,
        /// Its folder there, by group, name and version.
        folder: String,
    },
}

/// A shared library inside a package file.
#[derive(Debug, Clone, Deserialize)]
pub struct PackagedLibrary {
    /// The name that it gets, which is the one that backends look for.
    pub file: String,
    /// Its path inside the package file.
    pub member: String,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// Its SHA-256, if known.
    pub sha256: Option<String>,
}

impl Runtimes {
    /// The manifest that is part of this program.
    ///
    /// # Errors
    /// The text does not parse, which a test of this module rules out.
    pub fn built_in() -> Result<Self, FetchError> {
        Self::parse(TEXT)
    }

    /// Reads a manifest.
    pub(crate) fn parse(text: &str) -> Result<Self, FetchError> {
        toml_list::read(text, SCHEMA, |runtimes: &Self| runtimes.schema)
    }

    /// The runtimes with these names, each once, in the order of the manifest; all of them if
    /// `names` is empty.
    ///
    /// # Errors
    /// A name that is not in the manifest.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<&PackagedRuntime>, FetchError> {
        let known = |name: &String| self.runtimes.iter().any(|runtime| runtime.name == *name);
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(FetchError::UnknownName {
                name: unknown.clone(),
                known: self.runtimes.iter().map(|runtime| runtime.name.clone()).collect(),
            });
        }
        let wanted = |runtime: &&PackagedRuntime| names.is_empty() || names.contains(&runtime.name);
        Ok(self.runtimes.iter().filter(wanted).collect())
    }

    /// Version of the runtime that a library of this size belongs to, if `sha256`, which is only
    /// then computed, is in the manifest.
    pub(crate) fn version_of(
        &self,
        bytes: u64,
        sha256: impl FnOnce() -> Option<String>,
    ) -> Option<&str> {
        let libraries = self.runtimes.iter().flat_map(|runtime| {
            runtime.archives.iter().flat_map(|archive| {
                archive.libraries.iter().map(|library| (library, archive.version_of(runtime)))
            })
        });
        let alike: Vec<_> = libraries.filter(|(library, _)| library.bytes == Some(bytes)).collect();
        let sha256 = if alike.is_empty() { None } else { sha256() };
        let found = alike.iter().find(|(library, _)| sha256.is_some() && library.sha256 == sha256);
        found.map(|(_, version)| *version)
    }

    /// Where the package file for `target` holds the library of this name: in a wheel the path
    /// below the folder that packages are installed into.
    #[must_use]
    pub(crate) fn member(&self, file: &str, target: &str) -> Option<&str> {
        let archives = self.runtimes.iter().flat_map(|runtime| &runtime.archives);
        let libraries = archives
            .filter(|archive| archive.target == target)
            .flat_map(|archive| &archive.libraries);
        let mut found = libraries.filter(|library| library.file == file);
        found.next().map(|library| library.member.as_str())
    }
}

impl PackagedRuntime {
    /// The package file for `target`.
    ///
    /// # Errors
    /// The runtime is not packaged for it.
    pub(crate) fn archive(&self, target: &str) -> Result<&Archive, FetchError> {
        self.archives.iter().find(|archive| archive.target == target).ok_or_else(|| {
            FetchError::UnknownTarget {
                runtime: self.name.clone(),
                target: target.to_owned(),
                known: self.archives.iter().map(|archive| archive.target.clone()).collect(),
            }
        })
    }
}

impl Archive {
    /// The version of `runtime` that it holds.
    #[must_use]
    pub(crate) fn version_of<'a>(&'a self, runtime: &'a PackagedRuntime) -> &'a str {
        self.version.as_deref().unwrap_or(&runtime.version)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use strum::VariantArray;

    use super::*;
    use crate::runtime::library::RuntimeLibrary;

    const LINUX: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    const ANDROID: [(&str, &str); 3] = [
        ("aarch64-linux-android", "arm64-v8a"),
        ("armv7-linux-androideabi", "armeabi-v7a"),
        ("x86_64-linux-android", "x86_64"),
    ];

    fn library_for(library: RuntimeLibrary, target: &str) -> PackagedLibrary {
        let manifest = Runtimes::built_in().unwrap();
        let names = [library.fetch_name().to_owned()];
        let [runtime] = manifest.select(&names).unwrap()[..] else {
            panic!("{} is not in the manifest", library.fetch_name());
        };
        let libraries = &runtime.archive(target).unwrap().libraries;
        let found = libraries.iter().find(|l| l.file == library.file_name());
        found.unwrap_or_else(|| panic!("no {} for {target}", library.file_name())).clone()
    }

    #[test]
    fn every_library_that_a_backend_looks_for_comes_under_its_name_for_each_target() {
        for library in RuntimeLibrary::VARIANTS {
            for target in LINUX {
                assert!(library_for(*library, target).sha256.is_some());
            }
            for (target, abi) in ANDROID {
                // These are not for Android.
                if ![RuntimeLibrary::LitertGpu, RuntimeLibrary::Openvino].contains(library) {
                    let member = library_for(*library, target).member;
                    assert!(member.starts_with(&format!("jni/{abi}/lib")), "{member}");
                }
            }
        }
        let of_32_bits = library_for(RuntimeLibrary::Tflite, "armv7-unknown-linux-gnueabihf");
        assert!(of_32_bits.sha256.is_some());
    }

    #[test]
    fn hashes_are_sha256_and_differ_and_file_names_are_plain() {
        let manifest = Runtimes::built_in().unwrap();
        // By hash: a file is the same on each target that it serves.
        let mut hashes = BTreeMap::new();
        let mut note = |hash: &str, what: &str| {
            assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
            let before = hashes.insert(hash.to_owned(), what.to_owned());
            assert!(before.is_none_or(|before| before == what), "{what}");
        };
        for archive in manifest.runtimes.iter().flat_map(|runtime| &runtime.archives) {
            note(&archive.sha256, &archive.file);
            match &archive.origin {
                Origin::Wheel { platform } => {
                    assert!(archive.file.ends_with(&format!("{platform}.whl")), "{}", archive.file);
                    assert!(archive.bytes.is_some());
                }
                Origin::Aar { repository, folder } => {
                    assert!(archive.file.ends_with(".aar") && archive.version.is_some());
                    assert!(repository.starts_with("https://") && !repository.ends_with('/'));
                    let version = archive.version.as_deref().unwrap();
                    assert!(folder.ends_with(&format!("/{version}")), "{folder}");
                }
            }
            for library in &archive.libraries {
                if let Some(sha256) = &library.sha256 {
                    note(sha256, &format!("{} {}", archive.file, library.member));
                }
                assert!(!library.file.contains(['/', '\\']), "{}", library.file);
            }
        }
    }

    #[test]
    fn a_library_is_known_by_its_size_and_hash() {
        let manifest = Runtimes::built_in().unwrap();
        let mut known = 0;
        for runtime in &manifest.runtimes {
            for archive in &runtime.archives {
                for library in &archive.libraries {
                    let Some(bytes) = library.bytes else { continue };
                    let found = manifest.version_of(bytes, || library.sha256.clone());
                    assert_eq!(found, Some(archive.version_of(runtime)), "{}", library.member);
                    known += 1;
                }
            }
        }
        assert!(known >= 8, "{known}");
        let bytes = manifest.runtimes[0].archives[0].libraries[0].bytes.unwrap();
        assert_eq!(manifest.version_of(bytes, || Some("0".repeat(64))), None);
        assert_eq!(manifest.version_of(bytes, || None), None);
        assert_eq!(manifest.version_of(1, || panic!("no library has this size")), None);
    }

    #[test]
    fn unknown_names_and_targets_are_refused_with_the_known_ones() {
        let manifest = Runtimes::built_in().unwrap();
        let error = manifest.select(&["tflight".to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains("tflight") && error.contains("tflite, litert, onnxruntime"),
            "{error}"
        );
        let error = manifest.runtimes[0].archive("riscv64gc-unknown-linux-gnu").unwrap_err();
        assert!(error.to_string().contains("aarch64-unknown-linux-gnu"), "{error}");
    }
}
