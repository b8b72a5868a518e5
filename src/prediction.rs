//! The result event: a prediction, where it came from, and the id by which a replay is known.
//!
//! ```json
//! {"id": "…", "model": "…", "version": "…", "prediction": {…},
//!  "source": {"shard": "…", "sequence_number": "…", "arrived_at": 1654161514.132}}
//! ```

use std::ops::Range;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use uuid::Uuid;

use crate::columns::{Element, Port, Values};
use crate::error::Rejected;
use crate::event::Record;
use crate::spec::{FieldPath, ResultSpec, ServingSpec};

/// The namespace of prediction ids: the UUIDv5 of `stream-predictor` in the namespace of DNS names.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xd521_54b4_beae_52a4_bd87_0cfb_09d8_ec81);

/// How result events are written.
#[derive(Debug, Clone)]
pub struct ResultPlan {
    /// `"model":…,"version":…,"prediction":`, the same in every event.
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
    Output { index: usize, width: usize, form: Form },
    Field(FieldPath),
}

/// How a row of an output is written.
#[derive(Debug, Clone)]
enum Form {
    /// One column: a number or string.
    Value(usize),
    /// An array of all columns.
    Array,
    /// An object of all columns, whose names are here as JSON, with their colons.
    Object(Vec<Vec<u8>>),
}

impl ResultPlan {
    /// Checks the spec's result against the model's outputs. Without one, every output appears under its own name.
    ///
    /// # Errors
    /// When a member is malformed or names an output that the model has not.
    pub fn compile(spec: &ServingSpec, outputs: &[Port], model: &str, version: &str) -> Result<Self> {
        let members = if spec.result.is_empty() {
            let outputs = outputs.iter().enumerate();
            outputs.map(|(index, port)| Member::new(&port.name, From::output(index, port))).collect()
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
        head.extend_from_slice(b",\"prediction\":");
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
        self.push_prediction(&mut event, outputs, row, echoed)?;
        event.extend_from_slice(b",\"source\":{\"shard\":");
        push_json(&mut event, &record.shard);
        event.extend_from_slice(b",\"sequence_number\":");
        push_json(&mut event, &record.sequence_number);
        event.extend_from_slice(b",\"arrived_at\":");
        event.extend_from_slice(record.arrived_at.unwrap_or("null").as_bytes());
        event.extend_from_slice(b"}}");
        Ok(event)
    }

    /// Appends the member `prediction` of an event, an object: from row `row` of the model's outputs and the JSON texts
    /// of [`ResultPlan::echoed`].
    ///
    /// # Errors
    /// Those of [`ResultPlan::write`].
    pub fn push_prediction(
        &self,
        event: &mut Vec<u8>,
        outputs: &[Values],
        row: usize,
        echoed: &[Option<&str>],
    ) -> Result<(), Rejected> {
        event.push(b'{');
        let mut echoed = echoed.iter();
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                event.push(b',');
            }
            event.extend_from_slice(&member.key);
            match &member.from {
                From::Output { index, width, form } => {
                    let values = (&outputs[*index], row * width..(row + 1) * width);
                    push_output(event, member, form, values)?;
                }
                From::Field(path) => {
                    let json = echoed.next().copied().flatten();
                    let json = json.ok_or_else(|| Rejected::Missing { field: path.to_string() })?;
                    // A result is one line: in JSON, line breaks are white space between values, never part of one.
                    event.extend(json.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
                }
            }
        }
        event.push(b'}');
        Ok(())
    }
}

impl Member {
    fn new(name: &str, from: From) -> Self {
        Self { name: name.to_owned(), key: key(name), from }
    }
}

impl From {
    /// All of an output.
    fn output(index: usize, port: &Port) -> Self {
        let form = match &port.element {
            Element::Map(map) => Form::Object(map.keys.iter().map(|class| key(class)).collect()),
            _ if port.width == 1 => Form::Value(0),
            _ => Form::Array,
        };
        Self::Output { index, width: port.width, form }
    }
}

fn compile_member(member: &ResultSpec, outputs: &[Port]) -> Result<From> {
    match (&member.output, &member.field) {
        (Some(output), None) => {
            let index = outputs.iter().position(|port| port.name == *output).with_context(|| {
                let names: Vec<_> = outputs.iter().map(|port| format!("`{}`", port.name)).collect();
                format!("the model has no output `{output}`; it has {}", names.join(", "))
            })?;
            let port = &outputs[index];
            let Some(class) = &member.class else { return Ok(From::output(index, port)) };
            let Element::Map(map) = &port.element else {
                bail!("`class = \"{class}\"`: the output `{output}` gives no score by class");
            };
            let column = map.keys.iter().position(|key| key == class).with_context(|| {
                format!("the output `{output}` has no class `{class}`; it has `{}`", map.keys.join("`, `"))
            })?;
            Ok(From::Output { index, width: port.width, form: Form::Value(column) })
        }
        (None, Some(_)) if member.class.is_some() => bail!("`class` goes with `output`, not with `field`"),
        (None, Some(field)) => Ok(From::Field(FieldPath::parse(field)?)),
        _ => bail!("give exactly one of `output` and `field`"),
    }
}

/// The columns of a row, which stand at `range` among the output's values.
fn push_output(
    event: &mut Vec<u8>,
    member: &Member,
    form: &Form,
    (values, range): (&Values, Range<usize>),
) -> Result<(), Rejected> {
    let push = |event: &mut Vec<u8>, at: usize| {
        push_value(event, values, at).ok_or_else(|| Rejected::NonFinite(member.name.clone()))
    };
    match form {
        Form::Value(column) => push(event, range.start + column),
        Form::Array => {
            event.push(b'[');
            for (column, at) in range.enumerate() {
                if column > 0 {
                    event.push(b',');
                }
                push(event, at)?;
            }
            event.push(b']');
            Ok(())
        }
        Form::Object(keys) => {
            event.push(b'{');
            for (column, (key, at)) in keys.iter().zip(range).enumerate() {
                if column > 0 {
                    event.push(b',');
                }
                event.extend_from_slice(key);
                push(event, at)?;
            }
            event.push(b'}');
            Ok(())
        }
    }
}

/// Appends a value; `None` if JSON has no number for it.
fn push_value(event: &mut Vec<u8>, values: &Values, at: usize) -> Option<()> {
    match values {
        Values::Float(v) => push_json(event, &Some(v[at]).filter(|x| x.is_finite())?),
        Values::Double(v) => push_json(event, &Some(v[at]).filter(|x| x.is_finite())?),
        Values::Int64(v) => push_json(event, &v[at]),
        Values::Int32(v) => push_json(event, &v[at]),
        Values::Bool(v) => push_json(event, &v[at]),
        Values::String(v) => push_json(event, &v[at]),
        Values::Sparse(_) => unreachable!("only inputs are sparse"),
    }
    Some(())
}

/// Appends a scalar or a string; of floats, the shortest text that reads back as the same value.
fn push_json(event: &mut Vec<u8>, value: &impl Serialize) {
    // Neither a scalar nor writing to memory can fail.
    let _ = serde_json::to_writer(event, value);
}

/// The name of a member as JSON, with its colon.
fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_json(&mut key, &name);
    key.push(b':');
    key
}

#[cfg(test)]
mod tests;
