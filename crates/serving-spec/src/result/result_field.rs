//! One member of the result's `prediction`: part of an output of the model, or a field of the document.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use limits::names::{cut, some_of};

use super::json;
use super::result_spec::ResultSpec;
use crate::columns::{Element, Port, Values};
use crate::field_path::FieldPath;
use crate::rejected::Rejected;

/// The most decimals that a double can represent.
const MAX_DECIMALS: usize = 15;

/// A compiled member.
#[derive(Debug, Clone)]
pub(super) struct ResultField {
    /// The name as the spec spells it, for messages.
    name: String,
    /// The name as JSON, with its colon.
    pub key: Vec<u8>,
    pub origin: Origin,
}

/// Where the value of a member comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The output of the model at `index`, which has `width` columns.
    Output { index: usize, width: usize, layout: Layout, style: Style },
    /// A field of the document.
    Echo(FieldPath),
}

/// How the columns of a row are arranged.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// The value of one column.
    Value(usize),
    /// An array of all columns.
    Array,
    /// An object of all columns. The names are JSON, with their colons.
    Object(Vec<Vec<u8>>),
}

/// How a value is written.
#[derive(Debug, Clone)]
pub(super) enum Style {
    /// Unchanged. A float becomes the shortest text that reads back as the same value.
    Plain,
    /// With this many decimals at most, rounded half to even.
    Round(usize),
    /// A label, as its word. The words are JSON.
    Word(Vec<Vec<u8>>),
    /// The first word below the threshold, else the second one. The words are JSON.
    Decision(f64, [Vec<u8>; 2]),
}

impl ResultField {
    /// Returns the member for a whole output, under the output's own name.
    pub fn output(index: usize, port: &Port) -> Self {
        let layout = match column_names(port, None) {
            Some(names) => object(&names),
            None if port.width == 1 => Layout::Value(0),
            None => Layout::Array,
        };
        Self::new(&port.name, Origin::Output { index, width: port.width, layout, style: Style::Plain })
    }

    /// Checks a member of the spec against the outputs.
    pub fn compile(name: &str, spec: &ResultSpec, outputs: &[Port]) -> Result<Self> {
        let origin = match (&spec.output, &spec.field) {
            (Some(output), None) => {
                let index = outputs.iter().position(|port| port.name == *output).with_context(|| {
                    let names: Vec<_> = outputs.iter().map(|port| &port.name).collect();
                    format!("the model has no output `{}`; it has {}", cut(output), some_of(&names))
                })?;
                let port = &outputs[index];
                let layout = layout(spec, port)?;
                let style = style(spec, port, &layout)?;
                Origin::Output { index, width: port.width, layout, style }
            }
            (None, Some(field)) => {
                let alone = ResultSpec { field: Some(field.clone()), ..ResultSpec::default() };
                ensure!(*spec == alone, "a `field` is repeated unchanged: all other keys go with `output`");
                Origin::Echo(FieldPath::parse(field)?)
            }
            _ => bail!("give exactly one of `output` and `field`"),
        };
        Ok(Self::new(name, origin))
    }

    fn new(name: &str, origin: Origin) -> Self {
        Self { name: name.to_owned(), key: json::key(name), origin }
    }

    /// Appends the columns of one row: the elements of `values` in `range`.
    pub fn push(
        &self,
        result: &mut Vec<u8>,
        (layout, style): (&Layout, &Style),
        (values, range): (&Values, Range<usize>),
    ) -> Result<(), Rejected> {
        let push = |result: &mut Vec<u8>, at: usize| self.push_value(result, style, values, at);
        match layout {
            Layout::Value(column) => push(result, range.start + column),
            Layout::Array => {
                result.push(b'[');
                for (column, at) in range.enumerate() {
                    if column > 0 {
                        result.push(b',');
                    }
                    push(result, at)?;
                }
                result.push(b']');
                Ok(())
            }
            Layout::Object(keys) => {
                result.push(b'{');
                for (column, (key, at)) in keys.iter().zip(range).enumerate() {
                    if column > 0 {
                        result.push(b',');
                    }
                    result.extend_from_slice(key);
                    push(result, at)?;
                }
                result.push(b'}');
                Ok(())
            }
        }
    }

    fn push_value(
        &self,
        result: &mut Vec<u8>,
        style: &Style,
        values: &Values,
        at: usize,
    ) -> Result<(), Rejected> {
        let finite = |number: f64| {
            if number.is_finite() { Ok(number) } else { Err(Rejected::NonFinite(self.name.clone())) }
        };
        match style {
            Style::Word(words) => {
                let label = match values {
                    Values::Int64(labels) => usize::try_from(labels[at]).ok(),
                    Values::Int32(labels) => usize::try_from(labels[at]).ok(),
                    _ => None,
                };
                let word = label.and_then(|label| words.get(label));
                result.extend_from_slice(word.ok_or_else(|| Rejected::UnknownLabel(self.name.clone()))?);
            }
            Style::Decision(threshold, words) => {
                let number = finite(number(values, at))?;
                result.extend_from_slice(&words[usize::from(number >= *threshold)]);
            }
            Style::Round(decimals) => json::push(result, &rounded(finite(number(values, at))?, *decimals)),
            Style::Plain => match values {
                Values::Float(v) => {
                    finite(f64::from(v[at]))?;
                    json::push(result, &v[at]);
                }
                Values::Double(v) => json::push(result, &finite(v[at])?),
                Values::Int64(v) => json::push(result, &v[at]),
                Values::Int32(v) => json::push(result, &v[at]),
                Values::Bool(v) => json::push(result, &v[at]),
                Values::String(v) => json::push(result, &v[at]),
                Values::Sparse(_) => unreachable!("only inputs are sparse"),
            },
        }
        Ok(())
    }
}

