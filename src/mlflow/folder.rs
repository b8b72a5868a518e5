//! Looks for models in an artifact store in a folder.

use std::fs::read_dir;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::config::is_run_id;
use predictor::model::directory::ModelDirectory;
use predictor::model::mlmodel::{self, Logged};

use super::{is_model_directory, only_onnx};

/// How far below a run its models are: in `artifacts/<name>`, where a name may have slashes.
const DEPTH: usize = 4;

/// The most folders that are looked at.
const MAX_FOLDERS: usize = 10_000;

/// Opens the folder, or that of the only ONNX model of the run there.
///
/// # Errors
/// When the folder is missing, or the run does not have exactly one ONNX model.
pub fn open(path: &Path) -> Result<ModelDirectory> {
    let given = ModelDirectory::open(path)?;
    if is_model_directory(names(path).iter().map(String::as_str)) {
        return Ok(given);
    }
    let mut logged = below(path);
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_run_id(name));
    if let Some((run_id, experiment)) = name.zip(path.parent()).filter(|_| logged.is_empty()) {
        logged = below(&experiment.join("models"));
        logged.retain(|(_, logged)| logged.run_id.as_deref() == Some(run_id));
    }
    let logged: Vec<_> =
        logged.into_iter().map(|(path, logged)| (path.display().to_string(), logged)).collect();
    match only_onnx("the run there", &logged)? {
        Some(directory) => ModelDirectory::open(directory.as_ref()),
        None => Ok(given),
    }
}

/// The names in a folder; none if it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// The folders below this one that have a readable `MLmodel`.
fn below(folder: &Path) -> Vec<(PathBuf, Logged)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    for _ in 0..DEPTH {
        let entries = open.iter().flat_map(|folder| read_dir(folder).into_iter().flatten().flatten());
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).take(MAX_FOLDERS).collect();
        folders.sort();
        found.extend(folders.iter().filter_map(|folder| {
            let directory = ModelDirectory::open(folder).ok()?;
            let text = directory.text(mlmodel::FILE, mlmodel::MAX_BYTES).ok()??;
            Some((folder.clone(), Logged::parse(&text)?))
        }));
        open = folders;
    }
    found
}
