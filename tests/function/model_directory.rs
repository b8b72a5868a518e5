//! The model directory is found by the run id, in artifact stores that MLflow wrote to S3. Its download is
//! limited.

use std::path::PathBuf;

use crate::support::{self, RIDE, fixtures, model_directory};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use predictor::{Clock, Predictor};
use serde_json::Value;
use stream_predictor::config::{ModelLocation, S3Prefix};
use stream_predictor::mlflow::fetch;
use stream_predictor_local::stack::Stack;

/// A local S3 with a bucket that holds the uploaded folders.
async fn bucket(uploads: &[(PathBuf, &str)]) -> (Stack, Client) {
    let stack = Stack::start(&support::ministack()).await.unwrap();
    stack.create_bucket("mlflow-models").await.unwrap();
    for (folder, prefix) in uploads {
        let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        stack.upload_dir(folder, "mlflow-models", &below).await.unwrap();
    }
    let s3 = stack.s3();
    (stack, s3)
}

fn root(prefix: &str) -> S3Prefix {
    S3Prefix { bucket: "mlflow-models".to_owned(), prefix: prefix.to_owned() }
}

fn run(prefix: &str, run_id: &str) -> ModelLocation {
    ModelLocation::Run { root: root(prefix), experiment: "1".to_owned(), run_id: run_id.to_owned() }
}

/// The run id that the fixture's `MLmodel` names.
fn run_id(fixture: &str) -> String {
    let text = std::fs::read_to_string(model_directory(&fixtures().join(fixture)).join("MLmodel")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("run_id: ")).unwrap().to_owned()
}

async fn prediction(location: &ModelLocation, s3: &Client) -> Value {
    let directory = fetch(location, Some(s3), &support::seconds(60)).await.unwrap();
    let predictor = Predictor::load(&directory, None, &Clock::unlimited()).unwrap();
    support::score(&predictor, &[RIDE])[0].clone().unwrap()
}

async fn refusal(location: &ModelLocation, s3: &Client) -> String {
    format!("{:#}", fetch(location, Some(s3), &support::seconds(60)).await.unwrap_err())
}

#[tokio::test]
async fn the_model_of_an_mlflow_2_run_is_found() {
    let (_stack, s3) = bucket(&[(fixtures().join("mlflow2"), "")]).await;
    let run_id = run_id("mlflow2");
    let prediction = prediction(&run("", &run_id), &s3).await;
    assert_eq!(prediction["version"], run_id);
    assert_eq!(prediction["prediction"]["ride_id"], 256);
}

