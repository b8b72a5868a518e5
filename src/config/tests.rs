use super::*;

const LAMBDA: [(&str, &str); 4] = [
    ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
    ("AWS_LAMBDA_FUNCTION_NAME", "_"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
];

fn read(variables: &[(&str, &str)]) -> Result<Config> {
    let find =
        |set: &[(&str, &str)], name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    // A given variable hides the default, even if it is empty.
    Config::read(|name| find(variables, name).or_else(|| find(&LAMBDA, name)))
}

#[test]
fn the_environment_of_the_python_function_works() {
    let config = read(&[
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("RUN_ID", "e1efc53e9bd149078b0c12aeaa6365df"),
        ("MODEL_BUCKET", "mlflow-models"),
        ("MLFLOW_EXPERIMENT_ID", "7"),
        ("TEST_RUN", "False"),
        ("KINESIS_ENDPOINT_URL", "http://localhost:4566/"),
    ])
    .unwrap();
    let root = S3Prefix { bucket: "mlflow-models".into(), prefix: String::new() };
    let run_id = "e1efc53e9bd149078b0c12aeaa6365df".to_owned();
    assert_eq!(config.model, ModelLocation::Run { root, experiment: "7".into(), run_id: run_id.clone() });
    assert_eq!(config.output, Output::Stream("ride_predictions".into()));
    assert_eq!(config.run_id, Some(run_id));
    assert_eq!(config.kinesis_endpoint_url.as_deref(), Some("http://localhost:4566/"));
}

#[test]
fn a_model_location_needs_neither_bucket_nor_run() {
    let config = read(&[("MODEL_LOCATION", "./model"), ("TEST_RUN", "True")]).unwrap();
    assert_eq!((config.model, config.output), (ModelLocation::Folder("./model".into()), Output::Answer));
    let config = read(&[("MODEL_LOCATION", "s3://models/a/b/"), ("TEST_RUN", "1")]).unwrap();
    assert_eq!(
        config.model,
        ModelLocation::Prefix(S3Prefix { bucket: "models".into(), prefix: "a/b".into() })
    );
}

#[test]
fn the_artifact_root_may_be_below_a_bucket() {
    let config =
        read(&[("RUN_ID", "r"), ("MODEL_BUCKET", "s3://models/mlflow"), ("TEST_RUN", "True")]).unwrap();
    let ModelLocation::Run { root, experiment, .. } = config.model else { panic!("a run") };
    assert_eq!(
        (root.join("1/r").to_string(), experiment.as_str()),
        ("s3://models/mlflow/1/r".to_owned(), "1")
    );
}

#[test]
fn the_quarantine_is_on_s3_or_a_stream_or_the_log_of_a_test_run() {
    let place = |variables: &[(&str, &str)]| {
        let needed = [("MODEL_LOCATION", "m"), ("PREDICTIONS_STREAM_NAME", "s")];
        read(&[variables, &needed].concat()).unwrap().quarantine
    };
    let prefix = S3Prefix { bucket: "quarantine".into(), prefix: "rides".into() };
    let location = ("QUARANTINE_LOCATION", "s3://quarantine/rides/");
    assert_eq!(place(&[location]), QuarantinePlace::Prefix(prefix));
    assert_eq!(place(&[("QUARANTINE_STREAM_NAME", "q")]), QuarantinePlace::Stream("q".into()));
    assert_eq!(place(&[]), QuarantinePlace::Nowhere);
    assert_eq!(place(&[location, ("TEST_RUN", "True")]), QuarantinePlace::Log);
}

#[test]
fn outside_lambda_the_variables_of_lambda_are_not_required() {
    let get = |name: &str| match name {
        "MODEL_LOCATION" => Some("m".to_owned()),
        "PREDICTIONS_STREAM_NAME" => Some("s".to_owned()),
        _ => None,
    };
    assert!(Config::read(get).is_err());
    assert_eq!(Config::read_anywhere(get).unwrap().output, Output::Stream("s".into()));
}

#[test]
fn errors_name_the_variable_its_value_and_the_expected_values() {
    let stream = ("PREDICTIONS_STREAM_NAME", "s");
    let folder = ("MODEL_LOCATION", "m");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[stream], "RUN_ID is not set"),
        (&[stream, ("RUN_ID", "")], "RUN_ID is not set"),
        (&[stream, ("RUN_ID", "r")], "MODEL_BUCKET is not set"),
        (&[folder], "PREDICTIONS_STREAM_NAME is not set"),
        (&[folder, ("TEST_RUN", "maybe")], "TEST_RUN=maybe: expected True or False"),
        (&[folder, ("PREDICTIONS_STREAM_NAME", "a b")], "PREDICTIONS_STREAM_NAME=a b: expected"),
        (&[stream, ("RUN_ID", "../x"), ("MODEL_BUCKET", "bucket")], "RUN_ID=../x: expected letters"),
        (&[stream, ("RUN_ID", "r"), ("MODEL_BUCKET", "B")], "MODEL_BUCKET=B: expected the name of a bucket"),
        (
            &[stream, ("RUN_ID", "r"), ("MODEL_BUCKET", "bucket"), ("MLFLOW_EXPERIMENT_ID", "a/b")],
            "MLFLOW_EXPERIMENT_ID=a/b: expected letters",
        ),
        (&[stream, ("MODEL_LOCATION", "gs://x/y")], "MODEL_LOCATION=gs://x/y: expected s3://bucket/prefix"),
        (&[stream, ("MODEL_LOCATION", "s3://")], "MODEL_LOCATION=s3://: expected s3://bucket/prefix"),
        (
            &[stream, folder, ("KINESIS_ENDPOINT_URL", "localhost")],
            "KINESIS_ENDPOINT_URL=localhost: expected",
        ),
        (
            &[stream, folder, ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "big")],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=big: expected a whole number",
        ),
        (
            &[stream, folder, ("QUARANTINE_LOCATION", "quarantine/here")],
            "QUARANTINE_LOCATION=quarantine/here: expected s3://bucket/prefix",
        ),
        (
            &[stream, folder, ("QUARANTINE_STREAM_NAME", "a b")],
            "QUARANTINE_STREAM_NAME=a b: expected 1 to 128",
        ),
        (
            &[stream, folder, ("QUARANTINE_STREAM_NAME", "s")],
            "QUARANTINE_STREAM_NAME=s: expected another stream",
        ),
        (
            &[stream, folder, ("QUARANTINE_STREAM_NAME", "q"), ("QUARANTINE_LOCATION", "s3://bad")],
            "QUARANTINE_LOCATION=s3://bad and QUARANTINE_STREAM_NAME=q: expected one of the two",
        ),
        (&[stream, folder, ("AWS_LAMBDA_RUNTIME_API", "")], "AWS_LAMBDA_RUNTIME_API is not set"),
    ];
    for (variables, expected) in cases {
        let error = read(variables).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
