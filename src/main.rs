//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use shutterbench::cli::{Cli, dispatch};

fn main() -> ExitCode {
    dispatch(Cli::parse())
}
