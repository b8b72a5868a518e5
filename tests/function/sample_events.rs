//! The sample events work with `cargo lambda invoke`, as the README describes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{self, fixtures, model_directory};
use serde_json::Value;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo_lambda() -> PathBuf {
    support::tool(".venv", "cargo-lambda")
}

/// Starts the runtime API of `cargo lambda watch`, and the function behind it.
fn serve(port: u16) -> (Running, Running) {
    let mut watch = Command::new(cargo_lambda());
    watch.args(["lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", &port.to_string()]);
    let watch = watch.current_dir(root()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let watch = Running(watch);
    let patience = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < patience, "cargo lambda watch does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let function = Command::new(support::function())
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt"))
        .env("AWS_LAMBDA_FUNCTION_NAME", "_")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("MODEL_LOCATION", model_directory(&fixtures().join("mlflow3")))
        .env("TEST_RUN", "True")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (watch, Running(function))
}

fn invoke(port: u16, file: &Path) -> Value {
    let mut invoke = Command::new(cargo_lambda());
    invoke
        .args(["lambda", "invoke", "_", "-A", "127.0.0.1", "-P", &port.to_string(), "--data-file"])
        .arg(file);
    let output = invoke.current_dir(root()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_record_of_a_sample_event_is_predicted_or_quarantined() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _running = serve(port);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("events")).unwrap() {
        let file = entry.unwrap().path();
        let event: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let answer = invoke(port, &file);
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let poison = usize::from(name == "poison-record");
        let predictions = answer["predictions"].as_array().unwrap();
        assert_eq!(predictions.len() + poison, event["Records"].as_array().unwrap().len(), "{name}");
        assert_eq!(answer["batchItemFailures"], serde_json::json!([]), "{name}");
        assert!(predictions.iter().all(|prediction| prediction["prediction"]["ride_duration"].is_f64()));
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["poison-record", "several-rides", "single-ride"]);
}
