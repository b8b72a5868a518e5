//! A Kinesis and an S3 for tests, which fail as the services do, and as networks do.
//!
//! The SDK's clients speak their wire protocol to them: in process, without a socket, so that time may be paused
//! ([`Cloud::kinesis`], [`Cloud::s3`]), or over a loopback socket, for other processes ([`Cloud::listen`]). What befalls a
//! request is decided by the seed and the request's number, so that a failure can be had again.

mod connector;
mod faults;
mod kinesis;
mod s3;
mod server;
mod shard;
mod stream;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use fastrand::Rng;
use serde_json::{Value, json};

pub use connector::{kinesis_config, s3_config};
pub use faults::{Faults, LATEST_WRITE};
pub use server::env;
pub use shard::Accepted;

use faults::Fate;
use stream::{Arrival, Entry, Stream};

/// A bucket's objects, by key.
pub type Objects = BTreeMap<String, Bytes>;

/// The services. Clones are the same ones.
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
    counts: Counts,
    /// How many records were accepted by all streams.
    written: u64,
    keeps_attempts: bool,
    attempts: Vec<Attempt>,
}

/// What was asked, and what went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that write, to either service.
    pub writes: u64,
    /// Of those, the ones that any fault befell, slowness apart.
    pub faulty: u64,
    /// The ones of which some entries were refused, by a fault or a limit; if the answer was lost too, it is `faulty` as well.
    pub partial: u64,
    /// Entries refused.
    pub refused_entries: u64,
}

/// An entry that was looked at, accepted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The request's number.
    pub request: u64,
    /// Its partition key.
    pub key: String,
    /// Its data.
    pub data: Bytes,
    /// Whether it was written.
    pub accepted: bool,
}

/// One request, of either service.
struct Request {
    method: Method,
    uri: Uri,
    /// `Kinesis_20131202.PutRecords`; none of S3.
    target: Option<String>,
    body: Bytes,
}

/// What comes back.
enum Reply {
    Answer(StatusCode, Bytes),
    /// The connection breaks.
    Reset,
    /// Nothing, ever.
    Silence,
}

impl Cloud {
    /// Without streams, buckets and faults.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State { seed, ..State::default() })) }
    }

    /// Forgets everything and begins with another seed; clients go on.
    pub fn restart(&self, seed: u64) {
        *self.state() = State { seed, ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a stream.
    pub fn create_stream(&self, name: &str, shards: usize) {
        self.state().streams.insert(name.to_owned(), Stream::new(name, shards));
    }

    /// Gives the shards of a stream the service's write limits: 1 MiB and 1 000 records a second.
    pub fn limit(&self, stream: &str) {
        self.with_stream(stream, |stream| stream.limited = true);
    }

    /// Lets a stream refuse every record of a key.
    pub fn refuse_key(&self, stream: &str, key: &str) {
        self.with_stream(stream, |stream| stream.refused_keys.push(key.to_owned()));
    }

    /// Lets a stream take records of so many bytes, their partition keys included.
    pub fn set_max_record_bytes(&self, stream: &str, bytes: usize) {
        self.with_stream(stream, |stream| stream.max_record_bytes = bytes);
    }

    fn with_stream<T: Default>(&self, stream: &str, with: impl FnOnce(&mut Stream) -> T) -> T {
        self.state().streams.get_mut(stream).map(with).unwrap_or_default()
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, name: &str) {
        self.state().buckets.entry(name.to_owned()).or_default();
    }

    /// Puts an object, whatever the faults.
    pub fn put_object(&self, bucket: &str, key: &str, content: impl Into<Bytes>) {
        self.state().buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), content.into());
    }

    /// The objects of a bucket.
    #[must_use]
    pub fn objects(&self, bucket: &str) -> Objects {
        self.state().buckets.get(bucket).cloned().unwrap_or_default()
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// What went wrong so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Keeps from now on what [`Cloud::attempts`] tells.
    pub fn keep_attempts(&self) {
        self.state().keeps_attempts = true;
    }

    /// Every entry that was looked at, in the order in which that happened.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state().attempts.clone()
    }

    /// Puts a record, whatever faults and limits: its sequence number, if there is such a stream.
    pub fn put_record(&self, stream: &str, key: &str, data: impl Into<Bytes>) -> Option<String> {
        let mut state = self.state();
        let arrival = Arrival { number: state.written, request: 0, at: now() };
        let entry = Entry { key: key.to_owned(), data: data.into() };
        let accepted = state.streams.get_mut(stream)?.take_in(&entry, arrival)?;
        state.written += 1;
        Some(accepted.sequence_number())
    }

    /// Takes the records that a stream has accepted out of it, in the order of their acceptance, but for the newest `keep`
    /// of each shard. Who reads the stream does not see them any more; places in it remain.
    #[must_use]
    pub fn take(&self, stream: &str, keep: usize) -> Vec<Accepted> {
        let mut taken: Vec<Accepted> = self.with_stream(stream, |stream| {
            stream.shards.iter_mut().flat_map(|shard| shard.take(keep)).collect()
        });
        taken.sort_by_key(|record| record.number);
        taken
    }

    /// How many records a stream has accepted and still holds.
    #[must_use]
    pub fn count(&self, stream: &str) -> usize {
        self.with_stream(stream, |stream| stream.shards.iter().map(|shard| shard.records.len()).sum())
    }

    /// The records that a stream has accepted, in the order of their acceptance.
    #[must_use]
    pub fn accepted(&self, stream: &str) -> Vec<Accepted> {
        let mut accepted: Vec<Accepted> = self.with_stream(stream, |stream| {
            stream.shards.iter().flat_map(|shard| shard.records.iter().cloned()).collect()
        });
        accepted.sort_by_key(|record| record.number);
        accepted
    }

    /// Does something with each record of a stream, shard by shard, without copies.
    pub fn for_each(&self, stream: &str, with: impl FnMut(&Accepted)) {
        self.with_stream(stream, |stream| {
            stream.shards.iter().flat_map(|shard| &shard.records).for_each(with);
        });
    }

    async fn serve(&self, request: Request) -> Reply {
        let operation = request.target.as_deref().and_then(|target| target.rsplit('.').next());
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
        let Some(operation) = request.target.as_deref().and_then(|target| target.rsplit('.').next()) else {
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
        return Reply::Answer(status, json!({"__type": kinesis, "message": "as told"}).to_string().into());
    }
    // S3 throttles with another status.
    let status = if status.is_client_error() { StatusCode::SERVICE_UNAVAILABLE } else { status };
    let (status, body) = s3::error(status, s3);
    Reply::Answer(status, body)
}

/// Milliseconds since the epoch.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
