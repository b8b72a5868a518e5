//! What a transform may ask for while it is compiled.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use indexmap::IndexMap;

use super::computation::Computation;
use super::operand::{Operand, Source};
use super::tables::Table;
use super::value::Type;
use crate::field_path::FieldPath;

/// A transform that can be compiled.
pub(super) trait Compile {
    /// Resolves the operands, and checks everything that can be checked without a document.
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation>;
}

/// Resolves the operands of a transform.
///
/// The compiler of a plan implements it. A test of a transform can implement it with three one-line functions.
pub(super) trait Operands {
    /// Resolves an operand of any type.
    fn operand(&mut self, operand: &Operand) -> Result<Source>;

    /// Returns the slot of a field. From now on every document is searched for this field.
    fn slot(&mut self, path: &FieldPath) -> usize;

    /// Returns the table in `file` whose key columns are those of `by`, and the first of two registers. All
    /// lookups with the same `file` and `by` share the registers.
    fn table(&mut self, file: &str, by: &IndexMap<String, Operand>) -> Result<(Arc<Table>, usize)>;

    /// Resolves an operand that is a number.
    fn number(&mut self, operand: &Operand) -> Result<Source> {
        let source = self.operand(operand)?;
        check(source, operand, "a number", &[Type::Double, Type::Int64, Type::Bool])
    }

    /// Resolves an operand that is a boolean.
    fn boolean(&mut self, operand: &Operand) -> Result<Source> {
        let source = self.operand(operand)?;
        check(source, operand, "a boolean", &[Type::Bool])
    }

    /// Resolves an operand that is a text: a string, or an integer in decimal.
    fn text(&mut self, operand: &Operand) -> Result<Source> {
        let source = self.operand(operand)?;
        check(source, operand, "a text", &[Type::String, Type::Int64])
    }

    /// Resolves an operand that is a string.
    fn string(&mut self, operand: &Operand) -> Result<Source> {
        let source = self.operand(operand)?;
        check(source, operand, "a string", &[Type::String])
    }

    /// Resolves a list of numbers.
    fn numbers(&mut self, operands: &[Operand]) -> Result<Vec<Source>> {
        ensure!(!operands.is_empty(), "it lists no operands");
        operands.iter().map(|operand| self.number(operand)).collect()
    }

    /// Resolves a list of texts.
    fn texts(&mut self, operands: &[Operand]) -> Result<Vec<Source>> {
        ensure!(!operands.is_empty(), "it lists no operands");
        operands.iter().map(|operand| self.text(operand)).collect()
    }
}

fn check(source: Source, operand: &Operand, expected: &str, types: &[Type]) -> Result<Source> {
    source.check(expected, types).with_context(|| operand.to_string())?;
    Ok(source)
}
