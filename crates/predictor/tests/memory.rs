//! Bounds the memory of a batch, whatever size a row has inside the model. The measured peak is that of this
//! process, so it covers all tests of this file.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod support;

use support::onnx::*;
use tract_onnx::pb::tensor_proto::DataType;

const CATEGORIES: usize = 13_000;
const RECORDS: usize = 10_000;

/// The peak memory of this process, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

const MAX_BYTES: usize = 300 << 20;

/// For all rows at once, the matrix would take 520 MB.
#[test]
fn a_wide_matrix_is_computed_a_few_rows_at_a_time() {
    let names: Vec<String> = (0..CATEGORIES).map(|category| format!("c{category}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut input = float_input("X", 1);
    tensor_type(&mut input).elem_type = DataType::String as i32;
    let nodes = vec![
        node("OneHotEncoder", &["X"], "columns", vec![strings("cats_strings", &names)]),
        node("ArgMax", &["columns"], "y", vec![int("axis", 2), int("keepdims", 0)]),
    ];
    let model = model(vec![input], nodes, vec![]);
    let categories: Vec<usize> = (0..RECORDS).map(|row| row * 7 % CATEGORIES).collect();
    let documents: Vec<String> =
        categories.iter().map(|category| format!(r#"{{"X": "c{category}"}}"#)).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();

    let found = predictions(&model, &documents);
    assert_eq!(found, categories.iter().map(|&category| category as f64).collect::<Vec<_>>());
    assert!(peak() < MAX_BYTES, "{} bytes", peak());
}

/// Texts are padded to the longest of them. With this long text in the batch, that would make 30 million
/// tokens.
#[test]
fn one_long_text_does_not_pad_all_texts() {
    let mut input = float_input("X", 1);
    tensor_type(&mut input).elem_type = DataType::String as i32;
    tensor_type(&mut input).shape.as_mut().unwrap().dim.pop();
    let tokenizer =
        vec![int("mark", 0), int("mincharnum", 1), string("pad_value", "#"), strings("separators", &[" "])];
    let counter = vec![
        string("mode", "TF"),
        int("min_gram_length", 1),
        int("max_gram_length", 1),
        int("max_skip_count", 0),
        ints("ngram_counts", &[0]),
        ints("ngram_indexes", &[0]),
        strings("pool_strings", &["a"]),
    ];
    let mut nodes = vec![
        node("Tokenizer", &["X"], "tokens", tokenizer),
        node("TfIdfVectorizer", &["tokens"], "y", counter),
    ];
    "com.microsoft".clone_into(&mut nodes[0].domain);
    let lengths: Vec<usize> = (0..1_000).map(|row| if row == 700 { 30_000 } else { row % 5 }).collect();
    let documents: Vec<String> =
        lengths.iter().map(|&length| format!(r#"{{"X": "b{}"}}"#, " a".repeat(length))).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let found = predictions(&model(vec![input], nodes, vec![]), &documents);
    assert_eq!(found, lengths.iter().map(|&length| length as f64).collect::<Vec<_>>());
    assert!(peak() < MAX_BYTES, "{} bytes", peak());
}
