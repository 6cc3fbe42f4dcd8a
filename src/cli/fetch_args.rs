//! What `shutterbench fetch` takes on the command line.

use std::path::PathBuf;

use crate::fetch::bring::TARGET;
use crate::fetch::package_source::MIRROR;

/// Fetches runtimes and models, checked by SHA-256
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Runtimes (tflite, litert, onnxruntime), or models of 'shutterbench list models --remote', by
    /// name or pattern
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Fetch every runtime
    #[arg(long)]
    pub all: bool,
    /// List the runtimes that can be fetched and those present, and fetch nothing
    #[arg(long)]
    pub list: bool,
    /// Folder or address to take the files from; for runtimes also a package index or a Maven
    /// repository
    #[arg(long, value_name = "DIR|URL", env = MIRROR)]
    pub mirror: Option<String>,
    /// Target to fetch libraries for
    #[arg(long, value_name = "TRIPLE", default_value = TARGET)]
    pub target: String,
    /// Put runtimes into this folder, below a folder named after the target [default: the user's data
    /// folder]
    #[arg(long, value_name = "DIR", env = "SHUTTERBENCH_RUNTIMES")]
    pub dir: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
