//! A document is rejected, or becomes a row of features. Each line of the bytes is a document.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use std::sync::LazyLock;

use serde_json::value::RawValue;
use serving_spec::ServingSpec;
use serving_spec::columns::{Element, Number, Port, Rows};
use serving_spec::features::{FeaturePlan, PolicySpec};

use crate::budget::{QUICK, promised, within};
use crate::spec::table;

/// The most documents per case. More would take longer, and find nothing else.
const DOCUMENTS: usize = 8;

static SPEC: LazyLock<ServingSpec> =
    LazyLock::new(|| ServingSpec::from_toml(include_str!("../features.toml")).expect("a spec"));

/// A plan in which every feature has a value for every document.
static LENIENT: LazyLock<FeaturePlan> =
    LazyLock::new(|| FeaturePlan::of_features(&SPEC.feature_parts(), &table).expect("features"));

/// Plans of one feature each. They reject documents for which the feature has no value.
static STRICT: LazyLock<Vec<FeaturePlan>> = LazyLock::new(|| {
    let strict = SPEC.features.iter().filter_map(|(name, feature)| {
        let mut feature = feature.clone();
        feature.policy = PolicySpec::default();
        let spec = ServingSpec {
            features: [(name.clone(), feature)].into_iter().collect(),
            ..ServingSpec::default()
        };
        // Features that are built on other features cannot be compiled alone.
        FeaturePlan::of_features(&spec.feature_parts(), &table).ok()
    });
    let strict: Vec<_> = strict.collect();
    assert_eq!(strict.len(), SPEC.features.len() - 4);
    strict
});

/// A plan with inputs of every type, from some of the features.
static INPUTS: LazyLock<FeaturePlan> = LazyLock::new(|| {
    let port = |name: &str, element, width| Port { name: name.to_owned(), element, width, keys: Vec::new() };
    let inputs = [
        ("floats", port("", Element::Float, 5), "number, difference, seven, one_hot"),
        ("doubles", port("", Element::Double, 2), "ratio, any"),
        ("int64s", port("", Element::Int64, 2), "integer, any"),
        ("int32s", port("", Element::Int32, 2), "year, integer"),
        ("bools", port("", Element::Bool, 1), "flag"),
        ("strings", port("", Element::String, 3), "text, made, any"),
        ("map", port("", Element::Map(Number::Double), 1), "text, number, any"),
    ];
    let mut spec = SPEC.clone();
    let mut ports = Vec::new();
    for (name, port, features) in inputs {
        let features: Vec<String> = features.split(", ").map(str::to_owned).collect();
        spec.inputs.insert(name.to_owned(), features);
        let keys = ["text=AA", "text=é", "number", "any=7", "any"].map(str::to_owned);
        let keys = if name == "map" { keys.to_vec() } else { Vec::new() };
        ports.push(Port { name: name.to_owned(), keys, ..port });
    }
    let needed =
        ["any", "number", "difference", "seven", "one_hot", "ratio", "integer", "year", "flag", "text"];
    let needed = [&needed[..], &["made", "lower", "trimmed"]].concat();
    spec.features.retain(|name, _| needed.contains(&name.as_str()));
    FeaturePlan::compile(&spec.feature_parts(), &ports, &[], &table).expect("a plan")
});

/// Computes the features of the documents.
pub fn run(bytes: &[u8]) {
    within(promised(bytes.len()), QUICK, || compute(bytes));
}

fn compute(bytes: &[u8]) {
    let (mut row, mut rows) = (INPUTS.row(), INPUTS.rows());
    for document in bytes.split(|byte| *byte == b'\n').take(DOCUMENTS) {
        values(document);
        let before = rows.clone();
        let extracted = INPUTS.extract(document, &mut row, &mut rows);
        let mut alone = INPUTS.rows();
        assert_eq!(
            INPUTS.extract(document, &mut INPUTS.row(), &mut alone),
            extracted,
            "other documents change nothing"
        );
        if extracted.is_err() {
            assert!(same(&rows, &before), "a rejected document leaves nothing");
        } else {
            assert!(same(&rows.slice(&(rows.len - 1..rows.len)), &alone));
            assert!(same(&rows.slice(&(0..before.len)), &before));
        }
    }
}

/// Whether the rows are equal, including NaN.
fn same(a: &Rows, b: &Rows) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

fn values(document: &[u8]) {
    let lenient = match LENIENT.values(document) {
        Ok(lenient) => lenient,
        Err(rejected) => {
            return assert!(STRICT.iter().all(|plan| plan.values(document).is_err()), "{rejected}");
        }
    };
    for (name, json) in &lenient {
        assert!(serde_json::from_str::<&RawValue>(json).is_ok(), "{name}: {json}");
    }
    for (name, json) in STRICT.iter().filter_map(|plan| plan.values(document).ok()).flatten() {
        let lenient = lenient.iter().find(|(lenient, _)| *lenient == name);
        assert_eq!(
            lenient.map(|(_, json)| json),
            Some(&json),
            "a default replaces only missing values: {name}"
        );
    }
}
