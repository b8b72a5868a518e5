//! A fault at cold start ends the process with one clear line, before it asks for a record.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{fixtures, model_directory, onnx};
use prost::Message;

/// Runs the function, and returns whether it connected to the runtime API.
fn start(variables: &[(&str, &str)]) -> (Output, bool) {
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    api.set_nonblocking(true).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_stream-predictor"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api.local_addr().unwrap().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "_")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("TEST_RUN", "True")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (output, api.accept().is_ok())
}

/// The only line on standard error of a process that failed without asking for a record.
fn refusal(variables: &[(&str, &str)]) -> String {
    let (output, asked) = start(variables);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!asked, "asked for a record: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim().to_owned()
}

/// A model directory with one file changed.
fn changed(file: &str, content: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(model_directory(&fixtures().join("mlflow3"))).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::write(folder.path().join(file), content).unwrap();
    folder
}

fn refusal_of(folder: &Path) -> String {
    refusal(&[("MODEL_LOCATION", folder.to_str().unwrap())])
}

#[test]
fn the_error_for_a_bad_variable_names_its_value_and_the_expected_values() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let model = ("MODEL_LOCATION", model.to_str().unwrap());
    assert_eq!(
        refusal(&[model, ("TEST_RUN", "yes")]),
        "stream-predictor: TEST_RUN=yes: expected True or False"
    );
    assert!(refusal(&[model, ("TEST_RUN", "")]).contains("PREDICTIONS_STREAM_NAME is not set"));
    assert!(refusal(&[]).contains("RUN_ID is not set"));
    assert!(refusal(&[("RUN_ID", "r")]).contains("MODEL_BUCKET is not set"));
    assert!(
        refusal(&[("MODEL_LOCATION", "/no/such/folder")])
            .contains("MODEL_LOCATION=/no/such/folder: expected a folder with a model, found none")
    );
}

#[test]
fn a_missing_region_is_an_error() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let line = refusal(&[
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("TEST_RUN", "False"),
        ("PREDICTIONS_STREAM_NAME", "s"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    assert!(line.contains("AWS_REGION is not set"), "{line}");
}

#[test]
fn outside_lambda_the_error_suggests_cargo_lambda() {
    let output = Command::new(env!("CARGO_BIN_EXE_stream-predictor")).env_clear().output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.contains("AWS_LAMBDA_RUNTIME_API is not set") && text.contains("cargo lambda watch"),
        "{text}"
    );
}

#[test]
fn help_and_version_are_printed() {
    let run = |argument| Command::new(env!("CARGO_BIN_EXE_stream-predictor")).arg(argument).output().unwrap();
    let help = String::from_utf8(run("--help").stdout).unwrap();
    assert!(help.contains("RUN_ID") && help.contains("PREDICTIONS_STREAM_NAME"));
    assert!(String::from_utf8(run("--version").stdout).unwrap().starts_with("stream-predictor 0."));
    assert_eq!(run("--verbose").status.code(), Some(2));
}

#[test]
fn a_missing_or_malformed_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal_of(folder.path()).contains("RUN_ID"), "an empty folder does not name a run");
    let empty = [("MODEL_LOCATION", folder.path().to_str().unwrap()), ("RUN_ID", "r")];
    assert!(refusal(&empty).contains("model.onnx"));

    assert!(
        refusal_of(changed("model.onnx", b"not a model").path()).contains("model.onnx: not an ONNX model")
    );
    assert!(refusal_of(changed("model.onnx", b"").path()).contains("model.onnx: not an ONNX model"));
    let whole = std::fs::read(model_directory(&fixtures().join("mlflow3")).join("model.onnx")).unwrap();
    assert!(
        refusal_of(changed("model.onnx", &whole[..whole.len() / 2]).path()).contains("not an ONNX model")
    );

    let sklearn = "flavors:\n  sklearn: {pickled_model: model.pkl}\nrun_id: r\n";
    assert!(refusal_of(changed("MLmodel", sklearn).path()).contains("mlflow.onnx.log_model"));
    assert!(refusal_of(changed("MLmodel", "flavors: [").path()).contains("MLmodel"));
    let escape = "flavors:\n  onnx: {data: ../../etc/passwd}\nrun_id: r\n";
    assert!(refusal_of(changed("MLmodel", escape).path()).contains("leads out of the model directory"));
}

#[test]
fn all_operators_that_cannot_run_are_named() {
    let nodes = vec![onnx::node("Twist", &["X"], "a", vec![]), onnx::node("Shout", &["a"], "y", vec![])];
    let model = onnx::model(vec![onnx::float_input("X", 1)], nodes, vec![]);
    let line = refusal_of(changed("model.onnx", model.encode_to_vec()).path());
    assert!(line.contains("Twist (`Twist-a`), Shout (`Shout-y`)"), "{line}");
}

#[test]
fn a_spec_that_does_not_fit_the_model_is_refused_with_its_place() {
    let mlmodel =
        std::fs::read_to_string(model_directory(&fixtures().join("mlflow3")).join("MLmodel")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(mlmodel.contains(from));
        refusal_of(changed("MLmodel", mlmodel.replace(from, to)).path())
    };
    let line = with("trip_distance:", "trip_distanze:");
    assert!(line.contains("no column for feature `trip_distanze`"), "{line}");
    assert!(with("output: variable", "output: minutes").contains("no output `minutes`; it has `variable`"));
    assert!(with("separator: _", "seperator: _").contains("seperator"));

    let two = changed("serving.toml", "");
    assert!(refusal_of(two.path()).contains("expected one serving spec, found two"));
}

#[test]
fn a_spec_beside_the_model_works_like_one_in_mlmodel() {
    let folder = changed("MLmodel", "flavors:\n  onnx: {data: model.onnx}\nrun_id: r\n");
    let write = |text: &str| std::fs::write(folder.path().join("serving.toml"), text).unwrap();
    write("[features.a]\nfeild = \"a\"\n");
    assert!(refusal_of(folder.path()).contains("serving.toml, line 1: `feild` is not a transform"));
    write("[features]\nPU_DO = { field = \"zone\" }\n");
    assert!(refusal_of(folder.path()).contains("fitted on `trip_distance` too"));
}

#[test]
fn an_input_example_that_fails_is_refused() {
    let line = refusal_of(
        changed("input_example.json", r#"{"X": {"PU_DO=1_2": 1.0, "trip_distance": null}}"#).path(),
    );
    let expected = "input_example.json: input `X`: row 0: `trip_distance`: expected a number or a string";
    assert!(line.contains(expected), "{line}");
}
