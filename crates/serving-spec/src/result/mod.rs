//! The result of a document: its prediction, where the document came from, and an id that stays the same when
//! the record is delivered again.
//!
//! ```json
//! {"id": "…", "model": "…", "version": "…", "prediction": {…},
//!  "source": {"shard": "…", "sequence_number": "…", "arrived_at": 1654161514.132}}
//! ```

mod json;
mod provenance;
mod result_field;
mod result_spec;

use anyhow::{Context, Result, ensure};
use indexmap::IndexMap;
use limits::names::cut;
use uuid::Uuid;

use crate::columns::{Port, Values};
use crate::field_path::FieldPath;
use crate::rejected::Rejected;

use result_field::{Origin, ResultField};

pub use provenance::Provenance;
pub use result_spec::ResultSpec;

/// The most columns of outputs that the members of a result are made of. Each column may have a name.
const MAX_COLUMNS: usize = 1 << 22;

/// The namespace of the ids of results: the UUIDv5 of `stream-predictor` in the namespace of DNS names.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xd521_54b4_beae_52a4_bd87_0cfb_09d8_ec81);

/// Writes results. It is compiled once, from the `[result]` table of the serving spec and the model's
/// outputs.
///
/// ```
/// use serving_spec::ResultPlan;
/// use serving_spec::columns::{Element, Port, Values};
///
/// let port = Port { name: "label".into(), element: Element::Int64, width: 1, keys: Vec::new() };
/// let plan = ResultPlan::compile(&Default::default(), &[port], "model", "version")?;
/// let mut prediction = Vec::new();
/// plan.push_prediction(&mut prediction, &[Values::Int64(vec![7, 8])], 1, &[])?;
/// assert_eq!(prediction, br#"{"label":8}"#);
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct ResultPlan {
    /// `"model":…,"version":…,"prediction":`, which every result repeats.
    head: Vec<u8>,
    version: String,
    fields: Vec<ResultField>,
}

impl ResultPlan {
    /// Checks `result` against the model's outputs. An empty `result` means every output under its own name.
    ///
    /// # Errors
    /// When a member is malformed, or names an output that the model does not have.
    pub fn compile(
        result: &IndexMap<String, ResultSpec>,
        outputs: &[Port],
        model: &str,
        version: &str,
    ) -> Result<Self> {
        let fields = if result.is_empty() {
            outputs.iter().enumerate().map(|(index, port)| ResultField::output(index, port)).collect()
        } else {
            let mut columns = 0;
            let fields = result.iter().map(|(name, spec)| {
                let field = ResultField::compile(name, spec, outputs);
                let field = field.with_context(|| format!("result `{}`", cut(name)))?;
                if let Origin::Output { width, .. } = field.origin {
                    columns += width;
                }
                ensure!(columns <= MAX_COLUMNS, "the result is made of more than {MAX_COLUMNS} columns");
                Ok(field)
            });
            fields.collect::<Result<_>>()?
        };
        let mut head = b",\"model\":".to_vec();
        json::push(&mut head, &model);
        head.extend_from_slice(b",\"version\":");
        json::push(&mut head, &version);
        head.extend_from_slice(b",\"prediction\":");
        Ok(Self { head, version: version.to_owned(), fields })
    }

    /// Returns the fields of the document that results repeat, in the order in which [`ResultPlan::write`]
    /// takes them.
    #[must_use]
    pub fn echoed(&self) -> Vec<FieldPath> {
        let paths = self.fields.iter().filter_map(|field| match &field.origin {
            Origin::Echo(path) => Some(path.clone()),
            Origin::Output { .. } => None,
        });
        paths.collect()
    }

    /// Returns the id of the result for the document at `place` of `record`: the UUIDv5 of
    /// `record|place|version`.
    ///
    /// Every delivery of the record gives the same id. Another version of the model gives another one.
    #[must_use]
    pub fn id(&self, record: &str, place: u32) -> Uuid {
        Uuid::new_v5(&NAMESPACE, format!("{record}|{place}|{}", self.version).as_bytes())
    }

    /// Writes the result of one document as one line of JSON.
    ///
    /// The prediction is row `row` of `outputs`. `echoed` holds the JSON texts of the fields of
    /// [`ResultPlan::echoed`]. `event_time` says when the event took place, in seconds since the epoch; NaN
    /// becomes `null`.
    ///
    /// # Errors
    /// - [`Rejected::NonFinite`] when a prediction is NaN or infinite.
    /// - [`Rejected::UnknownLabel`] when `classes` has no entry for a label.
    /// - [`Rejected::Missing`] when the document lacks an echoed field.
    #[inline]
    pub fn write(
        &self,
        provenance: &Provenance,
        outputs: &[Values],
        row: usize,
        echoed: &[Option<&str>],
        event_time: Option<f64>,
    ) -> Result<Vec<u8>, Rejected> {
        let Provenance { record, source, place, arrived_at } = *provenance;
        let mut result = Vec::with_capacity(512);
        result.extend_from_slice(b"{\"id\":");
        json::push(&mut result, &self.id(record, place));
        result.extend_from_slice(&self.head);
        self.push_prediction(&mut result, outputs, row, echoed)?;
        result.extend_from_slice(b",\"source\":{");
        if !source.is_empty() {
            result.extend_from_slice(source.as_bytes());
            result.push(b',');
        }
        if place > 0 {
            result.extend_from_slice(b"\"sub_sequence_number\":");
            json::push(&mut result, &place);
            result.push(b',');
        }
        result.extend_from_slice(b"\"arrived_at\":");
        result.extend_from_slice(arrived_at.unwrap_or("null").as_bytes());
        if let Some(event_time) = event_time {
            result.extend_from_slice(b",\"event_time\":");
            json::push(&mut result, &Some(event_time).filter(|time| time.is_finite()));
        }
        result.extend_from_slice(b"}}");
        Ok(result)
    }

    /// Appends the member `prediction` of a result, an object, to `result`. The parameters are those of
    /// [`ResultPlan::write`].
    ///
    /// # Errors
    /// The errors of [`ResultPlan::write`]; `result` then ends with part of an object.
    #[inline]
    pub fn push_prediction(
        &self,
        result: &mut Vec<u8>,
        outputs: &[Values],
        row: usize,
        echoed: &[Option<&str>],
    ) -> Result<(), Rejected> {
        result.push(b'{');
        let mut echoed = echoed.iter();
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                result.push(b',');
            }
            result.extend_from_slice(&field.key);
            match &field.origin {
                Origin::Output { index, width, layout, style } => {
                    let columns = row * width..(row + 1) * width;
                    field.push(result, (layout, style), (&outputs[*index], columns))?;
                }
                Origin::Echo(path) => {
                    let field = echoed.next().copied().flatten();
                    let json = field.ok_or_else(|| Rejected::Missing { field: path.to_string() })?;
                    // A result is one line. In JSON, a raw line break is white space and never part of a
                    // value.
                    result.extend(json.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
                }
            }
        }
        result.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests;
