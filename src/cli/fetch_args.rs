//! What `shutterbench fetch` takes on the command line.

use std::path::PathBuf;

use crate::fetch::bring::TARGET;

/// Fetches runtimes from their packages, checked by SHA-256
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Runtimes: tflite, litert, onnxruntime
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Fetch every runtime
    #[arg(long)]
    pub all: bool,
    /// List what can be fetched and what is present, and fetch nothing
    #[arg(long)]
    pub list: bool,
    /// Folder, package index or Maven repository to take the package files from
    #[arg(long, value_name = "DIR|URL")]
    pub mirror: Option<String>,
    /// Target to fetch libraries for
    #[arg(long, value_name = "TRIPLE", default_value = TARGET)]
    pub target: String,
    /// Put them into this folder, below a folder named after the target [default: the user's data
    /// folder]
    #[arg(long, value_name = "DIR", env = "SHUTTERBENCH_RUNTIMES")]
    pub dir: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
