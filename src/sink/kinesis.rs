//! `PutRecords` until every entry is accepted or the deadline is there.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::error::Undelivered;
use crate::time_limit::TimeLimit;

use super::{Delivery, Entry, request};
use crate::backoff::Backoff;

/// A request that is not answered by then is given up and sent again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it is waited for word of the stream, at cold start.
const FIND_TIMEOUT: Duration = Duration::from_secs(2);

/// Request errors that no waiting within an invocation mends; the records are reported at once.
const HOPELESS: [&str; 8] = [
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

/// Why a request, or some of its entries, were not accepted.
struct Failure {
    reason: String,
    hopeless: bool,
}

impl KinesisSink {
    /// Publishes to `stream`. The client must not retry by itself: it would not know of the deadline.
    #[must_use]
    pub fn new(client: Client, stream: String) -> Self {
        Self { client, stream }
    }

    /// Looks whether the stream that `variable` names is there. A look that is not allowed, or not answered, tells nothing
    /// of publishing, and is a warning.
    ///
    /// # Errors
    /// When there is no such stream in the client's region.
    pub async fn find(&self, variable: &str) -> Result<()> {
        let stream = &self.stream;
        let look = self.client.describe_stream_summary().stream_name(stream).send();
        let reason = match tokio::time::timeout(FIND_TIMEOUT, look).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if error.code() == Some("ResourceNotFoundException") => {
                let region = self.client.config().region().map_or("the region", |region| region.as_ref());
                bail!("{variable}={stream}: there is no such stream in {region}");
            }
            Ok(Err(error)) => describe(error),
            Err(_) => format!("no answer within {FIND_TIMEOUT:?}"),
        };
        tracing::warn!(reason, "{variable}={stream}: not known whether there is such a stream");
        Ok(())
    }

    /// See [`super::Sink::publish`]. Entries that were not accepted are sent again before any that was not sent yet,
    /// so that nothing behind an entry that fails goes further ahead of it than its own request.
    pub async fn publish(&self, entries: &[Entry], limit: &TimeLimit) -> Delivery {
        let mut accepted = vec![false; entries.len()];
        let mut pending: Vec<usize> = (0..entries.len()).collect();
        // What was refused of the last request: it goes again before anything else.
        let mut again: Vec<usize> = Vec::new();
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            if limit.is_over() {
                let reason = "the invocation's time is up".to_owned();
                return Delivery { accepted, undelivered: Some(Undelivered { reason }) };
            }
            let request = if again.is_empty() { request::next(entries, &pending) } else { again };
            let (refused, failure) = self.put(entries, &request, limit).await;
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
            if failure.hopeless || !limit.wait(wait).await {
                return Delivery { accepted, undelivered: Some(Undelivered { reason: failure.reason }) };
            }
        }
        Delivery { accepted, undelivered: None }
    }

    /// Sends one request: the entries that were not accepted, and why.
    async fn put(
        &self,
        entries: &[Entry],
        request: &[usize],
        limit: &TimeLimit,
    ) -> (Vec<usize>, Option<Failure>) {
        let all_refused = |reason: String, hopeless| (request.to_vec(), Some(Failure { reason, hopeless }));
        let records = match request.iter().map(|&index| to_wire(&entries[index])).collect::<Result<Vec<_>>>()
        {
            Ok(records) => records,
            Err(error) => return all_refused(format!("{error:#}"), true),
        };
        let put = self.client.put_records().stream_name(&self.stream).set_records(Some(records)).send();
        match limit.within(REQUEST_TIMEOUT, put).await {
            None => all_refused(format!("PutRecords to {} was not answered in time", self.stream), false),
            Some(Err(error)) => {
                let hopeless = error.code().is_some_and(|code| HOPELESS.contains(&code));
                all_refused(format!("PutRecords to {}: {}", self.stream, describe(error)), hopeless)
            }
            Some(Ok(output)) => {
                let refused = refused_entries(request, &output);
                let failure = (!refused.is_empty()).then(|| Failure {
                    reason: format!(
                        "PutRecords to {} refused entries: {}",
                        self.stream,
                        error_codes(&output)
                    ),
                    hopeless: false,
                });
                (refused, failure)
            }
        }
    }
}

/// The service's own code and message, or what kept the request from it.
fn describe<E, R>(error: SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("Kinesis says no more")),
        _ => format!("{:#}", anyhow::Error::new(error)),
    }
}

fn to_wire(entry: &Entry) -> Result<PutRecordsRequestEntry> {
    Ok(PutRecordsRequestEntry::builder()
        .partition_key(&entry.key)
        .data(Blob::new(entry.data.clone()))
        .build()?)
}

/// The entries of the request that the answer, entry by entry, does not say to be accepted.
fn refused_entries(request: &[usize], output: &PutRecordsOutput) -> Vec<usize> {
    let answers = output.records();
    let is_accepted = |at: usize| {
        answers
            .get(at)
            .is_some_and(|answer| answer.error_code().is_none() && answer.sequence_number().is_some())
    };
    (0..request.len()).filter(|&at| !is_accepted(at)).map(|at| request[at]).collect()
}

/// `ProvisionedThroughputExceededException × 3, InternalFailure × 1`: the messages hold account ids, so they stay out.
fn error_codes(output: &PutRecordsOutput) -> String {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for answer in output.records() {
        if let Some(code) = answer.error_code() {
            *counts.entry(code).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(code, count)| format!("{code} × {count}")).collect();
    counts.sort();
    counts.join(", ")
}
