//! Runs the real function binary as a child process, and invokes it as Lambda does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::guard::Guard;
use crate::logs::{LastLines, OnLine};
pub use crate::runtime_api::{Answer, MAX_PAYLOAD_BYTES};
use crate::runtime_api::{FUNCTION_NAME, RuntimeApi};

/// Time limit of a cold start. After it, Lambda starts the function again inside the function's own timeout.
/// So a function has this and its timeout together.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Time limit for the last lines of a dead process to arrive.
const LAST_LINES_LIMIT: Duration = Duration::from_millis(500);

/// One execution environment, with at most one process and one invocation at a time. Further callers queue.
pub struct Function {
    program: Program,
    process: tokio::sync::Mutex<Option<Process>>,
    /// The living process. [`Function::kill`] needs it without waiting for the current invocation.
    alive: Arc<Mutex<Option<Pid>>>,
    starts: AtomicU64,
}

struct Program {
    binary: PathBuf,
    env: Vec<(String, String)>,
    timeout: Duration,
    on_line: OnLine,
}

impl Function {
    /// Starts the process and waits until its cold start is over.
    ///
    /// The child sees `env` and Lambda's own variables, and nothing else from this process. `timeout` limits
    /// one invocation.
    ///
    /// # Errors
    /// When the binary cannot be started, or does not ask for its first invocation. The message then holds
    /// the last lines that it wrote.
    pub async fn start(binary: &Path, env: Vec<(String, String)>, timeout: Duration) -> Result<Self> {
        Self::start_with_logs(binary, env, timeout, Arc::new(|_: &str| ())).await
    }

    /// Does what [`Function::start`] does. `on_line` gets every line that any process of this function
    /// writes.
    ///
    /// # Errors
    /// See [`Function::start`].
    pub async fn start_with_logs(
        binary: &Path,
        env: Vec<(String, String)>,
        timeout: Duration,
        on_line: OnLine,
    ) -> Result<Self> {
        let function = Self {
            program: Program { binary: binary.to_owned(), env, timeout, on_line },
            process: tokio::sync::Mutex::new(None),
            alive: Arc::default(),
            starts: AtomicU64::new(0),
        };
        let mut process = function.spawn().await?;
        process.cold_start(INIT_LIMIT + timeout).await.map_err(|reason| anyhow!(reason))?;
        *function.process.lock().await = Some(process);
        Ok(function)
    }

    /// Invokes the function once. After a crash or a timeout, the next call starts a new process.
    ///
    /// # Errors
    /// When `payload` exceeds [`MAX_PAYLOAD_BYTES`], or no process can be started. A failed cold start is not
    /// an error but the answer [`Answer::Crashed`], because it is a function error on Lambda.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Result<Answer> {
        let payload = payload.into();
        if payload.len() > MAX_PAYLOAD_BYTES {
            bail!(
                "expected a payload of at most {MAX_PAYLOAD_BYTES} bytes, as Lambda does, found {}",
                payload.len()
            );
        }
        let mut slot = self.process.lock().await;
        // The process leaves its slot, so a call that is dropped half-way takes the process with it.
        let mut process = if let Some(process) = slot.take().and_then(Process::if_alive) {
            process
        } else {
            let mut process = self.spawn().await?;
            if let Err(reason) = process.cold_start(INIT_LIMIT + self.program.timeout).await {
                return Ok(Answer::Crashed(reason));
            }
            process
        };
        let answer = process.invoke(payload, self.program.timeout).await?;
        if matches!(answer, Answer::Response(_) | Answer::FunctionError { .. }) {
            *slot = Some(process);
        }
        Ok(answer)
    }

    /// Kills the process as a failing host would, even during an invocation. Returns false if none is alive.
    #[must_use]
    pub fn kill(&self) -> bool {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.is_some_and(|id| kill_process(id, Signal::KILL).is_ok())
    }

    /// Returns the id of the living process.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.and_then(|id| u32::try_from(id.as_raw_nonzero().get()).ok())
    }

    /// Returns the number of processes started so far.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    async fn spawn(&self) -> Result<Process> {
        let api = RuntimeApi::start().await?;
        let process = Process::spawn(&self.program, api, Arc::clone(&self.alive))?;
        self.starts.fetch_add(1, Ordering::Relaxed);
        Ok(process)
    }
}

