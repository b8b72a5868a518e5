//! The model directory on this machine. It holds `MLmodel`, the graph, its external data, and the serving
//! spec.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A folder with a model.
///
/// ```
/// use predictor::model::directory::ModelDirectory;
///
/// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/plain");
/// let directory = ModelDirectory::open(folder.as_ref())?;
/// assert_eq!(directory.text("serving.toml", 1 << 20)?, None);
/// assert!(directory.file("model.onnx")?.is_file());
/// assert!(directory.file("../secret").is_err());
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct ModelDirectory {
    path: PathBuf,
    origin: String,
    /// Removes a downloaded folder when this value is dropped.
    _downloaded: Option<TempDir>,
}

impl ModelDirectory {
    /// Opens a folder of this machine.
    ///
    /// # Errors
    /// When the folder does not exist.
    pub fn open(path: &Path) -> Result<Self> {
        ensure!(path.is_dir(), "expected a folder with a model, found none");
        Ok(Self { path: path.to_owned(), origin: path.display().to_string(), _downloaded: None })
    }

    /// Takes over a folder into which `origin` was downloaded. The folder is removed when this value is
    /// dropped.
    #[must_use]
    pub fn downloaded(folder: TempDir, origin: String) -> Self {
        Self { path: folder.path().to_owned(), origin, _downloaded: Some(folder) }
    }

    /// The address of the directory, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path of a file in the directory. A link to a file counts as that file.
    ///
    /// # Errors
    /// When `name` leads out of the directory, or there is something else than a file: to open a pipe may take for
    /// ever, and a device may never end.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(contained(name)?);
        let kind = std::fs::metadata(&path).map(|metadata| metadata.file_type());
        ensure!(kind.map_or(true, |kind| kind.is_file()), "{name}: expected a file");
        Ok(path)
    }

    /// Reads a small text file of the directory. `None` if the file does not exist.
    ///
    /// # Errors
    /// When it is larger than `limit` bytes, is not UTF-8, or cannot be read.
    pub fn text(&self, name: &str, limit: usize) -> Result<Option<String>> {
        let path = self.file(name)?;
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(name.to_owned()),
        };
        let size = file.metadata().with_context(|| name.to_owned())?.len();
        ensure!(size <= limit as u64, "{name}: expected at most {limit} bytes, found {size}");
        let mut text = String::new();
        // The file may grow while it is read, and files of the kernel say that they are empty.
        file.take(limit as u64 + 1).read_to_string(&mut text).with_context(|| name.to_owned())?;
        ensure!(text.len() <= limit, "{name}: expected at most {limit} bytes, found more");
        Ok(Some(text))
    }
}

/// Checks a relative path that must not lead out of the folder that it is joined to.
///
/// # Errors
/// When it is absolute, empty, or has a part such as `..`.
pub fn contained(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    // `components` ignores the empty part of `a//b` and the dot of `a/.`.
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
