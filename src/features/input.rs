//! One input of the model, and how a row of it is made from a record's fields.

use anyhow::{Result, ensure};

use crate::columns::{Element, Map, Number, Port, Values};
use crate::error::{JsonType, Rejected};
use crate::spec::{FieldPath, Transform};

use super::fields::Fields;
use super::scalar::Field;
use super::vocabulary::{self, FeatureColumns};

/// The compiled row of one input.
#[derive(Debug, Clone)]
pub(super) struct InputPlan {
    element: Element,
    columns: Columns,
}

#[derive(Debug, Clone)]
enum Columns {
    /// A value for each column.
    Each(Vec<Source>),
    /// One field, an array with as many elements as there are columns.
    Array { slot: usize, width: usize },
    /// Features that a vocabulary spreads over its columns, an entry a row each, and the type of their numbers.
    Spread(Number, Vec<(Source, FeatureColumns)>),
}

/// Where a value comes from.
#[derive(Debug, Clone)]
enum Source {
    Field(usize),
    Concat { slots: Vec<usize>, separator: String },
}

impl InputPlan {
    pub(super) fn compile(port: &Port, features: &[(&str, &Transform)], fields: &Fields) -> Result<Self> {
        let columns = match &port.element {
            Element::Map(map) => Columns::Spread(map.values, spread(&map.keys, features, fields)?),
            _ => dense(port, features, fields)?,
        };
        // The columns hold what is needed of the keys.
        let element = match &port.element {
            Element::Map(map) => Element::Map(Map { keys: Vec::new(), values: map.values }),
            other => other.clone(),
        };
        Ok(Self { element, columns })
    }

    /// Elements, or sparse entries, a row.
    pub(super) fn elements(&self) -> usize {
        match &self.columns {
            Columns::Each(sources) => sources.len(),
            Columns::Array { width, .. } => *width,
            Columns::Spread(_, features) => features.len(),
        }
    }

    pub(super) fn empty(&self) -> Values {
        Values::empty(&self.element, self.elements())
    }

    /// Adds one row; after an error it may be there in part.
    pub(super) fn push(
        &self,
        fields: &Fields,
        slots: &[Option<&str>],
        values: &mut Values,
    ) -> Result<(), Rejected> {
        let field = |slot: usize| Field { path: fields.path(slot), json: slots[slot] };
        match (&self.columns, values) {
            (Columns::Each(sources), values) => {
                for source in sources {
                    match source {
                        Source::Field(slot) => push_scalar(field(*slot), values)?,
                        Source::Concat { slots, separator } => {
                            let Values::String(strings) = &mut *values else {
                                unreachable!("`dense` gives strings to inputs of strings only")
                            };
                            strings.push(concat(slots, separator, field)?);
                        }
                    }
                }
                Ok(())
            }
            (Columns::Array { slot, width }, values) => {
                let array = field(*slot);
                for json in array.array(*width)? {
                    push_scalar(Field { json: Some(json), ..array }, values)?;
                }
                Ok(())
            }
            (Columns::Spread(values, features), Values::Sparse(sparse)) => {
                for (source, columns) in features {
                    let (column, value) = match source {
                        Source::Field(slot) => entry(field(*slot), columns, *values)?,
                        Source::Concat { slots, separator } => {
                            (columns.category(&concat(slots, separator, field)?), 1.0)
                        }
                    };
                    sparse.push(column, value);
                }
                Ok(())
            }
            (Columns::Spread(..), _) => unreachable!("`empty` gives sparse values for a vocabulary"),
        }
    }
}

fn dense(port: &Port, features: &[(&str, &Transform)], fields: &Fields) -> Result<Columns> {
    if let ([(name, Transform::Field(path))], true) = (features, port.width > 1) {
        return Ok(Columns::Array { slot: slot(name, path, fields)?, width: port.width });
    }
    ensure!(
        features.len() == port.width,
        "it has {} columns, but {} features are given",
        port.width,
        features.len()
    );
    let sources = features
        .iter()
        .map(|(name, transform)| {
            ensure!(
                port.element == Element::String || matches!(transform, Transform::Field(_)),
                "feature `{name}` is a string (`concat`), the input takes numbers",
            );
            source(name, transform, fields)
        })
        .collect::<Result<_>>()?;
    Ok(Columns::Each(sources))
}

