//! The result event: a prediction, where it came from, and the id by which a replay is known.
//!
//! ```json
//! {"id": "…", "model": "…", "version": "…", "prediction": {…},
//!  "source": {"shard": "…", "sequence_number": "…", "arrived_at": 1654161514.132}}
//! ```

mod member;

use anyhow::{Context, Result};
use serde::Serialize;
use uuid::Uuid;

use crate::Rejected;
use crate::columns::{Port, Values};
use crate::field_path::FieldPath;
use crate::spec::ServingSpec;

use member::{From, Member};

pub use member::ResultSpec;

/// The namespace of prediction ids: the UUIDv5 of `stream-predictor` in the namespace of DNS names.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xd521_54b4_beae_52a4_bd87_0cfb_09d8_ec81);

/// Where the document of a result came from, in the words of the door that received it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// Names the record among all records of all doors: the text that ids are made of.
    pub record: &'a str,
    /// Members of `source` that say where the record is, as JSON without braces.
    pub source: &'a str,
    /// The document's place among those of its record, from 0.
    pub place: u32,
    /// When the record arrived, in seconds since the epoch: a JSON number.
    pub arrived_at: Option<&'a str>,
}

/// How result events are written.
#[derive(Debug, Clone)]
pub struct ResultPlan {
    /// `"model":…,"version":…,"prediction":`, the same in every event.
    head: Vec<u8>,
    version: String,
    members: Vec<Member>,
}

impl ResultPlan {
    /// Checks the spec's result against the model's outputs. Without one, every output appears under its own name.
    ///
    /// # Errors
    /// When a member is malformed or names an output that the model has not.
    pub fn compile(spec: &ServingSpec, outputs: &[Port], model: &str, version: &str) -> Result<Self> {
        let members = if spec.result.is_empty() {
            outputs.iter().enumerate().map(|(index, port)| Member::output(index, port)).collect()
        } else {
            let members = spec.result.iter().map(|(name, member)| {
                Member::compile(name, member, outputs).with_context(|| format!("result `{name}`"))
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

    /// The id of the result for a document, from the text that names its record and the document's place in it.
    #[must_use]
    pub fn id(&self, record: &str, place: u32) -> Uuid {
        Uuid::new_v5(&NAMESPACE, format!("{record}|{place}|{}", self.version).as_bytes())
    }

    /// The result.
    ///
    /// # Errors
    /// [`Rejected::NonFinite`] when a prediction is, [`Rejected::Missing`] when the record lacks an echoed field.
    pub fn write(
        &self,
        provenance: &Provenance<'_>,
        outputs: &[Values],
        row: usize,
        echoed: &[Option<&str>],
        event_time: Option<f64>,
    ) -> Result<Vec<u8>, Rejected> {
        let mut event = Vec::with_capacity(512);
        event.extend_from_slice(b"{\"id\":");
        push_json(&mut event, &self.id(provenance.record, provenance.place));
        event.extend_from_slice(&self.head);
        self.push_prediction(&mut event, outputs, row, echoed)?;
        event.extend_from_slice(b",\"source\":{");
        event.extend_from_slice(provenance.source.as_bytes());
        if provenance.place > 0 {
            event.extend_from_slice(b",\"sub_sequence_number\":");
            push_json(&mut event, &provenance.place);
        }
        event.extend_from_slice(b",\"arrived_at\":");
        event.extend_from_slice(provenance.arrived_at.unwrap_or("null").as_bytes());
        if let Some(event_time) = event_time {
            event.extend_from_slice(b",\"event_time\":");
            push_json(&mut event, &Some(event_time).filter(|time| time.is_finite()));
        }
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
                From::Output { index, width, form, style } => {
                    let values = (&outputs[*index], row * width..(row + 1) * width);
                    member.push(event, (form, style), values)?;
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
