//! What transforms are compiled to: the types of their columns, and the work on a record.

use anyhow::{Result, ensure};

use super::step::{Compute, One};
use super::value::{Problem, Row, Type, Value};

/// Columns that a feature may have.
pub(super) const MAX_COLUMNS: usize = 65_536;

/// What a transform is compiled to.
pub(super) struct Compiled {
    /// The type of each column.
    pub types: Vec<Type>,
    /// The columns' names, if the feature is one that has columns.
    pub names: Vec<String>,
    pub compute: Compute,
}

/// One value of a type.
pub(super) fn one<F>(ty: Type, compute: F) -> Compiled
where
    F: for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync + 'static,
{
    Compiled { types: vec![ty], names: Vec::new(), compute: Compute::One(Box::new(compute)) }
}

/// The work of one column of several.
pub(super) fn each<F>(compute: F) -> Box<One>
where
    F: for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync + 'static,
{
    Box::new(compute)
}

/// One double.
pub(super) fn double(compute: impl Fn(&mut Row) -> Result<f64, Problem> + Send + Sync + 'static) -> Compiled {
    one(Type::Double, move |row| {
        let value = compute(row)?;
        if value.is_finite() {
            return Ok(Value::Double(value));
        }
        let found = if value.is_nan() { "what is not a number" } else { "an infinite one" };
        Err(Problem::invalid(&"the result", "a finite number", found))
    })
}

/// Several columns of doubles.
pub(super) fn doubles<F>(names: Vec<String>, compute: F) -> Result<Compiled>
where
    F: for<'a> Fn(&mut Row<'a>, usize) -> Result<(), Problem> + Send + Sync + 'static,
{
    ensure!(!names.is_empty(), "it has no column");
    ensure!(names.len() <= MAX_COLUMNS, "{} columns, at most {MAX_COLUMNS} are served", names.len());
    Ok(Compiled {
        types: vec![Type::Double; names.len()],
        names,
        compute: Compute::Several(Box::new(compute)),
    })
}
