//! The program for a target and the runtime libraries that go with it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use strum::VariantArray;

use crate::device::bundle::{Bundle, BundleKind, Content};
use crate::fetch::bring::TARGET;
use crate::fetch::package_manifest::Runtimes;
use crate::installation;
use crate::record::backend_kind::BackendKind;
use crate::runtime::library::{RuntimeLibrary, folders_for};

/// File name of the program.
pub(crate) const PROGRAM: &str = "shutterbench";
/// What `scripts/adb/build` builds for.
const SCRIPTED: [&str; 5] = [
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-unknown-linux-gnu",
    "armv7-unknown-linux-gnueabihf",
];

/// What a device needs besides models and images.
#[derive(Debug, Clone)]
pub(crate) struct DeviceBuild {
    /// The program.
    pub program: Bundle,
    /// Its file here.
    pub file: PathBuf,
    /// Each runtime's libraries.
    pub runtimes: Vec<RuntimeBundle>,
}

/// A runtime's libraries in one bundle: its accelerators are beside it.
#[derive(Debug, Clone)]
pub(crate) struct RuntimeBundle {
    /// The libraries.
    pub libraries: Vec<RuntimeLibrary>,
    /// Their files.
    pub bundle: Bundle,
}

impl DeviceBuild {
    /// Finds everything for `target`. A runtime that is missing here is left out, and its backends
    /// are absent on the device, unless `wanted` names one.
    ///
    /// # Errors
    /// No program for the target, with the command that builds it; or no library of a wanted
    /// backend, with the command that fetches it.
    pub(crate) fn find(target: &str, wanted: &[BackendKind]) -> Result<Self> {
        let file = program(target)?;
        let program = Bundle::new(
            BundleKind::Program,
            vec![(PROGRAM.to_owned(), Content::Of(file.clone()))],
        )?;
        let mut found: Vec<(RuntimeLibrary, PathBuf)> = Vec::new();
        for library in RuntimeLibrary::VARIANTS {
            found.extend(find_library(*library, target).map(|path| (*library, path)));
        }
        for backend in wanted {
            let Some(library) = RuntimeLibrary::of(*backend) else { continue };
            let name = library.fetch_name();
            ensure!(
                found.iter().any(|(there, _)| *there == library),
                "backend {backend} needs {} for {target}; run 'shutterbench fetch {name} --target {target}'",
                library.file_name()
            );
        }
        let runtimes = found
            .chunk_by(|(a, _), (b, _)| a.fetch_name() == b.fetch_name())
            .filter(|runtime| is_needed(runtime, target, wanted))
            .map(|runtime| RuntimeBundle::new(runtime, target))
            .collect::<Result<_>>()?;
        Ok(Self { program, file, runtimes })
    }
}

impl RuntimeBundle {
    fn new(found: &[(RuntimeLibrary, PathBuf)], target: &str) -> Result<Self> {
        let file = |(library, path): &(RuntimeLibrary, PathBuf)| {
            (library.file_name().to_owned(), Content::Of(path.clone()))
        };
        let libraries = found.iter().map(|(library, _)| *library).collect();
        let mut files: Vec<(String, Content)> = found.iter().map(file).collect();
        files.extend(found.first().into_iter().flat_map(|(library, path)| {
            opened_by(*library, path, target)
                .into_iter()
                .map(|name| (name.clone(), Content::Of(path.with_file_name(name))))
        }));
        Ok(Self { libraries, bundle: Bundle::new(BundleKind::Runtime, files)? })
    }
}

/// The names of the files in a library's folder that it opens itself: those that came with it
/// from its package and that no backend looks for.
fn opened_by(library: RuntimeLibrary, path: &Path, target: &str) -> Vec<String> {
    let manifest = Runtimes::built_in();
    let runtimes = manifest.map(|manifest| manifest.runtimes).unwrap_or_default();
    let runtime = runtimes.into_iter().find(|runtime| runtime.name == library.fetch_name());
    let archives = runtime.into_iter().flat_map(|runtime| runtime.archives);
    let packaged = archives.filter(|archive| archive.target == target);
    let is_opened = |name: &String| {
        RuntimeLibrary::VARIANTS.iter().all(|known| known.file_name() != name)
            && path.with_file_name(name).is_file()
    };
    let names = packaged.flat_map(|archive| archive.libraries).map(|packaged| packaged.file);
    names.filter(is_opened).collect()
}

