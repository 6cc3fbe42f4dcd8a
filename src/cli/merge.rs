//! `shutterbench merge`.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::cli::output::{ExitStatus, print, print_json, tell};
use crate::decide::complete::is_complete;
use crate::report::terminal_page::terminal_page;
use crate::run::merge::keep::{keep, without_itself};
use crate::run::merge::merge_source::MergeSource;
use crate::run::replay;

/// Which runs, and where the merged one goes.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Folders of the runs: every shard of a dataset, every part of the cases, or one run per device
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Folder for the merged run
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print the rows as JSON instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Merges; a case that failed in any of the runs gives a bad exit status.
///
/// # Errors
/// One sentence: runs that do not belong together, or a folder that cannot be
/// written.
pub(crate) fn merge(args: &MergeArgs) -> Result<ExitStatus> {
    let read =
        |folder: &PathBuf| Ok(MergeSource { folder: folder.clone(), run: replay::read(folder)? });
    let folders = without_itself(&args.runs, &args.out)?;
    let merged = crate::run::merge::runs::merge(folders.iter().map(read).collect::<Result<_>>()?)?;
    keep(&merged, &args.out)?;
    crate::report::run_files::write_all(&merged, &args.out)?;
    let rows = crate::table::rows::rows(&merged);
    if args.json {
        print_json(&rows)?;
    } else {
        let color = std::io::stdout().is_terminal();
        print(terminal_page(&merged, &rows, None, color).as_bytes())?;
    }
    tell(&format!("written: {}", args.out.join("results.csv").display()));
    Ok(if is_complete(&merged, &rows) { ExitStatus::Good } else { ExitStatus::Bad })
}
