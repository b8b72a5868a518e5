//! Lists and reads the objects below a prefix of S3, with limits on count and size.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;

use crate::config::S3Prefix;

use super::TimeLimit;

/// The most pages of a listing. A page has 1 000 keys, or fewer where S3 passes over deleted ones.
const MAX_PAGES: usize = 1_000;

/// A request without an answer, or a download without a byte, is given up after this time. The SDK tries to connect
/// three times within it. A large object may take longer as a whole.
const SILENCE: Duration = Duration::from_secs(20);

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
/// When it is larger than `most` bytes, or S3 fails or takes too long.
pub async fn read_small(
    s3: &Client,
    key: &S3Prefix,
    most: usize,
    limit: &TimeLimit,
) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let result = read(s3, key, limit, |chunk| {
        ensure!(bytes.len() + chunk.len() <= most, "{key}: expected at most {most} bytes, found more");
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
/// When `take` fails, the key does not exist, or S3 fails or takes too long.
pub async fn read(
    s3: &Client,
    key: &S3Prefix,
    limit: &TimeLimit,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let get = s3.get_object().bucket(&key.bucket).key(&key.prefix).send();
    let mut object = match limit.step(SILENCE, Box::pin(get)).await? {
        Ok(object) => object,
        Err(error) if error.code() == Some("NoSuchKey") => bail!(NoSuchKey),
        Err(error) => bail!(describe(&error, "s3:GetObject")),
    };
    while let Some(chunk) = limit.step(SILENCE, object.body.next()).await.context("the object's body")? {
        take(&chunk.context("the object's body")?)?;
    }
    Ok(())
}

/// Lists the objects below `prefix/`, without the markers of folders.
///
/// # Errors
/// When there are more than `most`, or S3 fails or takes too long.
pub async fn list(s3: &Client, prefix: &S3Prefix, most: usize, limit: &TimeLimit) -> Result<Vec<Object>> {
    let below = prefix.join("").prefix;
    let pages = s3.list_objects_v2().bucket(&prefix.bucket).prefix(&below);
    let object = |object: &aws_sdk_s3::types::Object| {
        let name =
            object.key()?.strip_prefix(&below).filter(|name| !name.is_empty() && !name.ends_with('/'))?;
        let bytes = u64::try_from(object.size().unwrap_or(0)).unwrap_or(0);
        Some(Object { name: name.to_owned(), bytes })
    };
    let mut objects = Vec::new();
    each_page(pages, limit, |page| {
        objects.extend(page.contents().iter().filter_map(object));
        ensure!(objects.len() <= most, "found more than {most} objects: check the prefix");
        Ok(())
    })
    .await
    .with_context(|| format!("listing {prefix}"))?;
    Ok(objects)
}

/// Lists the folders directly below `prefix/`.
///
/// # Errors
/// When there are more than `most`, or S3 fails or takes too long.
pub async fn list_folders(
    s3: &Client,
    prefix: &S3Prefix,
    most: usize,
    limit: &TimeLimit,
) -> Result<Vec<String>> {
    let below = prefix.join("").prefix;
    let pages = s3.list_objects_v2().bucket(&prefix.bucket).prefix(&below).delimiter("/");
    let mut folders = Vec::new();
    each_page(pages, limit, |page| {
        let names = page.common_prefixes().iter().filter_map(|common| common.prefix()?.strip_prefix(&below));
        folders.extend(names.map(|name| name.trim_end_matches('/').to_owned()));
        ensure!(folders.len() <= most, "found more than {most} folders: check the prefix");
        Ok(())
    })
    .await
    .with_context(|| format!("listing {prefix}"))?;
    Ok(folders)
}

/// Passes the pages of a listing to `take`.
async fn each_page(
    pages: ListObjectsV2FluentBuilder,
    limit: &TimeLimit,
    mut take: impl FnMut(&ListObjectsV2Output) -> Result<()>,
) -> Result<()> {
    // The SDK would take a token that comes twice for the end.
    let mut pages = pages.into_paginator().stop_on_duplicate_token(false).send();
    let mut read = 0;
    while let Some(page) = limit.step(SILENCE, Box::pin(pages.next())).await? {
        take(&page.map_err(|error| anyhow!(describe(&error, "s3:ListBucket")))?)?;
        read += 1;
        ensure!(read < MAX_PAGES, "found {MAX_PAGES} pages and no end: check the prefix");
    }
    Ok(())
}

/// Describes an error; see [`super::describe`]. A header names the region of a bucket in another region:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
pub fn describe<E>(error: &SdkError<E, HttpResponse>, action: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let response =
        error.raw_response().filter(|response| matches!(response.status().as_u16(), 301 | 307 | 400));
    match response.and_then(|response| response.headers().get("x-amz-bucket-region")) {
        Some(region) => {
            let region = super::code(region);
            format!("the bucket is in {region}, and this function is in another region")
        }
        None => super::describe(error, action),
    }
}
