//! Runs models on data sets with known outputs, in the layout of ONNX's backend tests. A folder holds
//! `model.onnx`. Folders in it hold the data sets: `input_0.pb`, …, `output_0.pb`, …
//!
//! Layout: <https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md>

mod case;
mod compare;
mod data_set;
mod proto;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};

const HELP: &str = "\
conformance: checks that models compute the outputs that their data sets expect.

  conformance DIR

Loads and runs the model of every folder below DIR that holds a `model.onnx`, at any depth. The folders in it that hold
`input_0.pb`, …, `output_0.pb`, … are its data sets. Each file is a TensorProto, a SequenceProto or a MapProto. The
output has one line per model, `PASS name` or `FAIL name: reason`. The last line counts both.

Exit code: 0 if all models passed, 1 if a model failed, 2 if nothing could be run.
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
            eprintln!("conformance: expected one folder; see --help");
            ExitCode::from(2)
        }
    }
}

fn run(root: &Path) -> Result<ExitCode> {
    let mut models = Vec::new();
    data_set::find_models(root, &mut models)?;
    models.sort();
    ensure!(!models.is_empty(), "{}: expected a model.onnx in it, at any depth; found none", root.display());
    case::remember_panics();
    let mut failed = 0;
    for model in &models {
        let name = model.strip_prefix(root).unwrap_or(model).display().to_string();
        // The model of the folder itself has no name.
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
