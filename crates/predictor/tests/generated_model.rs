//! A graph of arbitrary operators that we serve is refused or scores its records, within its memory and its time. This
//! is a short run of `make fuzz-graph`.
//!
//! Every case has a number, and depends only on it. To run more cases, use
//! `GRAPHS=100000 cargo test --package predictor --test generated_model`. To run one case, set `GRAPH=number`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

#[allow(dead_code, reason = "models use only a part")]
#[path = "../../../fuzz/src/budget.rs"]
mod budget;
#[path = "../../../fuzz/src/graph/mod.rs"]
mod graph;
#[allow(dead_code, reason = "the generator uses only a part")]
#[path = "support/onnx/build.rs"]
mod onnx;
#[path = "../../../fuzz/src/values.rs"]
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;

/// The default number of cases.
const GRAPHS: u64 = 300;

/// The most random bytes that make a graph and its records.
const MAX_BYTES: usize = 256;

#[test]
fn a_generated_model_keeps_its_limits() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let cases = number("GRAPH").map_or(0..number("GRAPHS").unwrap_or(GRAPHS), |one| one..one + 1);
    // A panic in an operator is caught, and prints nothing.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (mut loaded, mut scored, mut failed) = (0, 0, Vec::new());
    for case in cases.clone() {
        let mut random = Rng::with_seed(case);
        let length = random.usize(..=MAX_BYTES);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
        match catch_unwind(AssertUnwindSafe(|| graph::run(&bytes))) {
            Ok(results) => {
                loaded += u64::from(results.is_some());
                scored += results.unwrap_or(0);
            }
            Err(panic) => failed.push((case, panic.downcast_ref::<String>().cloned())),
        }
    }
    std::panic::set_hook(hook);
    let count = cases.end - cases.start;
    println!("{count} graphs, {loaded} loaded, {scored} records have a result");
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(count < 100 || loaded > count / 2, "expected most graphs to load, found {loaded} of {count}");
}
