//! The result event: a prediction, where it came from, and the id by which a replay is known.
//!
//! ```json
//! {"id": "…", "model": "…", "version": "…", "prediction": {…},
//!  "source": {"shard": "…", "sequence_number": "…", "arrived_at": 1654161514.132}}
//! ```

use anyhow::{Context, Result, bail};
use serde::Serialize;
use uuid::Uuid;

use crate::columns::{Port, Values};
use crate::error::Rejected;
use crate::event::Record;
use crate::spec::{FieldPath, ResultSpec, ServingSpec};

/// The namespace of prediction ids: the UUIDv5 of `stream-predictor` in the namespace of DNS names.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xd521_54b4_beae_52a4_bd87_0cfb_09d8_ec81);

/// How result events are written.
#[derive(Debug, Clone)]
pub struct ResultPlan {
    /// `"model":…,"version":…,"prediction":{`, the same in every event.
    head: Vec<u8>,
    version: String,
    members: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    /// As it is spelt in the spec, for messages.
    name: String,
    /// The name as JSON, with its colon.
    key: Vec<u8>,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    Output { index: usize, width: usize },
    Field(FieldPath),
}

impl ResultPlan {
    /// Checks the spec's result against the model's outputs. Without one, every output appears under its own name.
    ///
    /// # Errors
    /// When a member is malformed or names an output that the model has not.
    pub fn compile(spec: &ServingSpec, outputs: &[Port], model: &str, version: &str) -> Result<Self> {
        let members = if spec.result.is_empty() {
            let outputs = outputs.iter().enumerate();
            outputs
                .map(|(index, port)| Member::new(&port.name, From::Output { index, width: port.width }))
                .collect()
        } else {
            let members = spec.result.iter().map(|(name, member)| {
                let from = compile_member(member, outputs).with_context(|| format!("result `{name}`"))?;
                Ok(Member::new(name, from))
            });
            members.collect::<Result<_>>()?
        };
        let mut head = b",\"model\":".to_vec();
        push_json(&mut head, &model);
        head.extend_from_slice(b",\"version\":");
        push_json(&mut head, &version);
        head.extend_from_slice(b",\"prediction\":{");
        Ok(Self { head, version: version.to_owned(), members })
    }

    /// The fields that are echoed, in the order of their members.
    #[must_use]
    pub fn echoed(&self) -> Vec<FieldPath> {
        let fields = self.members.iter().filter_map(|member| match &member.from {
            From::Field(path) => Some(path.clone()),
            From::Output { .. } => None,
        });
        fields.collect()
    }

    /// The id of a record's prediction: the same for every delivery of the record, another for another run.
    #[must_use]
    pub fn id(&self, record: &Record, sub_sequence: u64) -> Uuid {
        let name = format!(
            "{}|{}|{}|{sub_sequence}|{}",
            record.stream_arn, record.shard, record.sequence_number, self.version
        );
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }

    /// The event for `record`, from row `row` of the model's outputs and the JSON texts of [`ResultPlan::echoed`].
    ///
    /// # Errors
    /// [`Rejected::NonFinite`] when a prediction is, [`Rejected::Missing`] when the record lacks an echoed field.
    pub fn write(
        &self,
        record: &Record,
        outputs: &[Values],
        row: usize,
        echoed: &[Option<&str>],
    ) -> Result<Vec<u8>, Rejected> {
        let mut event = Vec::with_capacity(512);
        event.extend_from_slice(b"{\"id\":");
        push_json(&mut event, &self.id(record, 0));
        event.extend_from_slice(&self.head);
        let mut echoed = echoed.iter();
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                event.push(b',');
            }
            event.extend_from_slice(&member.key);
            match &member.from {
                From::Output { index, width } => {
                    push_output(&mut event, member, &outputs[*index], *width, row)?;
                }
                From::Field(path) => {
                    let json = echoed.next().copied().flatten();
                    let json = json.ok_or_else(|| Rejected::Missing { field: path.to_string() })?;
                    // A result is one line: in JSON, line breaks are white space between values, never part of one.
                    event.extend(json.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
                }
            }
        }
        event.extend_from_slice(b"},\"source\":{\"shard\":");
        push_json(&mut event, &record.shard);
        event.extend_from_slice(b",\"sequence_number\":");
        push_json(&mut event, &record.sequence_number);
        event.extend_from_slice(b",\"arrived_at\":");
        event.extend_from_slice(record.arrived_at.unwrap_or("null").as_bytes());
        event.extend_from_slice(b"}}");
        Ok(event)
    }
}

impl Member {
    fn new(name: &str, from: From) -> Self {
        Self { name: name.to_owned(), key: [&json(name)[..], b":"].concat(), from }
    }
}

fn compile_member(member: &ResultSpec, outputs: &[Port]) -> Result<From> {
    match (&member.output, &member.field) {
        (Some(output), None) => {
            let index = outputs.iter().position(|port| port.name == *output).with_context(|| {
                let names: Vec<_> = outputs.iter().map(|port| format!("`{}`", port.name)).collect();
                format!("the model has no output `{output}`; it has {}", names.join(", "))
            })?;
            Ok(From::Output { index, width: outputs[index].width })
        }
        (None, Some(field)) => Ok(From::Field(FieldPath::parse(field)?)),
        _ => bail!("give exactly one of `output` and `field`"),
    }
}

