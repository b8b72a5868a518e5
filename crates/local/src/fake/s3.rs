//! Serves the operations of S3 on objects, in path style.
//!
//! Source:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};

use super::State;

/// Number of keys on a page of a listing.
const PAGE: usize = 1_000;

/// The status and the body of an answer.
pub(super) type S3Answer = (StatusCode, Bytes);

/// Returns an error, as S3 writes it.
pub(super) fn error(status: StatusCode, code: &str) -> S3Answer {
    (status, format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>").into())
}

impl State {
    /// Serves one request.
    pub(super) fn s3(&mut self, method: &Method, uri: &Uri, body: Bytes) -> S3Answer {
        let path = decode(uri.path().trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        if *method == Method::PUT && key.is_empty() {
            self.buckets.entry(bucket.to_owned()).or_default();
            return (StatusCode::OK, Bytes::new());
        }
        let Some(objects) = self.buckets.get_mut(bucket) else {
            return error(StatusCode::NOT_FOUND, "NoSuchBucket");
        };
        match *method {
            Method::PUT => {
                objects.insert(key.to_owned(), body);
                (StatusCode::OK, Bytes::new())
            }
            Method::GET if key.is_empty() => (StatusCode::OK, list(objects, uri).into()),
            Method::GET => match objects.get(key) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
            },
            _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        }
    }
}

fn list(objects: &super::Objects, uri: &Uri) -> String {
    let query = |name: &str| {
        let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| decode(value)).next().unwrap_or_default()
    };
    let (prefix, after) = (query("prefix"), query("continuation-token"));
    let mut found = objects
        .range(prefix.clone()..)
        .take_while(|(key, _)| key.starts_with(&prefix))
        .filter(|(key, _)| **key > after);
    let mut contents = String::new();
    let mut last = None;
    for (key, object) in found.by_ref().take(PAGE) {
        let escaped = key.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(contents, "<Contents><Key>{escaped}</Key><Size>{}</Size></Contents>", object.len());
        last = Some(escaped);
    }
    let next = last.filter(|_| found.next().is_some());
    let next = next.map(|key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
    format!(
        "<ListBucketResult><IsTruncated>{}</IsTruncated>{}{contents}</ListBucketResult>",
        next.is_some(),
        next.unwrap_or_default()
    )
}

/// Decodes percent-encoded text (RFC 3986, section 2.1).
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [a, b, ..] if *first == b'%' => {
                std::str::from_utf8(&[*a, *b]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
