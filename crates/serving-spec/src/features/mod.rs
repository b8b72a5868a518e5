//! The feature plan: from a JSON document to one row of the model's inputs.
//!
//! It is compiled once, at cold start, from the serving spec and the model's inputs: every feature is resolved to
//! slots of the record's fields, registers and columns of an input, and every mismatch is named there and then.

mod compile;
mod computation;
mod feature;
mod field_tree;
mod input_plan;
mod json_field;
mod operand;
mod step;
mod transforms;
mod value;
pub mod vocabulary;

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};

use crate::columns::{Element, Port, Rows};
use crate::field_path::FieldPath;
use crate::rejected::Rejected;
use crate::spec::ServingSpec;

use compile::{Known, Scope};
use field_tree::Fields;
use input_plan::InputPlan;
use operand::{At, Source};
use step::Step;
use value::Kind;

pub use compile::Files;
pub use feature::{FeatureSpec, Literal, PolicySpec};
pub use operand::Operand;
pub use transforms::Transform;
pub use value::{Row, Type, Value};

/// How rows are made from documents.
#[derive(Debug)]
pub struct FeaturePlan {
    fields: Fields,
    steps: Vec<Step>,
    registers: usize,
    inputs: Vec<InputPlan>,
    event_time: Option<Source>,
    features: Vec<(String, Known)>,
}

/// Finds no file: for specs that look nothing up.
///
/// # Errors
/// Always.
pub fn no_files(name: &str) -> Result<std::path::PathBuf> {
    bail!("there is no model directory with `{name}`")
}

impl FeaturePlan {
    /// Checks the spec's features against the model's inputs. Without any, the inputs are read from the record's
    /// top level by name. `echoed` are further fields that the documents are searched for; `files` finds the tables of
    /// lookups.
    ///
    /// # Errors
    /// When a feature is malformed, is not used or does not fit its input, or an input is not fed.
    pub fn compile(spec: &ServingSpec, ports: &[Port], echoed: &[FieldPath], files: &Files) -> Result<Self> {
        for name in spec.inputs.keys() {
            let known = ports.iter().any(|port| port.name == *name);
            ensure!(known, "[inputs] names `{name}`; {}", has_inputs(ports));
        }
        let meant;
        let is_implied = spec.features.is_empty();
        let spec = if is_implied {
            meant = by_name(spec, ports);
            &meant
        } else {
            spec
        };
        let place =
            |name: &str| spec.lines.get(name).map_or_else(String::new, |line| format!(" (line {line})"));
        for name in spec.features.keys() {
            let is_name = is_implied || !(name.is_empty() || name.starts_with('/'));
            ensure!(is_name, "feature `{name}`{}: a name is not empty, and begins with no `/`", place(name));
        }
        let mut scope = Scope::new(&spec.features, is_implied, &place, files);
        let event_time = spec.event_time.as_ref().map(|operand| scope.operand(operand));
        let event_time = event_time.transpose().context("event_time")?;
        if let Some(source) = &event_time {
            let is_time = source.ty != Type::Bool && !matches!(source.at, At::Literal(_));
            ensure!(is_time, "event_time: a field, or a feature that is a date or a number of seconds");
        }
        let mut features = Vec::with_capacity(spec.features.len());
        for name in spec.features.keys() {
            features.push((name.clone(), scope.feature(name)?));
        }

        let mut inputs = Vec::with_capacity(ports.len());
        for port in ports {
            let names = features_for(port, spec, ports, &scope)?;
            let label = || format!("input `{}` ({})", port.name, port.element.name());
            let columns = names.iter().map(|name| {
                let known = scope.named(name).with_context(label)?;
                Ok((name.as_str(), known))
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            inputs.push(InputPlan::compile(port, &columns).with_context(label)?);
        }
        if let Some(name) = scope.unused() {
            bail!("feature `{name}`{} feeds no input and no feature; {}", place(name), has_inputs(ports));
        }
        Ok(Self::finish(scope, inputs, event_time, features, echoed))
    }

    /// A plan of features alone, which feed no model: to look at their values.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn of_features(spec: &ServingSpec, files: &Files) -> Result<Self> {
        let mut scope = Scope::new(&spec.features, false, &|_| String::new(), files);
        let features = spec.features.keys().map(|name| Ok((name.clone(), scope.feature(name)?)));
        let features = features.collect::<Result<_>>()?;
        Ok(Self::finish(scope, Vec::new(), None, features, &[]))
    }

    fn finish(
        scope: Scope,
        inputs: Vec<InputPlan>,
        event_time: Option<Source>,
        features: Vec<(String, Known)>,
        echoed: &[FieldPath],
    ) -> Self {
        let (wanted, steps, registers) = scope.finish();
        let fields = Fields::new(wanted.into_iter().chain(echoed.iter().cloned()));
        Self { fields, steps, registers, inputs, event_time, features }
    }

    /// Room for what is known of one record at a time.
    #[must_use]
    pub fn row<'a>(&self) -> Row<'a> {
        Row::new(self.fields.count(), self.registers)
    }

    /// The slot of a field that the plan looks for.
    #[must_use]
    pub fn slot(&self, path: &FieldPath) -> Option<usize> {
        self.fields.slot(path)
    }

    /// No rows yet.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows { inputs: self.inputs.iter().map(InputPlan::empty).collect(), len: 0 }
    }

