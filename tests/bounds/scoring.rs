//! What a record may cost while it is scored: the memory and the time of features, operators and values.
//!
//! Each event has good records around bad ones. The good ones are published, the bad ones are quarantined, and
//! memory and time stay within what `docs/guarantees.md` promises.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use serde_json::json;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, TensorProto};

use crate::harness::{Case, Outcome, TIMEOUT};
use crate::models::{chain, of_a_value, outer, scan, sum, text_model};
use crate::support::entry;
use crate::support::onnx::*;

/// The memory of decompressed and of scored records, on top of the factor of the event.
const EXTRA: usize = 64 << 20;

/// The most memory for an event, as a multiple of its size.
const FACTOR: usize = 6;

fn case(model: &ModelProto, spec: &str) -> (tempfile::TempDir, Case) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
    std::fs::write(folder.path().join("serving.toml"), spec).unwrap();
    let case = Case::of(folder.path()).with("RUN_ID", "run");
    (folder, case)
}

/// Sends good records around a bad one.
async fn around(model: &ModelProto, good: &str, bad: &[u8]) -> Outcome {
    around_with("", model, &[good.as_bytes(), good.as_bytes(), bad, good.as_bytes()]).await
}

async fn around_with(spec: &str, model: &ModelProto, payloads: &[&[u8]]) -> Outcome {
    let (_folder, case) = case(model, spec);
    let payloads = payloads.iter().enumerate();
    let entries: Vec<_> =
        payloads.map(|(index, payload)| entry(index, &index.to_string(), payload)).collect();
    let event = json!({ "Records": entries }).to_string();
    let bytes = event.len();
    let outcome = case.invoke(event).await;
    assert!(outcome.took < TIMEOUT, "{:?}", outcome.took);
    let most = FACTOR * bytes + EXTRA;
    assert!(outcome.memory() <= most, "{} bytes, expected at most {most}", outcome.memory());
    assert!(outcome.log_bytes() < 10_000, "{:#?}", outcome.log);
    outcome
}

impl Outcome {
    /// Checks that all good records were published, and the bad ones quarantined for this reason.
    fn isolated(&self, published: usize, reason: &str) {
        assert_eq!(self.reported(), None, "{:#?}", self.log);
        assert_eq!(self.published.len(), published, "{:#?}", self.log);
        let reasons: Vec<&str> =
            self.quarantined.iter().map(|line| line["failures"][0]["reason"].as_str().unwrap()).collect();
        assert!(!reasons.is_empty() && reasons.iter().all(|found| found.contains(reason)), "{reasons:?}");
    }
}

const MEMORY: &str = "it needs more than 32 MB of memory";
const TEXT: &str = "the record's text is too much for this model";
const TIME: &str = "it takes more time than one record may";

