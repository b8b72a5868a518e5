//! A field of the record.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::{At, Name, Source};
use crate::features::value::{Problem, Row, Type, Value};
use crate::field_path::FieldPath;
/// A field of the record.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name of a member of the record itself, or a JSON pointer (RFC 6901).
    field: String,
    /// What the field must hold; without it, what its use asks for.
    #[serde(rename = "type")]
    ty: Option<FieldType>,
}

/// The types of values, as the spec spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A number.
    Double,
    /// An integer.
    Int64,
    /// `true` or `false`.
    Bool,
    /// A text.
    String,
}

impl Field {
    pub(super) fn new(name: &str) -> Self {
        Self { field: name.to_owned(), ty: None }
    }

    /// Whether it takes whatever the field holds.
    pub(in crate::features) fn is_plain(&self) -> bool {
        self.ty.is_none()
    }

    /// The same field, which must hold a number.
    pub(in crate::features) fn number(&self) -> Self {
        Self { ty: Some(FieldType::Double), ..self.clone() }
    }

    /// Where it is.
    pub(in crate::features) fn path(&self) -> Result<FieldPath> {
        FieldPath::parse(&self.field)
    }
}

impl Compile for Field {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let path = self.path()?;
        let source = Source::new(At::Field(scope.slot(&path)), Type::Json, Name::Field(path));
        let Some(ty) = self.ty else { return Ok(one(Type::Json, move |row| source.value(row))) };
        let ty = Type::from(ty);
        Ok(one(ty, move |row| read(&source, ty, row)))
    }
}

/// The value of a source as one of a type.
fn read<'a>(source: &Source, ty: Type, row: &mut Row<'a>) -> Result<Value<'a>, Problem> {
    Ok(match ty {
        Type::Double => Value::Double(source.number(row)?),
        Type::Int64 => Value::Int64(source.integer(row)?),
        Type::Bool => Value::Bool(source.boolean(row)?),
        Type::String => Value::Text(source.text(row)?),
        Type::Json => source.value(row)?,
    })
}

impl From<FieldType> for Type {
    fn from(ty: FieldType) -> Self {
        match ty {
            FieldType::Double => Self::Double,
            FieldType::Int64 => Self::Int64,
            FieldType::Bool => Self::Bool,
            FieldType::String => Self::String,
        }
    }
}
