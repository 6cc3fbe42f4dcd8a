//! What `shutterbench fetch` takes on the command line.

use std::path::PathBuf;

use crate::fetch::bring::TARGET;

/// Brings runtimes from their packages, checked by SHA-256.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to bring: tflite, litert, onnxruntime.
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Bring every runtime.
    #[arg(long)]
    pub all: bool,
    /// List what can be brought and what is there; bring nothing.
    #[arg(long)]
    pub list: bool,
    /// Take the package files from this folder, package index or Maven repository.
    #[arg(long, value_name = "DIR|URL")]
    pub mirror: Option<String>,
    /// The target whose libraries to bring.
    #[arg(long, value_name = "TRIPLE", default_value = TARGET)]
    pub target: String,
    /// Put them into TARGET's folder in this one [default: the user's data folder].
    #[arg(long, value_name = "DIR", env = "SHUTTERBENCH_RUNTIMES")]
    pub dir: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}
