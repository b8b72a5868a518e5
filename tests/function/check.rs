//! `stream-predictor check` describes a model, and lists every reason why it would not be served.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::onnx::*;
use crate::support::{self, fixtures, model_directory};
use prost::Message;
use stream_predictor_local::stack::Stack;

fn start(arguments: &[&str], variables: &[(String, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stream-predictor"));
    command.args(arguments).env_clear().envs(variables.iter().cloned()).output().unwrap()
}

/// The report on a folder, and whether the exit code means that the model would be served.
fn check(folder: &Path) -> (String, bool) {
    let output = start(&["check", folder.to_str().unwrap()], &[]);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap();
    assert_eq!(last == "would serve", output.status.success(), "{text}");
    (text.clone(), output.status.success())
}

/// A folder with a model and other files.
fn folder(model: &[u8], files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), model).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}\nis not in\n{text}");
    }
}

#[test]
fn a_model_that_would_be_served_is_described() {
    let (text, serves) = check(&model_directory(&fixtures().join("mlflow3")));
    assert!(serves, "{text}");
    has(
        &text,
        &[
            "  run         01c8340b492548649f0ba98f27418d87",
            "  name        ride_duration_prediction_model",
            "  file        model.onnx, 243366 bytes",
            "graph         IR version 10",
            "  opsets      ai.onnx 22, ai.onnx.ml 1",
            "  operators   DictVectorizer 1, LinearRegressor 1",
            "  input       `X` map(string, float), 12642 keys: `PU_DO=100_102`,",
            "  output      `variable` float [?, 1], one float a row",
            "signature     none",
            "  features    `PU_DO`          concat  string",
            "              `trip_distance`  field   any",
            "  result      `ride_duration`, `ride_id`",
            "load          ",
            "  1 row       ",
            "  100 rows    ",
            "  10000 rows  ",
            "example       1 row",
            "  row 0       {\"variable\":20.98",
            "would serve",
        ],
    );
    let (text, serves) = check(&model_directory(&fixtures().join("plain")));
    assert!(serves, "{text}");
    has(
        &text,
        &["signature     agrees with the graph", "serving spec  none", "  row 1       {\"variable\":25.35"],
    );
}

