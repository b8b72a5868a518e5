//! The quarantine on S3: an object a call, for each day and shard, of one line a record.
//!
//! The day is that on which the records came, so that a query over days reads what it must. An object's name is made of its
//! content: the same lines, stored again, take the place of what is there, and no others do.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectError;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::config::S3Prefix;
use crate::error::Undelivered;
use crate::event::{Record, is_sequence_number};
use crate::s3::describe;
use crate::time_limit::TimeLimit;
use serving_spec::result::NAMESPACE;

use super::{Line, Quarantined};

/// Bytes an object, unless one line has more.
const MAX_OBJECT_BYTES: usize = 8 << 20;

/// A request that is not answered by then is given up and sent again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What stands for a name that is none of a shard or a sequence number.
const UNKNOWN: &str = "unknown";

/// Objects below a prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    prefix: S3Prefix,
}

/// Why an object was not stored.
struct Failure {
    reason: String,
    hopeless: bool,
}

impl S3Store {
    /// Stores below `prefix`. The client must not retry by itself: it would not know of the limit.
    #[must_use]
    pub fn new(client: Client, prefix: S3Prefix) -> Self {
        Self { client, prefix }
    }

    /// See [`super::Quarantine::store`].
    pub(super) async fn store(
        &self,
        model: (&str, &str),
        records: &[Quarantined<'_>],
        limit: &TimeLimit,
    ) -> Result<(), Undelivered> {
        let mut folders: IndexMap<String, Vec<&Quarantined>> = IndexMap::new();
        for quarantined in records {
            folders.entry(folder(quarantined.record)).or_default().push(quarantined);
        }
        for (folder, records) in folders {
            let mut first = UNKNOWN;
            let mut body = Vec::new();
            for quarantined in records {
                let line = Line::new(model, quarantined).to_bytes();
                if !body.is_empty() && body.len() + line.len() > MAX_OBJECT_BYTES {
                    self.put(&folder, first, &body, limit).await?;
                    body.clear();
                }
                if body.is_empty() {
                    first = sequence_number(quarantined.record);
                }
                body.extend(line);
            }
            self.put(&folder, first, &body, limit).await?;
        }
        Ok(())
    }

    /// Puts an object until it is stored, can't be, or the time is up.
    async fn put(
        &self,
        folder: &str,
        first: &str,
        body: &[u8],
        limit: &TimeLimit,
    ) -> Result<(), Undelivered> {
        let id = Uuid::new_v5(&NAMESPACE, body);
        let key = self.prefix.join(&format!("{folder}/{first}-{id}.jsonl"));
        let mut failure = Failure { reason: "the invocation's time is up".to_owned(), hopeless: false };
        let mut backoff = Backoff::default();
        while !limit.is_over() {
            let put = self.client.put_object().bucket(&key.bucket).key(&key.prefix);
            let put = put.content_type("application/x-ndjson").body(body.to_vec().into()).send();
            failure = match limit.within(REQUEST_TIMEOUT, Box::pin(put)).await {
                Some(Ok(_)) => return Ok(()),
                Some(Err(error)) => {
                    Failure { hopeless: is_hopeless(&error), reason: format!("{:#}", describe(error)) }
                }
                None => Failure { reason: "it was not answered in time".to_owned(), hopeless: false },
            };
            if failure.hopeless || !limit.wait(backoff.next_wait()).await {
                break;
            }
        }
        Err(Undelivered { reason: format!("PutObject to {key}: {}", failure.reason) })
    }
}

/// Whether no waiting within an invocation mends it: S3 refuses the request itself (no such bucket, access denied …), and
/// not for its time (408, 409 and 429; `RequestTimeout` comes with 400).
fn is_hopeless(error: &SdkError<PutObjectError>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let refused = status.is_some_and(|status| matches!(status, 300..=407 | 410..=428 | 430..=499));
    refused && error.code() != Some("RequestTimeout")
}

/// `dt=YYYY-MM-DD/<shard>`: the day, in UTC, on which the stream took the record.
fn folder(record: &Record) -> String {
    let seconds = record.arrived_at.and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0_f64);
    let time = SignedDuration::try_from_secs_f64(seconds.max(0.0)).ok();
    let time = time.and_then(|time| Timestamp::from_duration(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let shard = record.shard.as_ref();
    let is_name = (1..=128).contains(&shard.len()) && !shard.starts_with('.') && shard.chars().all(plain);
    format!("dt={}/{}", time.strftime("%Y-%m-%d"), if is_name { shard } else { UNKNOWN })
}

fn sequence_number<'a>(record: &'a Record) -> &'a str {
    if is_sequence_number(&record.sequence_number) { &record.sequence_number } else { UNKNOWN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_the_arrival_in_utc() {
        let day = |arrived_at| {
            let record = Record { shard: "s".into(), arrived_at, ..Record::default() };
            folder(&record)
        };
        assert_eq!(day(Some("1654127999.999")), "dt=2022-06-01/s");
        assert_eq!(day(Some("1654128000")), "dt=2022-06-02/s");
        assert_eq!(day(Some("1.6541615141320E9")), "dt=2022-06-02/s");
        assert_eq!(day(Some("1709251199.9")), "dt=2024-02-29/s");
        for unknown in [None, Some("-1.5"), Some("1e300"), Some("1e999"), Some("86399.9")] {
            assert_eq!(day(unknown), "dt=1970-01-01/s", "{unknown:?}");
        }
    }

    #[test]
    fn no_name_leads_out_of_its_place() {
        let shard = |shard: &str| folder(&Record { shard: shard.to_owned().into(), ..Record::default() });
        assert_eq!(shard("shardId-000000000001"), "dt=1970-01-01/shardId-000000000001");
        for hostile in ["", "..", ".", "a/b", "../../x", "a b", "ä", "a\0", "a\n", &"a".repeat(129)] {
            assert_eq!(shard(hostile), "dt=1970-01-01/unknown", "{hostile:?}");
        }
        let number = |number: &'static str| {
            sequence_number(&Record { sequence_number: number.into(), ..Record::default() }).to_owned()
        };
        assert_eq!((number("49"), number("../4"), number("")), ("49".into(), UNKNOWN.into(), UNKNOWN.into()));
    }
}
