use super::*;
use crate::columns::{Map, Number, Sparse, Values};

fn port(name: &str, element: Element, width: usize) -> Port {
    Port { name: name.to_owned(), element, width }
}

fn map(names: &[&str]) -> Port {
    port(
        "dict_input",
        Element::Map(Map { keys: names.iter().map(|&n| n.to_owned()).collect(), values: Number::Float }),
        1,
    )
}

fn spec(toml: &str) -> ServingSpec {
    toml::from_str(toml).unwrap()
}

fn rows(plan: &FeaturePlan, documents: &[&str]) -> (Rows, Vec<Rejected>) {
    let (mut rows, mut slots) = (plan.rows(), plan.slots());
    let rejected =
        documents.iter().filter_map(|d| plan.extract(d.as_bytes(), &mut slots, &mut rows).err()).collect();
    (rows, rejected)
}

const RIDE: &str = r#"
    [features]
    PU_DO = { concat = ["/ride/PULocationID", "/ride/DOLocationID"], separator = "_" }
    trip_distance = { field = "/ride/trip_distance" }
"#;

#[test]
fn a_ride_is_two_entries_of_a_wide_row() {
    let plan =
        FeaturePlan::compile(&spec(RIDE), &[map(&["PU_DO=130_205", "PU_DO=1_2", "trip_distance"])], &[])
            .unwrap();
    let (rows, rejected) = rows(
        &plan,
        &[
            r#"{"ride": {"PULocationID": 130, "DOLocationID": 205, "trip_distance": 3.66}}"#,
            r#"{"ride": {"PULocationID": "1", "DOLocationID": 2, "trip_distance": 1}}"#,
            r#"{"ride": {"PULocationID": 130.0, "DOLocationID": 205, "trip_distance": 2}}"#,
        ],
    );
    assert_eq!(rejected, []);
    let expected = Sparse {
        columns: vec![0, 2, 1, 2, Sparse::NONE, 2],
        values: vec![1.0, f64::from(3.66_f32), 1.0, 1.0, 1.0, 2.0],
        entries: 2,
    };
    assert_eq!(rows, Rows { inputs: vec![Values::Sparse(expected)], len: 3 });
}

#[test]
fn a_rejected_record_leaves_no_part_of_a_row() {
    let ports = [port("a", Element::Float, 1), port("b", Element::String, 1), port("c", Element::Int64, 2)];
    let plan = FeaturePlan::compile(&ServingSpec::default(), &ports, &[]).unwrap();
    let (rows, rejected) = rows(
        &plan,
        &[
            r#"{"a": 1.5, "b": "x", "c": [1, 2]}"#,
            r#"{"a": 2.5, "b": "y", "c": [1, 2.5]}"#,
            r#"{"a": 2.5, "b": null, "c": [1, 2]}"#,
            r#"{"b": "y", "c": [1, 2]}"#,
            r#"{"a": 3.5, "b": "z", "c": [3, 4]}"#,
        ],
    );
    let messages: Vec<_> = rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "field `c`: expected an integer, found a number",
            "field `b`: expected a string, found null",
            "field `a` is missing"
        ]
    );
    let expected = vec![
        Values::Float(vec![1.5, 3.5]),
        Values::String(vec!["x".into(), "z".into()]),
        Values::Int64(vec![1, 2, 3, 4]),
    ];
    assert_eq!(rows, Rows { inputs: expected, len: 2 });
}

