//! The transforms, one a file: what the spec writes, and what it is compiled to.
//!
//! A new one is a file with a struct that has the transform's key among its fields, and a line below.

#![expect(clippy::struct_field_names, reason = "a transform's key is its name")]

use anyhow::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use super::compile::Scope;
use super::computation::Compiled;

/// A transform, as the serving spec writes it.
pub(super) trait Compile {
    /// Resolves its operands, and checks what can be checked without a record.
    fn compile(&self, scope: &mut Scope) -> Result<Compiled>;
}

macro_rules! transforms {
    ($($key:literal $module:ident::$Transform:ident,)*) => {
        /// What a feature is made by.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Transform {
            $(#[doc = concat!("`", $key, "`")] $Transform($module::$Transform),)*
        }

        impl Transform {
            /// The keys by which transforms are known.
            pub const KEYS: [&'static str; [$($key),*].len()] = [$($key),*];

            /// Reads the transform with the given key from its members.
            pub(super) fn parse(key: &str, members: Map<String, Json>) -> Result<Self> {
                let members = Json::Object(members);
                match key {
                    $($key => Ok(Self::$Transform(serde_json::from_value(members)?)),)*
                    _ => anyhow::bail!("`{key}` is no transform"),
                }
            }

            pub(super) fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
                match self {
                    $(Self::$Transform(transform) => transform.compile(scope),)*
                }
            }

            /// The key.
            #[must_use]
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$Transform(_) => $key,)*
                }
            }

            /// The JSON Schema of each.
            pub(super) fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema> {
                vec![$($module::$Transform::json_schema(generator)),*]
            }
        }
    };
}

mod absolute;
mod boolean;
mod bucketize;
mod cast;
mod clip;
mod comparison;
mod concat;
mod constant;
mod cycle;
mod date;
mod difference;
mod field;
mod great_circle;
mod hash;
mod length;
mod log1p;
mod lookup;
mod lower;
mod one_hot;
mod ordinal;
mod product;
mod ratio;
mod replace;
mod slice;
mod sum;
mod trim;
mod vocabulary;

pub(super) use date::event_time;
pub(super) use lookup::Tables;

transforms! {
    "field" field::Field,
    "constant" constant::Constant,
    "cast" cast::Cast,
    "concat" concat::Concat,
    "sum" sum::Sum,
    "difference" difference::Difference,
    "product" product::Product,
    "ratio" ratio::Ratio,
    "log1p" log1p::Log1p,
    "absolute" absolute::Absolute,
    "clip" clip::Clip,
    "boolean" boolean::Boolean,
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
    "lower" lower::Lower,
    "trim" trim::Trim,
    "slice" slice::Slice,
    "replace" replace::Replace,
    "length" length::Length,
    "ordinal" ordinal::Ordinal,
    "one_hot" one_hot::OneHot,
    "hash" hash::Hash,
    "great_circle" great_circle::GreatCircle,
    "lookup" lookup::Lookup,
}

impl Transform {
    /// The field of a name or a pointer.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(field::Field::new(name))
    }
}
