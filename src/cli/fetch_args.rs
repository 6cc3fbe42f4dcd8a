//! What `shutterbench fetch` takes on the command line.

use std::path::PathBuf;

use crate::fetch::bring::TARGET;

/// Fetches runtimes, models and datasets, checked by SHA-256
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Runtimes (tflite, litert, onnxruntime), models of 'shutterbench list models --remote' by name
    /// or pattern, datasets of 'shutterbench list datasets', or presets of 'shutterbench list
    /// presets', which hold several
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Fetch every runtime
    #[arg(long)]
    pub all: bool,
    /// List the runtimes that can be fetched and those present, and fetch nothing
    #[arg(long)]
    pub list: bool,
    /// Folder or address to take the files from; for runtimes also a package index or a Maven
    /// repository [env: SHUTTERBENCH_MIRROR]
    #[arg(long, value_name = "DIR|URL")]
    pub mirror: Option<String>,
    /// Unpack this archive, which you have, instead of downloading the dataset that is named
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "list", "mirror"])]
    pub archive: Option<PathBuf>,
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
