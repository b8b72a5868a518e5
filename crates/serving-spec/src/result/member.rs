//! One member of the result's `prediction`: what it shows of an output, or a field that is echoed.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{key, push_json};
use crate::Rejected;
use crate::columns::{Element, Port, Values};
use crate::field_path::FieldPath;

/// Decimals that a double has room for.
const MAX_DECIMALS: usize = 15;

/// One member of the result, as the serving spec writes it: exactly one of `output` and `field`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultSpec {
    /// An output of the model.
    pub output: Option<String>,
    /// A field of the record, echoed as it came.
    pub field: Option<String>,
    /// Of an output of labels, the words for the labels 0, 1, …; of one with several columns, the name of each.
    pub classes: Option<Vec<String>>,
    /// Of scores by class, only the one of this class.
    pub class: Option<String>,
    /// Numbers to so many decimals.
    pub round: Option<usize>,
    /// `true` if the number is at least this, else `false`.
    pub threshold: Option<f64>,
    /// Words instead of `false` and `true`.
    pub decision: Option<[String; 2]>,
}

/// A compiled member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// As it is spelt in the spec, for messages.
    name: String,
    /// The name as JSON, with its colon.
    pub key: Vec<u8>,
    pub from: From,
}

#[derive(Debug, Clone)]
pub(super) enum From {
    Output { index: usize, width: usize, form: Form, style: Style },
    Field(FieldPath),
}

/// How a row of an output is written.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// One column: a number or string.
    Value(usize),
    /// An array of all columns.
    Array,
    /// An object of all columns, whose names are here as JSON, with their colons.
    Object(Vec<Vec<u8>>),
}

/// How a value is written.
#[derive(Debug, Clone)]
pub(super) enum Style {
    /// As it is; of floats, the shortest text that reads back as the same value.
    Plain,
    /// To so many decimals, half to even.
    Round(usize),
    /// A label by its word, which is here as JSON.
    Word(Vec<Vec<u8>>),
    /// Below a threshold, or from there on: words as JSON.
    Decision(f64, [Vec<u8>; 2]),
}

impl Member {
    /// All of an output, under its own name.
    pub fn output(index: usize, port: &Port) -> Self {
        let form = match names(port, None) {
            Some(names) => object(&names),
            None if port.width == 1 => Form::Value(0),
            None => Form::Array,
        };
        Self::new(&port.name, From::Output { index, width: port.width, form, style: Style::Plain })
    }

    /// Checks what the spec says against the outputs.
    pub fn compile(name: &str, spec: &ResultSpec, outputs: &[Port]) -> Result<Self> {
        let from = match (&spec.output, &spec.field) {
            (Some(output), None) => {
                let index = outputs.iter().position(|port| port.name == *output).with_context(|| {
                    let names: Vec<_> = outputs.iter().map(|port| format!("`{}`", port.name)).collect();
                    format!("the model has no output `{output}`; it has {}", names.join(", "))
                })?;
                let port = &outputs[index];
                let form = form(spec, port)?;
                let style = style(spec, port, &form)?;
                From::Output { index, width: port.width, form, style }
            }
            (None, Some(field)) => {
                let alone = ResultSpec { field: Some(field.clone()), ..ResultSpec::default() };
                ensure!(*spec == alone, "a `field` is echoed as it came: all other keys go with `output`");
                From::Field(FieldPath::parse(field)?)
            }
            _ => bail!("give exactly one of `output` and `field`"),
        };
        Ok(Self::new(name, from))
    }

    fn new(name: &str, from: From) -> Self {
        Self { name: name.to_owned(), key: key(name), from }
    }

    /// Appends the columns of a row, which stand at `range` among the output's values.
    pub fn push(
        &self,
        event: &mut Vec<u8>,
        (form, style): (&Form, &Style),
        (values, range): (&Values, Range<usize>),
    ) -> Result<(), Rejected> {
        let push = |event: &mut Vec<u8>, at: usize| self.push_value(event, style, values, at);
        match form {
            Form::Value(column) => push(event, range.start + column),
            Form::Array => {
                event.push(b'[');
                for (column, at) in range.enumerate() {
                    if column > 0 {
                        event.push(b',');
                    }
                    push(event, at)?;
                }
                event.push(b']');
                Ok(())
            }
            Form::Object(keys) => {
                event.push(b'{');
                for (column, (key, at)) in keys.iter().zip(range).enumerate() {
                    if column > 0 {
                        event.push(b',');
                    }
                    event.extend_from_slice(key);
                    push(event, at)?;
                }
                event.push(b'}');
                Ok(())
            }
        }
    }

