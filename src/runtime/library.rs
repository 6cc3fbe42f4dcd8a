//! The locations of runtimes' shared libraries.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

use strum::VariantArray;

use crate::fetch::bring::{TARGET, user_folder};
use crate::fetch::package_manifest::Runtimes;
use crate::installation;
use crate::record::backend_kind::BackendKind;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::one_line;
use crate::system::names;

/// A shared library that a backend opens at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
pub enum RuntimeLibrary {
    /// TensorFlow Lite's C interface.
    Tflite,
    /// LiteRT 2.x.
    Litert,
    /// LiteRT's WebGPU accelerator, beside [`RuntimeLibrary::Litert`].
    LitertGpu,
    /// ONNX Runtime.
    Onnxruntime,
    /// OpenVINO's C interface.
    Openvino,
}

impl RuntimeLibrary {
    /// Its file name in a folder of runtimes for Linux and Android; the environment variable that names the file, over
    /// every folder; the name that `shutterbench fetch` takes for it; the backends that open it.
    const fn facts(self) -> (&'static str, &'static str, &'static str, &'static [BackendKind]) {
        use BackendKind as B;
        match self {
            Self::Tflite => (
                "libtensorflowlite_c.so",
                "SHUTTERBENCH_TFLITE_LIB",
                "tflite",
                &[B::Tflite, B::Tflitec],
            ),
            Self::Litert => ("libLiteRt.so", "SHUTTERBENCH_LITERT_LIB", "litert", &[B::Litert]),
            Self::LitertGpu => {
                ("libLiteRtWebGpuAccelerator.so", "SHUTTERBENCH_LITERT_GPU_LIB", "litert", &[])
            }
            Self::Onnxruntime => (
                "libonnxruntime.so",
                "SHUTTERBENCH_ONNXRUNTIME_LIB",
                "onnxruntime",
                &[B::Onnxruntime],
            ),
            Self::Openvino => {
                ("libopenvino_c.so", "SHUTTERBENCH_OPENVINO_LIB", "openvino", &[B::Openvino])
            }
        }
    }

    /// Its file name in a folder of runtimes for Linux and Android, such as devices have.
    #[must_use]
    pub(crate) const fn file_name(self) -> &'static str {
        self.facts().0
    }

    /// The environment variable that names the file, over every folder.
    #[must_use]
    pub(crate) const fn variable(self) -> &'static str {
        self.facts().1
    }

    /// The name that `shutterbench fetch` takes for it.
    #[must_use]
    pub(crate) const fn fetch_name(self) -> &'static str {
        self.facts().2
    }

    /// The library of a backend, if it has one.
    #[must_use]
    pub(crate) fn of(backend: BackendKind) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|library| library.facts().3.contains(&backend))
    }

    /// The error for a file that was found and is not this library, or none that works.
    pub(crate) fn unusable(self, path: &Path, why: &dyn fmt::Display) -> BackendError {
        let why = one_line(&why.to_string());
        // The packages for Windows are compiled by Microsoft's compiler.
        let needs = if cfg!(windows) {
            "install Microsoft's Visual C++ Redistributable, which it needs, or "
        } else {
            ""
        };
        let fetch = self.fetch_name();
        BackendError::Absent {
            reason: format!("{} cannot be used ({why})", path.display()),
            remedy: format!("{needs}run 'shutterbench fetch {fetch}' for one that works"),
        }
    }

    /// Finds the file.
    ///
    /// # Errors
    /// [`BackendError::Absent`] with the folders that were searched and the command that fetches
    /// it.
    pub fn find(self) -> Result<PathBuf, BackendError> {
        if let Some(path) = env::var_os(self.variable()).map(PathBuf::from) {
            return if path.is_file() {
                Ok(path)
            } else {
                Err(BackendError::Absent {
                    reason: format!(
                        "{} names {}, which is not a file",
                        self.variable(),
                        path.display()
                    ),
                    remedy: format!("correct {} or unset it", self.variable()),
                })
            };
        }
        let folders = folders();
        let names_here = names::libraries(self.file_name());
        let in_folder = folders
            .iter()
            .flat_map(|folder| names_here.iter().map(|name| folder.join(name)))
            .find(|path| path.is_file());
        in_folder.or_else(|| self.in_python_packages()).ok_or_else(|| {
            let packages = installation::python_packages();
            let searched = folders.iter().chain(&packages);
            BackendError::Absent {
                reason: format!(
                    "{} was not found in any of {}",
                    names_here[0],
                    searched.map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
                ),
                remedy: self.remedy(),
            }
        })
    }

    /// What brings it here.
    fn remedy(self) -> String {
        let (fetch, variable) = (self.fetch_name(), self.variable());
        let is_packaged = Runtimes::built_in().is_ok_and(|manifest| {
            let runtime = manifest.runtimes.iter().find(|runtime| runtime.name == fetch);
            runtime.is_some_and(|it| it.archives.iter().any(|archive| archive.target == TARGET))
        });
        if is_packaged {
            format!("run 'shutterbench fetch {fetch}', or set {variable}")
        } else {
            format!("no package has it for {TARGET}; set {variable} to a library of your own")
        }
    }

    /// The file in a Python package that is installed in the program's own environment, as `pip
    /// install shutterbench[runtimes]` brings it.
    fn in_python_packages(self) -> Option<PathBuf> {
        let manifest = Runtimes::built_in().ok()?;
        let names = names::libraries(self.file_name());
        let (name, member) =
            names.iter().find_map(|name| Some((name, manifest.member(name, TARGET)?)))?;
        let packages = installation::python_packages();
        packages.iter().find_map(|folder| versioned(&folder.join(member), name))
    }
}

/// The file at `path`, or the last one beside it whose name begins alike: another version of a
/// package may name it after its own.
fn versioned(path: &Path, name: &str) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let entries = fs::read_dir(path.parent()?).ok()?.flatten().map(|entry| entry.path());
    let alike = |path: &PathBuf| {
        path.file_name().is_some_and(|found| found.to_string_lossy().starts_with(name))
    };
    entries.filter(alike).filter(|path| path.is_file()).max()
}

/// The folders that are searched for runtimes, in order: `SHUTTERBENCH_RUNTIMES`,
/// then `runtimes/<target>` beside the program or above it, then the user's
/// data folder. Python packages are searched after them.
#[must_use]
pub(crate) fn folders() -> Vec<PathBuf> {
    folders_for(TARGET)
}

/// The same for the runtimes of another target.
#[must_use]
pub(crate) fn folders_for(target: &str) -> Vec<PathBuf> {
    let named = env::var_os("SHUTTERBENCH_RUNTIMES").map(PathBuf::from);
    let beside = installation::data_folders("runtimes").into_iter();
    named
        .into_iter()
        .chain(beside.filter(|folder| folder.is_dir()))
        .chain(user_folder())
        .map(|folder| folder.join(target))
        .collect()
}
