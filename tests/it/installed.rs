//! A program that lies alone, as `pip install` and `cargo install` leave it: with the embedded
//! models inside, and with the runtimes of the Python environment that it is installed into.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;
use shutterbench::fetch::package_manifest::Runtimes;
use shutterbench::runtime::library::RuntimeLibrary;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::common::{TimelyOutput, repository, skip};

/// An environment with the program in `bin` and an empty home.
struct Environment(TempDir);

impl Environment {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        let program = root.path().join("bin/shutterbench");
        fs::copy(env!("CARGO_BIN_EXE_shutterbench"), program).unwrap();
        Self(root)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// What the program prints; it must end well.
    fn output(&self, arguments: &[&str]) -> String {
        let mut program = Command::new(self.path("bin/shutterbench"));
        program.args(arguments).current_dir(self.0.path()).env("XDG_DATA_HOME", self.path("data"));
        for variable in ["SHUTTERBENCH_MODELS", "SHUTTERBENCH_RUNTIMES"] {
            program.env_remove(variable);
        }
        let output = program.timely_output();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.output(arguments)).unwrap()
    }

    /// Puts the library of this machine where its Python package has it, under another name
    /// maybe; `None` after a skip if there is none.
    fn install(&self, library: RuntimeLibrary, member: &str) -> Option<PathBuf> {
        match library.find() {
            Ok(found) => {
                let path = self.path("lib/python3.11/site-packages").join(member);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink(fs::canonicalize(found).unwrap(), &path).unwrap();
                Some(path)
            }
            Err(error) => {
                skip(&error.to_string());
                None
            }
        }
    }
}

#[test]
fn the_embedded_models_come_out_of_the_program_once() {
    let environment = Environment::new();
    // Somebody's own folder of that name above the program.
    fs::create_dir(environment.path("models")).unwrap();
    fs::write(environment.path("models/manifest.toml"), "version = '2'\n").unwrap();
    let models = environment.json(&["list", "models", "--json"]);
    assert_eq!(models.as_array().unwrap().len(), 24);
    let folders = || fs::read_dir(environment.path("data/shutterbench/models")).unwrap().count();
    assert_eq!(folders(), 1);
    let model = "fmnist_mobilenet_v1_0.25_f32";
    let arguments = ["run", "--model", model, "--backend", "tract", "--no-latency", "--json"];
    let rows = environment.json(&[&arguments[..], &["--images", "20", "--out", "run"]].concat());
    assert_eq!(rows[0]["images"], 20, "{rows}");
    assert!(rows[0]["top1"].as_f64().unwrap() > 0.5, "{rows}");
    assert_eq!(folders(), 1);
}

#[test]
fn runtimes_are_found_in_the_packages_of_the_environment() {
    let environment = Environment::new();
    let member = "pymicro_wakeword/lib/libtensorflowlite_c.so";
    let Some(tflite) = environment.install(RuntimeLibrary::Tflite, member) else { return };
    // As a later version of the package would name it.
    let member = "onnxruntime/capi/libonnxruntime.so.9.9.9";
    let Some(onnxruntime) = environment.install(RuntimeLibrary::Onnxruntime, member) else {
        return;
    };
    let backends = environment.json(&["list", "backends", "--json"]);
    let library = |name: &str| {
        let mut all = backends.as_array().unwrap().iter();
        all.find(|listed| listed["backend"] == name).unwrap().clone()
    };
    assert_eq!(library("tflite")["library"], tflite.to_str().unwrap());
    assert_eq!(library("onnxruntime")["library"], onnxruntime.to_str().unwrap());
    let reason = library("litert")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("lib/python3.11/site-packages"), "{reason}");
}

#[test]
fn the_extra_of_the_wheel_is_what_fetch_brings() {
    let text = fs::read_to_string(repository().join("pyproject.toml")).unwrap();
    let project: toml::Table = text.parse().unwrap();
    let extra = project["project"]["optional-dependencies"]["runtimes"].as_array().unwrap();
    let stated: BTreeSet<&str> =
        extra.iter().map(|line| line.as_str().unwrap().split(';').next().unwrap()).collect();
    let manifest = Runtimes::built_in().unwrap();
    let known: BTreeSet<String> = manifest
        .runtimes
        .iter()
        .filter(|runtime| stated.iter().any(|line| line.starts_with(&*runtime.package)))
        .map(|runtime| format!("{}=={}", runtime.package, runtime.package_version))
        .collect();
    assert_eq!(stated, known.iter().map(String::as_str).collect());
    assert!(known.len() >= 3, "{known:?}");
}

#[test]
fn every_command_has_a_man_page() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("share/man1");
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        let output = program.args(arguments).timely_output();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["man", folder.to_str().unwrap()]);
    let help = run(&["--help"]);
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A command is indented by two spaces, what its description continues with by more.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<&str> = names.filter_map(|line| line.split(' ').next()).collect();
    let mut checked = 0;
    for name in names.into_iter().filter(|name| !["", "help"].contains(name)) {
        let page = fs::read_to_string(folder.join(format!("shutterbench-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH DESCRIPTION"), "{name}");
        checked += 1;
    }
    assert!(checked >= 10, "{checked}");
    let page = fs::read_to_string(folder.join("shutterbench.1")).unwrap();
    assert!(page.contains("shutterbench\\-run(1)") && !page.contains("worker"), "{page}");
}

/// What `cargo install` compiles is the package: it needs every file that the sources include.
#[test]
fn the_package_holds_the_sources_and_the_models() {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(repository());
    let output = cargo.timely_output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let listed: BTreeSet<&Path> = listed.lines().map(Path::new).collect();
    for folder in ["src", "models", "build.rs", "Cargo.lock", "README.md", "LICENSE", "NOTICE"] {
        for entry in WalkDir::new(repository().join(folder)) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(repository()).unwrap();
                assert!(listed.contains(path), "{} is not in the package", path.display());
            }
        }
    }
    assert!(!listed.iter().any(|path| path.starts_with("tests")));
}