    fn push_value(
        &self,
        event: &mut Vec<u8>,
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
                event.extend_from_slice(word.ok_or_else(|| Rejected::UnknownLabel(self.name.clone()))?);
            }
            Style::Decision(threshold, words) => {
                let number = finite(number(values, at))?;
                event.extend_from_slice(&words[usize::from(number >= *threshold)]);
            }
            Style::Round(decimals) => push_json(event, &rounded(finite(number(values, at))?, *decimals)),
            Style::Plain => match values {
                Values::Float(v) => {
                    finite(f64::from(v[at]))?;
                    push_json(event, &v[at]);
                }
                Values::Double(v) => push_json(event, &finite(v[at])?),
                Values::Int64(v) => push_json(event, &v[at]),
                Values::Int32(v) => push_json(event, &v[at]),
                Values::Bool(v) => push_json(event, &v[at]),
                Values::String(v) => push_json(event, &v[at]),
                Values::Sparse(_) => unreachable!("only inputs are sparse"),
            },
        }
        Ok(())
    }
}

/// The number to so many decimals: that of its exact value which is nearest, as in Python.
fn rounded(number: f64, decimals: usize) -> f64 {
    format!("{number:.decimals$}").parse().unwrap_or(number)
}

/// A number of an output of numbers.
fn number(values: &Values, at: usize) -> f64 {
    match values {
        Values::Float(v) => f64::from(v[at]),
        Values::Double(v) => v[at],
        Values::Int64(v) => v[at] as f64,
        Values::Int32(v) => f64::from(v[at]),
        _ => f64::NAN,
    }
}

/// The names of an output's columns, if it has some.
fn names(port: &Port, classes: Option<&[String]>) -> Option<Vec<String>> {
    match classes {
        Some(classes) if port.width > 1 || !port.keys.is_empty() => Some(classes.to_vec()),
        _ if port.keys.is_empty() => None,
        _ => Some(port.keys.clone()),
    }
}

fn object(names: &[String]) -> Form {
    Form::Object(names.iter().map(|name| key(name)).collect())
}

fn form(spec: &ResultSpec, port: &Port) -> Result<Form> {
    let names = names(port, spec.classes.as_deref());
    if let Some(names) = &names {
        ensure!(
            names.len() == port.width,
            "`classes` names {} classes, and the output `{}` has {} columns",
            names.len(),
            port.name,
            port.width
        );
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            bail!("two columns of the output `{}` are `{twice}`", port.name);
        }
    }
    match (&spec.class, names) {
        (Some(class), Some(names)) => {
            let column = names.iter().position(|name| name == class).with_context(|| {
                format!("the output `{}` has no class `{class}`; it has `{}`", port.name, names.join("`, `"))
            })?;
            Ok(Form::Value(column))
        }
        (Some(class), None) => bail!(
            "`class = \"{class}\"`: the output `{}` gives no score by class; of one with several columns, `classes` \
             names them",
            port.name
        ),
        (None, Some(names)) => Ok(object(&names)),
        (None, None) if port.width == 1 => Ok(Form::Value(0)),
        (None, None) => Ok(Form::Array),
    }
}

fn style(spec: &ResultSpec, port: &Port, form: &Form) -> Result<Style> {
    let is_label = port.width == 1 && port.keys.is_empty();
    let numbers = match port.element {
        Element::Map(_) | Element::Float | Element::Double | Element::Int64 | Element::Int32 => true,
        Element::Bool | Element::String => false,
    };
    ensure!(spec.decision.is_none() || spec.threshold.is_some(), "`decision` goes with `threshold`");
    match (&spec.classes, spec.round, spec.threshold) {
        (Some(classes), None, None) if is_label => {
            ensure!(
                matches!(port.element, Element::Int64 | Element::Int32),
                "`classes`: the output `{}` is of {}, and only integers are labels to be named",
                port.name,
                port.element.name()
            );
            Ok(Style::Word(classes.iter().map(|word| json(word)).collect()))
        }
        (Some(_), ..) if is_label => bail!("`classes` gives words, which are neither rounded nor compared"),
        (_, None, None) => Ok(Style::Plain),
        (_, Some(_), Some(_)) => bail!("`round` and `threshold`: keep one"),
        _ if !numbers => bail!("the output `{}` is of {}, no number", port.name, port.element.name()),
        (_, Some(decimals), None) => {
            ensure!(decimals <= MAX_DECIMALS, "`round` is 0 to {MAX_DECIMALS}");
            Ok(Style::Round(decimals))
        }
        (_, None, Some(threshold)) => {
            ensure!(threshold.is_finite(), "`threshold` is a finite number");
            ensure!(
                matches!(form, Form::Value(_)),
                "`threshold` is for one number: `class` says which of the output's"
            );
            let words = spec.decision.as_ref().map(|words| words.each_ref().map(|word| json(word)));
            Ok(Style::Decision(threshold, words.unwrap_or_else(|| [b"false".to_vec(), b"true".to_vec()])))
        }
    }
}

fn json(word: &str) -> Vec<u8> {
    let mut json = Vec::new();
    push_json(&mut json, &word);
    json
}