#[tokio::test]
async fn the_model_of_an_mlflow_3_run_is_found_among_others() {
    let (_stack, s3) = bucket(&[(fixtures().join("mlflow3"), "")]).await;
    // These are other models of the experiment. One is half written, and one is not YAML.
    let put = |key: &str, body: &str| {
        s3.put_object().bucket("mlflow-models").key(key).body(body.to_owned().into_bytes().into()).send()
    };
    put("1/models/m-00000000000000000000000000000000/artifacts/model.onnx", "half").await.unwrap();
    put("1/models/m-11111111111111111111111111111111/artifacts/MLmodel", "run_id: other\nflavors: {}")
        .await
        .unwrap();
    put("1/models/m-22222222222222222222222222222222/artifacts/MLmodel", "\u{1}: [not YAML").await.unwrap();
    let run_id = run_id("mlflow3");
    assert_eq!(prediction(&run("", &run_id), &s3).await["version"], run_id);

    let line = refusal(&run("", "0123456789abcdef"), &s3).await;
    for part in [
        "RUN_ID=0123456789abcdef",
        "s3://mlflow-models/1/0123456789abcdef/artifacts",
        "4 files s3://mlflow-models/1/models",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

#[tokio::test]
async fn a_model_is_found_in_a_store_below_a_bucket_and_by_a_plain_prefix() {
    let (_stack, s3) = bucket(&[(fixtures().join("mlflow3"), "team/mlflow")]).await;
    prediction(&run("team/mlflow", &run_id("mlflow3")), &s3).await;

    let folder = model_directory(&fixtures().join("mlflow3"));
    let below = folder.strip_prefix(fixtures().join("mlflow3")).unwrap().to_str().unwrap();
    prediction(&ModelLocation::Prefix(root(&format!("team/mlflow/{below}"))), &s3).await;

    let line = refusal(&ModelLocation::Prefix(root("team/mlfl")), &s3).await;
    assert!(line.contains("s3://mlflow-models/team/mlfl holds no object"), "{line}");
    let other = S3Prefix { bucket: "no-such-bucket".to_owned(), prefix: String::new() };
    let line = refusal(&ModelLocation::Prefix(other), &s3).await;
    assert!(line.contains("s3://no-such-bucket") && line.contains("NoSuchBucket"), "{line}");
}

#[tokio::test]
async fn the_error_for_two_models_of_one_run_names_both() {
    let model = model_directory(&fixtures().join("mlflow3"));
    let (a, b) = ("1/models/m-aaaa/artifacts", "1/models/m-bbbb/artifacts");
    let (_stack, s3) = bucket(&[
        (model.clone(), a),
        (model.clone(), b),
        (model.clone(), "1/r/artifacts/x"),
        (model, "1/r/artifacts/y"),
    ])
    .await;
    let line = refusal(&run("", &run_id("mlflow3")), &s3).await;
    assert!(line.contains(a) && line.contains(b) && line.contains("MODEL_LOCATION"), "{line}");
    let line = refusal(&run("", "r"), &s3).await;
    assert!(line.contains("1/r/artifacts/x") && line.contains("1/r/artifacts/y"), "{line}");
}

/// Models of other flavors in the same run do not count, in either layout.
#[tokio::test]
async fn models_of_other_flavors_are_skipped() {
    let (_stack, s3) = bucket(&[(fixtures().join("mlflow3"), "")]).await;
    let run_id = run_id("mlflow3");
    for folder in [format!("1/{run_id}/artifacts/preprocessor"), "1/models/m-33333333/artifacts".to_owned()] {
        let body = format!("run_id: {run_id}\nflavors:\n  sklearn: {{}}\n");
        let key = format!("{folder}/MLmodel");
        s3.put_object().bucket("mlflow-models").key(key).body(body.into_bytes().into()).send().await.unwrap();
    }
    assert_eq!(prediction(&run("", &run_id), &s3).await["version"], run_id);
}

#[tokio::test]
async fn a_run_without_an_onnx_model_says_what_it_has() {
    let (_stack, s3) = bucket(&[]).await;
    let run_id = "0".repeat(32);
    for folder in [format!("1/{run_id}/artifacts/model"), "2/models/m-33333333/artifacts".to_owned()] {
        let body = format!("run_id: {run_id}\nflavors:\n  python_function: {{}}\n  sklearn: {{}}\n");
        let key = format!("{folder}/MLmodel");
        s3.put_object().bucket("mlflow-models").key(key).body(body.into_bytes().into()).send().await.unwrap();
        let experiment = folder[..1].to_owned();
        let run =
            ModelLocation::Run { root: root(""), experiment: experiment.clone(), run_id: run_id.clone() };
        for location in [run, ModelLocation::Prefix(root(&format!("{experiment}/{run_id}")))] {
            let line = refusal(&location, &s3).await;
            let found = format!("found one of flavor `sklearn` in s3://mlflow-models/{folder}: export it");
            assert!(line.contains(&found), "{line}");
        }
    }
}

/// The objects on all pages of a listing are found.
#[tokio::test]
async fn listings_of_several_pages_are_read_whole() {
    let page = |name: &'static str, next: Option<&'static str>| {
        let object = Object::builder().key(format!("m/{name}")).size(1 << 40).build();
        move || {
            let page = ListObjectsV2Output::builder().contents(object.clone());
            page.is_truncated(next.is_some()).set_next_continuation_token(next.map(str::to_owned)).build()
        }
    };
    let pages = mock!(Client::list_objects_v2)
        .sequence()
        .output(page("a", Some("b")))
        .output(page("b", None))
        .build();
    let s3 = mock_client!(aws_sdk_s3, RuleMode::Sequential, [&pages]);
    let line = refusal(&ModelLocation::Prefix(root("m")), &s3).await;
    assert!(line.contains(&format!("found {}", 2_u64 << 40)), "{line}");
}

/// An S3 that lists these objects, and fails on any other request.
fn listing(objects: &'static [(&'static str, i64)]) -> Client {
    let rule = mock!(Client::list_objects_v2).then_output(move || {
        let object =
            |(name, size): &(&str, i64)| Object::builder().key(format!("m/{name}")).size(*size).build();
        ListObjectsV2Output::builder().set_contents(Some(objects.iter().map(object).collect())).build()
    });
    mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&rule])
}

#[tokio::test]
async fn escapes_and_absurd_sizes_are_refused_before_anything_is_read() {
    let location = ModelLocation::Prefix(root("m"));
    for name in ["../../etc/cron.d/x", "/etc/passwd", "a/../../x", "a//b", "./x"] {
        let objects = vec![("model.onnx", 10), (name, 10)].leak();
        let line = refusal(&location, &listing(objects)).await;
        assert!(line.contains("leads out of the model directory"), "{name}: {line}");
    }
    let line = refusal(&location, &listing(&[("model.onnx", 4 << 30), ("more", 1)])).await;
    assert!(line.contains("expected at most 4294967296 bytes, found 4294967297"), "{line}");
    let many = vec![("x", 1); 1_001].leak();
    let line = refusal(&location, &listing(many)).await;
    assert!(line.contains("more than 1000 objects"), "{line}");
}
