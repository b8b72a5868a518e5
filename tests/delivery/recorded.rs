//! Published ids and bytes stay stable. The results and quarantined ids for an event equal those in
//! `fixtures/recorded`, to the byte. They change only with an entry in CHANGELOG.md.
//!
//! `RECORD=1 cargo test --test delivery recorded` rewrites the fixture.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use stream_predictor::config::S3Prefix;
use stream_predictor::quarantine::{Quarantine, S3Store};
use stream_predictor::sinks::{KinesisSink, Sink};
use stream_predictor_local::fake::Cloud;

use crate::support::{self, entry, event, fixtures, model_directory, rides};

const STREAM: &str = "predictions";
const BUCKET: &str = "quarantine";

/// The events: rides, sample events, and payloads from producers.
fn events() -> Vec<(&'static str, &'static str, String)> {
    let read = |path: &str| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let text = |path: &str| String::from_utf8(read(path)).unwrap();
    let rides = rides(&fixtures());
    let names = ["aggregate.kpl", "compressed.kpl", "document.json.gz", "document.json.zst", "frames.zst"];
    let more = ["lines-crlf.jsonl", "lines.jsonl.gz", "lines.jsonl.zst", "members.gz", "nested.kpl"];
    let names = [&names[..], &more, &["one-broken.kpl", "plain.json", "twice.json.gz"]].concat();
    let payloads: Vec<Vec<u8>> =
        names.iter().map(|name| read(&format!("tests/fixtures/payloads/{name}"))).collect();
    let document = read("fuzz/seeds/event/columns-document");
    let mut broken = vec![entry(0, "a", b"7"), entry(1, "b", rides[0].as_bytes()), entry(2, "", b"{}")];
    broken[0]["kinesis"]["data"] = json!(7);
    broken[2]["kinesis"]["data"] = json!("no base64");
    vec![
        ("rides of MLflow 3", "mlflow3", event(&rides[..200])),
        ("rides of MLflow 2", "mlflow2", event(&rides[..20])),
        ("columns", "columns", event(&[document.as_slice(), b"{}"])),
        ("payloads", "mlflow3", event(&payloads)),
        ("single ride", "mlflow3", text("events/single-ride.json")),
        ("several rides", "mlflow3", text("events/several-rides.json")),
        ("poison record", "mlflow3", text("events/poison-record.json")),
        ("broken entries", "mlflow3", json!({ "Records": broken }).to_string()),
    ]
}

/// One line per result, then one line per quarantined record with its ids.
async fn results(model: &str, event: &str) -> String {
    let cloud = Cloud::new(7);
    cloud.create_stream(STREAM, 1);
    cloud.create_bucket(BUCKET);
    let prefix = S3Prefix { bucket: BUCKET.to_owned(), prefix: String::new() };
    let quarantine = Quarantine::S3(S3Store::new(cloud.s3(), prefix));
    let sink = Sink::Kinesis(KinesisSink::new(cloud.kinesis(), STREAM.to_owned()));
    let folder = model_directory(&fixtures().join(model));
    let handler = support::quarantining_handler(&folder, quarantine, sink);
    assert_eq!(support::answer(&handler, event).await, json!({"batchItemFailures": []}));

    let mut published: Vec<_> = cloud.accepted(STREAM);
    published.sort_by(|a, b| a.data.cmp(&b.data));
    let mut text = String::new();
    for record in published {
        let data = std::str::from_utf8(&record.data).unwrap();
        writeln!(text, "{} {data}", record.key).unwrap();
    }
    for line in cloud.objects(BUCKET).values().flat_map(|object| std::str::from_utf8(object).unwrap().lines())
    {
        let line: Value = serde_json::from_str(line).unwrap();
        let failures = line["failures"].as_array().unwrap();
        let ids: Vec<_> =
            failures.iter().map(|failure| (&failure["sub_sequence_number"], &failure["id"])).collect();
        let name = (&line["shard"], &line["sequence_number"], &line["arrived_at"], &line["payload"]);
        writeln!(text, "quarantined {}", json!([name, ids])).unwrap();
    }
    text
}

#[tokio::test(start_paused = true)]
async fn ids_and_results_equal_those_of_earlier_builds() {
    let mut text = String::new();
    for (name, model, event) in events() {
        writeln!(text, "# {name}\n{}", results(model, &event).await).unwrap();
    }
    // A hand-made event may have only the payload.
    let handler = support::ride_handler();
    let data = base64_simd::STANDARD.encode_to_string(support::RIDE);
    let answer =
        support::answer(&handler, &json!({"Records": [{"kinesis": {"data": data}}]}).to_string()).await;
    writeln!(text, "# test run\n{answer}").unwrap();

    let recorded = fixtures().join("recorded/results.txt");
    if std::env::var_os("RECORD").is_some() {
        std::fs::create_dir_all(recorded.parent().unwrap()).unwrap();
        std::fs::write(&recorded, &text).unwrap();
    }
    let recorded = std::fs::read_to_string(recorded).unwrap();
    assert_eq!(text.lines().count(), recorded.lines().count());
    for (now, then) in text.lines().zip(recorded.lines()) {
        assert_eq!(now, then);
    }
}
