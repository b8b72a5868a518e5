//! Finds the model in a folder with the layout of an `MLflow` bucket.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::stack::files_below;

/// The ids that lead the function to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) experiment_id: String,
    pub(super) run_id: String,
}

/// Finds the model of the run, or the only model.
///
/// # Errors
/// When there is no such model, or there are several and no run is chosen.
pub(super) fn find(tree: &Path, run_id: Option<&str>) -> Result<Model> {
    let mut models = Vec::new();
    for path in files_below(tree)? {
        let inside = path.strip_prefix(tree).context("found a file outside its folder")?;
        let parts = inside.iter().filter_map(|part| part.to_str()).collect::<Vec<_>>();
        let (&[experiment, "models", _, "artifacts", "MLmodel"]
        | &[experiment, _, "artifacts", _, "MLmodel"]) = parts.as_slice()
        else {
            continue;
        };
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let run = run_of(&text).with_context(|| format!("{} names no run_id", path.display()))?;
        models.push(Model { experiment_id: experiment.to_owned(), run_id: run.to_owned() });
    }
    models.retain(|model| run_id.is_none_or(|run_id| run_id == model.run_id));
    match models.as_slice() {
        [model] => Ok(model.clone()),
        [] => bail!(
            "{} has no model{}",
            tree.display(),
            run_id.map(|id| format!(" of the run {id}")).unwrap_or_default()
        ),
        several => {
            let runs = several.iter().map(|model| model.run_id.as_str()).collect::<Vec<_>>().join(", ");
            bail!("{} has several models; choose one of the runs {runs} with --run-id", tree.display())
        }
    }
}

/// Reads the value of the line `run_id: …`.
fn run_of(ml_model: &str) -> Option<&str> {
    let value = ml_model.lines().find_map(|line| line.strip_prefix("run_id:"))?;
    Some(value.trim().trim_matches(['\'', '"'])).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let tree = tempfile::TempDir::new().unwrap();
        for (path, text) in files {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        tree
    }

    const THREE: (&str, &str) =
        ("7/models/m-1/artifacts/MLmodel", "flavors:\n  run_id: no\nrun_id: abc\nmodel_id: m-1\n");
    const TWO: (&str, &str) = ("1/def/artifacts/model/MLmodel", "run_id: 'def'\n");

    #[test]
    fn both_layouts_are_read() {
        let model =
            |experiment: &str, run: &str| Model { experiment_id: experiment.into(), run_id: run.into() };
        assert_eq!(find(tree(&[THREE, ("7/other", "")]).path(), None).unwrap(), model("7", "abc"));
        assert_eq!(find(tree(&[TWO]).path(), None).unwrap(), model("1", "def"));
        assert_eq!(find(tree(&[TWO, THREE]).path(), Some("abc")).unwrap(), model("7", "abc"));
    }

    #[test]
    fn a_missing_or_ambiguous_model_is_named() {
        for (files, run_id, expected) in [
            (&[][..], None, "has no model"),
            (&[TWO][..], Some("abc"), "has no model of the run abc"),
            (&[TWO, THREE][..], None, "def, abc"),
            (&[("MLmodel", TWO.1)][..], None, "has no model"),
            (&[(TWO.0, "flavors:")][..], None, "names no run_id"),
        ] {
            let error = find(tree(files).path(), run_id).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
