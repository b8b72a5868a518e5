//! Compares MLflow's signature with the graph. The function does not read the signature. Where the two
//! disagree, the graph counts.

use anyhow::Result;
use onnx_ml::summary::{Declared, Kind, Summary};

use crate::model::Model;
use crate::model::signature::{Signature, SignatureField};
use serving_spec::features::vocabulary;

use super::graph::some_of;
use super::report::Report;

/// Lists the differences between the signature and the graph.
pub(super) fn compare(
    report: &mut Report,
    signature: Result<Option<Signature>>,
    summary: &Summary,
    model: Option<&Model>,
) {
    let signature = match signature {
        Ok(Some(signature)) => signature,
        Ok(None) => return report.line("signature", "none"),
        Err(error) => return report.line("signature", &format!("{error:#}")),
    };
    let mut disagreements = inputs(&signature.inputs, &summary.inputs, model);
    disagreements.extend(named("output", &signature.outputs, &summary.outputs));
    match disagreements.as_slice() {
        [] => report.line("signature", "agrees with the graph"),
        _ => report.line("signature", "differs from the graph, and the graph counts:"),
    }
    for disagreement in &disagreements {
        report.detail("", disagreement);
    }
}

/// Compares the inputs. A tensor is the input of that name. Columns are those of a frame. MLflow joins them
/// into one matrix for a single input, and feeds one column to each of several inputs.
fn inputs(fields: &[SignatureField], declared: &[Declared], model: Option<&Model>) -> Vec<String> {
    let columns = !fields.is_empty() && fields.iter().all(|field| field.tensor.is_none());
    let (true, [input]) = (columns, declared) else { return named("input", fields, declared) };
    match &input.kind {
        Kind::Tensor { shape: Some(shape), element } => matrix(fields, input, element, shape),
        Kind::Tensor { shape: None, .. } => Vec::new(),
        Kind::Other(_) => entries(fields, model),
    }
}

/// Compares the columns of a frame with the only input, a matrix.
fn matrix(fields: &[SignatureField], input: &Declared, element: &str, shape: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    // An input without a dimension for columns has one column.
    let sizes = shape.get(1..).unwrap_or_default();
    let width = sizes.iter().map(|size| size.parse::<usize>()).product::<Result<usize, _>>();
    if let Some(width) = width.ok().filter(|width| *width != fields.len()) {
        found.push(format!("{} columns; input `{}` has {width}", fields.len(), input.name));
    }
    // The numbers of a frame are converted to one type, so any numeric type fits.
    let text = |name: &str| name == "string";
    let other: Vec<String> = fields
        .iter()
        .filter(|field| text(&field.r#type) != text(element))
        .filter_map(|field| field.name.clone())
        .collect();
    if !other.is_empty() {
        found.push(format!(
            "columns of another type than the {element} of input `{}`: {}",
            input.name,
            some_of(&other)
        ));
    }
    found
}

/// Compares the columns of a frame with a map. They are features of the vectoriser, or its columns.
fn entries(fields: &[SignatureField], model: Option<&Model>) -> Vec<String> {
    let Some(port) = model.and_then(|model| model.inputs().first()).filter(|port| !port.keys.is_empty())
    else {
        return Vec::new();
    };
    let features = vocabulary::features_of(&port.keys);
    let known = |name: &str| features.contains(&name) || port.keys.iter().any(|key| key == name);
    let strange: Vec<String> =
        fields.iter().filter_map(|field| field.name.clone()).filter(|name| !known(name)).collect();
    if strange.is_empty() {
        Vec::new()
    } else {
        vec![format!("columns that the vectoriser does not know: {}", some_of(&strange))]
    }
}

/// Compares fields with the inputs or outputs of the same names.
fn named(side: &str, fields: &[SignatureField], declared: &[Declared]) -> Vec<String> {
    let mut found = Vec::new();
    if let ([SignatureField { name: None, .. }], [only]) = (fields, declared) {
        found.extend(difference(side, &fields[0], only));
        return found;
    }
    for field in fields {
        let Some(name) = &field.name else { continue };
        match declared.iter().find(|declared| declared.name == *name) {
            Some(declared) => found.extend(difference(side, field, declared)),
            None => found.push(format!("{side} `{name}` is not in the graph")),
        }
    }
    let has_names = !fields.is_empty() && fields.iter().all(|field| field.name.is_some());
    for declared in declared.iter().filter(|_| has_names) {
        if !fields.iter().any(|field| field.name.as_ref() == Some(&declared.name)) {
            found.push(format!("{side} `{}` is not in the signature", declared.name));
        }
    }
    found
}

/// Describes how the type or shape of a field differs from the declared one.
fn difference(side: &str, field: &SignatureField, declared: &Declared) -> Option<String> {
    let Kind::Tensor { element, shape } = &declared.kind else { return None };
    let said = field.tensor.as_ref().map_or(&field.r#type, |tensor| &tensor.dtype);
    // MLflow writes these names for the type of the graph. It converts the doubles of a frame to floats if
    // the graph takes floats.
    let same = match element.as_str() {
        "float" => matches!(said.as_str(), "float32" | "float" | "double"),
        "double" => matches!(said.as_str(), "float64" | "double"),
        "int64" => matches!(said.as_str(), "int64" | "long"),
        "int32" => matches!(said.as_str(), "int32" | "integer"),
        "bool" => matches!(said.as_str(), "bool" | "boolean"),
        "string" => matches!(said.as_str(), "str" | "string" | "object"),
        other => said == other,
    };
    if !same {
        return Some(format!("{side} `{}` is {said}; in the graph {declared}", declared.name));
    }
    let (sizes, shape) = (&field.tensor.as_ref()?.shape, shape.as_ref()?);
    let fits = |(size, stated): (&i64, &String)| {
        *size < 0 || stated.parse::<i64>().map_or(true, |stated| stated == *size)
    };
    let same = sizes.len() == shape.len() && sizes.iter().zip(shape).all(fits);
    (!same).then(|| format!("{side} `{}` is of shape {sizes:?}; in the graph {declared}", declared.name))
}
