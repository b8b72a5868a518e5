//! Reads the input example that MLflow stores beside a model, as rows for a self-test at cold start.
//!
//! Formats: <https://mlflow.org/docs/latest/ml/model/signatures/#input-examples>. An example holds the inputs
//! of the model. It does not know the serving spec and its fields.

use anyhow::{Context, Result, bail, ensure};
use hashbrown::HashMap;
use serde_json::{Map, Value};

use serving_spec::columns::{Element, Port, Rows, Sparse, Values};

/// The name of the file.
pub(super) const FILE: &str = "input_example.json";

/// The most bytes of the file that are read. Examples are far smaller.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// The most rows that are used. More rows would not test anything new.
const MAX_ROWS: usize = 100;

/// Reads the rows of an example for a model with these inputs. `None` for formats that do not tell rows and
/// inputs apart.
///
/// # Errors
/// When a row does not fit the inputs.
pub(super) fn rows(text: &str, ports: &[Port]) -> Result<Option<Rows>> {
    let Some(mut rows) = serde_json::from_str(text).ok().and_then(|example| named_rows(example, ports))
    else {
        return Ok(None);
    };
    rows.truncate(MAX_ROWS);
    let input = |port: &Port| match &port.element {
        Element::Map(_) => sparse(&rows, port),
        _ => dense(&rows, port, ports.len() == 1),
    };
    let inputs = ports.iter().map(|port| input(port).with_context(|| format!("input `{}`", port.name)));
    Ok(Some(Rows { inputs: inputs.collect::<Result<_>>()?, len: rows.len() }))
}

type Row = Map<String, Value>;

/// Reads rows as objects. Their members are inputs, or the columns or entries of the only input.
fn named_rows(example: Value, ports: &[Port]) -> Option<Vec<Row>> {
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
                return named_rows(inputs, ports);
            }
            // The members are arrays of columns, or the scalars of one row.
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

/// Reads the rows of a vectoriser, by feature, `{"zone": "1", "km": 2.5}`, or by column, `{"zone=1": 1.0,
/// "km": 2.5}`. Unknown columns are ignored.
fn sparse(rows: &[Row], port: &Port) -> Result<Values> {
    let columns: HashMap<&str, i32> = port.keys.iter().map(String::as_str).zip(0..).collect();
    let entry = |(name, value): (&String, &Value)| {
        let (name, value) = match value {
            Value::Number(number) => (name.clone(), number.as_f64().unwrap_or_default()),
            Value::String(category) => (format!("{name}={category}"), 1.0),
            _ => bail!("`{name}`: expected a number or a string, found another type"),
        };
        Ok((columns.get(name.as_str()).copied().unwrap_or(Sparse::NONE), value))
    };
    let rows = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            // The map itself may be the value of the only input.
            let row = row.get(&port.name).and_then(Value::as_object).unwrap_or(row);
            row.iter().map(entry).collect::<Result<Vec<_>>>().with_context(|| format!("row {at}"))
        })
        .collect::<Result<Vec<_>>>()?;
    let entries = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut sparse = Sparse { entries, ..Sparse::default() };
    for row in rows {
        let void = std::iter::repeat((Sparse::NONE, 0.0));
        row.into_iter().chain(void).take(entries).for_each(|(column, value)| sparse.push(column, value));
    }
    Ok(Values::Sparse(sparse))
}

/// Reads the columns of an input. They are under its name or, if it is the only input, all columns of a
/// frame.
fn dense(rows: &[Row], port: &Port, only: bool) -> Result<Values> {
    let mut values = Values::empty(&port.element, 0);
    for (at, row) in rows.iter().enumerate() {
        let columns: Vec<&Value> = match row.get(&port.name) {
            _ if !port.keys.is_empty() => {
                by_key(row, port).with_context(|| format!("row {at} lacks a key of the map"))?
            }
            Some(Value::Array(columns)) => columns.iter().collect(),
            Some(value) => vec![value],
            None if only => row.values().collect(),
            None => bail!("row {at} lacks this input"),
        };
        ensure!(
            columns.len() == port.width,
            "row {at}: expected {} values, found {}",
            port.width,
            columns.len()
        );
        for value in columns {
            push(value, &mut values).with_context(|| {
                format!("row {at}: expected {} values, found another type", port.element.name())
            })?;
        }
    }
    Ok(values)
}

/// The values of a map. The map is the row, or the value of the input.
fn by_key<'a>(row: &'a Row, port: &Port) -> Option<Vec<&'a Value>> {
    let row = row.get(&port.name).and_then(Value::as_object).unwrap_or(row);
    port.keys.iter().map(|key| row.get(key)).collect()
}