/// Rounds a number to `decimals` decimals. The exact value of the number decides, as in Python.
fn rounded(number: f64, decimals: usize) -> f64 {
    format!("{number:.decimals$}").parse().unwrap_or(number)
}

/// Returns an element of an output of numbers; NaN for another output.
fn number(values: &Values, at: usize) -> f64 {
    match values {
        Values::Float(v) => f64::from(v[at]),
        Values::Double(v) => v[at],
        Values::Int64(v) => v[at] as f64,
        Values::Int32(v) => f64::from(v[at]),
        _ => f64::NAN,
    }
}

/// Returns the names of an output's columns: those of `classes`, or those that the output has itself.
fn column_names(port: &Port, classes: Option<&[String]>) -> Option<Vec<String>> {
    match classes {
        Some(classes) if port.width > 1 || !port.keys.is_empty() => Some(classes.to_vec()),
        _ if port.keys.is_empty() => None,
        _ => Some(port.keys.clone()),
    }
}

fn object(names: &[String]) -> Layout {
    Layout::Object(names.iter().map(|name| json::key(name)).collect())
}

fn layout(spec: &ResultSpec, port: &Port) -> Result<Layout> {
    let names = column_names(port, spec.classes.as_deref());
    if let Some(names) = &names {
        ensure!(
            names.len() == port.width,
            "`classes` names {} classes, but the output `{}` has {} columns",
            names.len(),
            port.name,
            port.width
        );
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            bail!("two columns of the output `{}` are named `{twice}`", port.name);
        }
    }
    match (&spec.class, names) {
        (Some(class), Some(names)) => {
            let column = names.iter().position(|name| name == class).with_context(|| {
                let (output, class) = (cut(&port.name), cut(class));
                format!("the output `{output}` has no class `{class}`; it has {}", some_of(&names))
            })?;
            Ok(Layout::Value(column))
        }
        (Some(class), None) => bail!(
            "`class = \"{class}\"`: the output `{}` gives no score by class; if it has several columns, \
             name them with `classes`",
            port.name
        ),
        (None, Some(names)) => Ok(object(&names)),
        (None, None) if port.width == 1 => Ok(Layout::Value(0)),
        (None, None) => Ok(Layout::Array),
    }
}

fn style(spec: &ResultSpec, port: &Port, layout: &Layout) -> Result<Style> {
    let is_label = port.width == 1 && port.keys.is_empty();
    let is_number = match port.element {
        Element::Map(_) | Element::Float | Element::Double | Element::Int64 | Element::Int32 => true,
        Element::Bool | Element::String => false,
    };
    ensure!(spec.decision.is_none() || spec.threshold.is_some(), "`decision` goes with `threshold`");
    match (&spec.classes, spec.round, spec.threshold) {
        (Some(classes), None, None) if is_label => {
            ensure!(
                matches!(port.element, Element::Int64 | Element::Int32),
                "`classes`: expected an output of integer labels, found `{}` of type {}",
                port.name,
                port.element.name()
            );
            Ok(Style::Word(classes.iter().map(|word| json::string(word)).collect()))
        }
        (Some(_), ..) if is_label => {
            bail!(
                "`classes` gives words, which are neither rounded nor compared: drop `round` and `threshold`"
            )
        }
        (_, None, None) => Ok(Style::Plain),
        (_, Some(_), Some(_)) => bail!("`round` and `threshold` exclude each other: keep one"),
        _ if !is_number => {
            bail!("expected an output of numbers, found `{}` of type {}", port.name, port.element.name())
        }
        (_, Some(decimals), None) => {
            ensure!(decimals <= MAX_DECIMALS, "`round`: expected 0 to {MAX_DECIMALS}, found {decimals}");
            Ok(Style::Round(decimals))
        }
        (_, None, Some(threshold)) => {
            ensure!(threshold.is_finite(), "`threshold`: expected a finite number, found {threshold}");
            ensure!(
                matches!(layout, Layout::Value(_)),
                "`threshold` compares one number: choose one of the output's columns with `class`"
            );
            let words = spec.decision.as_ref().map(|words| words.each_ref().map(|word| json::string(word)));
            Ok(Style::Decision(threshold, words.unwrap_or_else(|| [b"false".to_vec(), b"true".to_vec()])))
        }
    }
}
