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
mod tests;
