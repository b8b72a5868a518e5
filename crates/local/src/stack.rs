//! Kinesis and S3 on this machine: a `ministack` process on a free loopback port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use aws_config::BehaviorVersion;
use aws_sdk_kinesis::types::StreamStatus;
use tempfile::TempDir;

use crate::guard::Guard;

/// ministack starts in under a second; a machine with other work may need far longer.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How often a start is tried, since another process may take the free port first.
const ATTEMPTS: u32 = 3;

/// How long a new stream may take to become ACTIVE.
const STREAM_LIMIT: Duration = Duration::from_secs(30);

/// The pause between two looks at something that is not ready yet.
const PAUSE: Duration = Duration::from_millis(50);

/// The region of everything in the stack.
pub const REGION: &str = "us-east-1";

/// The access key id and the secret: ministack takes any.
const KEY: &str = "test";

/// A running ministack. Dropping it ends the process and forgets all streams and buckets.
#[derive(Debug)]
pub struct Stack {
    port: u16,
    child: Child,
    guard: Guard,
    /// Home and temporary folder of the process, with its log.
    _home: TempDir,
}

impl Stack {
    /// Starts the executable `ministack`, such as `.venv/bin/ministack`, and waits until it answers.
    ///
    /// # Errors
    /// When it can't be started, ends, or does not answer within a minute; the message holds what it wrote.
    pub async fn start(ministack: &Path) -> Result<Self> {
        // It runs in a folder of its own.
        let ministack = std::path::absolute(ministack).context("the path of ministack is not valid")?;
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
        let home = TempDir::new().context("no temporary folder for ministack")?;
        let log_path = home.path().join("ministack.log");
        let log = std::fs::File::create(&log_path).context("no log file for ministack")?;
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
            .stdout(log.try_clone().context("no log file for ministack")?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} could not be started", ministack.display()))?;
        let guard = Guard::new(child.id())?;
        let mut stack = Self { port, child, guard, _home: home };
        stack.wait_until_healthy(&log_path).await?;
        Ok(stack)
    }

    async fn wait_until_healthy(&mut self, log: &Path) -> Result<()> {
        let start = Instant::now();
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        loop {
            if let Some(status) = self.child.try_wait().context("ministack was lost")? {
                let said = said();
                if said.contains("already in use") {
                    return Err(PortTaken.into());
                }
                bail!("ministack ended ({status}):\n{said}");
            }
            // It answers nothing before it can serve, so the first answer of any kind will do.
            if self.kinesis().list_streams().send().await.is_ok() {
                return Ok(());
            }
            if start.elapsed() > START_LIMIT {
                bail!("ministack did not answer on {} within {START_LIMIT:?}:\n{}", self.endpoint(), said());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// `http://127.0.0.1:<port>`, for every service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The id of the process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// A new Kinesis client; it reads no environment and no profile.
    #[must_use]
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        use aws_sdk_kinesis::config::{Builder, Credentials, Region};
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "local stack"))
            .endpoint_url(self.endpoint())
            .build();
        aws_sdk_kinesis::Client::from_conf(config)
    }

    /// A new S3 client; it reads no environment and no profile.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        use aws_sdk_s3::config::{Builder, Credentials, Region};
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "local stack"))
            .endpoint_url(self.endpoint())
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// The environment that makes the function and the AWS CLI talk to this stack and to nothing else.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", KEY),
            // The SDKs read the first of the two, the AWS CLI the second.
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            // The user's own profile and an instance's role must not come in.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Creates a stream and waits until it is ACTIVE.
    ///
    /// # Errors
    /// When Kinesis refuses, or after half a minute.
    pub async fn create_stream(&self, name: &str, shards: i32) -> Result<()> {
        let kinesis = self.kinesis();
        kinesis
            .create_stream()
            .stream_name(name)
            .shard_count(shards)
            .send()
            .await
            .with_context(|| format!("the stream {name} could not be created"))?;
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
    /// When S3 refuses.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let request = self.s3().create_bucket().bucket(name);
        request.send().await.with_context(|| format!("the bucket {name} could not be created"))?;
        Ok(())
    }

    /// Uploads all files below `dir`; a file's key is `prefix` followed by its path in `dir`. Gives their number.
    ///
    /// # Errors
    /// When a file can't be read, its name is not UTF-8, or S3 refuses.
    pub async fn upload_dir(&self, dir: &Path, bucket: &str, prefix: &str) -> Result<usize> {
        let s3 = self.s3();
        let files = files_below(dir)?;
        for file in &files {
            let inside = file.strip_prefix(dir).context("a file outside its folder")?;
            let inside = inside.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
            let body = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
            s3.put_object()
                .bucket(bucket)
                .key(format!("{prefix}{inside}"))
                .body(body.into())
                .send()
                .await
                .with_context(|| format!("{} could not be uploaded to {bucket}", file.display()))?;
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

/// Another process took the port between its choice and its use.
#[derive(Debug)]
struct PortTaken;

impl std::fmt::Display for PortTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the port was taken")
    }
}

impl std::error::Error for PortTaken {}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr().context("no free loopback port")?.port())
}

/// All files below `dir`, sorted.
pub(crate) fn files_below(dir: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))?;
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
