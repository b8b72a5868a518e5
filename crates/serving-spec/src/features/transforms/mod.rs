//! The transforms: what the spec writes, and how it is compiled.
//!
//! To add a transform, write a file with a struct that has the transform's key as a field, and add a line
//! below. A transform of one operand without parameters is one line and a function in `unary.rs`.

#![expect(clippy::struct_field_names, reason = "the key of a transform is its name")]

use anyhow::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use super::computation::Computation;
use super::scope::{Compile as _, Operands};

macro_rules! transforms {
    ($($key:literal $module:ident::$Transform:ident,)*) => {
        /// A transform, which computes the value of a feature.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Transform {
            $(#[doc = concat!("`", $key, "`")] $Transform($module::$Transform),)*
        }

        impl Transform {
            /// The keys of all transforms.
            pub const KEYS: [&'static str; [$($key),*].len()] = [$($key),*];

            /// Reads the transform with the key `key` from its members.
            pub(super) fn parse(key: &str, members: Map<String, Json>) -> Result<Self> {
                let members = Json::Object(members);
                match key {
                    $($key => Ok(Self::$Transform(serde_json::from_value(members)?)),)*
                    _ => anyhow::bail!("`{key}` is not a transform"),
                }
            }

            /// Compiles the transform.
            pub(super) fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
                match self {
                    $(Self::$Transform(transform) => transform.compile(operands),)*
                }
            }

            /// Returns the key of the transform.
            #[must_use]
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$Transform(_) => $key,)*
                }
            }

            /// Returns the JSON Schema of each transform.
            pub(super) fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema> {
                vec![$($module::$Transform::json_schema(generator)),*]
            }
        }
    };
}

mod arithmetic;
mod bucketize;
mod cast;
mod clip;
mod comparison;
mod concat;
mod constant;
mod cycle;
mod date;
mod field;
mod great_circle;
mod hash;
mod lookup;
mod one_hot;
mod ordinal;
mod replace;
mod slice;
mod unary;
mod vocabulary;

pub(super) use date::event_time;

transforms! {
    "field" field::Field,
    "constant" constant::Constant,
    "cast" cast::Cast,
    "concat" concat::Concat,
    "sum" arithmetic::Sum,
    "difference" arithmetic::Difference,
    "product" arithmetic::Product,
    "ratio" arithmetic::Ratio,
    "log1p" unary::Log1p,
    "absolute" unary::Absolute,
    "clip" clip::Clip,
    "boolean" unary::Boolean,
    "equal" comparison::Equal,
    "not_equal" comparison::NotEqual,
    "less" comparison::Less,
    "less_equal" comparison::LessEqual,
    "greater" comparison::Greater,
    "greater_equal" comparison::GreaterEqual,
    "date" date::Date,
    "sine" cycle::Sine,
    "cosine" cycle::Cosine,
    "bucketize" bucketize::Bucketize,
    "lower" unary::Lower,
    "trim" unary::Trim,
    "slice" slice::Slice,
    "replace" replace::Replace,
    "length" unary::Length,
    "ordinal" ordinal::Ordinal,
    "one_hot" one_hot::OneHot,
    "hash" hash::Hash,
    "great_circle" great_circle::GreatCircle,
    "lookup" lookup::Lookup,
}

impl Transform {
    /// Returns the transform for a field: the name of a member, or a JSON pointer.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(field::Field::new(name))
    }
}
