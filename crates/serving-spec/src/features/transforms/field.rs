//! A field of the record.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Source;
use crate::features::problem::Problem;
use crate::features::row::Row;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};
use crate::field_path::FieldPath;

/// A field of the record.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name of a member of the record, or a JSON pointer such as `/ride/distance` (RFC 6901).
    field: String,
    /// The type that the field must hold. By default the use of the feature decides.
    #[serde(rename = "type")]
    ty: Option<FieldType>,
}

/// A type of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A number, as a 64-bit float.
    Double,
    /// An integer of 64 bits, written without fraction and exponent.
    Int64,
    /// `true` or `false`.
    Bool,
    /// A string, or a number as it is written.
    String,
}

impl Field {
    pub(super) fn new(name: &str) -> Self {
        Self { field: name.to_owned(), ty: None }
    }

    /// Whether the field can hold any type.
    pub(in crate::features) fn is_plain(&self) -> bool {
        self.ty.is_none()
    }

    /// Returns the same field with the type `double`.
    pub(in crate::features) fn number(&self) -> Self {
        Self { ty: Some(FieldType::Double), ..self.clone() }
    }

    /// Returns the path of the field.
    pub(in crate::features) fn path(&self) -> Result<FieldPath> {
        FieldPath::parse(&self.field)
    }
}

impl Compile for Field {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let path = self.path()?;
        let source = Source::field(operands.slot(&path), path);
        let Some(ty) = self.ty else { return Ok(one(Type::Json, move |row| source.value(row))) };
        let ty = Type::from(ty);
        Ok(one(ty, move |row| read(&source, ty, row)))
    }
}

/// Returns the value of a source, read as type `ty`.
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
