//! The model directory: found, and brought onto this machine.

mod download;
mod mlflow;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use tempfile::TempDir;

use crate::config::ModelLocation;

/// A model directory on this machine.
#[derive(Debug)]
pub struct ModelDirectory {
    path: PathBuf,
    origin: String,
    /// A downloaded directory goes when it is no longer needed.
    _downloaded: Option<TempDir>,
}

impl ModelDirectory {
    /// Finds the directory, and downloads it if it is on S3.
    ///
    /// # Errors
    /// When it is not there, is ambiguous, is too large, or S3 does not answer.
    pub async fn fetch(location: &ModelLocation, s3: Option<&Client>) -> Result<Self> {
        let client = || s3.context("a model on S3 needs an S3 client");
        let prefix = match location {
            ModelLocation::Folder(path) => {
                ensure!(path.is_dir(), "MODEL_LOCATION={}: there is no such folder", path.display());
                return Ok(Self {
                    path: path.clone(),
                    origin: path.display().to_string(),
                    _downloaded: None,
                });
            }
            ModelLocation::Prefix(prefix) => prefix.clone(),
            ModelLocation::Run { root, experiment, run_id } => {
                mlflow::resolve(client()?, root, experiment, run_id).await?
            }
        };
        let downloaded =
            tempfile::Builder::new().prefix("model-").tempdir().context("making a folder for the model")?;
        download::download(client()?, &prefix, downloaded.path()).await?;
        Ok(Self {
            path: downloaded.path().to_owned(),
            origin: prefix.to_string(),
            _downloaded: Some(downloaded),
        })
    }

    /// Whether the location is on S3, so that [`ModelDirectory::fetch`] needs a client.
    #[must_use]
    pub fn is_remote(location: &ModelLocation) -> bool {
        !matches!(location, ModelLocation::Folder(_))
    }

    /// Where it came from, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path of a file in the directory.
    ///
    /// # Errors
    /// When `name` leads out of the directory.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        Ok(self.path.join(contained(name)?))
    }

    /// A small text file of the directory; `None` if it has none of that name.
    ///
    /// # Errors
    /// When it is larger than `limit` bytes, no UTF-8, or can't be read.
    pub fn text(&self, name: &str, limit: usize) -> Result<Option<String>> {
        let path = self.file(name)?;
        let size = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(name.to_owned()),
        };
        ensure!(size <= limit as u64, "{name} has {size} bytes, at most {limit} are read");
        std::fs::read_to_string(&path).map(Some).with_context(|| name.to_owned())
    }
}

/// A relative path that can't lead out of the folder it is joined to.
///
/// # Errors
/// When it is absolute, empty, or has a part such as `..`.
fn contained(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    // `components` drops what `a//b` and `a/.` have too many.
    let as_written = !name.contains("//") && !name.split('/').any(|part| matches!(part, "" | "." | ".."));
    ensure!(
        plain && as_written && !name.contains(['\0', '\\']),
        "`{}` leads out of the model directory",
        name.escape_debug()
    );
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert!(contained("model.onnx").is_ok() && contained("data/x..y/z").is_ok());
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a/./x", "a//b", "a/", "..\\x", "a\0b", "."] {
            assert!(contained(name).is_err(), "{name:?}");
        }
    }
}
