//! Reads one shard, and lists the shards of a stream.

use anyhow::{Context as _, Result};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::get_records::GetRecordsError;
use aws_sdk_kinesis::operation::get_shard_iterator::GetShardIteratorError;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;

use super::event::{EventRecord, ShardOrigin};
use super::lineage::Listed;
use super::settings::StartingPosition;

/// Largest number of records that one `GetRecords` may ask for.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>.
const MAX_READ: usize = 10_000;

/// Lists all shards of a stream that have not expired.
///
/// # Errors
/// When Kinesis refuses or cannot be reached.
pub(super) async fn list_shards(client: &Client, stream_arn: &str) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    let mut token: Option<String> = None;
    loop {
        // Kinesis accepts a token only without a stream.
        let request = match token {
            Some(token) => client.list_shards().next_token(token),
            None => client.list_shards().stream_arn(stream_arn),
        };
        let page = request.send().await.context("cannot list the shards")?;
        listed.extend(page.shards().iter().map(|shard| {
            Listed {
                id: shard.shard_id().to_owned(),
                parents: [shard.parent_shard_id(), shard.adjacent_parent_shard_id()]
                    .into_iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect(),
                closed: shard
                    .sequence_number_range()
                    .is_some_and(|range| range.ending_sequence_number().is_some()),
            }
        }));
        match page.next_token {
            Some(next) => token = Some(next),
            None => return Ok(listed),
        }
    }
}

/// The result of one read.
pub(super) struct Read {
    pub(super) records: Vec<EventRecord>,
    /// The shard is closed, so no more records will come.
    pub(super) ended: bool,
}

enum ReadFrom {
    TrimHorizon,
    Latest,
    At(DateTime),
    After(String),
}

/// Reads a shard, and keeps the place in it.
pub(super) struct ShardReader {
    client: Client,
    origin: ShardOrigin,
    position: ReadFrom,
    iterator: Option<String>,
}

impl ShardReader {
    pub(super) fn new(client: Client, origin: ShardOrigin, start: StartingPosition) -> Self {
        let position = match start {
            StartingPosition::TrimHorizon => ReadFrom::TrimHorizon,
            StartingPosition::Latest => ReadFrom::Latest,
        };
        Self { client, origin, position, iterator: None }
    }

    pub(super) fn origin(&self) -> &ShardOrigin {
        &self.origin
    }

    /// Fixes the place now. With `LATEST`, every record that is put from here on will be read.
    pub(super) async fn open(&mut self) -> Result<()> {
        if self.iterator.is_some() {
            return Ok(());
        }
        let opened_at = DateTime::from(std::time::SystemTime::now());
        let request =
            self.client.get_shard_iterator().stream_arn(&self.origin.stream_arn).shard_id(&self.origin.shard);
        let request = match &self.position {
            ReadFrom::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            ReadFrom::Latest => request.shard_iterator_type(ShardIteratorType::Latest),
            ReadFrom::At(time) => {
                request.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(*time)
            }
            ReadFrom::After(sequence_number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(sequence_number),
        };
        let response = request.send().await.map_err(iterator_error)?;
        if matches!(self.position, ReadFrom::Latest) {
            // This is the same place, in case the iterator expires before the first record.
            self.position = ReadFrom::At(opened_at);
        }
        self.iterator = response.shard_iterator;
        Ok(())
    }

    /// Reads up to `limit` records.
    ///
    /// # Errors
    /// When Kinesis refuses or cannot be reached. The place is kept. A missing shard has ended, and an
    /// expired iterator is replaced.
    pub(super) async fn read(&mut self, limit: usize) -> Result<Read> {
        match self.open().await {
            Err(error) if error.is::<Gone>() => {
                return Ok(Read { records: Vec::new(), ended: true });
            }
            result => result?,
        }
        let limit = i32::try_from(limit.min(MAX_READ)).context("the limit is out of range")?;
        let request = self.client.get_records().set_shard_iterator(self.iterator.clone()).limit(limit);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => match error.as_service_error() {
                Some(GetRecordsError::ExpiredIteratorException(_)) => {
                    self.iterator = None;
                    return Ok(Read { records: Vec::new(), ended: false });
                }
                Some(GetRecordsError::ResourceNotFoundException(_)) => {
                    return Ok(Read { records: Vec::new(), ended: true });
                }
                _ => return Err(error).context("cannot read the shard"),
            },
        };
        let records = response
            .records()
            .iter()
            .map(|record| EventRecord::new(&self.origin, record))
            .collect::<Result<Vec<_>>>()?;
        if let Some(last) = records.last() {
            self.position = ReadFrom::After(last.sequence_number.clone());
        }
        let ended = response.next_shard_iterator.is_none();
        self.iterator = response.next_shard_iterator;
        Ok(Read { records, ended })
    }
}

/// Says that the shard does not exist, or no longer exists.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the shard does not exist")
    }
}

impl std::error::Error for Gone {}

fn iterator_error(error: SdkError<GetShardIteratorError>) -> anyhow::Error {
    match error.as_service_error() {
        Some(GetShardIteratorError::ResourceNotFoundException(_)) => Gone.into(),
        _ => anyhow::Error::new(error).context("cannot get an iterator of the shard"),
    }
}
