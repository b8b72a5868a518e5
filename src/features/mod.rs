//! The feature plan: from a JSON document to one row of the model's inputs.
//!
//! It is compiled once, at cold start, from the serving spec and the model's inputs: every feature is resolved to
//! slots of the record's fields and columns of an input, and every mismatch is named there and then.

mod fields;
mod input;
mod scalar;
pub mod vocabulary;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;

use crate::columns::{Element, Port, Rows};
use crate::error::Rejected;
use crate::spec::{FeatureSpec, FieldPath, ServingSpec, Transform};

use fields::Fields;
use input::InputPlan;

/// How rows are made from documents.
#[derive(Debug, Clone)]
pub struct FeaturePlan {
    fields: Fields,
    inputs: Vec<InputPlan>,
}

/// The wanted fields of the document under way; [`FeaturePlan::slots`] makes them, and they are used again.
pub type Slots<'a> = Vec<Option<&'a str>>;

impl FeaturePlan {
    /// Checks the spec's features against the model's inputs. Without any, the inputs are read from the record's
    /// top level by name. `echoed` are further fields that the documents are searched for.
    ///
    /// # Errors
    /// When a feature is malformed, feeds no input or does not fit its input, or an input is not fed.
    pub fn compile(spec: &ServingSpec, ports: &[Port], echoed: &[FieldPath]) -> Result<Self> {
        for name in spec.inputs.keys() {
            let known = ports.iter().any(|port| port.name == *name);
            ensure!(known, "[inputs] names `{name}`; {}", has_inputs(ports));
        }
        let meant;
        let spec = if spec.features.is_empty() {
            meant = by_name(spec, ports);
            &meant
        } else {
            spec
        };
        let transforms = spec.features.iter().map(|(name, feature)| {
            let transform = feature.transform().with_context(|| format!("feature `{name}`"))?;
            Ok((name.as_str(), transform))
        });
        let transforms = transforms.collect::<Result<IndexMap<_, _>>>()?;

        let wanted = transforms.values().flat_map(|transform| match transform {
            Transform::Field(field) => std::slice::from_ref(field),
            Transform::Concat { fields, .. } => fields,
        });
        let fields = Fields::new(wanted.chain(echoed).cloned());

        let mut unused: BTreeSet<&str> = transforms.keys().copied().collect();
        let mut inputs = Vec::with_capacity(ports.len());
        for port in ports {
            let names = features_for(port, spec, ports, &transforms)?;
            let chosen = names
                .iter()
                .map(|&name| {
                    unused.remove(name);
                    let transform = transforms.get(name);
                    Ok((
                        name,
                        transform.with_context(|| format!("input `{}`: no feature `{name}`", port.name))?,
                    ))
                })
                .collect::<Result<Vec<_>>>()?;
            let input = InputPlan::compile(port, &chosen, &fields);
            inputs.push(input.with_context(|| format!("input `{}` ({})", port.name, port.element.name()))?);
        }
        if let Some(name) = unused.first() {
            bail!("feature `{name}` feeds no input; {}", has_inputs(ports));
        }
        Ok(Self { fields, inputs })
    }

    /// Slots for the documents of a batch.
    #[must_use]
    pub fn slots<'a>(&self) -> Slots<'a> {
        vec![None; self.fields.count()]
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

    /// Adds the row of `document` to `rows`, and leaves the document's fields in `slots`.
    ///
    /// # Errors
    /// When the document is malformed or a field does not fit; `rows` is then as it was.
    pub fn extract<'a>(
        &self,
        document: &'a [u8],
        slots: &mut Slots<'a>,
        rows: &mut Rows,
    ) -> Result<(), Rejected> {
        self.fields.extract(document, slots)?;
        for (index, input) in self.inputs.iter().enumerate() {
            if let Err(rejected) = input.push(&self.fields, slots, &mut rows.inputs[index]) {
                for (input, values) in self.inputs.iter().zip(&mut rows.inputs) {
                    values.truncate(rows.len * input.elements());
                }
                return Err(rejected);
            }
        }
        rows.len += 1;
        Ok(())
    }
}

/// The spec that is meant when one has no features: every input is the field of its name, of a map every feature that
/// it was fitted on, unless `inputs` lists other names.
fn by_name(spec: &ServingSpec, ports: &[Port]) -> ServingSpec {
    let mut meant = ServingSpec::default();
    for port in ports {
        let names = spec.inputs.get(&port.name).cloned().unwrap_or_else(|| match &port.element {
            Element::Map(map) => vocabulary::features_of(&map.keys).into_iter().map(str::to_owned).collect(),
            _ => vec![port.name.clone()],
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
fn features_for<'s>(
    port: &'s Port,
    spec: &'s ServingSpec,
    ports: &[Port],
    transforms: &IndexMap<&'s str, Transform>,
) -> Result<Vec<&'s str>> {
    if let Some(names) = spec.inputs.get(&port.name) {
        return Ok(names.iter().map(String::as_str).collect());
    }
    if transforms.contains_key(port.name.as_str()) {
        return Ok(vec![&port.name]);
    }
    let takes_all = matches!(port.element, Element::Map(_)) || transforms.len() == 1;
    if ports.len() == 1 && takes_all {
        return Ok(transforms.keys().copied().collect());
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
