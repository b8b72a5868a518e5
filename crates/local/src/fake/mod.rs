//! A Kinesis and an S3 for tests. They fail as the real services and networks do.
//!
//! The SDK's clients speak their wire protocol to them. In process there is no socket, so a test may pause
//! the time ([`Cloud::kinesis`], [`Cloud::s3`]). Other processes use a loopback socket ([`Cloud::listen`]).
//! The seed and the number of a request decide its fate, so that a failure can be repeated.

mod connector;
mod entry;
mod faults;
mod history;
mod kinesis;
mod s3;
mod server;
mod shard;
mod stream;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use fastrand::Rng;
use serde_json::{Value, json};

pub use connector::{kinesis_config, s3_config};
pub use faults::{Faults, LATEST_WRITE};
pub use history::{Attempt, RequestCounts};
pub use server::env;
pub use shard::Accepted;

use entry::{Arrival, PutEntry};
use faults::Fate;
use stream::Stream;

/// A bucket's objects, by key.
pub type Objects = BTreeMap<String, Bytes>;

/// The services. All clones share one state.
#[derive(Clone, Debug)]
pub struct Cloud {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    streams: BTreeMap<String, Stream>,
    buckets: BTreeMap<String, Objects>,
    faults: Faults,
    counts: RequestCounts,
    /// Number of records that all streams accepted.
    written: u64,
    keeps_attempts: bool,
    attempts: Vec<Attempt>,
}

/// One request to either service.
struct Request {
    method: Method,
    uri: Uri,
    /// Such as `Kinesis_20131202.PutRecords`. S3 has none.
    target: Option<String>,
    body: Bytes,
}

impl Request {
    /// Returns the operation of Kinesis, or none for S3.
    fn operation(&self) -> Option<&str> {
        self.target.as_deref()?.rsplit('.').next()
    }
}

/// The reply to a request.
enum Reply {
    Answer(StatusCode, Bytes),
    /// The connection breaks.
    Reset,
    /// No reply ever comes.
    Silence,
}

