//! Which features feed which input of the model.

use anyhow::{Result, bail};
use indexmap::IndexMap;
use limits::names::some_of;

use super::feature::FeatureSpec;
use super::parts::FeatureParts;
use super::vocabulary;
use crate::columns::{Element, Port};

/// The features and the inputs that a spec without features implies.
#[derive(Default)]
pub(super) struct ImpliedParts {
    pub features: IndexMap<String, FeatureSpec>,
    pub inputs: IndexMap<String, Vec<String>>,
}

impl ImpliedParts {
    /// Makes every input the field of its name, and a map input all fields that it was fitted on. `inputs`
    /// can list other names.
    pub fn of(inputs: &IndexMap<String, Vec<String>>, ports: &[Port]) -> Self {
        let mut implied = Self::default();
        for port in ports {
            let names = inputs.get(&port.name).cloned().unwrap_or_else(|| match port.element {
                Element::Map(_) => {
                    vocabulary::features_of(&port.keys).into_iter().map(str::to_owned).collect()
                }
                _ if port.keys.is_empty() => vec![port.name.clone()],
                _ => port.keys.clone(),
            });
            let fields = names.iter().map(|name| (name.clone(), FeatureSpec::field(&pointer_to(name))));
            implied.features.extend(fields);
            implied.inputs.insert(port.name.clone(), names);
        }
        implied
    }
}

/// Returns the path of the member `name`. A name that begins with `/` would be read as a pointer, so it
/// becomes one.
fn pointer_to(name: &str) -> String {
    if name.starts_with('/') {
        format!("/{}", name.replace('~', "~0").replace('/', "~1"))
    } else {
        name.to_owned()
    }
}

/// Returns the names of the features that make up the input `port`. `unused` are the features that no other
/// feature and no earlier input uses.
pub(super) fn features_for<'s>(
    port: &Port,
    spec: &FeatureParts,
    ports: &[Port],
    unused: impl Iterator<Item = &'s str>,
) -> Result<Vec<String>> {
    if let Some(names) = spec.inputs.get(&port.name) {
        return Ok(names.clone());
    }
    if spec.features.contains_key(&port.name) {
        return Ok(vec![port.name.clone()]);
    }
    let is_map = matches!(port.element, Element::Map(_));
    if !is_map && !port.keys.is_empty() {
        return Ok(port.keys.clone());
    }
    let unused: Vec<String> = unused.map(str::to_owned).collect();
    if ports.len() == 1 && (is_map || unused.len() == 1) {
        return Ok(unused);
    }
    bail!(
        "no feature feeds input `{}`: list its {} column(s) in order, `[inputs]` `{} = [\"…\"]`",
        port.name,
        port.width,
        port.name,
    );
}

/// Lists the inputs of the model, for messages.
pub(super) fn list(ports: &[Port]) -> String {
    let names: Vec<_> = ports.iter().map(|port| &port.name).collect();
    format!("the model's inputs are {}", some_of(&names))
}
