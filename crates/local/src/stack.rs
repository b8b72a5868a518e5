//! Runs Kinesis and S3 on this machine, as a `ministack` process on a free loopback port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use aws_sdk_kinesis::types::StreamStatus;
use tempfile::TempDir;

use crate::endpoint;
use crate::guard::Guard;

/// Time limit for the start. ministack needs less than a second, but far longer on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Number of attempts to start, because another process may take the free port first.
const ATTEMPTS: u32 = 3;

/// Time limit for a new stream to become ACTIVE.
const STREAM_LIMIT: Duration = Duration::from_secs(30);

/// Pause between two checks of something that is not ready yet.
const PAUSE: Duration = Duration::from_millis(50);

/// A running ministack. Dropping it ends the process, with all streams and buckets.
#[derive(Debug)]
pub struct Stack {
    port: u16,
    child: Child,
    guard: Guard,
    /// Home and temporary folder of the process. Holds its log.
    _home: TempDir,
}

impl Stack {
    /// Starts the executable `ministack`, such as `.venv/bin/ministack`, and waits until it answers.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not answer within a minute. The message holds its output.
    pub async fn start(ministack: &Path) -> Result<Self> {
        // The process runs in another folder.
        let ministack = std::path::absolute(ministack).context("cannot resolve the path of ministack")?;
        let mut attempt = 1;
        loop {
            match Self::start_once(&ministack).await {
                Err(error) if attempt < ATTEMPTS && error.is::<PortTaken>() => attempt += 1,
                result => return result,
            }
        }
    }

    async fn start_once(ministack: &Path) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let home = TempDir::new().context("cannot create a temporary folder for ministack")?;
        let log_path = home.path().join("ministack.log");
        let log = std::fs::File::create(&log_path).context("cannot create the log file of ministack")?;
        let port = free_port()?;
        let child = std::process::Command::new(ministack)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .env("STATE_DIR", home.path())
            .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("GATEWAY_PORT", port.to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .env("LOG_LEVEL", "WARNING")
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot create the log file of ministack")?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", ministack.display()))?;
        let guard = Guard::new(child.id())?;
        let mut stack = Self { port, child, guard, _home: home };
        stack.wait_until_healthy(&log_path).await?;
        Ok(stack)
    }

    async fn wait_until_healthy(&mut self, log: &Path) -> Result<()> {
        let start = Instant::now();
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        loop {
            if let Some(status) = self.child.try_wait().context("cannot ask for the state of ministack")? {
                let said = said();
                if said.contains("already in use") {
                    return Err(PortTaken.into());
                }
                bail!("ministack ended ({status}):\n{said}");
            }
            // It answers only when it can serve, so the first answer of any kind is enough.
            if self.kinesis().list_streams().send().await.is_ok() {
                return Ok(());
            }
            if start.elapsed() > START_LIMIT {
                bail!("ministack did not answer on {} within {START_LIMIT:?}:\n{}", self.endpoint(), said());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns `http://127.0.0.1:<port>`, the endpoint of every service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Returns the id of the process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Returns a new Kinesis client. It reads no environment and no profile.
    #[must_use]
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::from_conf(endpoint::kinesis_config().endpoint_url(self.endpoint()).build())
    }

    /// Returns a new S3 client. It reads no environment and no profile.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(endpoint::s3_config().endpoint_url(self.endpoint()).build())
    }

    /// Returns the environment that makes the function and the AWS CLI talk to this stack and to nothing
    /// else.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        endpoint::env(&self.endpoint())
    }

    /// Creates a stream and waits until it is ACTIVE.
    ///
    /// # Errors
    /// When Kinesis refuses the request, or the stream is not ACTIVE after half a minute.
    pub async fn create_stream(&self, name: &str, shards: i32) -> Result<()> {
        let kinesis = self.kinesis();
        kinesis
            .create_stream()
            .stream_name(name)
            .shard_count(shards)
            .send()
            .await
            .with_context(|| format!("cannot create the stream {name}"))?;
        let start = Instant::now();
        loop {
            let summary = kinesis.describe_stream_summary().stream_name(name).send().await?;
            let status = summary.stream_description_summary().map(|summary| summary.stream_status().clone());
            if status == Some(StreamStatus::Active) {
                return Ok(());
            }
            if start.elapsed() > STREAM_LIMIT {
                bail!("the stream {name} did not become ACTIVE within {STREAM_LIMIT:?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Creates a bucket.
    ///
    /// # Errors
    /// When S3 refuses the request.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let request = self.s3().create_bucket().bucket(name);
        request.send().await.with_context(|| format!("cannot create the bucket {name}"))?;
        Ok(())
    }

    /// Uploads all files below `dir` and returns their number. A file's key is `prefix` followed by its path
    /// in `dir`.
    ///
    /// # Errors
    /// When a file cannot be read, its name is not UTF-8, or S3 refuses a request.
    pub async fn upload_dir(&self, dir: &Path, bucket: &str, prefix: &str) -> Result<usize> {
        let s3 = self.s3();
        let files = files_below(dir)?;
        for file in &files {
            let inside = file.strip_prefix(dir).context("found a file outside its folder")?;
            let inside =
                inside.to_str().with_context(|| format!("the name {} is not UTF-8", file.display()))?;
            let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            s3.put_object()
                .bucket(bucket)
                .key(format!("{prefix}{inside}"))
                .body(body.into())
                .send()
                .await
                .with_context(|| format!("cannot upload {} to {bucket}", file.display()))?;
        }
        Ok(files.len())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.guard.kill();
            let _ = self.child.wait();
        }
    }
}

/// Says that another process took the port between our choice and its use.
#[derive(Debug)]
struct PortTaken;

impl std::fmt::Display for PortTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another process took the port")
    }
}

impl std::error::Error for PortTaken {}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free loopback port")?;
    Ok(listener.local_addr().context("cannot find a free loopback port")?.port())
}

/// Lists all files below `dir`, sorted.
pub(crate) fn files_below(dir: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
