use super::*;
use crate::ServingSpec;
use crate::columns::{Element, Number};
use serde_json::{Value, json};

const RECORD: &str = "arn:aws:kinesis:eu-west-1:1:stream/ride_events|shardId-000000000000|\
    49630081666084879290581185630324770398608704880802529282";

fn provenance(place: u32) -> Provenance<'static> {
    Provenance {
        record: RECORD,
        source: "\"shard\":\"shardId-000000000000\",\
            \"sequence_number\":\"49630081666084879290581185630324770398608704880802529282\"",
        place,
        arrived_at: Some("1654161514.132"),
    }
}

fn outputs() -> Vec<Port> {
    let port = |name: &str, element, width| Port { name: name.to_owned(), element, width, keys: Vec::new() };
    vec![
        port("variable", Element::Float, 1),
        port("label", Element::String, 1),
        port("scores", Element::Double, 2),
    ]
}

fn values() -> Vec<Values> {
    vec![
        Values::Float(vec![21.3, f32::NAN]),
        Values::String(vec!["a\"b".into(), String::new()]),
        Values::Double(vec![0.25, 0.75, 1.0, f64::INFINITY]),
    ]
}

fn compile(toml: &str, outputs: &[Port], model: &str, version: &str) -> Result<ResultPlan> {
    let result = ServingSpec::from_toml(toml).unwrap().result;
    ResultPlan::compile(&result, outputs, model, version)
}

const RIDE: &str = "[result]\nride_duration = { output = \"variable\" }\nride_id = { field = \"/ride_id\" }";

#[test]
fn a_later_document_of_a_record_states_its_place() {
    let plan = compile(RIDE, &outputs(), "m", "Test123").unwrap();
    let event = |sub| plan.write(&provenance(sub), &values(), 0, &[Some("256")], None).unwrap();
    let (first, third): (Value, Value) =
        (serde_json::from_slice(&event(0)).unwrap(), serde_json::from_slice(&event(2)).unwrap());
    assert_eq!(third["source"]["sub_sequence_number"], 2);
    assert_eq!(first["source"].get("sub_sequence_number"), None);
    assert_ne!(first["id"], third["id"]);
}

#[test]
fn a_result_extends_the_record_of_the_python_function() {
    let plan = compile(RIDE, &outputs(), "ride_duration_prediction_model", "Test123").unwrap();
    let event = plan.write(&provenance(0), &values(), 0, &[Some("256")], None).unwrap();
    let event: Value = serde_json::from_slice(&event).unwrap();
    assert_eq!(
        event,
        json!({
            "id": plan.id(RECORD, 0).to_string(),
            "model": "ride_duration_prediction_model",
            "version": "Test123",
            "prediction": {"ride_duration": 21.3, "ride_id": 256},
            "source": {
                "shard": "shardId-000000000000",
                "sequence_number": "49630081666084879290581185630324770398608704880802529282",
                "arrived_at": 1_654_161_514.132
            }
        })
    );
}

#[test]
fn a_result_is_one_line_whatever_is_echoed() {
    let plan = compile(RIDE, &outputs(), "m", "v").unwrap();
    let event = plan.write(&provenance(0), &values(), 0, &[Some("{\"a\":\r\n \"b\\n\"\n}")], None).unwrap();
    assert!(!event.contains(&b'\n') && !event.contains(&b'\r'));
    let event: Value = serde_json::from_slice(&event).unwrap();
    assert_eq!(event["prediction"]["ride_id"], json!({"a": "b\n"}));
}

#[test]
fn an_id_depends_on_the_record_the_place_and_the_version() {
    let plan = |version| compile(RIDE, &outputs(), "m", version).unwrap();
    let id = plan("a").id(RECORD, 0);
    // Computed with Python's uuid.uuid5.
    assert_eq!(id.to_string(), "51b6c495-7b0d-5216-ad92-5755c41142f3");
    assert_eq!(id, plan("a").id(RECORD, 0));
    assert_ne!(id, plan("b").id(RECORD, 0));
    assert_ne!(id, plan("a").id(RECORD, 1));
    assert_ne!(id, plan("a").id(&RECORD[..RECORD.len() - 1], 0));
}

#[test]
fn without_a_spec_every_output_appears() {
    let plan = compile("", &outputs(), "m", "v").unwrap();
    let event: Value =
        serde_json::from_slice(&plan.write(&provenance(0), &values(), 0, &[], None).unwrap()).unwrap();
    assert_eq!(event["prediction"], json!({"variable": 21.3, "label": "a\"b", "scores": [0.25, 0.75]}));
}

#[test]
fn a_prediction_that_json_cannot_express_is_rejected() {
    let plan = compile(RIDE, &outputs(), "m", "v").unwrap();
    let rejected = plan.write(&provenance(0), &values(), 1, &[Some("256")], None).unwrap_err();
    assert_eq!(rejected, Rejected::NonFinite("ride_duration".into()));
    let rejected = plan.write(&provenance(0), &values(), 0, &[None], None).unwrap_err();
    assert_eq!(rejected, Rejected::Missing { field: "/ride_id".into() });
}