fn push(value: &Value, values: &mut Values) -> Option<()> {
    match values {
        #[expect(clippy::cast_possible_truncation, reason = "the input takes float")]
        Values::Float(v) => v.push(value.as_f64()? as f32),
        Values::Double(v) => v.push(value.as_f64()?),
        Values::Int64(v) => v.push(value.as_i64()?),
        Values::Int32(v) => v.push(value.as_i64()?.try_into().ok()?),
        Values::Bool(v) => v.push(value.as_bool()?),
        Values::String(v) => v.push(value.as_str()?.to_owned()),
        Values::Sparse(_) => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serving_spec::columns::Number;

    fn port(name: &str, element: Element, width: usize) -> Port {
        Port { name: name.into(), element, width, keys: Vec::new() }
    }

    fn inputs(text: &str, ports: &[Port]) -> Vec<Values> {
        rows(text, ports).unwrap().unwrap().inputs
    }

    #[test]
    fn entries_of_a_vectoriser_come_by_feature_or_by_column() {
        let vocabulary = ["km", "zone=1", "zone=2"].map(String::from).to_vec();
        let map = [Port { keys: vocabulary, ..port("X", Element::Map(Number::Float), 1) }];
        let sparse = |columns: &[i32], values: &[f64], entries| {
            vec![Values::Sparse(Sparse { columns: columns.to_vec(), values: values.to_vec(), entries })]
        };
        let one = sparse(&[1, 0], &[1.0, 2.5], 2);
        assert_eq!(inputs(r#"{"zone=1": 1.0, "km": 2.5}"#, &map), one);
        assert_eq!(inputs(r#"{"X": {"zone=1": 1.0, "km": 2.5}}"#, &map), one);
        assert_eq!(inputs(r#"{"inputs": {"X": {"zone=1": 1.0, "km": 2.5}}}"#, &map), one);
        let split = r#"{"columns": ["zone", "km"], "data": [["1", 2.5], ["9", 3]]}"#;
        assert_eq!(inputs(split, &map), sparse(&[1, 0, -1, 0], &[1.0, 2.5, 1.0, 3.0], 2));
        assert_eq!(
            inputs(r#"[{"km": 1}, {"zone": "2", "km": 2}]"#, &map),
            sparse(&[0, -1, 2, 0], &[1.0, 0.0, 1.0, 2.0], 2)
        );
        assert!(rows(r#"{"X": {"km": null}}"#, &map).is_err());
    }

    #[test]
    fn entries_are_found_in_a_large_vocabulary() {
        let vocabulary: Vec<String> = (0..20_000).map(|column| format!("zone={column}")).collect();
        let row: Row = vocabulary.iter().map(|name| (name.clone(), 1.into())).collect();
        let map = [Port { keys: vocabulary, ..port("X", Element::Map(Number::Float), 1) }];
        let text = Value::from(vec![Value::from(row); 20]).to_string();
        let [Values::Sparse(sparse)] = &inputs(&text, &map)[..] else { panic!("sparse rows") };
        assert_eq!(sparse.columns[..20_000], (0..20_000).collect::<Vec<i32>>());
    }

    #[test]
    fn strings_of_a_map_come_by_key() {
        let map = [Port { keys: vec!["7".into(), "-1".into()], ..port("X", Element::String, 2) }];
        let row = vec![Values::String(vec!["a".into(), "b".into()])];
        assert_eq!(inputs(r#"{"-1": "b", "7": "a"}"#, &map), row);
        assert_eq!(inputs(r#"{"X": {"-1": "b", "7": "a", "9": "c"}}"#, &map), row);
        assert_eq!(inputs(r#"[{"X": {"-1": "b", "7": "a"}}]"#, &map), row);
        let error = rows(r#"{"X": {"7": "a"}}"#, &map).unwrap_err();
        assert!(format!("{error:#}").ends_with("row 0 lacks a key of the map"), "{error:#}");
    }

    #[test]
    fn columns_come_as_rows_of_an_array_or_of_a_frame() {
        let wide = [port("X", Element::Float, 2)];
        let two = vec![Values::Float(vec![1.0, 2.0])];
        assert_eq!(inputs("[[1.0, 2.0]]", &wide), two);
        assert_eq!(inputs(r#"{"inputs": [[1, 2]]}"#, &wide), two);
        assert_eq!(inputs(r#"{"columns": ["b", "a"], "data": [[1, 2]]}"#, &wide), two);
        assert!(rows("[[1.0]]", &wide).is_err());
        assert!(rows(r#"[[1.0, "x"]]"#, &wide).is_err());

        let apart = [port("X", Element::Double, 1), port("Y", Element::String, 1)];
        let expected = vec![Values::Double(vec![1.0, 2.0]), Values::String(vec!["a".into(), "b".into()])];
        assert_eq!(inputs(r#"{"X": [1, 2], "Y": ["a", "b"]}"#, &apart), expected);
        assert_eq!(inputs(r#"{"columns": ["Y", "X"], "data": [["a", 1], ["b", 2]]}"#, &apart), expected);
        assert!(rows(r#"[{"X": 1}]"#, &apart).unwrap_err().to_string().contains("`Y`"));
    }

    #[test]
    fn other_formats_are_not_read() {
        let two = [port("X", Element::Float, 1), port("Y", Element::Float, 1)];
        for text in ["[[1, 2]]", "7", "{", "null"] {
            assert_eq!(rows(text, &two).unwrap(), None, "{text}");
        }
    }
}
