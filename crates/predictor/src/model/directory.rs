//! The model directory on this machine: `MLmodel`, the graph, its external data, and the serving spec.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A folder with a model.
#[derive(Debug)]
pub struct ModelDirectory {
    path: PathBuf,
    origin: String,
    /// A downloaded folder is removed with this value.
    _downloaded: Option<TempDir>,
}

impl ModelDirectory {
    /// Opens a folder of this machine.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(path: &Path) -> Result<Self> {
        ensure!(path.is_dir(), "there is no such folder");
        Ok(Self { path: path.to_owned(), origin: path.display().to_string(), _downloaded: None })
    }

    /// Takes a folder into which `origin` was downloaded, and removes it at the end.
    #[must_use]
    pub fn downloaded(folder: TempDir, origin: String) -> Self {
        Self { path: folder.path().to_owned(), origin, _downloaded: Some(folder) }
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

/// Checks a relative path that must not lead out of the folder that it is joined to.
///
/// # Errors
/// When it is absolute, empty, or has a part such as `..`.
pub fn contained(name: &str) -> Result<&Path> {
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
