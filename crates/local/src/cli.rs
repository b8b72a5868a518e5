//! Parses and runs the command line.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

use crate::{demo, poll, soak};

/// Runs the AWS parts around the function on this machine. Nothing here is meant for production.
#[derive(Debug, Parser)]
#[command(name = "stream-predictor-local", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends records through a stream, the function and a model, and accounts for every one
    Demo(demo::Options),
    /// Starts the same stack and keeps it until Ctrl-C, for records of your own
    Up(demo::Options),
    /// Reads a stream until Ctrl-C, and invokes the function as Lambda's event source mapping does
    ///
    /// The AWS SDKs' own variables lead to the stream: `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and so
    /// on. The function gets the whole environment of this process, so set `RUN_ID` and the rest as well.
    /// Every start begins at the starting position, because the place in the stream is not stored.
    Poll(Box<poll::Options>),
    /// Sends many records while processes are killed and services fail, and accounts for every one
    ///
    /// Exits with 0 if no record is lost, none is out of order, and all duplicates are equal.
    Soak(soak::Options),
}

impl Cli {
    /// Runs the command. A signal ends it, together with every process that it started.
    pub async fn run(self) -> ExitCode {
        // A soak kills processes on purpose, so their deaths are not worth a log line.
        let level = if matches!(self.command, Command::Soak(_)) { Level::ERROR } else { Level::INFO };
        let log = tracing_subscriber::fmt().with_max_level(level);
        log.with_writer(std::io::stderr).with_target(false).without_time().init();
        match self.select().await {
            Ok(code) => code,
            Err(error) => {
                eprintln!("stream-predictor-local: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    async fn select(self) -> Result<ExitCode> {
        let interrupted = interruption()?;
        match self.command {
            Command::Demo(options) => tokio::select! {
                balanced = demo::run(&options) => Ok(if balanced? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
                // Dropping the demonstration ends its processes. Shells report 130 for Ctrl-C.
                () = interrupted => Ok(ExitCode::from(130)),
            },
            Command::Up(options) => tokio::select! {
                result = demo::stay(&options) => result.map(|()| ExitCode::SUCCESS),
                () = interrupted => {
                    println!("\nstopping");
                    Ok(ExitCode::SUCCESS)
                }
            },
            Command::Soak(options) => tokio::select! {
                balanced = soak::run(&options) => Ok(if balanced? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
                () = interrupted => Ok(ExitCode::from(130)),
            },
            Command::Poll(options) => poll::run(*options, interrupted).await.map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Completes with the first signal that asks this process to end.
fn interruption() -> Result<impl Future<Output = ()>> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<_>, _>>()
        .context("cannot install signal handlers")?;
    Ok(async move {
        let any = std::future::poll_fn(|context| {
            let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        });
        any.await;
    })
}