fn spread(
    vocabulary: &[String],
    features: &[(&str, &Transform)],
    fields: &Fields,
) -> Result<Vec<(Source, FeatureColumns)>> {
    let names: Vec<&str> = features.iter().map(|(name, _)| *name).collect();
    let columns = vocabulary::spread(&names, vocabulary)?;
    let spread = features.iter().zip(columns).map(|((name, transform), columns)| {
        ensure!(
            columns.takes_strings() || matches!(transform, Transform::Field(_)),
            "feature `{name}` is a string (`concat`), but the DictVectorizer was fitted on numbers",
        );
        Ok((source(name, transform, fields)?, columns))
    });
    spread.collect()
}

fn source(name: &str, transform: &Transform, fields: &Fields) -> Result<Source> {
    Ok(match transform {
        Transform::Field(path) => Source::Field(slot(name, path, fields)?),
        Transform::Concat { fields: paths, separator } => Source::Concat {
            slots: paths.iter().map(|path| slot(name, path, fields)).collect::<Result<_>>()?,
            separator: separator.clone(),
        },
    })
}

fn slot(name: &str, path: &FieldPath, fields: &Fields) -> Result<usize> {
    fields.slot(path).ok_or_else(|| anyhow::anyhow!("feature `{name}`: field `{path}` is not looked for"))
}

fn push_scalar(field: Field, values: &mut Values) -> Result<(), Rejected> {
    match values {
        Values::Float(v) => v.push(field.float()?),
        Values::Double(v) => v.push(field.double()?),
        Values::Int64(v) => v.push(field.int64()?),
        Values::Int32(v) => v.push(field.int32()?),
        Values::Bool(v) => v.push(field.bool()?),
        Values::String(v) => v.push(field.string()?.into_owned()),
        Values::Sparse(_) => unreachable!("a vocabulary's plan is `Columns::Spread`"),
    }
    Ok(())
}

/// The one entry that a field has in a vocabulary, by the type it comes in and the types that were fitted.
fn entry(field: Field, columns: &FeatureColumns, values: Number) -> Result<(i32, f64), Rejected> {
    let json = field.present()?;
    match columns.number() {
        Some(column) if !columns.takes_strings() || JsonType::of(json) == JsonType::Number => {
            let number = match values {
                Number::Float => f64::from(field.float()?),
                Number::Double => field.double()?,
                // Up to 2^53 exact, as every number in JSON is that must be the same everywhere (RFC 8259, 6).
                Number::Int64 => field.int64()? as f64,
            };
            Ok((column, number))
        }
        _ => Ok((columns.category(&field.string()?), 1.0)),
    }
}

fn concat<'p, 'a>(
    slots: &[usize],
    separator: &str,
    field: impl Fn(usize) -> Field<'p, 'a>,
) -> Result<String, Rejected> {
    let mut text = String::new();
    for (index, slot) in slots.iter().enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(&field(*slot).text()?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Sparse;

    #[test]
    fn an_unseen_category_is_an_entry_that_stands_for_nothing() {
        let path = FieldPath::name("zone");
        let zone = vocabulary::spread(&["zone"], &["zone=1".to_owned()]).unwrap().remove(0);
        let unseen = entry(Field { path: &path, json: Some("\"9\"") }, &zone, Number::Float);
        assert_eq!(unseen, Ok((Sparse::NONE, 1.0)));
        let number = entry(Field { path: &path, json: Some("9") }, &zone, Number::Float);
        assert!(matches!(number, Err(Rejected::WrongType { .. })));
    }

    #[test]
    fn a_number_keeps_what_the_maps_type_has_room_for() {
        let path = FieldPath::name("count");
        let count = vocabulary::spread(&["count"], &["count".to_owned()]).unwrap().remove(0);
        let number = |json, values| entry(Field { path: &path, json: Some(json) }, &count, values).ok();
        assert_eq!(number("16777217", Number::Float), Some((0, 16_777_216.0)));
        assert_eq!(number("16777217", Number::Double), Some((0, 16_777_217.0)));
        assert_eq!(number("16777217", Number::Int64), Some((0, 16_777_217.0)));
        assert_eq!(number("0.5", Number::Double), Some((0, 0.5)));
        assert_eq!(number("0.5", Number::Int64), None);
    }
}
