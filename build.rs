//! Tells the program its target and commit, and where the `tflitec` feature's
//! library lies at run time.

use std::env;
use std::process::Command;

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo:rustc-env=SHUTTERBENCH_TARGET={target}");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rustc-env=SHUTTERBENCH_TRACT_VERSION={}", locked_version("tract-core"));
    println!("cargo:rustc-env=SHUTTERBENCH_COMPILED_BY={}", compiled_by(&target));
    if let Some(commit) = commit() {
        println!("cargo:rustc-env=SHUTTERBENCH_COMMIT={commit}");
    }
    if env::var_os("CARGO_FEATURE_TFLITEC").is_some() {
        let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/runtimes/{target}");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{root}/runtimes/{target}");
    }
}

/// All that decides which instructions a piece of Rust becomes.
fn compiled_by(target: &str) -> String {
    let variable = |name| env::var(name).unwrap_or_default();
    let version = Command::new(variable("RUSTC")).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{}, {target}, opt-level {}, {}",
        version.unwrap_or_default(),
        variable("OPT_LEVEL"),
        variable("CARGO_CFG_TARGET_FEATURE")
    )
}

/// The commit this is built from, where git and a repository are at hand.
fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|commit| output.status.success() && !commit.is_empty())
}

/// The version of a dependency that tells none itself, from the lock file;
/// `unknown` where the program is built without one.
fn locked_version(package: &str) -> String {
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = "));
    version.map_or_else(|| "unknown".to_owned(), |version| version.trim_matches('"').to_owned())
}
