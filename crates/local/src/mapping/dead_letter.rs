//! Writes the on-failure destination: one S3 object for every batch that is given up, with its whole payload.
//!
//! Source of the key and the shape:
//! <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>.

use anyhow::{Context as _, Result};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{EventRecord, ShardOrigin, event};
use crate::runtime_api::{Answer, FUNCTION_ARN};

/// The reason for giving up a batch.
///
/// Lambda documents only the first value. The others are our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// The retries are used up.
    RetryAttemptsExhausted,
    /// The records are older than the maximum record age.
    RecordAgeExceeded,
    /// A single record makes the event larger than Lambda's limit.
    PayloadTooLarge,
}

/// The content of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationRecord {
    /// The request to the function.
    pub request_context: RequestContext,
    /// The function's answer, if it was invoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_context: Option<ResponseContext>,
    /// Always `1.0`.
    pub version: String,
    /// The time of giving up, as RFC 3339 writes it.
    pub timestamp: String,
    /// The records of the batch.
    #[serde(rename = "KinesisBatchInfo")]
    pub kinesis_batch_info: KinesisBatchInfo,
    /// The whole event, as JSON text.
    pub payload: String,
}

/// Part of an [`InvocationRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// A random id.
    pub request_id: String,
    /// The function's ARN.
    pub function_arn: String,
    /// The reason for giving up.
    pub condition: Condition,
    /// Number of times these records were sent.
    pub approximate_invoke_count: u32,
}

/// Part of an [`InvocationRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseContext {
    /// Always 200, because the invocation itself succeeded.
    pub status_code: u16,
    /// The function's version.
    pub executed_version: String,
    /// `Unhandled`, or absent when the function's answer reported the failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,
}

/// Part of an [`InvocationRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KinesisBatchInfo {
    /// The shard's id.
    pub shard_id: String,
    /// The sequence number of the first record.
    pub start_sequence_number: String,
    /// The sequence number of the last record.
    pub end_sequence_number: String,
    /// The arrival of the first record, as RFC 3339 writes it.
    pub approximate_arrival_of_first_record: String,
    /// The arrival of the last record, as RFC 3339 writes it.
    pub approximate_arrival_of_last_record: String,
    /// Number of records.
    pub batch_size: usize,
    /// The stream's ARN.
    pub stream_arn: String,
}

/// A batch to give up. It is never empty.
pub(super) struct GivenUp<'a> {
    pub(super) origin: &'a ShardOrigin,
    pub(super) records: &'a [EventRecord],
    pub(super) condition: Condition,
    pub(super) invocations: u32,
    pub(super) last_answer: Option<&'a Answer>,
}

impl InvocationRecord {
    fn new(given_up: &GivenUp<'_>, now: DateTime) -> Result<Self> {
        let GivenUp { origin, records, condition, invocations, last_answer } = given_up;
        let (first, last) =
            records.first().zip(records.last()).context("the batch to give up has no records")?;
        Ok(Self {
            request_context: RequestContext {
                request_id: Uuid::new_v4().to_string(),
                function_arn: FUNCTION_ARN.to_owned(),
                condition: *condition,
                approximate_invoke_count: *invocations,
            },
            response_context: last_answer.map(|answer| ResponseContext {
                status_code: 200,
                executed_version: "$LATEST".to_owned(),
                function_error: (!matches!(answer, Answer::Response(_))).then(|| "Unhandled".to_owned()),
            }),
            version: "1.0".to_owned(),
            timestamp: text(&now)?,
            kinesis_batch_info: KinesisBatchInfo {
                shard_id: origin.shard.clone(),
                start_sequence_number: first.sequence_number.clone(),
                end_sequence_number: last.sequence_number.clone(),
                approximate_arrival_of_first_record: text(&first.arrived)?,
                approximate_arrival_of_last_record: text(&last.arrived)?,
                batch_size: records.len(),
                stream_arn: origin.stream_arn.clone(),
            },
            payload: event(records),
        })
    }
}

fn text(time: &DateTime) -> Result<String> {
    time.fmt(DateTimeFormat::DateTime).context("a time is out of range")
}

/// Returns `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDThh.mm.ss-<random>`.
fn key(mapping: Uuid, shard: &str, now: &DateTime, random: Uuid) -> Result<String> {
    let second = text(&DateTime::from_secs(now.secs()))?.trim_end_matches('Z').replace(':', ".");
    let day = second.split('T').next().unwrap_or_default().replace('-', "/");
    Ok(format!("aws/lambda/{mapping}/{shard}/{day}/{second}-{random}"))
}

