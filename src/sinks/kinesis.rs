//! A Kinesis stream: `PutRecords` until every record is accepted or the time is up.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::bail;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::aws::{Backoff, FailedAttempt, REQUEST_TIMEOUT, TimeLimit, code, describe};
use crate::failure::{Rejected, Undelivered};

use super::{Delivery, OutgoingRecord, request};

/// Bytes per record, partition key included: the default limit of a stream
/// (<https://docs.aws.amazon.com/streams/latest/dev/large-records.html>).
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// How long a cold start waits for an answer about the stream.
const FIND_TIMEOUT: Duration = Duration::from_secs(2);

/// Error codes of entries that a message names. AWS has two.
const MAX_CODES: usize = 5;

/// Request errors that waiting does not cure within an invocation. The records are reported at once.
const PERMANENT: [&str; 8] = [
    "ResourceNotFoundException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidArgumentException",
    "ValidationException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSNotFoundException",
];

/// An output stream.
#[derive(Debug, Clone)]
pub struct KinesisSink {
    client: Client,
    stream: String,
}

/// Checks a result of `bytes` bytes and its partition key; see [`super::Sink::check`].
pub(super) fn check(key: Option<&str>, bytes: usize) -> Result<(), Rejected> {
    let Some(key) = key else {
        return Err(Rejected::Entry("kinesis.partitionKey: expected 1 to 256 characters".to_owned()));
    };
    let bytes = bytes + key.len();
    if bytes > MAX_RECORD_BYTES {
        return Err(Rejected::TooLarge { bytes, limit: MAX_RECORD_BYTES });
    }
    Ok(())
}

impl KinesisSink {
    /// Publishes to `stream`. The client must not retry, because it does not know the deadline.
    #[must_use]
    pub fn new(client: Client, stream: String) -> Self {
        Self { client, stream }
    }

    /// Looks whether the stream that `variable` names exists. If AWS does not allow the look or does not answer, this
    /// logs a warning: the function may still be able to publish.
    ///
    /// # Errors
    /// When there is no such stream in the client's region.
    pub async fn find(&self, variable: &str) -> anyhow::Result<()> {
        let stream = &self.stream;
        let look = self.client.describe_stream_summary().stream_name(stream).send();
        let reason = match tokio::time::timeout(FIND_TIMEOUT, look).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if error.code() == Some("ResourceNotFoundException") => {
                let region = self.client.config().region().map_or("the region", |region| region.as_ref());
                bail!("{variable}={stream}: there is no such stream in {region}");
            }
            Ok(Err(error)) => describe(&error, "kinesis:DescribeStreamSummary"),
            Err(_) => format!("no answer within {FIND_TIMEOUT:?}"),
        };
        tracing::warn!(reason, "{variable}={stream}: could not check whether the stream exists");
        Ok(())
    }

    /// Publishes records; see [`super::Sink::publish`]. Refused records are sent again before any new ones. So no later
    /// record is sent further ahead of a refused one than in the request that both were in.
    pub async fn publish(&self, records: &[OutgoingRecord<'_>], limit: &TimeLimit) -> Delivery {
        let mut accepted = vec![false; records.len()];
        let mut pending: Vec<usize> = (0..records.len()).collect();
        // The refused records of the last request: they are the next request.
        let mut again: Vec<usize> = Vec::new();
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            if limit.is_over() {
                return Delivery { accepted, undelivered: Some(Undelivered::out_of_time()) };
            }
            let request = if again.is_empty() { request::next(records, &pending) } else { again };
            let (refused, failure) = self.put(records, &request, limit).await;
            for &index in &request {
                accepted[index] = !refused.contains(&index);
            }
            if refused.len() < request.len() {
                pending.retain(|&index| !accepted[index]);
                backoff.reset();
            }
            again = refused;
            let Some(failure) = failure else { continue };
            let wait = backoff.next_wait();
            if failure.is_permanent || !limit.wait(wait).await {
                return Delivery { accepted, undelivered: Some(Undelivered { reason: failure.reason }) };
            }
        }
        Delivery { accepted, undelivered: None }
    }

    /// Sends one request. Returns the indices that were refused, and why.
    async fn put(
        &self,
        records: &[OutgoingRecord<'_>],
        request: &[usize],
        limit: &TimeLimit,
    ) -> (Vec<usize>, Option<FailedAttempt>) {
        let all_refused = |failure| (request.to_vec(), Some(failure));
        let entries: Result<Vec<_>, _> = request.iter().map(|&index| entry(&records[index])).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                return all_refused(FailedAttempt { reason: error.to_string(), is_permanent: true });
            }
        };
        let stream = &self.stream;
        let put = self.client.put_records().stream_name(stream).set_records(Some(entries)).send();
        match limit.within(REQUEST_TIMEOUT, put).await {
            None => all_refused(FailedAttempt::passing(format!(
                "PutRecords to {stream} was not answered in time"
            ))),
            Some(Err(error)) => {
                let is_permanent = error.code().is_some_and(|code| PERMANENT.contains(&code));
                let reason = format!("PutRecords to {stream}: {}", describe(&error, "kinesis:PutRecords"));
                all_refused(FailedAttempt { reason, is_permanent })
            }
            Some(Ok(output)) => {
                let refused = refused_entries(request, &output);
                let failure = (!refused.is_empty()).then(|| {
                    let codes = error_codes(&output);
                    FailedAttempt::passing(format!("PutRecords to {stream} refused entries: {codes}"))
                });
                (refused, failure)
            }
        }
    }
}

fn entry(record: &OutgoingRecord<'_>) -> Result<PutRecordsRequestEntry, BuildError> {
    PutRecordsRequestEntry::builder().partition_key(record.key).data(Blob::new(record.data.clone())).build()
}

/// The indices of the request that the answer does not confirm as accepted.
fn refused_entries(request: &[usize], output: &PutRecordsOutput) -> Vec<usize> {
    let answers = output.records();
    let is_accepted = |at: usize| {
        answers
            .get(at)
            .is_some_and(|answer| answer.error_code().is_none() && answer.sequence_number().is_some())
    };
    (0..request.len()).filter(|&at| !is_accepted(at)).map(|at| request[at]).collect()
}

/// Counts by error code: `ProvisionedThroughputExceededException × 3, InternalFailure × 1`. The services' messages hold
/// account ids, so they are left out.
fn error_codes(output: &PutRecordsOutput) -> String {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for answer in output.records().iter().take(request::MAX_ENTRIES) {
        if let Some(code) = answer.error_code() {
            *counts.entry(code).or_default() += 1;
        }
    }
    let text = |(found, count): (&str, usize)| format!("{} × {count}", code(found));
    let mut counts: Vec<_> = counts.into_iter().map(text).collect();
    counts.sort();
    counts.truncate(MAX_CODES);
    counts.join(", ")
}
