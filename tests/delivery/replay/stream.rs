//! A stream that follows a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_kinesis::error::ErrorMetadata;
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::types::PutRecordsResultEntry;
use aws_sdk_kinesis::types::error::ResourceNotFoundException;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use stream_predictor::sinks::KinesisSink;

/// The key and data of an entry.
pub type Accepted = (String, Vec<u8>);

/// A stream that accepts everything, except requests for which its script is true. Those fail, as if the
/// stream did not exist.
#[derive(Clone, Default)]
pub struct Stream {
    /// Whether each of the next requests fails.
    pub script: Arc<Mutex<VecDeque<bool>>>,
    /// The keys and data of each request.
    pub requests: Arc<Mutex<Vec<Vec<Accepted>>>>,
}

impl Stream {
    pub fn sink(&self) -> KinesisSink {
        let stream = self.clone();
        let rule = mock!(aws_sdk_kinesis::Client::put_records).then_compute_response(move |input| {
            if stream.script.lock().unwrap().pop_front().unwrap_or(false) {
                let code = ErrorMetadata::builder().code("ResourceNotFoundException").build();
                let error = ResourceNotFoundException::builder().message("no stream").meta(code).build();
                return MockResponse::Error(PutRecordsError::ResourceNotFoundException(error));
            }
            let taken = input.records().iter().map(|record| {
                (record.partition_key().unwrap_or_default().to_owned(), record.data().as_ref().to_vec())
            });
            stream.requests.lock().unwrap().push(taken.collect());
            let answer = PutRecordsResultEntry::builder().sequence_number("1").shard_id("s").build();
            let answers = vec![answer; input.records().len()];
            MockResponse::Output(PutRecordsOutput::builder().set_records(Some(answers)).build().unwrap())
        });
        let client = mock_client!(aws_sdk_kinesis, RuleMode::MatchAny, [&rule], |config| config
            .retry_config(aws_sdk_kinesis::config::retry::RetryConfig::disabled()));
        KinesisSink::new(client, "ride_predictions".to_owned())
    }

    pub fn accepted(&self) -> Vec<Accepted> {
        self.requests.lock().unwrap().concat()
    }

    /// The keys of each request.
    pub fn requests(&self) -> Vec<Vec<String>> {
        let keys = |request: &Vec<Accepted>| request.iter().map(|(key, _)| key.clone()).collect();
        self.requests.lock().unwrap().iter().map(keys).collect()
    }
}
