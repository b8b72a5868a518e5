//! The compiled form of a transform: the types of its columns, and the work per document.

use anyhow::{Result, ensure};

use super::problem::Problem;
use super::row::Row;
use super::value::{Type, Value};

/// The most columns that a feature may have.
pub(super) const MAX_COLUMNS: usize = 65_536;

/// A compiled transform.
pub(super) struct Computation {
    /// The type of each column.
    pub types: Vec<Type>,
    /// The names of the columns; empty for a feature that is a single value.
    pub names: Vec<String>,
    pub compute: Compute,
}

/// Computes the value of one column.
pub(super) type ComputeOne = dyn for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync;
/// Computes all columns at once, into the registers from the given one on.
pub(super) type ComputeAll = dyn for<'a> Fn(&mut Row<'a>, usize) -> Result<(), Problem> + Send + Sync;

/// How the columns are computed.
pub(super) enum Compute {
    /// There is one column.
    One(Box<ComputeOne>),
    /// Every column is computed separately, so one can fail and the others not.
    Each(Vec<Box<ComputeOne>>),
    /// All columns are computed together, and fail together.
    All(Box<ComputeAll>),
}

/// A feature that is one value of type `ty`.
pub(super) fn one<F>(ty: Type, compute: F) -> Computation
where
    F: for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync + 'static,
{
    Computation { types: vec![ty], names: Vec::new(), compute: Compute::One(Box::new(compute)) }
}

/// One column of [`Compute::Each`].
pub(super) fn each<F>(compute: F) -> Box<ComputeOne>
where
    F: for<'a> Fn(&mut Row<'a>) -> Result<Value<'a>, Problem> + Send + Sync + 'static,
{
    Box::new(compute)
}

/// A feature that is one double. A result that is NaN or infinite is invalid.
pub(super) fn double(
    compute: impl Fn(&mut Row) -> Result<f64, Problem> + Send + Sync + 'static,
) -> Computation {
    one(Type::Double, move |row| {
        let value = compute(row)?;
        if value.is_finite() {
            return Ok(Value::Double(value));
        }
        let found = if value.is_nan() { "NaN" } else { "an infinite one" };
        Err(Problem::invalid(&"the result", "a finite number", found))
    })
}

/// A feature with a column of doubles for each of `names`.
pub(super) fn doubles<F>(names: Vec<String>, compute: F) -> Result<Computation>
where
    F: for<'a> Fn(&mut Row<'a>, usize) -> Result<(), Problem> + Send + Sync + 'static,
{
    ensure!(!names.is_empty(), "it has no columns");
    ensure!(names.len() <= MAX_COLUMNS, "expected at most {MAX_COLUMNS} columns, found {}", names.len());
    Ok(Computation {
        types: vec![Type::Double; names.len()],
        names,
        compute: Compute::All(Box::new(compute)),
    })
}
