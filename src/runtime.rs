//! The Lambda runtime: a cold start, then one invocation after another until SIGTERM.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::util::MapFutureLayer;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use predictor::plain_text;
use serde_json::value::RawValue;
use signal_hook::consts::SIGTERM;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::aws::TimeLimit;
use crate::doors::kinesis::{self, Answer};
use crate::{cli, cold_start, log};

/// Time that is left of an invocation for the answer to reach Lambda.
const REPLY_MARGIN: Duration = Duration::from_millis(500);

/// No deadline of Lambda's is this far in the past.
const A_DAY: Duration = Duration::from_hours(24);

/// Time limit when Lambda gives no deadline.
const WITHOUT_DEADLINE: Duration = Duration::from_mins(10);

/// Why the process ends when SIGTERM comes too early.
const TERMINATED: &str = "SIGTERM came before the cold start was over";

/// Runs the function until the environment ends it.
#[must_use]
pub fn serve() -> ExitCode {
    serve_until_terminated()
}

#[tokio::main(flavor = "current_thread")]
async fn serve_until_terminated() -> ExitCode {
    log::start();
    // Panics are caught where they can happen. Their message may quote a record, so the log gets the place alone.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panicked");
    }));
    cli::exit_code(run().await.map(|()| ExitCode::SUCCESS))
}

async fn run() -> Result<()> {
    let config = cold_start::config()?;
    // The signal handler itself sets the flag, so that work which waits for nothing sees it too.
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop)).context("SIGTERM")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let (terminating, terminated) = watch::channel(false);
    let limit = TimeLimit::at(Instant::now() + cold_start::LIMIT).or_when(Arc::clone(&stop));
    let handler = tokio::select! {
        biased;
        _ = terminate.recv() => bail!(TERMINATED),
        handler = limit.within(cold_start::LIMIT, Box::pin(cold_start::handler(&config, &limit))) => handler,
    };
    let handler = match handler {
        Some(Err(error)) if stop.load(Ordering::Relaxed) => return Err(error.context(TERMINATED)),
        Some(handler) => handler?,
        None if stop.load(Ordering::Relaxed) => bail!(TERMINATED),
        None => bail!("the cold start took longer than {:?}", cold_start::LIMIT),
    };
    let (handler, terminated, stop) = (&handler, &terminated, &stop);
    let invoke = service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        let limit = TimeLimit::unless(terminated.clone(), deadline(event.context.deadline()));
        let limit = limit.or_when(Arc::clone(stop));
        // Boxed: otherwise the type of the whole future is too deep for the compiler.
        let answer = Box::pin(kinesis::handle(handler, event.payload.get(), &limit)).await;
        answer.map_err(|error| plain_text::line(&format_args!("{error:#}"))) as Result<Answer, String>
    });
    // Held from the start of an invocation until Lambda has its answer.
    let busy = &Mutex::new(());
    let until_answered = MapFutureLayer::new(move |invocation| async move {
        let _busy = busy.lock().await;
        invocation.await
    });
    let runtime = Runtime::new(invoke).layer(TracingLayer::new()).layer(until_answered).run();
    tokio::pin!(runtime);
    tokio::select! {
        ended = &mut runtime => return ended.map_err(|error| anyhow::anyhow!(error)),
        _ = terminate.recv() => {}
    }
    tracing::info!("SIGTERM: records that are not published yet are reported");
    terminating.send_replace(true);
    tokio::select! {
        biased;
        _idle = busy.lock() => Ok(()),
        ended = runtime => ended.map_err(|error| anyhow::anyhow!(error)),
    }
}

/// The moment until which an invocation may publish.
fn deadline(lambda: SystemTime) -> Instant {
    let now = SystemTime::now();
    // `cargo lambda watch` gives ten minutes, but from 1970 on.
    let is_real = lambda + A_DAY > now;
    let left = if is_real { lambda.duration_since(now).unwrap_or_default() } else { WITHOUT_DEADLINE };
    Instant::now() + left.saturating_sub(REPLY_MARGIN)
}
