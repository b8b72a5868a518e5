//! The command line.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

use crate::{demo, poll, soak};

/// What AWS supplies around the function, on this machine. Local only: nothing here is meant for production.
#[derive(Debug, Parser)]
#[command(name = "stream-predictor-local", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends rides through a stream, the function and a model, and accounts for every one
    Demo(demo::Options),
    /// The same, but stays until Ctrl-C, for rides of your own
    Up(demo::Options),
    /// Reads a stream and invokes the function as Lambda's event source mapping does, until Ctrl-C
    ///
    /// Local only. The stream is found as the AWS SDKs find it (`AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` …). The
    /// function gets this process's whole environment, so set `RUN_ID` and the rest for both. The place in the stream is
    /// not kept: every start begins at the starting position.
    Poll(Box<poll::Options>),
    /// Sends many records through function processes that are killed, above services that fail, and accounts for every one
    ///
    /// Exit code: 0 if none is lost, none out of order, and what came twice is the same.
    Soak(soak::Options),
}

impl Cli {
    /// Runs the command. A signal ends it, and with it every process that it has started.
    pub async fn run(self) -> ExitCode {
        // There it is no news that a process was killed.
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
                // Dropping the demonstration ends its processes; 130 is what shells report for Ctrl-C.
                () = interrupted => Ok(ExitCode::from(130)),
            },
            Command::Up(options) => tokio::select! {
                result = demo::stay(&options) => result.map(|()| ExitCode::SUCCESS),
                () = interrupted => {
                    println!("\nending");
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

/// Comes to pass with the first signal that asks this process to end.
fn interruption() -> Result<impl Future<Output = ()>> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<_>, _>>()
        .context("no signal handlers")?;
    Ok(async move {
        let any = std::future::poll_fn(|context| {
            let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        });
        any.await;
    })
}
