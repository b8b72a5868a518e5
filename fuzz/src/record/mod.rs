//! An event of generated records is answered within its memory and its time: each document is predicted or
//! quarantined. The model reads numbers and a text, as scikit-learn's text models are exported.

mod payloads;

use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Unstructured;
use base64_simd::STANDARD;
use predictor::Clock;
use predictor::model::directory::ModelDirectory;
use prost::Message;
use serde_json::json;
use stream_predictor::aws::TimeLimit;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::quarantine::Quarantine;
use stream_predictor::sinks::Sink;
use tokio::time::Instant;
use tract_onnx::pb::ModelProto;
use tract_onnx::pb::tensor_proto::DataType;

use crate::budget::{GRACE, promised, within};
use crate::onnx::*;

/// The time of an invocation.
const TIME: Duration = Duration::from_secs(5);

/// The columns that the numbers of `fuzz/record.toml` have.
const NUMBERS: u16 = 25;

static MODELS: LazyLock<[Handler; 2]> = LazyLock::new(|| {
    let cuts = [string("tokenexp", "[a-zé]+|<[^>]*>"), strings("separators", &[" "])];
    cuts.map(|cut| {
        let folder = tempfile::tempdir().expect("a folder");
        let root = crate::root().join("fuzz");
        std::fs::write(folder.path().join("model.onnx"), model_of(cut).encode_to_vec()).expect("the file");
        std::fs::copy(root.join("record.toml"), folder.path().join("serving.toml")).expect("the spec");
        std::fs::copy(root.join("zones.csv"), folder.path().join("zones.csv")).expect("the table");
        let directory = ModelDirectory::open(folder.path()).expect("the folder");
        let sinks = vec![Sink::DryRun];
        Handler::load(&directory, Some("run"), Quarantine::Log, sinks, &Clock::unlimited()).expect("a model")
    })
});

fn model_of(cut: tract_onnx::pb::AttributeProto) -> ModelProto {
    let mut text = float_input("text", 1);
    tensor_type(&mut text).elem_type = DataType::String as i32;
    tensor_type(&mut text).shape.as_mut().expect("a shape").dim.pop();
    let mut tokenizer = node(
        "Tokenizer",
        &["text"],
        "tokens",
        vec![int("mark", 0), int("mincharnum", 1), string("pad_value", "#"), cut],
    );
    "com.microsoft".clone_into(&mut tokenizer.domain);
    let counts = vec![
        string("mode", "TF"),
        int("min_gram_length", 1),
        int("max_gram_length", 2),
        int("max_skip_count", 1),
        ints("ngram_counts", &[0, 1]),
        ints("ngram_indexes", &[0, 1]),
        strings("pool_strings", &["a", "a", "b"]),
    ];
    let nodes = vec![
        tokenizer,
        node("TfIdfVectorizer", &["tokens"], "counts", counts),
        node("Concat", &["numbers", "counts"], "all", vec![int("axis", 1)]),
        node(
            "LinearRegressor",
            &["all"],
            "y",
            vec![floats("coefficients", &vec![0.5; usize::from(NUMBERS) + 2])],
        ),
    ];
    model(vec![float_input("numbers", NUMBERS.into()), text], nodes, vec![])
}

/// Answers an event of the records that the bytes make.
pub fn run(bytes: &[u8]) {
    let Ok(payloads) = payloads::payloads(&mut Unstructured::new(bytes)) else { return };
    let entries = payloads.iter().enumerate().map(|(index, payload)| {
        json!({
            "kinesis": {
                "partitionKey": "key",
                "sequenceNumber": format!("4963008166608487929058118{index:031}"),
                "data": STANDARD.encode_to_string(payload),
                "approximateArrivalTimestamp": 1_783_072_800.123,
            },
            "eventID": format!("shardId-000000000000:4963008166608487929058118{index:031}"),
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/ride_events",
        })
    });
    let event = json!({ "Records": entries.collect::<Vec<_>>() }).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for handler in &*MODELS {
        let limit = TimeLimit::at(Instant::now() + TIME);
        let answer = within(promised(event.len()), TIME + GRACE, || {
            runtime.block_on(kinesis::handle(handler, &event, &limit)).expect("the event can be parsed")
        });
        let outcomes = answer.outcomes;
        assert_eq!(answer.batch_item_failures.is_empty(), outcomes.reported == 0);
        let records = outcomes.published + outcomes.quarantined + outcomes.reported;
        assert!(records >= payloads.len(), "{outcomes:?} of {}: no record gets lost", payloads.len());
    }
}
