//! Runs the function with a limit on its address space, invokes it, and looks at all that it left behind.
#![allow(dead_code, reason = "a case looks at a part")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use stream_predictor_local::fake::{Accepted, Cloud, env};
use stream_predictor_local::function::{Answer, Function};

use crate::support;

/// The address space of the process. A function of 512 MB has less: there the program itself counts too.
pub const ADDRESS_SPACE: usize = 512 << 20;

/// The function's timeout.
pub const TIMEOUT: Duration = Duration::from_secs(5);

static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const OUTPUT: &str = "ride_predictions";
const BUCKET: &str = "quarantine";

/// A function, before it starts. Change what a case needs.
pub struct Case {
    /// The services. The output stream and the bucket of the quarantine are there.
    pub cloud: Cloud,
    pub address_space: usize,
    pub timeout: Duration,
    variables: Vec<(String, String)>,
}

/// A function that has started.
pub struct Running {
    pub function: Function,
    pub cloud: Cloud,
    log: Arc<Mutex<Vec<String>>>,
}

/// What became of an event.
#[derive(Debug)]
pub struct Outcome {
    /// The answer. A process that was aborted or killed gives [`Answer::Crashed`] or [`Answer::TimedOut`].
    pub answer: Answer,
    /// The time until the answer.
    pub took: Duration,
    /// The records on the output stream, in the order of their acceptance.
    pub published: Vec<Accepted>,
    /// The lines in the bucket of the quarantine, in the order of the objects' keys.
    pub quarantined: Vec<Value>,
    /// The bytes of each object in that bucket.
    pub objects: Vec<usize>,
    /// The lines that the process wrote during the invocation.
    pub log: Vec<String>,
    /// The most memory (`VmHWM`), in bytes, before the event and after it; none after the process has ended.
    pub peak: (usize, Option<usize>),
}

impl Case {
    /// A function with the model in a folder, a stream for its predictions, and a quarantine on S3.
    pub fn of(model: &Path) -> Self {
        let cloud = Cloud::new(1);
        cloud.create_stream(OUTPUT, 1);
        cloud.create_bucket(BUCKET);
        let case = Self { cloud, address_space: ADDRESS_SPACE, timeout: TIMEOUT, variables: Vec::new() };
        case.with("MODEL_LOCATION", model.to_str().unwrap())
            .with("PREDICTIONS_STREAM_NAME", OUTPUT)
            .with("QUARANTINE_LOCATION", &format!("s3://{BUCKET}/rides"))
    }

    /// A function with the linear ride model.
    pub fn rides() -> Self {
        Self::of(&support::model_directory(&support::fixtures().join("mlflow3")))
    }

    /// The same function with another variable, which replaces an earlier value.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the function with the services of the case.
    pub async fn start(self) -> Running {
        let address = self.cloud.listen().await.unwrap();
        self.try_start_at(address).await.unwrap()
    }

    /// Starts the function with services of one's own. The error has the last lines of a process that did not
    /// start.
    pub async fn try_start_at(self, address: SocketAddr) -> anyhow::Result<Running> {
        let env = env(address).into_iter().chain(limits(self.address_space)).chain(self.variables).collect();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let written = Arc::clone(&log);
        let on_line = Arc::new(move |line: &str| written.lock().unwrap().push(line.to_owned()));
        let function = Function::start_with_logs(&script(), env, self.timeout, on_line).await?;
        Ok(Running { function, cloud: self.cloud, log })
    }

    pub async fn try_start(self) -> anyhow::Result<Running> {
        let address = self.cloud.listen().await.unwrap();
        self.try_start_at(address).await
    }

    /// Starts the function, and invokes it once.
    pub async fn invoke(self, event: impl Into<String>) -> Outcome {
        self.start().await.invoke(event).await
    }
}

impl Running {
    /// Invokes the function. One case runs at a time, because it has little of it.
    pub async fn invoke(&self, event: impl Into<String>) -> Outcome {
        let _alone = ALONE.lock().await;
        let id = self.function.process_id().unwrap();
        self.log.lock().unwrap().clear();
        let before = peak(id).unwrap();
        let start = Instant::now();
        let answer = self.function.invoke(event.into()).await.unwrap();
        let took = start.elapsed();
        let after = peak(id);
        let objects = self.cloud.objects(BUCKET);
        let text: Vec<String> =
            objects.values().map(|object| String::from_utf8(object.to_vec()).unwrap()).collect();
        // The pipe may hold lines that were written before the answer.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Outcome {
            answer,
            took,
            published: self.cloud.accepted(OUTPUT),
            quarantined: text.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            objects: text.iter().map(String::len).collect(),
            log: self.log.lock().unwrap().clone(),
            peak: (before, after),
        }
    }
}

impl Outcome {
    /// The sequence number of the first reported record; none if all records are settled.
    ///
    /// # Panics
    /// When the function did not answer.
    pub fn reported(&self) -> Option<String> {
        let Answer::Response(answer) = &self.answer else { panic!("expected an answer, found {self:#?}") };
        let failures = answer["batchItemFailures"].as_array().unwrap();
        failures.first().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
    }

    /// The memory that the event took on top of what the process had, in bytes.
    pub fn memory(&self) -> usize {
        self.peak.1.expect("the process has ended") - self.peak.0
    }

    /// Bytes of the log.
    pub fn log_bytes(&self) -> usize {
        self.log.iter().map(|line| line.len() + 1).sum()
    }
}

/// A function that is about to start, and will not come far.
pub struct Start {
    process: Child,
    /// Nothing is served here: a function that asks for a record waits.
    _api: TcpListener,
}

impl Start {
    /// Starts the function with services at an address, as a test run that publishes nothing unless a variable says
    /// otherwise.
    pub fn at(address: SocketAddr, variables: &[(&str, &str)]) -> Self {
        let api = TcpListener::bind("127.0.0.1:0").unwrap();
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", api.local_addr().unwrap().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "_".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("PREDICTIONS_STREAM_NAME", OUTPUT.to_owned()),
        ];
        let process = Command::new(script())
            .env_clear()
            .envs(env(address))
            .envs(limits(ADDRESS_SPACE))
            .envs(lambda)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, _api: api }
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// The line that says why the function did not start, without the program's name.
    ///
    /// # Panics
    /// When it did not end within a time, or wrote anything else.
    pub fn refusal(mut self, within: Duration) -> String {
        let patience = Instant::now() + within;
        let mut stderr = self.process.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        while self.process.try_wait().unwrap().is_none() {
            if Instant::now() > patience {
                self.process.kill().unwrap();
                panic!("expected a refusal within {within:?}, found none: {:?}", reader.join().unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.process.wait().unwrap().code(), Some(1));
        let text = reader.join().unwrap().unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.trim_end().strip_prefix("stream-predictor: ").unwrap().to_owned()
    }
}

/// Starts a server that gives the same status and body to every request. `answer` gets the head of the request.
pub fn canned(answer: fn(&str) -> (&'static str, Vec<u8>)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 1 << 16];
            let read = stream.read(&mut bytes).unwrap_or_default();
            let (status, body) = answer(&String::from_utf8_lossy(&bytes[..read]));
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}

/// The script that starts the function with less address space.
fn script() -> PathBuf {
    support::root().join("tests/bounds/limited.sh")
}

/// The variables of that script.
fn limits(address_space: usize) -> [(String, String); 2] {
    [
        ("FUNCTION", support::function().to_str().unwrap().to_owned()),
        ("ADDRESS_SPACE", (address_space >> 10).to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// The most memory that a process had, in bytes, as the kernel counts it.
fn peak(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
}
