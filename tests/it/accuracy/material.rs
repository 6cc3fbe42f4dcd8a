//! Running the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::common;
use crate::common::TimelyOutput;

/// `shutterbench run` without latency into `out`.
pub fn score(arguments: &[&str], out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--no-latency"])
        .args(arguments)
        .arg("--out")
        .arg(out)
        .timely_output()
}

pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The folder beside the repository, if a runtime for its models is present too; `None` after a
/// skip.
pub fn shared_with_tflite() -> Option<PathBuf> {
    use shutterbench::record::backend_kind::BackendKind;
    use shutterbench::runtime::registry;
    if let Err(error) = registry::open(BackendKind::Tflite) {
        common::skip(&error.to_string());
        return None;
    }
    common::shared()
}