#[test]
fn differences_between_signature_and_graph_are_reported_and_the_graph_counts() {
    let plain = std::fs::read(fixtures().join("plain/model.onnx")).unwrap();
    let told = |inputs: &str, outputs: &str| {
        let mlmodel = format!(
            "flavors:\n  onnx: {{data: model.onnx}}\nsignature:\n  inputs: '{inputs}'\n  outputs: '{outputs}'\n"
        );
        let (text, serves) = check(folder(&plain, &[("MLmodel", &mlmodel)]).path());
        assert!(serves, "{text}");
        text
    };
    let column = |name: &str, kind: &str| format!(r#"{{"type": "{kind}", "name": "{name}"}}"#);
    let two = format!("[{}, {}]", column("a", "double"), column("b", "string"));
    let one =
        r#"[{"type": "tensor", "name": "minutes", "tensor-spec": {"dtype": "float32", "shape": [-1, 1]}}]"#;
    has(
        &told(&two, one),
        &[
            "signature     differs from the graph, and the graph counts:",
            "              2 columns; input `X` has 3",
            "              columns of another type than the float of input `X`: `b`",
            "              output `minutes` is not in the graph",
            "              output `variable` is not in the signature",
        ],
    );
    let of = |dtype: &str, shape: &str| {
        format!(r#"[{{"type": "tensor", "tensor-spec": {{"dtype": "{dtype}", "shape": {shape}}}}}]"#)
    };
    has(
        &told(&of("int64", "[-1, 3]"), &of("float32", "[-1, 2]")),
        &[
            "              input `X` is int64; in the graph float [?, 3]",
            "              output `variable` is of shape [-1, 2]; in the graph float [?, 1]",
        ],
    );
    has(
        &told(&of("float32", "[-1, 3]"), &of("float32", "[-1, 1]")),
        &["signature     agrees with the graph"],
    );
    has(&told("{", "[]"), &["signature     the signature's inputs: "]);
}

#[test]
fn a_record_is_shown_with_its_features_and_its_prediction() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record.json");
    let show = |document: &str, is_taken: bool| {
        std::fs::write(&record, document).unwrap();
        let arguments = ["check", model.to_str().unwrap(), "--record", record.to_str().unwrap()];
        let output = start(&arguments, &[]);
        assert_eq!(output.status.success(), is_taken, "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let ride = r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}, "ride_id": 7}"#;
    has(
        &show(ride, true),
        &[
            "  features    `PU_DO`          concat  string  \"130_205\"",
            "              `trip_distance`  field   any     3.66",
            "prediction    {\"ride_duration\":20.98",
            "would serve",
        ],
    );
    let text = show(r#"{"ride": {"PULocationID": 130, "trip_distance": 3.66}}"#, false);
    let rejected = "record        rejected: feature `PU_DO`: field `/ride/DOLocationID` is missing";
    has(&text, &[rejected, "would serve, but rejects this record"]);
    let missing = start(&["check", model.to_str().unwrap(), "--record", "no-such-file"], &[]);
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("`no-such-file`"));
}

#[test]
fn every_reason_is_reported_not_only_the_first() {
    let model = model(vec![float_input("X", 2)], vec![node("Neg", &["X"], "y", vec![])], vec![]);
    let spec = "[features]\na = { field = \"a\" }\n[result]\nb = { output = \"z\" }\n";
    let files = [("serving.toml", spec), ("input_example.json", "[[1, 2], [3]]")];
    let (text, serves) = check(folder(&model.encode_to_vec(), &files).path());
    assert!(!serves, "{text}");
    let last = text.lines().last().unwrap();
    for reason in [
        "would not serve: serving spec: result `b`: the model has no output `z`; it has `y`",
        "; input_example.json: input `X`: row 1: expected 2 values, found 1",
    ] {
        assert!(last.contains(reason), "{reason}\nis not in\n{last}");
    }

    let spec = "[features.a]\nfeild = \"a\"\n";
    let unknown = model_with("Twist");
    let (text, serves) = check(folder(&unknown, &[("serving.toml", spec)]).path());
    assert!(!serves, "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("serving.toml, line 1: `feild` is not a transform"), "{last}");
    assert!(
        last.contains("; model.onnx: the graph has operators that can't run: Twist (`Twist-y`)"),
        "{last}"
    );
    has(&text, &["  operators   Twist 1", "  input       `X` float [?, 2]"]);
}

fn model_with(operator: &str) -> Vec<u8> {
    model(vec![float_input("X", 2)], vec![node(operator, &["X"], "y", vec![])], vec![]).encode_to_vec()
}

#[test]
fn a_folder_without_a_valid_model_is_refused() {
    let output = start(&["check", "no/such/folder"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, "stream-predictor: `no/such/folder`: expected a folder with a model, found none\n");
    let output = start(&["check", "gs://bucket/model"], &[]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("expected a folder, s3://bucket/prefix or a run id")
    );
    let output = start(&["check"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("stream-predictor: RUN_ID is not set: give the MLflow run id"), "{text}");
    assert_eq!(start(&["check", "a", "b"], &[]).status.code(), Some(2));
    assert!(start(&["check", "--help"], &[]).status.success());

    let empty = tempfile::tempdir().unwrap();
    assert!(check(empty.path()).0.contains("would not serve: model.onnx: "));
    let (text, _) = check(folder(b"no model", &[]).path());
    assert!(text.contains("would not serve: model.onnx: not an ONNX model"), "{text}");
}

#[tokio::test]
async fn a_model_on_s3_can_be_checked() {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_bucket("models").await.unwrap();
    stack.upload_dir(&fixtures().join("plain"), "models", "rides/").await.unwrap();
    let variables: Vec<(String, String)> = stack.env().into_iter().collect();
    let output = start(&["check", "s3://models/rides"], &variables);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    has(&text, &["model         s3://models/rides", "would serve"]);
    let output = start(&["check", "s3://models/none"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("s3://models/none holds no object"));
}

/// The function and the command take the same names.
#[tokio::test]
async fn a_model_is_named_by_its_run_or_by_the_variables() {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_bucket("models").await.unwrap();
    stack.upload_dir(&fixtures().join("mlflow2"), "models", "").await.unwrap();
    stack.upload_dir(&fixtures().join("mlflow3"), "models", "").await.unwrap();
    let of_stack: Vec<(String, String)> = stack.env().into_iter().collect();
    let expect = |arguments: &[&str], variables: &[(&str, &str)], run_id: &str| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let output = start(arguments, &of_stack.iter().cloned().chain(variables).collect::<Vec<_>>());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        has(&text, &[&format!("  run         {run_id}"), "would serve"]);
    };
    let bucket = ("MODEL_BUCKET", "models");
    for fixture in ["mlflow2", "mlflow3"] {
        let text =
            std::fs::read_to_string(model_directory(&fixtures().join(fixture)).join("MLmodel")).unwrap();
        let run_id = text.lines().find_map(|line| line.strip_prefix("run_id: ")).unwrap();
        expect(&["check"], &[bucket, ("RUN_ID", run_id)], run_id);
        expect(&["check", run_id], &[bucket, ("RUN_ID", "another"), ("MODEL_LOCATION", "nowhere")], run_id);
        expect(&["check", &format!("s3://models/1/{run_id}")], &[], run_id);
        expect(&["check"], &[("MODEL_LOCATION", &format!("s3://models/1/{run_id}"))], run_id);
        // MLflow makes the folder of a run in any case.
        let store = tempfile::tempdir().unwrap();
        let copied =
            Command::new("cp").arg("-r").arg(fixtures().join(fixture).join("1")).arg(store.path()).status();
        assert!(copied.unwrap().success());
        let run = store.path().join("1").join(run_id);
        std::fs::create_dir_all(&run).unwrap();
        expect(&["check", run.to_str().unwrap()], &[], run_id);
    }
}

#[test]
fn a_run_with_a_model_of_another_flavor_says_so() {
    let store = tempfile::tempdir().unwrap();
    let run = store.path().join("1").join("0".repeat(32));
    let model = run.join("artifacts/model");
    std::fs::create_dir_all(&model).unwrap();
    let mlmodel = "flavors:\n  python_function: {}\n  sklearn: {pickled_model: model.pkl}\nrun_id: x\n";
    std::fs::write(model.join("MLmodel"), mlmodel).unwrap();
    let output = start(&["check", run.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("expected an ONNX model, found one of flavor `sklearn` in "), "{text}");
    assert!(text.contains("/artifacts/model: export it to ONNX"), "{text}");
    // Where an ONNX model is beside it, that one is served.
    let plain = std::fs::read(fixtures().join("plain/model.onnx")).unwrap();
    std::fs::create_dir(run.join("artifacts/onnx")).unwrap();
    std::fs::write(run.join("artifacts/onnx/model.onnx"), plain).unwrap();
    let mlmodel = "flavors:\n  onnx: {data: model.onnx}\nrun_id: x\n";
    std::fs::write(run.join("artifacts/onnx/MLmodel"), mlmodel).unwrap();
    assert!(check(&run).1);
}