/// A number for an output of one column, an array for more.
fn push_output(
    event: &mut Vec<u8>,
    member: &Member,
    values: &Values,
    width: usize,
    row: usize,
) -> Result<(), Rejected> {
    if width != 1 {
        event.push(b'[');
    }
    for at in row * width..(row + 1) * width {
        if at > row * width {
            event.push(b',');
        }
        match values {
            Values::Float(v) if v[at].is_finite() => push_json(event, &v[at]),
            Values::Double(v) if v[at].is_finite() => push_json(event, &v[at]),
            Values::Float(_) | Values::Double(_) => return Err(Rejected::NonFinite(member.name.clone())),
            Values::Int64(v) => push_json(event, &v[at]),
            Values::Int32(v) => push_json(event, &v[at]),
            Values::Bool(v) => push_json(event, &v[at]),
            Values::String(v) => push_json(event, &v[at]),
            Values::Sparse(_) => unreachable!("only inputs are sparse"),
        }
    }
    if width != 1 {
        event.push(b']');
    }
    Ok(())
}

/// Appends a scalar or a string; of floats, the shortest text that reads back as the same value.
fn push_json(event: &mut Vec<u8>, value: &impl Serialize) {
    // Neither a scalar nor writing to memory can fail.
    let _ = serde_json::to_writer(event, value);
}

fn json(text: &str) -> Vec<u8> {
    let mut json = Vec::new();
    push_json(&mut json, &text);
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Element;
    use serde_json::{Value, json};

    fn record() -> Record<'static> {
        Record {
            stream_arn: "arn:aws:kinesis:eu-west-1:1:stream/ride_events".into(),
            shard: "shardId-000000000000".into(),
            sequence_number: "49630081666084879290581185630324770398608704880802529282".into(),
            partition_key: "1".into(),
            arrived_at: Some("1654161514.132"),
            data: "".into(),
        }
    }

    fn outputs() -> Vec<Port> {
        let port = |name: &str, element, width| Port { name: name.to_owned(), element, width };
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

    fn spec(toml: &str) -> ServingSpec {
        toml::from_str(toml).unwrap()
    }

    const RIDE: &str =
        "[result]\nride_duration = { output = \"variable\" }\nride_id = { field = \"/ride_id\" }";

    #[test]
    fn a_result_is_the_python_functions_and_more() {
        let plan = ResultPlan::compile(&spec(RIDE), &outputs(), "ride_duration_prediction_model", "Test123")
            .unwrap();
        let event = plan.write(&record(), &values(), 0, &[Some("256")]).unwrap();
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(
            event,
            json!({
                "id": plan.id(&record(), 0).to_string(),
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
        let plan = ResultPlan::compile(&spec(RIDE), &outputs(), "m", "v").unwrap();
        let event = plan.write(&record(), &values(), 0, &[Some("{\"a\":\r\n \"b\\n\"\n}")]).unwrap();
        assert!(!event.contains(&b'\n') && !event.contains(&b'\r'));
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(event["prediction"]["ride_id"], json!({"a": "b\n"}));
    }

    #[test]
    fn an_id_tells_record_and_run_apart_and_nothing_else() {
        let plan = |run| ResultPlan::compile(&spec(RIDE), &outputs(), "m", run).unwrap();
        let id = plan("a").id(&record(), 0);
        // Computed with Python's uuid.uuid5.
        assert_eq!(id.to_string(), "51b6c495-7b0d-5216-ad92-5755c41142f3");
        assert_eq!(id, plan("a").id(&Record { partition_key: "2".into(), arrived_at: None, ..record() }, 0));
        assert_ne!(id, plan("b").id(&record(), 0));
        assert_ne!(id, plan("a").id(&record(), 1));
        assert_ne!(id, plan("a").id(&Record { shard: "shardId-000000000001".into(), ..record() }, 0));
        assert_ne!(id, plan("a").id(&Record { sequence_number: "7".into(), ..record() }, 0));
    }

    #[test]
    fn without_a_spec_every_output_appears() {
        let plan = ResultPlan::compile(&ServingSpec::default(), &outputs(), "m", "v").unwrap();
        let event: Value =
            serde_json::from_slice(&plan.write(&record(), &values(), 0, &[]).unwrap()).unwrap();
        assert_eq!(event["prediction"], json!({"variable": 21.3, "label": "a\"b", "scores": [0.25, 0.75]}));
    }

    #[test]
    fn what_json_cannot_hold_is_rejected() {
        let plan = ResultPlan::compile(&spec(RIDE), &outputs(), "m", "v").unwrap();
        let rejected = plan.write(&record(), &values(), 1, &[Some("256")]).unwrap_err();
        assert_eq!(rejected, Rejected::NonFinite("ride_duration".into()));
        let rejected = plan.write(&record(), &values(), 0, &[None]).unwrap_err();
        assert_eq!(rejected, Rejected::Missing { field: "/ride_id".into() });
    }

    #[test]
    fn a_member_that_nothing_gives_is_named() {
        for (toml, expected) in [
            ("[result.x]\noutput = \"y\"", "no output `y`; it has `variable`, `label`, `scores`"),
            ("[result.x]", "exactly one"),
            ("[result.x]\noutput = \"label\"\nfield = \"a\"", "exactly one"),
        ] {
            let error = ResultPlan::compile(&spec(toml), &outputs(), "m", "v").unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
