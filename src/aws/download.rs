//! Downloads a prefix of S3, within bounds.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::config::S3Prefix;
use predictor::model::directory::contained;

use super::s3::{Object, list, read};

/// A model directory has a few dozen files at most; lookup tables and tensors with external data included.
const MAX_OBJECTS: usize = 1_000;

/// Beyond it a model would not fit beside its loaded form into the 10 240 MB that a function can have.
const MAX_BYTES: u64 = 4 << 30;

/// Objects under way at once: enough to hide the latency of each.
const CONCURRENCY: usize = 16;

/// Downloads every object below `prefix` into `folder`.
///
/// # Errors
/// When there is none, there are too many, or they are too large; when a name leads out of `folder`; when S3 fails.
pub(super) async fn download(s3: &Client, prefix: &S3Prefix, folder: &Path) -> Result<()> {
    let objects = list(s3, prefix, MAX_OBJECTS).await?;
    ensure!(!objects.is_empty(), "{prefix} holds no object: is it the model's directory?");
    let bytes: u64 = objects.iter().map(|object| object.bytes).fold(0, u64::saturating_add);
    ensure!(bytes <= MAX_BYTES, "{prefix} holds {bytes} bytes, at most {MAX_BYTES} are downloaded");
    // Names are checked before the first byte is asked for.
    for object in &objects {
        contained(&object.name).with_context(|| prefix.to_string())?;
    }
    stream::iter(&objects)
        .map(|object| async move {
            save(s3, prefix, object, folder).await.with_context(|| format!("{}", prefix.join(&object.name)))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

async fn save(s3: &Client, prefix: &S3Prefix, object: &Object, folder: &Path) -> Result<()> {
    let path = folder.join(contained(&object.name)?);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = std::fs::File::create(path)?;
    let mut received = 0;
    read(s3, &prefix.join(&object.name), |chunk| {
        received += chunk.len() as u64;
        ensure!(received <= object.bytes, "the object grew while it was read");
        Ok(file.write_all(chunk)?)
    })
    .await?;
    ensure!(received == object.bytes, "the object shrank while it was read");
    Ok(())
}
