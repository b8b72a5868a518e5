use super::*;
use crate::ServingSpec;
use crate::columns::{Element, Number, Sparse, Values};

fn port(name: &str, element: Element, width: usize) -> Port {
    Port { name: name.to_owned(), element, width, keys: Vec::new() }
}

fn map(names: &[&str]) -> Port {
    let keys = names.iter().map(|&name| name.to_owned()).collect();
    Port { keys, ..port("dict_input", Element::Map(Number::Float), 1) }
}

fn spec(toml: &str) -> ServingSpec {
    toml::from_str(toml).unwrap()
}

fn compile(toml: &str, ports: &[Port]) -> Result<FeaturePlan> {
    FeaturePlan::compile(&spec(toml).feature_parts(), ports, &[], &no_files)
}

fn rows(plan: &FeaturePlan, documents: &[&str]) -> (Rows, Vec<Rejected>) {
    let (mut rows, mut row) = (plan.rows(), plan.row());
    let rejected =
        documents.iter().filter_map(|d| plan.extract(d.as_bytes(), &mut row, &mut rows).err()).collect();
    (rows, rejected)
}

const RIDE: &str = r#"
    [features]
    PU_DO = { concat = ["/ride/PULocationID", "/ride/DOLocationID"], separator = "_" }
    trip_distance = { field = "/ride/trip_distance" }
"#;

