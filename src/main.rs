//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use shutterbench::cli::dispatch::{Cli, dispatch};

fn main() -> ExitCode {
    dispatch(Cli::parse())
}
