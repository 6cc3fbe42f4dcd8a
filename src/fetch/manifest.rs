//! Which package carries which runtime, as `runtimes.toml` says.

use serde::Deserialize;

use super::error::FetchError;

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
    pub runtimes: Vec<Runtime>,
}

/// One runtime, on every target that it is packaged for.
#[derive(Debug, Clone, Deserialize)]
pub struct Runtime {
    /// The name that the command line takes for it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The runtime's own version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
    /// The Python package that carries it.
    pub package: String,
    /// That package's version.
    pub package_version: String,
    /// The package's files, one per target.
    #[serde(rename = "wheel")]
    pub wheels: Vec<Wheel>,
}

/// A package file for one target.
#[derive(Debug, Clone, Deserialize)]
pub struct Wheel {
    /// The target, as Rust names it.
    pub target: String,
    /// The file's name.
    pub file: String,
    /// The platform tag that the package's client asks for.
    pub platform: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The libraries that are taken out of it.
    #[serde(rename = "library")]
    pub libraries: Vec<Library>,
}

/// A shared library inside a package file.
#[derive(Debug, Clone, Deserialize)]
pub struct Library {
    /// The name that it gets, which is the one that backends look for.
    pub file: String,
    /// Its path inside the package file.
    pub member: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Runtimes {
    /// The manifest that is part of this program.
    ///
    /// # Errors
    /// The text does not parse, which a test of this module rules out.
    pub fn built_in() -> Result<Self, FetchError> {
        let runtimes: Self =
            toml::from_str(TEXT).map_err(|error| FetchError::Manifest(error.to_string()))?;
        if runtimes.schema != SCHEMA {
            return Err(FetchError::Manifest(format!("its schema is {}", runtimes.schema)));
        }
        Ok(runtimes)
    }

    /// The runtimes with these names, each once, in the order of the manifest;
    /// all of them where `names` is empty.
    ///
    /// # Errors
    /// A name that is none of the manifest's.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Runtime>, FetchError> {
        let known = |name: &String| self.runtimes.iter().any(|runtime| runtime.name == *name);
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(FetchError::UnknownName {
                name: unknown.clone(),
                known: self.runtimes.iter().map(|runtime| runtime.name.clone()).collect(),
            });
        }
        let wanted = |runtime: &&Runtime| names.is_empty() || names.contains(&runtime.name);
        Ok(self.runtimes.iter().filter(wanted).collect())
    }

    /// Version of the runtime that a library of this size belongs to, if
    /// `sha256`, which is asked for only then, is one of the manifest's.
    pub fn version_of(&self, bytes: u64, sha256: impl FnOnce() -> Option<String>) -> Option<&str> {
        let libraries = self.runtimes.iter().flat_map(|runtime| {
            let wheels = runtime.wheels.iter().flat_map(|wheel| &wheel.libraries);
            wheels.map(move |library| (library, runtime.version.as_str()))
        });
        let alike: Vec<_> = libraries.filter(|(library, _)| library.bytes == bytes).collect();
        let sha256 = if alike.is_empty() { None } else { sha256() }?;
        alike.iter().find(|(library, _)| library.sha256 == sha256).map(|(_, version)| *version)
    }
}

impl Runtime {
    /// The package file for `target`.
    ///
    /// # Errors
    /// The runtime is not packaged for it.
    pub fn wheel(&self, target: &str) -> Result<&Wheel, FetchError> {
        self.wheels.iter().find(|wheel| wheel.target == target).ok_or_else(|| {
            FetchError::UnknownTarget {
                runtime: self.name.clone(),
                target: target.to_owned(),
                known: self.wheels.iter().map(|wheel| wheel.target.clone()).collect(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantArray;

    use super::*;
    use crate::backend::library::RuntimeLibrary;

    #[test]
    fn every_library_that_a_backend_looks_for_comes_under_its_name_for_each_target() {
        let manifest = Runtimes::built_in().unwrap();
        for library in RuntimeLibrary::VARIANTS {
            let names = [library.fetch_name().to_owned()];
            let [runtime] = manifest.select(&names).unwrap()[..] else {
                panic!("{} is not in the manifest", library.fetch_name());
            };
            for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
                let wheel = runtime.wheel(target).unwrap();
                let file = library.file_name();
                assert!(wheel.libraries.iter().any(|l| l.file == file), "{file} for {target}");
            }
        }
    }

    #[test]
    fn hashes_are_sha256_and_differ_and_file_names_are_plain() {
        let manifest = Runtimes::built_in().unwrap();
        let mut hashes = BTreeSet::new();
        for wheel in manifest.runtimes.iter().flat_map(|runtime| &runtime.wheels) {
            assert!(hashes.insert(wheel.sha256.clone()), "{}", wheel.file);
            assert!(wheel.file.ends_with(&format!("{}.whl", wheel.platform)), "{}", wheel.file);
            for library in &wheel.libraries {
                assert!(hashes.insert(library.sha256.clone()), "{}", library.member);
                assert!(!library.file.contains(['/', '\\']), "{}", library.file);
                assert!(library.bytes > 0 && wheel.bytes > 0);
            }
        }
        assert!(hashes.iter().all(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit())));
    }

    #[test]
    fn a_library_is_known_by_its_size_and_hash() {
        let manifest = Runtimes::built_in().unwrap();
        for runtime in &manifest.runtimes {
            for library in runtime.wheels.iter().flat_map(|wheel| &wheel.libraries) {
                let found = manifest.version_of(library.bytes, || Some(library.sha256.clone()));
                assert_eq!(found, Some(runtime.version.as_str()), "{}", library.member);
            }
        }
        let library = &manifest.runtimes[0].wheels[0].libraries[0];
        assert_eq!(manifest.version_of(library.bytes, || Some("0".repeat(64))), None);
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
        let error = manifest.runtimes[0].wheel("riscv64gc-unknown-linux-gnu").unwrap_err();
        assert!(error.to_string().contains("aarch64-unknown-linux-gnu"), "{error}");
        assert!(error.is_usage());
    }
}
