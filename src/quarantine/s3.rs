//! The quarantine on S3: for each call, one object per day and lane, with one line per record.
//!
//! The day is the day on which the records arrived, so a query over days reads few objects. An object's name is a hash
//! of its content: storing the same lines again replaces the same object, and no other.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectError;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::aws::s3::describe;
use crate::aws::{Backoff, FailedAttempt, REQUEST_TIMEOUT, TimeLimit};
use crate::config::S3Prefix;
use crate::failure::Undelivered;
use crate::origin::{Arrival, Origin};
use serving_spec::result::NAMESPACE;

use super::{Line, Quarantined};

/// Bytes per object, unless one line has more.
const MAX_OBJECT_BYTES: usize = 8 << 20;

/// Objects below a prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    prefix: S3Prefix,
}

impl S3Store {
    /// Stores below `prefix`. The client must not retry, because it does not know the limit.
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
            folders.entry(folder(&quarantined.record.origin)).or_default().push(quarantined);
        }
        for (folder, records) in folders {
            let mut first = "";
            let mut body = Vec::new();
            for quarantined in records {
                let line = Line::new(model, quarantined).to_bytes();
                if !body.is_empty() && body.len() + line.len() > MAX_OBJECT_BYTES {
                    self.put(&folder, first, &body, limit).await?;
                    body.clear();
                }
                if body.is_empty() {
                    first = quarantined.record.origin.position();
                }
                body.extend(line);
            }
            self.put(&folder, first, &body, limit).await?;
        }
        Ok(())
    }

    /// Puts an object until it is stored, cannot be stored, or the time is up.
    async fn put(
        &self,
        folder: &str,
        first: &str,
        body: &[u8],
        limit: &TimeLimit,
    ) -> Result<(), Undelivered> {
        let id = Uuid::new_v5(&NAMESPACE, body);
        let key = self.prefix.join(&format!("{folder}/{first}-{id}.jsonl"));
        let mut failure = FailedAttempt::passing(Undelivered::out_of_time().reason);
        let mut backoff = Backoff::default();
        while !limit.is_over() {
            let put = self.client.put_object().bucket(&key.bucket).key(&key.prefix);
            let put = put.content_type("application/x-ndjson").body(body.to_vec().into()).send();
            failure = match limit.within(REQUEST_TIMEOUT, Box::pin(put)).await {
                Some(Ok(_)) => return Ok(()),
                Some(Err(error)) => FailedAttempt {
                    is_permanent: is_permanent(&error),
                    reason: describe(&error, "s3:PutObject"),
                },
                None => FailedAttempt::passing("it was not answered in time"),
            };
            if failure.is_permanent || !limit.wait(backoff.next_wait()).await {
                break;
            }
        }
        Err(Undelivered { reason: format!("PutObject to {key}: {}", failure.reason) })
    }
}

/// Whether waiting does not help within an invocation: S3 refuses the request itself (no such bucket, access denied …).
/// The statuses 408, 409 and 429 pass, and so does `RequestTimeout`, which comes with 400.
fn is_permanent(error: &SdkError<PutObjectError>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let refused = status.is_some_and(|status| matches!(status, 300..=407 | 410..=428 | 430..=499));
    refused && error.code() != Some("RequestTimeout")
}

/// `dt=YYYY-MM-DD/<lane>`: the day, in UTC, on which the record arrived. An unknown day is 1970-01-01.
fn folder(origin: &Origin<'_>) -> String {
    let seconds = origin.arrived_at().map_or(0.0, Arrival::seconds);
    let time = SignedDuration::try_from_secs_f64(seconds.max(0.0)).ok();
    let time = time.and_then(|time| Timestamp::from_duration(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("dt={}/{}", time.strftime("%Y-%m-%d"), origin.folder())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::KinesisOrigin;

    #[test]
    fn the_day_is_the_day_of_arrival_in_utc() {
        let day = |arrived_at: Option<&'static str>| {
            let arrived_at = arrived_at.and_then(Arrival::parse);
            let origin = KinesisOrigin { shard: "s".into(), arrived_at, ..KinesisOrigin::default() };
            folder(&Origin::Kinesis(origin))
        };
        assert_eq!(day(Some("1654127999.999")), "dt=2022-06-01/s");
        assert_eq!(day(Some("1654128000")), "dt=2022-06-02/s");
        assert_eq!(day(Some("1.6541615141320E9")), "dt=2022-06-02/s");
        assert_eq!(day(Some("1709251199.9")), "dt=2024-02-29/s");
        for unknown in [None, Some("-1.5"), Some("1e300"), Some("1e999"), Some("86399.9")] {
            assert_eq!(day(unknown), "dt=1970-01-01/s", "{unknown:?}");
        }
    }
}