/// Writes one object for the batch.
///
/// # Errors
/// When S3 refuses or cannot be reached, after the SDK's own retries.
pub(super) async fn send(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    mapping: Uuid,
    given_up: &GivenUp<'_>,
) -> Result<()> {
    let now = DateTime::from(std::time::SystemTime::now());
    let body = serde_json::to_vec(&InvocationRecord::new(given_up, now)?)
        .context("cannot write the object as JSON")?;
    let key = key(mapping, &given_up.origin.shard, &now, Uuid::new_v4())?;
    let request = s3.put_object().bucket(bucket).key(&key).content_type("application/json").body(body.into());
    request.send().await.with_context(|| format!("cannot write s3://{bucket}/{key}"))?;
    Ok(())
}

/// Reads all batches that a mapping gave up, in the order of their keys.
///
/// # Errors
/// When the bucket cannot be read, or holds something else under the mapping's prefix.
pub async fn read_all(s3: &aws_sdk_s3::Client, bucket: &str, mapping: Uuid) -> Result<Vec<InvocationRecord>> {
    let prefix = format!("aws/lambda/{mapping}/");
    let mut pages = s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut records = Vec::new();
    while let Some(page) = pages.next().await {
        for key in
            page.context("cannot list the on-failure bucket")?.contents().iter().filter_map(|o| o.key())
        {
            let object = s3.get_object().bucket(bucket).key(key).send().await;
            let object = object.with_context(|| format!("cannot read s3://{bucket}/{key}"))?;
            let body = object
                .body
                .collect()
                .await
                .with_context(|| format!("cannot read all of s3://{bucket}/{key}"))?;
            let record = serde_json::from_slice(&body.into_bytes());
            records.push(record.with_context(|| format!("s3://{bucket}/{key} is not an invocation record"))?);
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> ShardOrigin {
        ShardOrigin { stream_arn: "arn:of:stream".to_owned(), shard: "shardId-000000000001".to_owned() }
    }

    #[test]
    fn the_key_follows_the_documented_convention() {
        let now = DateTime::from_millis(1_573_691_886_021);
        let key = key(Uuid::nil(), "shardId-000000000001", &now, Uuid::max()).unwrap();
        assert_eq!(
            key,
            "aws/lambda/00000000-0000-0000-0000-000000000000/shardId-000000000001/2019/11/14/\
             2019-11-14T00.38.06-ffffffff-ffff-ffff-ffff-ffffffffffff"
        );
    }

    #[test]
    fn the_record_has_the_documented_members() {
        let records = [EventRecord::bare("7", 1_573_691_884, 3), EventRecord::bare("8", 1_573_691_885, 3)];
        let given_up = GivenUp {
            origin: &origin(),
            records: &records,
            condition: Condition::RetryAttemptsExhausted,
            invocations: 3,
            last_answer: Some(&Answer::Crashed(String::new())),
        };
        let record = InvocationRecord::new(&given_up, DateTime::from_millis(1_573_691_886_021)).unwrap();
        let mut json = serde_json::to_value(&record).unwrap();
        json["requestContext"]["requestId"] = "…".into();
        assert_eq!(
            json,
            serde_json::json!({
                "requestContext": {
                    "requestId": "…",
                    "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:stream-predictor",
                    "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": 3,
                },
                "responseContext": {
                    "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
                },
                "version": "1.0",
                "timestamp": "2019-11-14T00:38:06.021Z",
                "KinesisBatchInfo": {
                    "shardId": "shardId-000000000001",
                    "startSequenceNumber": "7",
                    "endSequenceNumber": "8",
                    "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04Z",
                    "approximateArrivalOfLastRecord": "2019-11-14T00:38:05Z",
                    "batchSize": 2,
                    "streamArn": "arn:of:stream",
                },
                "payload": "{\"Records\":[xxx,xxx]}",
            })
        );
    }

    #[test]
    fn a_reported_failure_is_not_a_function_error_and_without_an_answer_there_is_no_context() {
        let origin = origin();
        let records = [EventRecord::bare("7", 0, 1)];
        let with = |last_answer| GivenUp {
            origin: &origin,
            records: &records,
            condition: Condition::RecordAgeExceeded,
            invocations: 0,
            last_answer,
        };
        let answer = Answer::Response(serde_json::json!({"batchItemFailures": [{"itemIdentifier": "7"}]}));
        let record = InvocationRecord::new(&with(Some(&answer)), DateTime::from_secs(0)).unwrap();
        assert_eq!(record.response_context.unwrap().function_error, None);
        let record = InvocationRecord::new(&with(None), DateTime::from_secs(0)).unwrap();
        assert_eq!(record.response_context, None);
    }
}