/// A record with a number.
fn x(value: f64) -> Vec<u8> {
    format!(r#"{{"X": {value}}}"#).into_bytes()
}

/// A record with a text.
fn text(text: &str) -> Vec<u8> {
    format!(r#"{{"X": "{text}"}}"#).into_bytes()
}

/// The same in gzip, with letters that do not shrink, so that the ratio is within the limit.
fn compressed_text(text: &str) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let noise: String = std::iter::repeat_with(|| random.alphanumeric()).take(text.len() / 80).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(format!(r#"{{"noise": "{noise}", "X": "{text}"}}"#).as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_32_mb_is_too_much_for_a_text_model() {
    let bomb = compressed_text(&"ab ".repeat(10_600_000));
    for cut in [string("tokenexp", "."), string("tokenexp", "[a-z]+"), strings("separators", &[" "])] {
        around(&text_model(cut, "#", 2, 0), r#"{"X": "a b"}"#, &bomb).await.isolated(3, TEXT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_counted_without_its_tokens() {
    let long = compressed_text(&"ab ".repeat(400_000));
    let outcome = around(&text_model(string("tokenexp", "."), "#", 2, 0), r#"{"X": "a b"}"#, &long).await;
    assert_eq!((outcome.published.len(), outcome.reported()), (4, None), "{:#?}", outcome.log);
}

/// The filler counts as a token here, so the tokens of all texts are in memory.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_count_where_they_are_in_memory() {
    let long = text(&"ab ".repeat(600_000));
    let model = text_model(strings("separators", &[" "]), "a", 1, 0);
    around(&model, r#"{"X": "a b"}"#, &long).await.isolated(3, MEMORY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_takes_no_longer_than_its_text() {
    let open = text(&"<".repeat(200_000));
    let cut = string("tokenexp", r"<[^>]*>|\S");
    let outcome = around(&text_model(cut, "#", 1, 0), r#"{"X": "a b"}"#, &open).await;
    assert_eq!((outcome.published.len(), outcome.reported()), (4, None), "{:#?}", outcome.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn skips_without_bound_end_with_the_time_of_a_record() {
    let long = text(&"a ".repeat(100_000));
    let model = text_model(strings("separators", &[" "]), "#", 2, 1_000_000);
    around(&model, r#"{"X": "a b"}"#, &long).await.isolated(3, TIME);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_decides_no_size_beyond_the_memory() {
    let range = vec![node("Range", &["zero", "m", "one"], "r", vec![]), sum("r")];
    for (nodes, values) in
        [(range, &[3e8, 1e9, 1e11, 1e18][..]), (outer(), &[2e4, 6e4]), (chain(), &[1e7, 6e7, 3e8, 1e12])]
    {
        for &value in values {
            around(&of_a_value(nodes.clone()), r#"{"X": 2}"#, &x(value)).await.isolated(3, "the ");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends_with_the_time_of_a_record() {
    let nodes = scan();
    around(&of_a_value(nodes), r#"{"X": 2}"#, &x(8e5)).await.isolated(3, TIME);
}

#[tokio::test(flavor = "multi_thread")]
async fn features_end_with_the_time_of_a_batch() {
    let doubled = (1..=30).map(|index| {
        format!("t{index} = {{ replace = \"t{}\", search = \"a\", with = \"aa\" }}\n", index - 1)
    });
    let first = "[features]\nt0 = { field = \"/t\", type = \"string\" }\n".to_owned();
    let mut spec = std::iter::once(first).chain(doubled).collect::<String>();
    spec += "n = { length = \"t30\" }\n[inputs]\nX = [\"n\"]\n";
    let model = model(vec![float_input("X", 1)], vec![node("Abs", &["X"], "y", vec![])], vec![]);
    let (good, bad) = (&br#"{"t": "b"}"#[..], &br#"{"t": "a"}"#[..]);
    let payloads = [&[good; 20][..], &[bad; 100], &[good; 20]].concat();
    let outcome = around_with(&spec, &model, &payloads).await;
    assert_eq!(outcome.published.len(), 20, "{:#?}", outcome.log);
    assert!(!outcome.quarantined.is_empty() && outcome.took > Duration::ZERO, "{:#?}", outcome.log);
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        data_type: DataType::Int64 as i32,
        dims: vec![values.len().try_into().unwrap()],
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_rows_are_scored_a_few_at_a_time() {
    const WIDTH: i64 = 65_536;
    let mut input = float_input("X", WIDTH);
    tensor_type(&mut input).elem_type = DataType::Float as i32;
    let model = model(
        vec![input],
        vec![node("ReduceSum", &["X", "axes"], "y", vec![])],
        vec![integers("axes", &[1])],
    );
    let vocabulary: Vec<String> = (0..WIDTH).map(|category| format!("\"c{category}\"")).collect();
    let spec = format!(
        "[features]\no = {{ one_hot = \"/t\", vocabulary = [{}], handle_unknown = \"ignore\" }}\n[inputs]\nX = [\"o\"]\n",
        vocabulary.join(",")
    );
    let payload: &[u8] = br#"{"t": "c5"}"#;
    let outcome = around_with(&spec, &model, &vec![payload; 2_000]).await;
    assert!(!outcome.published.is_empty(), "{:#?}", outcome.log);
}

/// Each result has 10 000 numbers.
#[tokio::test(flavor = "multi_thread")]
async fn wide_results_are_published_a_few_at_a_time() {
    const WIDTH: i64 = 10_000;
    let times = integers("times", &[1, WIDTH]);
    let mut model =
        model(vec![float_input("X", 1)], vec![node("Tile", &["X", "times"], "y", vec![])], vec![times]);
    model.graph.as_mut().unwrap().output = vec![float_input("y", WIDTH)];
    let payload = x(0.123_456_7);
    let outcome = around_with("", &model, &vec![&payload[..]; 2_000]).await;
    assert!(!outcome.published.is_empty(), "{:#?}", outcome.log);
}

/// A label is copied for each row, and once more into its result.
#[tokio::test(flavor = "multi_thread")]
async fn long_labels_count() {
    let long = "x".repeat(200_000);
    let keys =
        vec![ints("keys_int64s", &[0]), strings("values_strings", &["a"]), string("default_string", &long)];
    let nodes = vec![
        node("Cast", &["X"], "key", vec![int("to", DataType::Int64 as i64)]),
        node("LabelEncoder", &["key"], "y", keys),
    ];
    let mut model = model(vec![float_input("X", 1)], nodes, vec![]);
    tensor_type(&mut model.graph.as_mut().unwrap().output[0]).elem_type = DataType::String as i32;
    let payload = x(7.0);
    let outcome = around_with("", &model, &vec![&payload[..]; 2_000]).await;
    assert!(!outcome.published.is_empty(), "{:#?}", outcome.log);
}
