//! The self-test at cold start: the input example that MLflow keeps beside a model.
//!
//! Forms: <https://mlflow.org/docs/latest/ml/model/signatures/#input-examples>. An example holds the model's own
//! inputs, behind the feature plan, so each row becomes a document that names the inputs.

use serde_json::{Map, Value};

use crate::columns::{Element, Port};

/// Rows beyond these would test nothing more.
const MAX_ROWS: usize = 100;

/// Rows of an input example, each a JSON object with a member for every input.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// JSON texts.
    pub documents: Vec<String>,
}

impl Example {
    /// The file's name.
    pub const FILE: &str = "input_example.json";

    /// No example is nearly as large.
    pub const MAX_BYTES: usize = 16 << 20;

    /// Reads an example for a model with these inputs; `None` for forms that don't tell rows and inputs apart.
    #[must_use]
    pub fn parse(text: &str, ports: &[Port]) -> Option<Self> {
        let example = serde_json::from_str(text).ok()?;
        let rows = rows(example, ports)?;
        let documents = rows.into_iter().take(MAX_ROWS).map(|row| Value::Object(fit(row, ports)).to_string());
        Some(Self { documents: documents.collect() })
    }
}

type Row = Map<String, Value>;

fn rows(example: Value, ports: &[Port]) -> Option<Vec<Row>> {
    match example {
        Value::Object(mut object) => {
            if let (Some(Value::Array(columns)), Some(Value::Array(data))) =
                (object.get("columns"), object.get("data"))
            {
                let row = |values: &Value| {
                    let named = columns.iter().zip(values.as_array()?);
                    named.map(|(name, value)| Some((name.as_str()?.to_owned(), value.clone()))).collect()
                };
                return data.iter().map(row).collect();
            }
            if let Some(inputs) = object.remove("inputs") {
                return rows(inputs, ports);
            }
            // Arrays of columns, or one row of scalars.
            if object
                .values()
                .all(|value| matches!(value, Value::Array(array) if array.len() == first_len(&object)))
            {
                let length = first_len(&object);
                return Some(
                    (0..length)
                        .map(|at| {
                            object.iter().map(|(name, column)| (name.clone(), column[at].clone())).collect()
                        })
                        .collect(),
                );
            }
            Some(vec![object])
        }
        Value::Array(array) => match ports {
            _ if array.iter().all(Value::is_object) => array
                .into_iter()
                .map(|row| if let Value::Object(row) = row { Some(row) } else { None })
                .collect(),
            [port] => Some(array.into_iter().map(|row| Map::from_iter([(port.name.clone(), row)])).collect()),
            _ => None,
        },
        _ => None,
    }
}

fn first_len(object: &Row) -> usize {
    object.values().next().and_then(Value::as_array).map_or(0, Vec::len)
}

/// Names a row's values as the inputs are named.
fn fit(row: Row, ports: &[Port]) -> Row {
    let [port] = ports else { return row };
    match port.element {
        // ONNX Runtime takes the vectoriser's columns: `zone=1` with 1 is the feature `zone` with "1".
        Element::Map(_) => {
            let feature = |(name, value): (String, Value)| match name.split_once('=') {
                Some((feature, category)) => (feature.to_owned(), Value::from(category)),
                None => (name, value),
            };
            // The map itself may come as the one input's value.
            let entries = match row.get(&port.name) {
                Some(Value::Object(map)) if row.len() == 1 => map.clone(),
                _ => row,
            };
            entries.into_iter().map(feature).collect()
        }
        // A frame's columns make up the one input, in their order.
        _ if !row.contains_key(&port.name) && row.len() == port.width => {
            let values = row.into_iter().map(|(_, value)| value);
            let value = if port.width == 1 {
                values.collect::<Vec<_>>().remove(0)
            } else {
                Value::Array(values.collect())
            };
            Map::from_iter([(port.name.clone(), value)])
        }
        // A column of an array of width 1 comes as an array.
        _ => {
            let unwrap = |value: Value| match value {
                Value::Array(mut array) if port.width == 1 && array.len() == 1 => array.remove(0),
                other => other,
            };
            row.into_iter().map(|(name, value)| (name, unwrap(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(element: Element, width: usize) -> Port {
        Port { name: "X".into(), element, width }
    }

    fn documents(text: &str, ports: &[Port]) -> Option<Vec<String>> {
        Example::parse(text, ports).map(|example| example.documents)
    }

    #[test]
    fn each_form_that_mlflow_writes_becomes_named_rows() {
        let map = [port(Element::Map(vec![]), 1)];
        let split = r#"{"columns": ["zone", "km"], "data": [["1", 2.5], ["2", 3]]}"#;
        assert_eq!(documents(split, &map).unwrap(), [r#"{"zone":"1","km":2.5}"#, r#"{"zone":"2","km":3}"#]);
        assert_eq!(documents(r#"{"zone=1": 1.0, "km": 2.5}"#, &map).unwrap(), [r#"{"zone":"1","km":2.5}"#]);
        assert_eq!(
            documents(r#"{"X": {"zone=1": 1.0, "km": 2.5}}"#, &map).unwrap(),
            [r#"{"zone":"1","km":2.5}"#]
        );
        assert_eq!(documents(r#"[{"zone": "1"}]"#, &map).unwrap(), [r#"{"zone":"1"}"#]);

        let wide = [port(Element::Float, 2)];
        assert_eq!(documents("[[1.0, 2.0]]", &wide).unwrap(), [r#"{"X":[1.0,2.0]}"#]);
        assert_eq!(documents(r#"{"inputs": [[1, 2], [3, 4]]}"#, &wide).unwrap().len(), 2);
        let frame = r#"{"columns": ["a", "b"], "data": [[1, 2]]}"#;
        assert_eq!(documents(frame, &wide).unwrap(), [r#"{"X":[1,2]}"#]);

        let narrow = [port(Element::Float, 1), Port { name: "Y".into(), ..port(Element::Float, 1) }];
        assert_eq!(
            documents(r#"{"X": [1, 2], "Y": [3, 4]}"#, &narrow).unwrap(),
            [r#"{"X":1,"Y":3}"#, r#"{"X":2,"Y":4}"#]
        );
    }

    #[test]
    fn other_forms_are_no_examples() {
        let two = [port(Element::Float, 1), port(Element::Float, 1)];
        assert_eq!(documents("[[1, 2]]", &two), None);
        assert_eq!(documents("7", &two), None);
        assert_eq!(documents("{", &two), None);
    }
}
