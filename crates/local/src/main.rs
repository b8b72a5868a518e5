//! The command line of the local stand-ins. `--help` describes it.

use std::process::ExitCode;

use clap::Parser as _;
use stream_predictor_local::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    Cli::parse().run().await
}