#[test]
fn a_ride_is_two_entries_of_a_wide_row() {
    let plan = compile(RIDE, &[map(&["PU_DO=130_205", "PU_DO=1_2", "trip_distance"])]).unwrap();
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
    let plan = compile("", &ports).unwrap();
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
            "field `b`: expected a value, found null",
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
    let plan = compile(toml, &[port("X", Element::Double, 2)]).unwrap();
    let (rows, _) = rows(&plan, &[r#"{"x": {"a": 1}, "b": 2}"#]);
    assert_eq!(rows.inputs, [Values::Double(vec![2.0, 1.0])]);
}

#[test]
fn without_a_spec_a_dict_vectorizers_features_are_read_by_name() {
    let plan = compile("", &[map(&["zone=a=b", "/km"])]).unwrap();
    let (rows, rejected) = rows(&plan, &[r#"{"zone": "a=b", "/km": 2.5}"#]);
    assert_eq!(rejected, []);
    let expected = Sparse { columns: vec![1, 0], values: vec![2.5, 1.0], entries: 2 };
    assert_eq!(rows.inputs, [Values::Sparse(expected)]);
}

#[test]
fn inputs_alone_list_fields() {
    let ports = [port("X", Element::Float, 2), port("b", Element::Int64, 1)];
    let plan = compile("[inputs]\nX = [\"b\", \"a\"]", &ports).unwrap();
    let (rows, _) = rows(&plan, &[r#"{"a": 1, "b": 2}"#]);
    assert_eq!(rows.inputs, [Values::Float(vec![2.0, 1.0]), Values::Int64(vec![2])]);
}

#[test]
fn echoed_fields_are_found_too() {
    let id = FieldPath::parse("/ride_id").unwrap();
    let plan = FeaturePlan::compile(
        &spec(RIDE).feature_parts(),
        &[map(&["PU_DO=1_2", "trip_distance"])],
        std::slice::from_ref(&id),
        &no_files,
    )
    .unwrap();
    let (mut rows, mut row) = (plan.rows(), plan.row());
    let document = br#"{"ride_id": 256, "ride": {"PULocationID": 1, "DOLocationID": 2, "trip_distance": 1}}"#;
    plan.extract(document, &mut row, &mut rows).unwrap();
    assert_eq!(row.field(plan.slot(&id).unwrap()), Some("256"));
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
        (
            "[features.a]\nconcat = [\"/a\"]",
            vec![port("a", Element::Float, 1)],
            "feature `a`: expected float, found type string",
        ),
        (
            "[features.a]\nlog1p = \"/a\"",
            vec![port("a", Element::Int64, 1)],
            "feature `a`: expected int64, found type double",
        ),
        (
            "[features.d]\nratio = [\"/a\", \"/b\"]\n[features.e]\nlog1p = \"d\"\n[features.f]\nlog1p = \"d\"",
            vec![float(1)],
            "no feature feeds input `X`",
        ),
        (
            "event_time = \"b\"\n[features.a]\nfield = \"a\"",
            vec![float(1)],
            "event_time: there is no feature `b`",
        ),
        ("[features.a]\nfield = \"/a~\"", vec![port("a", Element::Float, 1)], "feature `a`"),
        ("[features.a]\nfield = \"a\"\n[inputs]\nX = [\"a\", \"c\"]", vec![float(2)], "no feature `c`"),
        ("[features.a]\nfield = \"a\"\n[inputs]\nY = [\"a\"]", vec![float(1)], "[inputs] names `Y`"),
        (
            "[features.a]\nfield = \"a\"\n[features.b]\nfield = \"b\"\n[inputs]\nX = [\"a\", \"b\"]",
            vec![float(3)],
            "3 columns, but its features have 2",
        ),
    ];
    for (toml, ports, expected) in cases {
        let error = format!("{:#}", compile(toml, ports).unwrap_err());
        assert!(error.contains(expected), "{toml}\n  gave: {error}\n  not: {expected}");
    }
}

#[test]
fn a_feature_that_another_feature_uses_feeds_no_input() {
    let toml = r#"
        [features]
        log = { log1p = "speed" }
        speed = { ratio = ["/km", "/h"] }
    "#;
    let plan = compile(toml, &[port("X", Element::Float, 1)]).unwrap();
    let (rows, rejected) = rows(&plan, &[r#"{"km": 3, "h": 1}"#, r#"{"km": 3, "h": 0}"#, r#"{"h": 1}"#]);
    assert_eq!(rows.inputs, [Values::Float(vec![4.0_f32.ln()])]);
    let rejected: Vec<String> = rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        rejected,
        [
            "feature `speed`: the result: expected a finite number, found an infinite one",
            "feature `speed`: field `/km` is missing"
        ]
    );
}

#[test]
fn a_feature_with_several_columns_fills_several_of_an_input() {
    let toml = r#"
        [features]
        zone = { one_hot = "/zone", vocabulary = ["a", 7], handle_unknown = "ignore" }
        n = { field = "n", missing = "nan" }
        [inputs]
        X = ["n", "zone", "zone.7"]
    "#;
    let plan = compile(toml, &[port("X", Element::Float, 4)]).unwrap();
    let (rows, rejected) =
        rows(&plan, &[r#"{"zone": 7, "n": 0.5}"#, r#"{"zone": "b", "n": 1}"#, r#"{"zone": "a"}"#]);
    assert_eq!(rejected, []);
    let Values::Float(values) = &rows.inputs[0] else { panic!() };
    assert_eq!(values[..8], [0.5, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert!(values[8].is_nan() && values[9..] == [1.0, 0.0, 0.0]);
}

#[test]
fn integers_beyond_2_to_the_53_are_exact_or_rejected() {
    let wide = r#"{"a": 9007199254740993}"#;
    let rows_of = |element| {
        let plan = compile("", &[port("a", element, 1)]).unwrap();
        rows(&plan, &[wide])
    };
    assert_eq!(rows_of(Element::Int64).0.inputs, [Values::Int64(vec![9_007_199_254_740_993])]);
    let counts = Port { keys: vec!["a".to_owned()], ..port("X", Element::Map(Number::Int64), 1) };
    let plan = compile("", &[counts]);
    let rejected = rows(&plan.unwrap(), &[wide]).1;
    assert!(rejected[0].to_string().contains("from -2^53 to 2^53"), "{}", rejected[0]);
}

#[test]
fn the_event_time_is_read_beside_the_row() {
    let toml = |time: &str| format!("event_time = {time}\n[features]\na = {{ field = \"a\" }}");
    let times = |time: &str, documents: &[&str]| -> Vec<Result<Option<f64>, String>> {
        let plan = compile(&toml(time), &[port("a", Element::Float, 1)]).unwrap();
        let (mut rows, mut row) = (plan.rows(), plan.row());
        let mut time = |document: &&'static str| {
            let extracted = plan.extract(document.as_bytes(), &mut row, &mut rows);
            extracted.map(|()| row.event_time()).map_err(|rejected| rejected.to_string())
        };
        let documents: Vec<&'static str> =
            documents.iter().map(|document| &*Box::leak((*document).to_owned().into_boxed_str())).collect();
        documents.iter().map(&mut time).collect()
    };
    let found = times(
        "\"/at\"",
        &[
            r#"{"a": 1, "at": "1970-01-01T01:00:00.5+01:00"}"#,
            r#"{"a": 1, "at": 12.5}"#,
            r#"{"a": 1}"#,
            r#"{"a": 1, "at": "yesterday"}"#,
        ],
    );
    assert_eq!(found[..2], [Ok(Some(0.5)), Ok(Some(12.5))]);
    assert_eq!(found[2], Err("feature `event_time`: field `/at` is missing".to_owned()));
    assert!(found[3].as_ref().is_err_and(|error| error.contains("ISO 8601")));
}
