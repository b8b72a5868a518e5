//! A serving spec is refused, or compiled and used. The bytes are parsed as TOML, and as the JSON that
//! `MLmodel` may hold.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serving_spec::FeaturePlan;
use serving_spec::ServingSpec;
use serving_spec::columns::{Element, Number, Port};
use serving_spec::result::ResultPlan;

use crate::budget::{QUICK, START, within};

const DOCUMENTS: [&[u8]; 3] = [
    br#"{"a": 1, "b": "two", "c": 2.5, "d": "2016-02-29T23:30:00Z", "x": {"a": [1, true]}}"#,
    br#"{"a": "1e3", "b": null, "c": false, "d": 1456788600.5}"#,
    b"{}",
];

/// Parses the bytes as a spec, and compiles it.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        within(START, QUICK, || parse(text));
    }
}

fn parse(text: &str) {
    match ServingSpec::from_toml(text) {
        Ok(spec) => compile(&spec),
        Err((line, _)) => assert!(line <= text.matches('\n').count() + 1, "line {line}"),
    }
    if let Ok(spec) = serde_json::from_str::<ServingSpec>(text) {
        compile(&spec);
    }
}

/// Compiles a spec alone and for two models, which may refuse it, and uses the plans.
pub fn compile(spec: &ServingSpec) {
    if let Ok(plan) = FeaturePlan::of_features(&spec.feature_parts(), &table) {
        for document in DOCUMENTS {
            let _ = plan.values(document);
        }
    }
    let port = |name: &str, element, width| Port { name: name.to_owned(), element, width, keys: Vec::new() };
    let keys = ["a", "b=two", "c"].map(str::to_owned).to_vec();
    let columns = [port("X", Element::Float, 3)];
    let named = [
        port("a", Element::Double, 1),
        port("b", Element::String, 1),
        port("c", Element::Int64, 1),
        port("d", Element::Bool, 1),
        Port { keys: keys.clone(), ..port("map", Element::Map(Number::Float), 1) },
    ];
    let outputs =
        [port("label", Element::Int64, 1), Port { keys, ..port("scores", Element::Map(Number::Float), 3) }];
    let Ok(result) = ResultPlan::compile(&spec.result, &outputs, "model", "version") else { return };
    for ports in [&columns[..], &named] {
        let Ok(plan) = FeaturePlan::compile(&spec.feature_parts(), ports, &result.echoed(), &table) else {
            continue;
        };
        let (mut row, mut rows) = (plan.row(), plan.rows());
        for document in DOCUMENTS {
            let _ = plan.extract(document, &mut row, &mut rows);
        }
    }
}

/// The path of the only lookup table.
///
/// # Errors
/// For any other name.
pub fn table(name: &str) -> Result<PathBuf> {
    ensure!(name == "zones.csv", "expected `zones.csv`, found `{name}`");
    Ok(crate::root().join("fuzz/zones.csv"))
}
