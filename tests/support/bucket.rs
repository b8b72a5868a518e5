//! A bucket in memory, behind the client of the SDK. A script can make `PutObject` fail.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};

pub const BUCKET: &str = "quarantine";

#[derive(Clone, Default)]
pub struct Bucket {
    /// The status and error code of the next answers to `PutObject`. After them, everything is accepted.
    pub script: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    pub objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// The key of every `PutObject`.
    pub puts: Arc<Mutex<Vec<String>>>,
}

impl Bucket {
    pub fn following(script: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    pub fn client(&self) -> Client {
        let bucket = self.clone();
        let put = mock!(Client::put_object).then_compute_response(move |input| {
            assert_eq!((input.bucket(), input.content_type()), (Some(BUCKET), Some("application/x-ndjson")));
            let key = input.key().unwrap().to_owned();
            bucket.puts.lock().unwrap().push(key.clone());
            if let Some((status, code)) = bucket.script.lock().unwrap().pop_front() {
                let body = format!("<Error><Code>{code}</Code><Message>as scripted</Message></Error>");
                return MockResponse::Http(HttpResponse::new(status.try_into().unwrap(), body.into()));
            }
            let body = input.body().bytes().unwrap().to_vec();
            bucket.objects.lock().unwrap().insert(key, body);
            MockResponse::Output(PutObjectOutput::builder().build())
        });
        let bucket = self.clone();
        let get = mock!(Client::get_object).then_compute_response(move |input| {
            let objects = bucket.objects.lock().unwrap();
            let body = objects[input.key().unwrap()].clone();
            MockResponse::Output(GetObjectOutput::builder().body(ByteStream::from(body)).build())
        });
        let bucket = self.clone();
        let list = mock!(Client::list_objects_v2).then_compute_response(move |input| {
            let objects = bucket.objects.lock().unwrap();
            let found = objects.iter().filter(|(key, _)| key.starts_with(input.prefix().unwrap()));
            let object = |(key, body): (&String, &Vec<u8>)| {
                Object::builder().key(key).size(i64::try_from(body.len()).unwrap()).build()
            };
            let found = found.map(object).collect();
            MockResponse::Output(ListObjectsV2Output::builder().set_contents(Some(found)).build())
        });
        mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&put, &get, &list], |config| config
            .retry_config(RetryConfig::disabled()))
    }

    pub fn put(&self, key: &str, content: impl Into<Vec<u8>>) {
        self.objects.lock().unwrap().insert(key.to_owned(), content.into());
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// The lines of all objects.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let objects = self.objects.lock().unwrap();
        let text: Vec<String> =
            objects.values().map(|body| String::from_utf8(body.clone()).unwrap()).collect();
        text.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