    /// Adds the row of `document` to `rows`, and leaves the document's fields in `row`.
    ///
    /// # Errors
    /// When the document is malformed or a field does not fit; `rows` is then as it was.
    pub fn extract<'a>(
        &self,
        document: &'a [u8],
        row: &mut Row<'a>,
        rows: &mut Rows,
    ) -> Result<(), Rejected> {
        self.compute(document, row)?;
        for (index, input) in self.inputs.iter().enumerate() {
            if let Err(rejected) = input.push(row, &mut rows.inputs[index]).and_then(|()| row.check()) {
                for (input, values) in self.inputs.iter().zip(&mut rows.inputs) {
                    values.truncate(rows.len * input.elements());
                }
                return Err(rejected);
            }
        }
        rows.len += 1;
        Ok(())
    }

    /// Computes the features of `document`, all that are not read right into an input.
    fn compute<'a>(&self, document: &'a [u8], row: &mut Row<'a>) -> Result<(), Rejected> {
        row.next();
        self.fields.extract(document, &mut row.fields)?;
        for step in &self.steps {
            step.run(row)?;
        }
        if let Some(source) = &self.event_time {
            let time = transforms::event_time(source, row).map_err(|problem| match problem.kind {
                Kind::Rejected => *problem.reason,
                _ => Rejected::Feature { feature: "event_time".to_owned(), reason: problem.reason },
            })?;
            row.event_time = Some(time);
        }
        row.check()
    }

    /// The features, in the order in which they are computed: name, transform, types of its columns.
    pub fn describe<'p>(
        &'p self,
        spec: &'p ServingSpec,
    ) -> impl Iterator<Item = (&'p str, &'static str, Vec<Type>)> {
        self.features.iter().map(|(name, known)| {
            let transform = spec.features.get(name).map_or("field", |feature| feature.transform.key());
            (name.as_str(), transform, known.columns.iter().map(|column| column.ty).collect())
        })
    }

    /// The value of each feature of `document` as JSON, NaN as `null`.
    ///
    /// # Errors
    /// When the document, or a feature in it, is rejected.
    pub fn values(&self, document: &[u8]) -> Result<Vec<(&str, String)>, Rejected> {
        let mut row = self.row();
        self.compute(document, &mut row)?;
        let values = self.features.iter().map(|(name, known)| {
            let columns =
                known.columns.iter().map(|column| json(column, &row)).collect::<Result<Vec<_>, _>>()?;
            let value =
                if known.names.is_empty() { columns.concat() } else { format!("[{}]", columns.join(", ")) };
            Ok((name.as_str(), value))
        });
        values.collect()
    }
}

/// A value as JSON.
fn json(source: &Source, row: &Row) -> Result<String, Rejected> {
    let mut json = String::new();
    let value = source.value(row).map_err(|problem| *problem.reason)?;
    match value {
        Value::Double(value) if value.is_nan() => json.push_str("null"),
        // Nothing fails that writes to memory.
        Value::Double(value) => _ = write!(json, "{value:?}"),
        Value::Int64(value) => _ = write!(json, "{value}"),
        Value::Bool(value) => _ = write!(json, "{value}"),
        Value::Text(text) => json = serde_json::Value::from(row.str(text)).to_string(),
        Value::Json(text) => json.push_str(row.str(text)),
    }
    Ok(json)
}

/// The spec that is meant when one has no features: every input is the field of its name, of a map every feature that
/// it was fitted on, unless `inputs` lists other names.
fn by_name(spec: &ServingSpec, ports: &[Port]) -> ServingSpec {
    let mut meant = ServingSpec { event_time: spec.event_time.clone(), ..ServingSpec::default() };
    for port in ports {
        let names = spec.inputs.get(&port.name).cloned().unwrap_or_else(|| match port.element {
            Element::Map(_) => vocabulary::features_of(&port.keys).into_iter().map(str::to_owned).collect(),
            _ if port.keys.is_empty() => vec![port.name.clone()],
            _ => port.keys.clone(),
        });
        let fields = names.iter().map(|name| (name.clone(), FeatureSpec::field(&pointer_to(name))));
        meant.features.extend(fields);
        meant.inputs.insert(port.name.clone(), names);
    }
    meant
}

/// A name may begin with `/`: as a pointer it reaches the same member.
fn pointer_to(name: &str) -> String {
    if name.starts_with('/') {
        format!("/{}", name.replace('~', "~0").replace('/', "~1"))
    } else {
        name.to_owned()
    }
}

/// The names of the features that make up an input.
fn features_for(port: &Port, spec: &ServingSpec, ports: &[Port], scope: &Scope) -> Result<Vec<String>> {
    if let Some(names) = spec.inputs.get(&port.name) {
        return Ok(names.clone());
    }
    if spec.features.contains_key(&port.name) {
        return Ok(vec![port.name.clone()]);
    }
    let is_sparse = matches!(port.element, Element::Map(_));
    if !is_sparse && !port.keys.is_empty() {
        return Ok(port.keys.clone());
    }
    let last: Vec<String> = scope.unasked().map(str::to_owned).collect();
    let takes_all = is_sparse || last.len() == 1;
    if ports.len() == 1 && takes_all {
        return Ok(last);
    }
    bail!(
        "no feature feeds input `{}`: list its {} column(s) in order, `[inputs]` `{} = [\"…\"]`",
        port.name,
        port.width,
        port.name,
    );
}

fn has_inputs(ports: &[Port]) -> String {
    let names: Vec<_> = ports.iter().map(|port| format!("`{}`", port.name)).collect();
    format!("the model's inputs are {}", names.join(", "))
}

#[cfg(test)]
mod tests;