#[test]
fn a_member_without_a_source_is_an_error() {
    for (toml, expected) in [
        ("[result.x]\noutput = \"y\"", "no output `y`; it has `variable`, `label`, `scores`"),
        ("[result.x]", "exactly one"),
        ("[result.x]\noutput = \"label\"\nfield = \"a\"", "exactly one"),
        ("[result.x]\nfield = \"a\"\nclass = \"b\"", "go with `output`"),
        ("[result.x]\noutput = \"scores\"\nclass = \"a\"", "`scores` gives no score by class"),
    ] {
        let error = compile(toml, &outputs(), "m", "v").unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}

fn by_class() -> Vec<Port> {
    let keys = vec!["no".into(), "ye\"s".into()];
    vec![Port { name: "probability".into(), element: Element::Map(Number::Float), width: 2, keys }]
}

#[test]
fn scores_by_class_are_an_object() {
    let plan = compile("", &by_class(), "m", "v").unwrap();
    let scores = [Values::Float(vec![0.25, 0.75, 0.5, f32::NAN])];
    let event = String::from_utf8(plan.write(&provenance(0), &scores, 0, &[], None).unwrap()).unwrap();
    assert!(event.contains(r#""prediction":{"probability":{"no":0.25,"ye\"s":0.75}}"#), "{event}");
    assert_eq!(
        plan.write(&provenance(0), &scores, 1, &[], None),
        Err(Rejected::NonFinite("probability".into()))
    );
}

#[test]
fn one_class_is_a_number() {
    let one = |class: &str| format!("[result.p]\noutput = \"probability\"\nclass = '{class}'");
    let plan = compile(&one("ye\"s"), &by_class(), "m", "v").unwrap();
    let scores = [Values::Float(vec![0.25, 0.75, 0.5, 0.5])];
    let event: Value =
        serde_json::from_slice(&plan.write(&provenance(0), &scores, 0, &[], None).unwrap()).unwrap();
    assert_eq!(event["prediction"], json!({"p": 0.75}));
    let error = compile(&one("maybe"), &by_class(), "m", "v").unwrap_err();
    assert!(format!("{error:#}").contains("no class `maybe`; it has `no`, `ye\"s`"), "{error:#}");
}

#[test]
fn labels_become_words_and_scores_objects_or_decisions() {
    let port = |name: &str, element, width| Port { name: name.to_owned(), element, width, keys: Vec::new() };
    let outputs = [port("label", Element::Int64, 1), port("scores", Element::Float, 3)];
    let values = [Values::Int64(vec![2, 3]), Values::Float(vec![0.125, 0.375, 0.5, 0.0, 0.25, 0.75])];
    let toml = r#"
        [result]
        delay = { output = "label", classes = ["early", "on time", "late"] }
        all = { output = "scores", classes = ["early", "on time", "late"], round = 2 }
        late = { output = "scores", classes = ["early", "on time", "late"], class = "late" }
        is_late = { output = "scores", classes = ["early", "on time", "late"], class = "late", threshold = 0.5 }
        advice = { output = "scores", classes = ["e", "o", "l"], class = "l", threshold = 0.6, decision = ["go", "wait"] }
    "#;
    let plan = compile(toml, &outputs, "m", "v").unwrap();
    let mut json = Vec::new();
    plan.push_prediction(&mut json, &values, 0, &[]).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        json,
        json!({
            "delay": "late", "all": {"early": 0.12, "on time": 0.38, "late": 0.5},
            "late": 0.5, "is_late": true, "advice": "go"
        })
    );
    let rejected = plan.push_prediction(&mut Vec::new(), &values, 1, &[]).unwrap_err();
    assert_eq!(rejected, Rejected::UnknownLabel("delay".into()));

    for (toml, expected) in [
        ("classes = [\"a\"]\noutput = \"scores\"", "names 1 classes, but the output `scores` has 3"),
        (
            "classes = [\"a\", \"b\", \"a\"]\noutput = \"scores\"",
            "two columns of the output `scores` are named `a`",
        ),
        ("classes = [\"a\"]\noutput = \"label\"\nround = 1", "neither rounded nor compared"),
        ("output = \"scores\"\nthreshold = 0.5", "choose one of the output's columns with `class`"),
        ("output = \"scores\"\nround = 16", "0 to 15"),
        ("output = \"label\"\ndecision = [\"a\", \"b\"]", "goes with `threshold`"),
    ] {
        let error = compile(&format!("[result.x]\n{toml}"), &outputs, "m", "v").unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}

#[test]
fn the_event_time_is_written_beside_the_arrival() {
    let plan = compile(RIDE, &outputs(), "m", "v").unwrap();
    let source = |time| -> Value {
        let event = plan.write(&provenance(0), &values(), 0, &[Some("1")], time).unwrap();
        serde_json::from_slice::<Value>(&event).unwrap()["source"].clone()
    };
    assert_eq!(source(Some(1_654_161_500.25))["event_time"], json!(1_654_161_500.25));
    assert!(
        source(Some(f64::NAN))["event_time"].is_null() && source(Some(f64::NAN)).get("event_time").is_some()
    );
    assert!(source(None).get("event_time").is_none());
}

#[test]
fn a_document_from_nowhere_has_a_sound_result() {
    let plan = ResultPlan::compile(&IndexMap::new(), &outputs(), "m", "v").unwrap();
    for place in [0, 2] {
        let provenance = Provenance { place, ..Provenance::default() };
        let result = plan.write(&provenance, &values(), 0, &[], None).unwrap();
        let result: Value = serde_json::from_slice(&result).unwrap();
        assert_eq!(result["source"]["arrived_at"], Value::Null);
    }
}
