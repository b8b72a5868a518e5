//! Lists and reads the objects below a prefix of S3, with limits on count and size.

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::config::S3Prefix;

/// An object below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The key, relative to the listed prefix.
    pub name: String,
    /// The size in bytes.
    pub bytes: u64,
}

/// Reads a small object. `None` if the key does not exist.
///
/// # Errors
/// When it is larger than `limit` bytes, or S3 fails.
pub async fn read_small(s3: &Client, key: &S3Prefix, limit: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let result = read(s3, key, |chunk| {
        ensure!(bytes.len() + chunk.len() <= limit, "{key}: expected at most {limit} bytes, found more");
        bytes.extend_from_slice(chunk);
        Ok(())
    })
    .await;
    match result {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.downcast_ref() == Some(&NoSuchKey) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key does not exist.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object does not exist")]
struct NoSuchKey;

/// Reads an object, and passes its chunks to `take`.
///
/// # Errors
/// When `take` fails, the key does not exist, or S3 fails.
pub async fn read(s3: &Client, key: &S3Prefix, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut object = match s3.get_object().bucket(&key.bucket).key(&key.prefix).send().await {
        Ok(object) => object,
        Err(error) if error.code() == Some("NoSuchKey") => bail!(NoSuchKey),
        Err(error) => return Err(describe(error)),
    };
    while let Some(chunk) = object.body.next().await {
        take(&chunk.context("reading the object's body")?)?;
    }
    Ok(())
}

/// Lists the objects below `prefix/`, without the markers of folders.
///
/// # Errors
/// When there are more than `limit`, or S3 fails.
pub async fn list(s3: &Client, prefix: &S3Prefix, limit: usize) -> Result<Vec<Object>> {
    let below = prefix.join("").prefix;
    let mut pages = s3.list_objects_v2().bucket(&prefix.bucket).prefix(&below).into_paginator().send();
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(describe).with_context(|| format!("listing {prefix}"))?;
        for object in page.contents() {
            let name = object.key().and_then(|key| key.strip_prefix(&below)).unwrap_or_default();
            if !name.is_empty() && !name.ends_with('/') {
                let bytes = u64::try_from(object.size().unwrap_or(0)).unwrap_or(0);
                objects.push(Object { name: name.to_owned(), bytes });
            }
        }
        ensure!(objects.len() <= limit, "{prefix} holds more than {limit} objects: check the prefix");
    }
    Ok(objects)
}

/// Lists the folders directly below `prefix/`.
///
/// # Errors
/// When there are more than `limit`, or S3 fails.
pub async fn list_folders(s3: &Client, prefix: &S3Prefix, limit: usize) -> Result<Vec<String>> {
    let below = prefix.join("").prefix;
    let mut pages =
        s3.list_objects_v2().bucket(&prefix.bucket).prefix(&below).delimiter("/").into_paginator().send();
    let mut folders = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(describe).with_context(|| format!("listing {prefix}"))?;
        let names = page.common_prefixes().iter().filter_map(|common| common.prefix()?.strip_prefix(&below));
        folders.extend(names.map(|name| name.trim_end_matches('/').to_owned()));
        ensure!(folders.len() <= limit, "{prefix} holds more than {limit} folders: check the prefix");
    }
    Ok(folders)
}

/// Describes an error by the code and message of the service, or by the cause that kept the request from it.
/// A header names the region of a bucket in another region:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
pub fn describe<E>(error: SdkError<E, HttpResponse>) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let response =
        error.raw_response().filter(|response| matches!(response.status().as_u16(), 301 | 307 | 400));
    if let Some(region) = response.and_then(|response| response.headers().get("x-amz-bucket-region")) {
        return anyhow!("the bucket is in {region}, and this function is in another region");
    }
    match (error.code(), error.message()) {
        (Some(code), message) => anyhow!("{code}: {}", message.unwrap_or("S3 gives no message")),
        _ => anyhow::Error::new(error),
    }
}
