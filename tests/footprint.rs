//! Bounds the memory for the largest events that Lambda sends, and checks that the process does not grow.
//!
//! `INVOCATIONS=n` sets the number of invocations in the second test.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use stream_predictor::doors::kinesis;
use stream_predictor::sinks::Sink;
use stream_predictor_local::fake::Cloud;
use stream_predictor_local::function::{Answer, Function, MAX_PAYLOAD_BYTES};
use support::{RIDE, entry, event, fixtures, model_directory, seconds};
use tokio::sync::Mutex;

/// The most memory for an event, as a multiple of its size. It includes the event, but not the memory of the
/// cold start.
const FACTOR: usize = 6;

/// The extra memory for decompressed records: the limit for one record, and the growth of the buffer.
const DECOMPRESSED: usize = 64 << 20;

/// Runs one test at a time, because the second measures the memory of this process.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A kind of event: its name, the extra memory, and the entry at each place.
type Kind = (&'static str, usize, Box<dyn Fn(usize) -> Value>);

/// The memory of a process in bytes, as the kernel counts it: `VmHWM` is the peak, and `VmRSS` the current
/// size.
fn memory(process: &str, kind: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
    line.trim_start_matches(':').trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

/// The most entries that a mapping sends.
const MAX_ENTRIES: usize = 10_000;

/// An event of nearly 6 MiB, or with as many entries as it may have.
fn largest(of: impl Fn(usize) -> Value) -> String {
    let count = (MAX_PAYLOAD_BYTES - 20) / (of(10_000).to_string().len() + 1);
    let count = count.min(MAX_ENTRIES);
    let entries: Vec<Value> = (0..count).map(of).collect();
    json!({ "Records": entries }).to_string()
}

fn padded(bytes: usize) -> Vec<u8> {
    let ride = RIDE.strip_suffix('}').unwrap();
    format!(r#"{ride}, "noise": "{}"}}"#, "x".repeat(bytes)).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_for_an_event_of_6_mb_is_bounded() {
    let _alone = ALONE.lock().await;
    let cloud = Cloud::new(7);
    cloud.create_stream("ride_predictions", 1);
    let address = cloud.listen().await.unwrap();
    let model = model_directory(&fixtures().join("mlflow3"));
    let env = [
        ("MODEL_LOCATION", model.to_str().unwrap()),
        ("PREDICTIONS_STREAM_NAME", "ride_predictions"),
        ("KINESIS_ENDPOINT_URL", &format!("http://{address}")),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let bomb = zstd::bulk::compress(&b"{}\n".repeat(80_000), 3).unwrap();
    let kinds: [Kind; 5] = [
        ("many rides", 0, Box::new(|index| entry(index, &index.to_string(), RIDE.as_bytes()))),
        ("a few large ones", 0, Box::new(|index| entry(index, "k", &padded(1_400_000)))),
        ("one", 0, Box::new(|index| entry(index, "k", &padded(4_500_000)))),
        (
            "one document per line",
            0,
            Box::new(|index| entry(index, &index.to_string(), format!("{RIDE}\n").repeat(1_000).as_bytes())),
        ),
        ("compressed ones", DECOMPRESSED, Box::new(move |index| entry(index, "k", &bomb))),
    ];
    for (kind, decompressed, of) in kinds {
        let function =
            Function::start(support::function(), env.clone(), Duration::from_secs(12)).await.unwrap();
        let id = function.process_id().unwrap().to_string();
        let before = memory(&id, "VmHWM");
        let event = largest(of);
        let bytes = event.len();
        let answer = function.invoke(event).await.unwrap();
        let Answer::Response(_) = answer else { panic!("{kind}: {answer:?}") };
        let taken = memory(&id, "VmHWM") - before;
        println!(
            "{kind}: {} MB before, {:.1} times {bytes} bytes",
            before >> 20,
            taken as f64 / bytes as f64
        );
        assert!(taken <= FACTOR * bytes + decompressed, "{kind}: {taken} bytes for {bytes}");
    }
}

#[tokio::test]
async fn a_million_invocations_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    let invocations =
        std::env::var("INVOCATIONS").ok().map_or(20_000, |count| count.parse::<usize>().unwrap());
    let handler = support::handler(&model_directory(&fixtures().join("mlflow3")), Sink::DryRun);
    let compressed = zstd::bulk::compress(RIDE.as_bytes(), 3).unwrap();
    let records = event(&[RIDE.as_bytes(), b"poison", &compressed]);
    let mut settled = 0;
    for invocation in 0..invocations {
        kinesis::handle(&handler, &records, &seconds(60)).await.unwrap();
        if invocation == invocations / 10 {
            settled = memory("self", "VmRSS");
        }
    }
    let grown = memory("self", "VmRSS").saturating_sub(settled);
    println!("{grown} bytes more after {invocations} invocations than after a tenth of them");
    assert!(
        grown < 4 << 20,
        "after {invocations} invocations: {grown} bytes more than after a tenth of them"
    );
}