/// Whether a backend that is wanted uses one of these, or one that a run measures by default; or
/// this very program goes to the device, which may be linked to one.
fn is_needed(runtime: &[(RuntimeLibrary, PathBuf)], target: &str, wanted: &[BackendKind]) -> bool {
    let has = |library: RuntimeLibrary| runtime.iter().any(|(there, _)| *there == library);
    let linked = cfg!(feature = "tflitec") && target == TARGET && has(RuntimeLibrary::Tflite);
    let uses = |backend: &BackendKind| RuntimeLibrary::of(*backend).is_some_and(has);
    let swept = |kind: &&BackendKind| kind.capabilities().in_default_sweep;
    let is_swept = wanted.is_empty() && BackendKind::VARIANTS.iter().filter(swept).any(uses);
    is_swept || linked || wanted.iter().any(uses)
}

/// `SHUTTERBENCH_PROGRAMS/TARGET/shutterbench`; this program itself, if it was built for the
/// target; else what `scripts/adb/build` made, or `programs` beside this program.
fn program(target: &str) -> Result<PathBuf> {
    let named = env::var_os("SHUTTERBENCH_PROGRAMS").map(PathBuf::from);
    let own = env::current_exe().context("could not determine where this program is")?;
    let built = installation::above_program().into_iter().flat_map(|above| {
        [
            above.join("target").join(target).join("release"),
            above.join(target).join("release"),
            above.join("programs").join(target),
        ]
    });
    let this = (target == TARGET).then(|| own.clone());
    let named = named.map(|folder| folder.join(target).join(PROGRAM));
    named
        .into_iter()
        .chain(this)
        .chain(built.map(|folder| folder.join(PROGRAM)))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "there is not a shutterbench program for {target} here; {}, or name a folder that holds {target}/shutterbench with SHUTTERBENCH_PROGRAMS",
                way_to_build(target)
            )
        })
}

fn way_to_build(target: &str) -> String {
    if SCRIPTED.contains(&target) {
        return format!("build it with 'scripts/adb/build {target}'");
    }
    let cargo = format!("cargo build --release --target {target}");
    format!("build it with '{cargo}', which needs a linker for that target")
}

fn find_library(library: RuntimeLibrary, target: &str) -> Option<PathBuf> {
    if target == TARGET {
        return library.find().ok();
    }
    let file = |folder: PathBuf| folder.join(library.file_name());
    folders_for(target).into_iter().map(file).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_a_build_says_how_to_build_it() {
        let error = DeviceBuild::find("aarch64-unknown-none", &[]).unwrap_err().to_string();
        assert!(error.contains("cargo build --release --target aarch64-unknown-none"), "{error}");
        let scripted = way_to_build("aarch64-linux-android");
        assert_eq!(scripted, "build it with 'scripts/adb/build aarch64-linux-android'");
    }

    #[test]
    fn this_program_serves_its_own_target() {
        let build = DeviceBuild::find(TARGET, &[BackendKind::Tract]).unwrap();
        assert_eq!(build.program.kind(), BundleKind::Program);
        assert!(build.program.bytes() > 0);
    }

    #[test]
    fn what_a_library_opens_itself_is_in_its_folder_and_comes_along() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libopenvino_c.so", "libtbb.so.12", "libopenvino.so.2641", "libmine.so"] {
            std::fs::write(folder.path().join(name), "a library").unwrap();
        }
        let path = folder.path().join("libopenvino_c.so");
        let opened = |library, target| opened_by(library, &path, target);
        let linux = "aarch64-unknown-linux-gnu";
        let both = opened(RuntimeLibrary::Openvino, linux);
        assert_eq!(both, ["libopenvino.so.2641", "libtbb.so.12"]);
        assert!(opened(RuntimeLibrary::Openvino, "aarch64-linux-android").is_empty());
        assert!(opened(RuntimeLibrary::Litert, linux).is_empty());
    }
}
