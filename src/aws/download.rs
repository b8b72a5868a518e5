//! Downloads a prefix of S3, with limits on count and size.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::config::S3Prefix;
use predictor::model::directory::contained;

use super::TimeLimit;
use super::s3::{Object, read};

/// The most objects of a model directory. A directory has a few dozen files, including lookup tables and
/// external data.
const MAX_OBJECTS: usize = 1_000;

/// The most bytes of a model directory. A larger model and its loaded form would not fit into the 10 240 MB
/// of a function.
const MAX_BYTES: u64 = 4 << 30;

/// The number of concurrent downloads. They are enough to hide the latency of each.
const CONCURRENCY: usize = 16;

/// Downloads the objects below `prefix` into `folder`.
///
/// # Errors
/// When the prefix has no objects, or too many or too large ones; when a name leads out of `folder`; when S3
/// fails or takes too long.
pub(crate) async fn download(
    s3: &Client,
    prefix: &S3Prefix,
    objects: &[Object],
    folder: &Path,
    limit: &TimeLimit,
) -> Result<()> {
    ensure!(
        objects.len() <= MAX_OBJECTS,
        "{prefix} has more than {MAX_OBJECTS} objects: check that it is the model's directory"
    );
    ensure!(!objects.is_empty(), "{prefix} holds no object: check that it is the model's directory");
    let bytes: u64 = objects.iter().map(|object| object.bytes).fold(0, u64::saturating_add);
    ensure!(bytes <= MAX_BYTES, "{prefix}: expected at most {MAX_BYTES} bytes, found {bytes}");
    // All names are checked before the first download.
    for object in objects {
        contained(&object.name).with_context(|| prefix.to_string())?;
    }
    stream::iter(objects)
        .map(|object| async move {
            let saved = save(s3, prefix, object, folder, limit).await;
            saved.with_context(|| format!("downloading {}", prefix.join(&object.name)))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

async fn save(
    s3: &Client,
    prefix: &S3Prefix,
    object: &Object,
    folder: &Path,
    limit: &TimeLimit,
) -> Result<()> {
    let path = folder.join(contained(&object.name)?);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = std::fs::File::create(path)?;
    let mut received = 0;
    read(s3, &prefix.join(&object.name), limit, |chunk| {
        received += chunk.len() as u64;
        ensure!(received <= object.bytes, "the object grew after it was listed: try again");
        Ok(file.write_all(chunk)?)
    })
    .await?;
    ensure!(received == object.bytes, "the object shrank after it was listed: try again");
    Ok(())
}
