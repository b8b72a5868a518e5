//! `stream-predictor`: the Lambda function when it has no arguments, else a command for people.

use std::process::ExitCode;

use stream_predictor::{cli, environment, runtime};

/// glibc's allocator costs a small model 20 % of its time per row.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    environment::without_empty_variables();
    // Lambda passes no arguments. The function does not pay for the command line.
    if std::env::args_os().len() <= 1 { runtime::serve() } else { cli::run() }
}
