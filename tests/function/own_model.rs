//! The steps of the README for your own model: train it, export it, log it with MLflow, and set the run id.

use crate::support;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use stream_predictor_local::function::{Answer, Function};
use stream_predictor_local::stack::Stack;

/// Runs the script as the README describes, and returns the variables of its `export NAME=value` lines.
fn train(stack: &Stack, folder: &Path) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(support::tool(".venv-models", "python"))
        .arg(root.join("examples/ride_duration.py"))
        .args(["--artifact-root", "s3://my-models"])
        .current_dir(folder)
        .envs(stack.env())
        .env("MLFLOW_S3_ENDPOINT_URL", stack.endpoint())
        .env("MLFLOW_TRACKING_URI", format!("sqlite:///{}/mlflow.db", folder.display()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let variable = |line: &str| {
        let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    text.lines().map(variable).collect()
}

#[tokio::test]
async fn the_run_id_from_the_script_leads_to_its_model() {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_bucket("my-models").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut env = train(&stack, folder.path());
    let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["RUN_ID", "MODEL_BUCKET", "MLFLOW_EXPERIMENT_ID"]);
    let run_id = env[0].1.clone();

    env.extend(stack.env());
    env.push(("TEST_RUN".to_owned(), "True".to_owned()));
    let function = Function::start(support::function(), env, Duration::from_secs(30)).await.unwrap();
    let event =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("events/single-ride.json"))
            .unwrap();
    let Answer::Response(answer) = function.invoke(event).await.unwrap() else { panic!("no answer") };
    let prediction: &Value = &answer["predictions"][0];
    assert_eq!(prediction["version"], run_id);
    let minutes = prediction["prediction"]["ride_duration"].as_f64().unwrap();
    assert!((5.0..60.0).contains(&minutes), "{minutes}");
}
