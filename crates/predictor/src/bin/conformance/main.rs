//! Runs models on data sets whose outputs are known, in the layout of ONNX's backend tests: folders with a `model.onnx`
//! and, in folders below, `input_0.pb`, …, `output_0.pb`, …
//!
//! Layout: <https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md>

mod case;
mod compare;
mod data_set;
mod proto;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

const HELP: &str = "\
conformance: do models give the outputs that they are known to have?

  conformance DIR

Every folder below DIR, at any depth, that has a `model.onnx` is loaded and run. Its data sets are the folders in it that
hold `input_0.pb`, …, `output_0.pb`, …: a TensorProto each, a SequenceProto of maps, or a MapProto. A line tells of each
model, `PASS name` or `FAIL name: reason`, the last one how many passed and failed.

Exit code: 0 if all models passed, 1 if one failed, 2 if nothing could be run.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [help] if help == "--help" || help == "-h" => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        [folder] if !folder.starts_with('-') => run(Path::new(folder)).unwrap_or_else(|error| {
            eprintln!("conformance: {error:#}");
            ExitCode::from(2)
        }),
        _ => {
            eprintln!("conformance: give one folder; see --help");
            ExitCode::from(2)
        }
    }
}

fn run(root: &Path) -> Result<ExitCode> {
    let mut models = Vec::new();
    find_models(root, &mut models)?;
    models.sort();
    ensure!(!models.is_empty(), "{}: no folder in it has a model.onnx", root.display());
    case::remember_panics();
    let mut failed = 0;
    for model in &models {
        let name = model.strip_prefix(root).unwrap_or(model).display().to_string();
        // A model right in the folder has no name of its own.
        let name = if name.is_empty() { ".".to_owned() } else { name };
        match case::run(model) {
            Ok(()) => println!("PASS {name}"),
            Err(reason) => {
                failed += 1;
                println!("FAIL {name}: {reason}");
            }
        }
        std::io::stdout().flush()?;
    }
    println!("{} passed, {failed} failed", models.len() - failed);
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The folders with a model, at any depth.
fn find_models(folder: &Path, models: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("model.onnx").is_file() {
        models.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        // Links are not followed: they may lead back.
        if entry.file_type()?.is_dir() {
            find_models(&entry.path(), models)?;
        }
    }
    Ok(())
}
