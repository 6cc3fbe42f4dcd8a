//! Tells the program its target, commit and sources, and where the `tflitec` feature's
//! library lies at run time.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of, besides its dependencies, which the lock file names.
const SOURCES: [&str; 8] = [
    "src",
    "templates",
    "models/hosted.toml",
    "models/published.csv",
    "models/remote.toml",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
];
/// What the embedded family consists of, below `models`.
const FAMILY: [&str; 2] = ["manifest.toml", "fashion-mnist"];

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo:rustc-env=SHUTTERBENCH_TARGET={target}");
    // A file that is not there would have everything built again each time.
    for path in git(&["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"]) {
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    println!("cargo:rustc-env=SHUTTERBENCH_COMPILED_BY={}", compiled_by(&target));
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rustc-env=SHUTTERBENCH_SOURCES={:016x}", sources());
    println!("cargo:rustc-env=SHUTTERBENCH_TRACT_VERSION={}", locked_version("tract-core"));
    embed();
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=SHUTTERBENCH_COMMIT={commit}");
    if env::var_os("CARGO_FEATURE_TFLITEC").is_some() {
        let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/runtimes/{target}");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{root}/runtimes/{target}");
    }
}

/// Writes the files of the embedded family as one, with a table of their paths, for
/// `src/model/embedded_files.rs`.
fn embed() {
    let folder = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let (mut files, mut content) = (Vec::new(), Vec::new());
    if env::var_os("CARGO_FEATURE_EMBED").is_some() {
        for part in FAMILY {
            println!("cargo:rerun-if-changed=models/{part}");
            files.extend(below(&Path::new("models").join(part)));
        }
    }
    files.sort();
    let mut table = String::new();
    for file in &files {
        let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let path = file.strip_prefix("models").expect("it is below it").to_string_lossy();
        table += &format!("({:?}, {}), ", path.replace('\\', "/"), bytes.len());
        content.extend(bytes);
    }
    let name = format!("embedded-{:016x}", hash(&[table.as_bytes(), &content]));
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("it is ours");
    write("embedded_files.bin", &content);
    write(
        "embedded_files.rs",
        format!(
            "const NAME: &str = {name:?};\n\
             static FILES: &[(&str, usize)] = &[{table}];\n\
             static CONTENT: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/embedded_files.bin\"));\n"
        )
        .as_bytes(),
    );
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

/// The commit this is built from: as the package states it, or of the repository here.
fn commit() -> Option<String> {
    // A package lies in a folder that may be part of someone else's repository.
    let packaged = fs::read_to_string(".cargo_vcs_info.json").ok();
    let commit = match packaged {
        Some(text) => text.split("\"sha1\": \"").nth(1)?.split('"').next()?.to_owned(),
        None => git(&["rev-parse", "HEAD"]).into_iter().next()?,
    };
    commit.get(..12).map(str::to_owned)
}

/// The lines of git's answer; none without git or a repository.
fn git(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("git").args(arguments).output();
    let output = output.ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().map(str::to_owned).collect()
}

/// A hash over the names and contents of the sources: builds of one commit with other changes
/// differ in it, those for several targets do not.
fn sources() -> u64 {
    let mut files: Vec<PathBuf> = SOURCES.iter().flat_map(|name| below(Path::new(name))).collect();
    files.sort();
    // A package from a registry may lack some of them.
    let parts = files.iter().flat_map(|file| {
        [file.to_string_lossy().as_bytes().to_vec(), fs::read(file).unwrap_or_default()]
    });
    let parts: Vec<Vec<u8>> = parts.collect();
    hash(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// FNV-1a, 64 bits, over each part and a zero after it.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.iter().chain(&[0])) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

fn below(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(items) => items.flatten().flat_map(|item| below(&item.path())).collect(),
        Err(_) => vec![path.to_owned()],
    }
}

/// The version of a dependency that tells none itself, from the lock file;
/// `unknown` where the program is built without one.
fn locked_version(package: &str) -> String {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = "));
    version.map_or_else(|| "unknown".to_owned(), |version| version.trim_matches('"').to_owned())
}