struct Process {
    api: RuntimeApi,
    child: Child,
    guard: Guard,
    last_lines: Arc<LastLines>,
    readers: Vec<JoinHandle<()>>,
    alive: Arc<Mutex<Option<Pid>>>,
}

impl Process {
    fn spawn(program: &Program, api: RuntimeApi, alive: Arc<Mutex<Option<Pid>>>) -> Result<Self> {
        let mut child = Command::new(&program.binary)
            .env_clear()
            .envs(lambda_env(&api))
            .envs(program.env.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C must not reach the child directly. This process ends it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.binary.display()))?;
        let id = child.id().context("the function ended immediately")?;
        let guard = Guard::new(id)?;
        let last_lines = Arc::new(LastLines::default());
        let readers = [child.stdout.take().map(boxed), child.stderr.take().map(boxed)]
            .into_iter()
            .flatten()
            .map(|pipe| tokio::spawn(read_lines(pipe, Arc::clone(&last_lines), Arc::clone(&program.on_line))))
            .collect::<Vec<_>>();
        *alive.lock().unwrap_or_else(PoisonError::into_inner) =
            i32::try_from(id).ok().and_then(Pid::from_raw);
        Ok(Self { api, child, guard, last_lines, readers, alive })
    }

    /// Returns the process, unless it ended since its last invocation.
    fn if_alive(mut self) -> Option<Self> {
        if matches!(self.child.try_wait(), Ok(None)) {
            return Some(self);
        }
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        None
    }

    /// Waits for the first poll. The error says why there was none.
    async fn cold_start(&mut self, limit: Duration) -> Result<(), String> {
        let ended = tokio::select! {
            () = self.api.polled() => return Ok(()),
            status = self.child.wait() => Some(status),
            () = tokio::time::sleep(limit) => None,
        };
        let what = match ended {
            Some(_) => self.obituary(ended).await,
            None => format!("it did not ask for an invocation within {limit:?}"),
        };
        let told = self.api.init_error().map(|error| format!("\n{error}")).unwrap_or_default();
        Err(format!("the function's cold start failed: {what}{told}\n{}", self.last_lines.text()))
    }

    async fn invoke(&mut self, payload: Bytes, timeout: Duration) -> Result<Answer> {
        let answer = self.api.invoke(payload, timeout).await?;
        let ended = tokio::select! {
            // An answer that arrived counts, even if the process is gone by now.
            biased;
            answer = answer => return answer.context("the runtime API dropped an invocation"),
            status = self.child.wait() => status,
            () = tokio::time::sleep(timeout) => return Ok(Answer::TimedOut(timeout)),
        };
        let what = self.obituary(Some(ended)).await;
        Ok(Answer::Crashed(format!("{what}\n{}", self.last_lines.text())))
    }

    /// Waits for the last lines of the process, and describes its end.
    async fn obituary(&mut self, status: Option<std::io::Result<std::process::ExitStatus>>) -> String {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        let all_read = async {
            for reader in &mut self.readers {
                let _ = reader.await;
            }
        };
        // A grandchild may hold the pipes open forever.
        let _ = tokio::time::timeout(LAST_LINES_LIMIT, all_read).await;
        self.readers.clear();
        match status {
            Some(Ok(status)) => format!("the process ended ({status})"),
            Some(Err(error)) => format!("cannot ask for the state of the process ({error})"),
            None => "the process was given up".to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        // `id` is None after a wait for the child. Another process, or group, may then have its id.
        if self.child.id().is_some() {
            self.guard.kill();
            alive.take();
        }
    }
}

/// Returns Lambda's reserved variables that a runtime reads.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
fn lambda_env(api: &RuntimeApi) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{FUNCTION_NAME}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
    ]
}

fn boxed(pipe: impl AsyncRead + Send + Unpin + 'static) -> Box<dyn AsyncRead + Send + Unpin> {
    Box::new(pipe)
}

async fn read_lines(pipe: Box<dyn AsyncRead + Send + Unpin>, last_lines: Arc<LastLines>, on_line: OnLine) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    // `lines()` would stop at invalid UTF-8, and a pipe without a reader blocks its writer.
    while pipe.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        last_lines.push(text);
        on_line(text);
        line.clear();
    }
}
