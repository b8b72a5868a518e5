//! What a cold start may cost, and what it may say.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Start, canned};
use crate::support::{self, fixtures, model_directory, onnx};
use prost::Message;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{StringStringEntryProto, TensorProto};

const S3: (&str, &str) = ("MODEL_LOCATION", "s3://models/rides");

/// A copy of the ride model.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(model_directory(&fixtures().join("mlflow3"))).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn location_of(folder: &Path) -> (&'static str, &str) {
    ("MODEL_LOCATION", folder.to_str().unwrap())
}

#[test]
fn a_listing_without_an_end_is_given_up() {
    let address = canned(|_| {
        let next = "<IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>";
        ("200 OK", format!("<?xml version=\"1.0\"?><ListBucketResult>{next}</ListBucketResult>").into_bytes())
    });
    let start = Start::at(address, &[S3]);
    let line = start.refusal(Duration::from_mins(2));
    assert_eq!(line, "listing s3://models/rides: found 1000 pages and no end: check the prefix");
}

#[test]
fn a_listing_that_is_never_answered_is_given_up() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Start::at(mute.local_addr().unwrap(), &[S3]);
    let line = start.refusal(Duration::from_secs(40));
    assert_eq!(line, "listing s3://models/rides: no answer within 20s");
}

#[test]
fn a_listing_that_trickles_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        assert!(stream.read(&mut [0; 1 << 14]).is_ok_and(|read| read > 0));
        let mut send = |text: &str| stream.write_all(text.as_bytes()).is_ok();
        let mut goes_on = send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<?xml version=\"1.0\"?>");
        while goes_on {
            std::thread::sleep(Duration::from_millis(300));
            goes_on = send("  ");
        }
    });
    let line = Start::at(address, &[S3]).refusal(Duration::from_secs(40));
    assert_eq!(line, "listing s3://models/rides: no answer within 20s");
}

#[test]
fn sigterm_ends_a_cold_start_at_once() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Start::at(mute.local_addr().unwrap(), &[S3]);
    // The process has connected, so its handler is there.
    drop(mute.accept().unwrap());
    let begin = Instant::now();
    start.terminate();
    let line = start.refusal(Duration::from_secs(5));
    assert_eq!(line, "SIGTERM came before the cold start was over");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[test]
fn passwords_in_addresses_are_masked() {
    let model = model_directory(&fixtures().join("mlflow3"));
    for (name, value) in [
        ("KINESIS_ENDPOINT_URL", "http//user:CANARY@host"),
        ("AWS_ENDPOINT_URL", "http//user:CANARY@host"),
        ("AWS_ENDPOINT_URL_S3", "user:CANARY@host:4566"),
        ("AWS_ENDPOINT_URL_KINESIS", "ftp://user:CANARY@host"),
        ("MODEL_LOCATION", "https://user:CANARY@host/x"),
        ("MODEL_LOCATION", "https//user:CANARY@host/x"),
        ("QUARANTINE_LOCATION", "https://user:CANARY@host/x?X-Amz-Signature=CANARY"),
        ("QUARANTINE_STREAM_NAME", "user:CANARY@host"),
        ("RUN_ID", "user:CANARY@host"),
    ] {
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let start = Start::at(mute.local_addr().unwrap(), &[location_of(&model), (name, value)]);
        let line = start.refusal(Duration::from_secs(5));
        assert!(line.contains("***") && !line.contains("CANARY"), "{line}");
    }
}

#[test]
fn a_refusal_is_a_short_line_however_long_the_names_are() {
    let names = (0..10_000).map(|place| if place == 0 { "y".to_owned() } else { format!("n{place}") });
    let node = |output: String| {
        let mut node = onnx::node("NoSuch", &["X"], &output, vec![]);
        node.name = "node\u{1b}[31m".repeat(80);
        node
    };
    let model = onnx::model(vec![onnx::float_input("X", 1)], names.map(node).collect(), vec![]);
    let folder = copy();
    std::fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let line =
        Start::at(mute.local_addr().unwrap(), &[location_of(folder.path())]).refusal(Duration::from_secs(20));
    assert!(line.contains("NoSuch") && line.len() < 6_000, "{} bytes: {line:.300}", line.len());
    assert!(!line.contains('\u{1b}'));
}

#[test]
fn what_is_not_a_file_is_refused() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    for name in ["serving.toml", "input_example.json", "model.onnx", "MLmodel"] {
        for device in [None, Some("/dev/zero")] {
            let folder = copy();
            let path = folder.path().join(name);
            let _ = std::fs::remove_file(&path);
            match device {
                Some(device) => std::os::unix::fs::symlink(device, &path).unwrap(),
                None => assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
            }
            let start = Start::at(mute.local_addr().unwrap(), &[location_of(folder.path())]);
            let line = start.refusal(Duration::from_secs(5));
            assert!(line.contains(&format!("{name}: expected a file")), "{line}");
        }
    }
}

#[test]
fn external_data_that_is_not_a_file_is_refused() {
    let location = StringStringEntryProto { key: "location".to_owned(), value: "weights".to_owned() };
    let weights = TensorProto {
        name: "w".to_owned(),
        dims: vec![1],
        data_type: DataType::Float as i32,
        data_location: Some(DataLocation::External as i32),
        external_data: vec![location],
        ..TensorProto::default()
    };
    let add = onnx::node("Add", &["X", "w"], "y", vec![]);
    let model = onnx::model(vec![onnx::float_input("X", 1)], vec![add], vec![weights]);
    let folder = copy();
    std::fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    let path = folder.path().join("weights");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Start::at(mute.local_addr().unwrap(), &[location_of(folder.path())]);
    let line = start.refusal(Duration::from_secs(5));
    assert!(line.contains("weights") && line.contains("expected a file"), "{line}");
}

#[test]
fn check_shows_nothing_of_a_file_that_is_not_a_model() {
    for text in
        ["secret:x:0:0\ndaemon:x:1:1\n", "secret\n", "- secret\n", "flavors: secret\n", "run_id: [secret\n"]
    {
        let folder = copy();
        std::fs::write(folder.path().join("MLmodel"), text).unwrap();
        let mut check = std::process::Command::new(support::function());
        let output = check.arg("check").arg(folder.path()).env_clear().output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && !out.contains("secret") && !out.contains("daemon"),
            "{text}: {out}"
        );
    }
}