#[test]
fn several_features_make_the_columns_of_one_input_in_the_listed_order() {
    let toml = "[features]\na = { field = \"/x/a\" }\nb = { field = \"b\" }\n[inputs]\nX = [\"b\", \"a\"]";
    let plan = FeaturePlan::compile(&spec(toml), &[port("X", Element::Double, 2)], &[]).unwrap();
    let (rows, _) = rows(&plan, &[r#"{"x": {"a": 1}, "b": 2}"#]);
    assert_eq!(rows.inputs, [Values::Double(vec![2.0, 1.0])]);
}

#[test]
fn without_a_spec_a_dict_vectorizers_features_are_read_by_name() {
    let plan = FeaturePlan::compile(&ServingSpec::default(), &[map(&["zone=a=b", "/km"])], &[]).unwrap();
    let (rows, rejected) = rows(&plan, &[r#"{"zone": "a=b", "/km": 2.5}"#]);
    assert_eq!(rejected, []);
    let expected = Sparse { columns: vec![1, 0], values: vec![2.5, 1.0], entries: 2 };
    assert_eq!(rows.inputs, [Values::Sparse(expected)]);
}

#[test]
fn inputs_alone_list_fields() {
    let ports = [port("X", Element::Float, 2), port("b", Element::Int64, 1)];
    let plan = FeaturePlan::compile(&spec("[inputs]\nX = [\"b\", \"a\"]"), &ports, &[]).unwrap();
    let (rows, _) = rows(&plan, &[r#"{"a": 1, "b": 2}"#]);
    assert_eq!(rows.inputs, [Values::Float(vec![2.0, 1.0]), Values::Int64(vec![2])]);
}

#[test]
fn echoed_fields_are_looked_for_too() {
    let id = FieldPath::parse("/ride_id").unwrap();
    let plan =
        FeaturePlan::compile(&spec(RIDE), &[map(&["PU_DO=1_2", "trip_distance"])], std::slice::from_ref(&id))
            .unwrap();
    let (mut rows, mut slots) = (plan.rows(), plan.slots());
    let document = br#"{"ride_id": 256, "ride": {"PULocationID": 1, "DOLocationID": 2, "trip_distance": 1}}"#;
    plan.extract(document, &mut slots, &mut rows).unwrap();
    assert_eq!(slots[plan.slot(&id).unwrap()], Some("256"));
}

#[test]
fn every_mismatch_of_spec_and_model_is_named() {
    let float = |width| port("X", Element::Float, width);
    let cases: &[(&str, Vec<Port>, &str)] = &[
        (RIDE, vec![map(&["PU_DO=1_2"])], "no column for feature `trip_distance`"),
        (RIDE, vec![map(&["PU_DO=1_2", "trip_distance", "hour"])], "fitted on `hour` too"),
        (RIDE, vec![map(&["PU_DO", "trip_distance"])], "fitted on numbers"),
        (RIDE, vec![float(2)], "no feature feeds input `X`"),
        (
            "[features.a]\nfield = \"a\"",
            vec![port("a", Element::Float, 1), port("b", Element::Float, 1)],
            "input `b`",
        ),
        (
            "[features.a]\nfield = \"a\"\n[features.b]\nfield = \"b\"",
            vec![port("a", Element::Float, 1)],
            "`b` feeds no input",
        ),
        ("[features.a]\nconcat = [\"a\"]", vec![port("a", Element::Float, 1)], "takes numbers"),
        ("[features.a]\nfield = \"/a~\"", vec![port("a", Element::Float, 1)], "feature `a`"),
        ("[features.a]\nfield = \"a\"\n[inputs]\nX = [\"a\", \"c\"]", vec![float(2)], "no feature `c`"),
        ("[features.a]\nfield = \"a\"\n[inputs]\nY = [\"a\"]", vec![float(1)], "[inputs] names `Y`"),
        (
            "[features.a]\nfield = \"a\"\n[features.b]\nfield = \"b\"\n[inputs]\nX = [\"a\", \"b\"]",
            vec![float(3)],
            "3 columns, but 2",
        ),
    ];
    for (toml, ports, expected) in cases {
        let error = format!("{:#}", FeaturePlan::compile(&spec(toml), ports, &[]).unwrap_err());
        assert!(error.contains(expected), "{toml}\n  gave: {error}\n  not: {expected}");
    }
}
