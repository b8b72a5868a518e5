//! Serves the operations of Kinesis, in the JSON of its wire protocol.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html>.

use axum::body::Bytes;
use base64_simd::STANDARD;
use fastrand::Rng;
use serde_json::{Value, json};

use super::State;
use super::entry::{Arrival, PutEntry};
use super::faults::Faults;
use super::shard::Accepted;
use super::stream::Stream;
use crate::mapping::sequence::compare;

/// The limits of `PutRecords`: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>.
const MAX_ENTRIES: usize = 500;
const MAX_REQUEST_BYTES: usize = 10 << 20;

/// The limits of one read.
const MAX_READ: usize = 10_000;
const MAX_READ_BYTES: usize = 10 << 20;

/// The name of an error, and its message.
pub(super) type Refusal = (&'static str, String);

fn invalid(message: impl Into<String>) -> Refusal {
    ("InvalidArgumentException", message.into())
}

/// Returns the error for a name that does not exist.
fn unknown(what: &str) -> Refusal {
    ("ResourceNotFoundException", format!("{what} does not exist"))
}

impl State {
    /// Serves one operation.
    pub(super) fn kinesis(
        &mut self,
        operation: &str,
        body: &Value,
        (request, faults, random): (u64, &Faults, &mut Rng),
    ) -> Result<Value, Refusal> {
        match operation {
            "CreateStream" => {
                let shards = usize::try_from(body["ShardCount"].as_u64().unwrap_or(1)).unwrap_or(1);
                let name = text(body, "StreamName")?;
                self.streams.insert(name.to_owned(), Stream::new(name, shards));
                Ok(json!({}))
            }
            "PutRecords" => self.put_records(body, request, faults, random),
            "PutRecord" => self.put_record(body, request, faults, random),
            "DescribeStreamSummary" => {
                let stream = self.stream(body)?;
                let open = stream.shards.iter().filter(|shard| !shard.closed).count();
                Ok(json!({"StreamDescriptionSummary": {
                    "StreamName": name_of(body)?, "StreamARN": stream.arn, "StreamStatus": "ACTIVE",
                    "RetentionPeriodHours": 24, "StreamCreationTimestamp": 1, "EnhancedMonitoring": [],
                    "OpenShardCount": open,
                }}))
            }
            "ListShards" => {
                let shards: Vec<Value> =
                    self.stream(body)?.shards.iter().map(super::shard::Shard::to_wire).collect();
                Ok(json!({ "Shards": shards }))
            }
            "SplitShard" => {
                let at =
                    text(body, "NewStartingHashKey")?.parse().map_err(|_| invalid("NewStartingHashKey"))?;
                let shard = text(body, "ShardToSplit")?.to_owned();
                self.stream(body)?.split(&shard, at).then(|| json!({})).ok_or_else(|| invalid(shard))
            }
            "GetShardIterator" => self.iterator(body),
            "GetRecords" => self.get_records(body),
            other => Err(("UnknownOperationException", other.to_owned())),
        }
    }

    fn stream(&mut self, body: &Value) -> Result<&mut Stream, Refusal> {
        let name = name_of(body)?;
        self.streams.get_mut(name).ok_or_else(|| unknown(name))
    }

    fn put_records(
        &mut self,
        body: &Value,
        request: u64,
        faults: &Faults,
        random: &mut Rng,
    ) -> Result<Value, Refusal> {
        let max = self.stream(body)?.max_record_bytes;
        let entries = body["Records"].as_array().ok_or_else(|| invalid("Records"))?;
        if !(1..=MAX_ENTRIES).contains(&entries.len()) {
            return Err(invalid(format!("expected 1 to {MAX_ENTRIES} records, found {}", entries.len())));
        }
        let entries: Vec<PutEntry> = entries.iter().map(|it| entry(it, max)).collect::<Result<_, _>>()?;
        let bytes: usize = entries.iter().map(|entry| entry.data.len() + entry.key.len()).sum();
        if bytes > MAX_REQUEST_BYTES {
            return Err(invalid(format!("expected at most {MAX_REQUEST_BYTES} bytes, found {bytes}")));
        }
        // The service does not keep the order of a request's entries.
        let mut order: Vec<usize> = (0..entries.len()).collect();
        random.shuffle(&mut order);
        let mut answers = vec![Value::Null; entries.len()];
        let mut failed = 0_u64;
        for place in order {
            answers[place] = match self.write(body, &entries[place], request, faults.refusal(random))? {
                Ok(accepted) => {
                    json!({"SequenceNumber": accepted.sequence_number(), "ShardId": accepted.shard})
                }
                Err(code) => {
                    failed += 1;
                    json!({"ErrorCode": code, "ErrorMessage": "refused for account 000000000000"})
                }
            };
        }
        self.counts.partial += u64::from(failed > 0);
        Ok(json!({"FailedRecordCount": failed, "Records": answers}))
    }

    fn put_record(
        &mut self,
        body: &Value,
        request: u64,
        faults: &Faults,
        random: &mut Rng,
    ) -> Result<Value, Refusal> {
        let max = self.stream(body)?.max_record_bytes;
        let written = self.write(body, &entry(body, max)?, request, faults.refusal(random))?;
        let accepted = written.map_err(|code| (code, "refused".to_owned()))?;
        Ok(json!({"SequenceNumber": accepted.sequence_number(), "ShardId": accepted.shard}))
    }

    fn write(
        &mut self,
        body: &Value,
        entry: &PutEntry,
        request: u64,
        refusal: Option<&'static str>,
    ) -> Result<Result<Accepted, &'static str>, Refusal> {
        let arrival = Arrival::now(self.written, request);
        let stream = self.stream(body)?;
        let written = refusal.map_or_else(|| stream.put(entry, arrival), Err);
        self.written += u64::from(written.is_ok());
        self.counts.refused_entries += u64::from(written.is_err());
        if self.keeps_attempts {
            self.attempts.push(super::Attempt {
                request,
                key: entry.key.clone(),
                data: entry.data.clone(),
                accepted: written.is_ok(),
            });
        }
        Ok(written)
    }

    /// Returns an iterator, `stream shard place`. The place counts all records that the shard ever accepted.
    fn iterator(&mut self, body: &Value) -> Result<Value, Refusal> {
        let (name, id) = (name_of(body)?.to_owned(), text(body, "ShardId")?.to_owned());
        let shard = self.stream(body)?.shards.iter().find(|shard| shard.id == id);
        let shard = shard.ok_or_else(|| unknown(&id))?;
        let (records, taken) = (&shard.records, shard.taken);
        let place = match text(body, "ShardIteratorType")? {
            "TRIM_HORIZON" => 0,
            "LATEST" => records.len(),
            "AT_SEQUENCE_NUMBER" => {
                let number = text(body, "StartingSequenceNumber")?;
                records.partition_point(|record| compare(&record.sequence_number(), number).is_lt())
            }
            "AFTER_SEQUENCE_NUMBER" => {
                let number = text(body, "StartingSequenceNumber")?;
                records.partition_point(|record| compare(&record.sequence_number(), number).is_le())
            }
            "AT_TIMESTAMP" => {
                let from = body["Timestamp"].as_f64().unwrap_or_default() * 1e3;
                records.partition_point(|record| (record.arrived_at as f64) < from)
            }
            other => return Err(invalid(other)),
        };
        Ok(json!({"ShardIterator": format!("{name} {id} {}", taken + place)}))
    }

    fn get_records(&mut self, body: &Value) -> Result<Value, Refusal> {
        let token = text(body, "ShardIterator")?;
        let [name, id, place] = token.split(' ').collect::<Vec<_>>()[..] else { return Err(invalid(token)) };
        let stream = self.streams.get(name).ok_or_else(|| unknown(name))?;
        let shard = stream.shards.iter().find(|shard| shard.id == id).ok_or_else(|| unknown(id))?;
        let place = place.parse::<usize>().map_err(|_| invalid(token))?.max(shard.taken);
        let limit = body["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_READ);
        let mut bytes = 0;
        let page =
            shard.records.iter().skip(place - shard.taken).take(limit.min(MAX_READ)).take_while(|record| {
                bytes += record.data.len();
                bytes <= MAX_READ_BYTES || bytes == record.data.len()
            });
        let page: Vec<Value> = page.map(Accepted::to_wire).collect();
        let next = place + page.len();
        let ended = shard.closed && next >= shard.taken + shard.records.len();
        let next = (!ended).then(|| format!("{name} {id} {next}"));
        Ok(json!({"Records": page, "NextShardIterator": next, "MillisBehindLatest": 0}))
    }
}

fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    body[member].as_str().ok_or_else(|| invalid(format!("{member} is missing")))
}

/// Returns the stream's name, from its own member or from the last part of the ARN.
fn name_of(body: &Value) -> Result<&str, Refusal> {
    let named = body["StreamName"].as_str().or_else(|| body["StreamARN"].as_str()?.rsplit('/').next());
    named.ok_or_else(|| invalid("StreamName is missing"))
}

fn entry(json: &Value, max_bytes: usize) -> Result<PutEntry, Refusal> {
    let key = text(json, "PartitionKey")?;
    if !(1..=256).contains(&key.chars().count()) {
        return Err(("ValidationException", "expected a partition key of 1 to 256 characters".to_owned()));
    }
    let data = STANDARD.decode_to_vec(text(json, "Data")?).map_err(|_| invalid("Data is not base64"))?;
    let bytes = data.len() + key.len();
    if bytes > max_bytes {
        return Err((
            "ValidationException",
            format!("expected a record of at most {max_bytes} bytes, found {bytes}"),
        ));
    }
    Ok(PutEntry { key: key.to_owned(), data: Bytes::from(data) })
}