impl Cloud {
    /// Creates the services, without streams, buckets and faults.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State { seed, ..State::default() })) }
    }

    /// Forgets everything and begins with another seed. Clients stay valid.
    pub fn restart(&self, seed: u64) {
        *self.state() = State { seed, ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a stream.
    pub fn create_stream(&self, name: &str, shards: usize) {
        self.state().streams.insert(name.to_owned(), Stream::new(name, shards));
    }

    /// Gives each shard of a stream the service's write limits, 1 MiB and 1 000 records a second.
    pub fn limit(&self, stream: &str) {
        self.with_stream(stream, |stream| stream.limited = true);
    }

    /// Refuses every record of a key.
    pub fn refuse_key(&self, stream: &str, key: &str) {
        self.with_stream(stream, |stream| stream.refused_keys.push(key.to_owned()));
    }

    /// Sets the largest record of a stream in bytes, with its partition key.
    pub fn set_max_record_bytes(&self, stream: &str, bytes: usize) {
        self.with_stream(stream, |stream| stream.max_record_bytes = bytes);
    }

    fn with_stream<T: Default>(&self, stream: &str, with: impl FnOnce(&mut Stream) -> T) -> T {
        self.state().streams.get_mut(stream).map(with).unwrap_or_default()
    }

    /// Creates a bucket.
    pub fn create_bucket(&self, name: &str) {
        self.state().buckets.entry(name.to_owned()).or_default();
    }

    /// Puts an object, without faults.
    pub fn put_object(&self, bucket: &str, key: &str, content: impl Into<Bytes>) {
        self.state().buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), content.into());
    }

    /// Returns the objects of a bucket.
    #[must_use]
    pub fn objects(&self, bucket: &str) -> Objects {
        self.state().buckets.get(bucket).cloned().unwrap_or_default()
    }

    /// Sets the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        self.state().counts
    }

    /// Keeps the attempts from now on, for [`Cloud::attempts`].
    pub fn keep_attempts(&self) {
        self.state().keeps_attempts = true;
    }

    /// Returns the attempts, in the order of their arrival.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state().attempts.clone()
    }

    /// Puts a record, without faults and limits. Returns its sequence number, or none if the stream does not
    /// exist.
    pub fn put_record(&self, stream: &str, key: &str, data: impl Into<Bytes>) -> Option<String> {
        let mut state = self.state();
        let arrival = Arrival::now(state.written, 0);
        let entry = PutEntry { key: key.to_owned(), data: data.into() };
        let accepted = state.streams.get_mut(stream)?.take_in(&entry, arrival)?;
        state.written += 1;
        Some(accepted.sequence_number())
    }

    /// Removes the accepted records from a stream, except the newest `keep` of each shard. Returns them in
    /// the order of their acceptance. Readers no longer see them, and the places of other records stay the
    /// same.
    #[must_use]
    pub fn take(&self, stream: &str, keep: usize) -> Vec<Accepted> {
        let mut taken: Vec<Accepted> = self.with_stream(stream, |stream| {
            stream.shards.iter_mut().flat_map(|shard| shard.take(keep)).collect()
        });
        taken.sort_by_key(|record| record.number);
        taken
    }

    /// Returns the number of records that a stream holds.
    #[must_use]
    pub fn count(&self, stream: &str) -> usize {
        self.with_stream(stream, |stream| stream.shards.iter().map(|shard| shard.records.len()).sum())
    }

    /// Returns the records that a stream holds, in the order of their acceptance.
    #[must_use]
    pub fn accepted(&self, stream: &str) -> Vec<Accepted> {
        let mut accepted: Vec<Accepted> = self.with_stream(stream, |stream| {
            stream.shards.iter().flat_map(|shard| shard.records.iter().cloned()).collect()
        });
        accepted.sort_by_key(|record| record.number);
        accepted
    }

    /// Calls `with` for each record of a stream, shard by shard, without copies.
    pub fn for_each(&self, stream: &str, with: impl FnMut(&Accepted)) {
        self.with_stream(stream, |stream| {
            stream.shards.iter().flat_map(|shard| &shard.records).for_each(with);
        });
    }

    async fn serve(&self, request: Request) -> Reply {
        let operation = request.operation();
        let writes = match operation {
            Some(operation) => matches!(operation, "PutRecords" | "PutRecord"),
            None => request.method == Method::PUT,
        };
        let (number, seed, faults) = {
            let mut state = self.state();
            state.counts.writes += u64::from(writes);
            (state.counts.writes, state.seed, if writes { state.faults } else { Faults::default() })
        };
        let mut random = Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (fate, wait) = faults.fate(&mut random);
        self.state().counts.faulty += u64::from(fate != Fate::Served);
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
        let is_kinesis = operation.is_some();
        match fate {
            Fate::Served => self.answer(&request, number, &faults, &mut random),
            Fate::Throttled => refusal(is_kinesis, StatusCode::BAD_REQUEST, shard::TOO_FAST, "SlowDown"),
            Fate::Failed => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                refusal(is_kinesis, status, "InternalFailure", "InternalError")
            }
            Fate::Reset => Reply::Reset,
            Fate::LostAnswer(breaks) => {
                self.answer(&request, number, &faults, &mut random);
                if breaks { Reply::Reset } else { Reply::Silence }
            }
            Fate::LateWrite(after) => {
                let cloud = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    cloud.answer(&request, number, &faults, &mut random);
                });
                Reply::Silence
            }
        }
    }

    fn answer(&self, request: &Request, number: u64, faults: &Faults, random: &mut Rng) -> Reply {
        let Some(operation) = request.operation() else {
            let (status, body) = self.state().s3(&request.method, &request.uri, request.body.clone());
            return Reply::Answer(status, body);
        };
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return refusal(true, StatusCode::BAD_REQUEST, "SerializationException", "");
        };
        match self.state().kinesis(operation, &body, (number, faults, random)) {
            Ok(answer) => Reply::Answer(StatusCode::OK, answer.to_string().into()),
            Err((code, message)) => {
                let body = json!({"__type": code, "message": message});
                Reply::Answer(StatusCode::BAD_REQUEST, body.to_string().into())
            }
        }
    }
}

fn refusal(is_kinesis: bool, status: StatusCode, kinesis: &str, s3: &str) -> Reply {
    if is_kinesis {
        return Reply::Answer(
            status,
            json!({"__type": kinesis, "message": "scripted fault"}).to_string().into(),
        );
    }
    // S3 throttles with status 503.
    let status = if status.is_client_error() { StatusCode::SERVICE_UNAVAILABLE } else { status };
    let (status, body) = s3::error(status, s3);
    Reply::Answer(status, body)
}
