//! Between our columns and tract's tensors.

use anyhow::{Result, bail, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{DimLike, ToDim};

use crate::columns::{Element, Port, Sparse, Values};

use super::graph::Input;

/// The facts of the graph inputs that make up an input: two for a map's sparse rows, else one.
pub(super) fn facts(input: &Input, rows: &Symbol, entries: &Symbol) -> Vec<InferenceFact> {
    let fact = |datum_type: DatumType| {
        let mut shape = vec![rows.to_dim()];
        shape.extend(input.shape.iter().map(ToDim::to_dim));
        vec![InferenceFact::dt_shape(datum_type, shape)]
    };
    match &input.port.element {
        Element::Float => fact(f32::datum_type()),
        Element::Double => fact(f64::datum_type()),
        Element::Int64 => fact(i64::datum_type()),
        Element::Int32 => fact(i32::datum_type()),
        Element::Bool => fact(bool::datum_type()),
        Element::String => fact(String::datum_type()),
        Element::Map(_) => {
            let shape = [rows.to_dim(), entries.to_dim()];
            vec![
                InferenceFact::dt_shape(i32::datum_type(), shape.clone()),
                InferenceFact::dt_shape(f32::datum_type(), shape),
            ]
        }
    }
}

/// What an output gives for a row, by its fact.
pub(super) fn output_port(name: &str, fact: &TypedFact, rows: &Symbol) -> Result<Port> {
    let element = match fact.datum_type {
        DatumType::F32 => Element::Float,
        DatumType::F64 => Element::Double,
        // tract computes with whole numbers as dimensions where it can.
        DatumType::I64 | DatumType::TDim => Element::Int64,
        DatumType::I32 => Element::Int32,
        DatumType::Bool => Element::Bool,
        DatumType::String => Element::String,
        other => bail!("gives {other:?}; served are float, double, int64, int32, bool and string"),
    };
    let Some((first, rest)) = fact.shape.split_first() else { bail!("gives one value for the whole batch") };
    ensure!(*first == rows.to_dim(), "gives {first} rows for N");
    let mut width = 1;
    for dimension in rest {
        match dimension.to_usize() {
            Ok(size) => width *= size,
            Err(_) => bail!("gives rows of unknown length ({dimension})"),
        }
    }
    Ok(Port { name: name.to_owned(), element, width })
}

/// The tensors of an input whose rows have `shape`.
pub(super) fn from_values(shape: &[usize], values: &Values, rows: usize) -> Result<Vec<TValue>> {
    let shape = [&[rows], shape].concat();
    let tensor = match values {
        Values::Float(v) => Tensor::from_shape(&shape, v)?,
        Values::Double(v) => Tensor::from_shape(&shape, v)?,
        Values::Int64(v) => Tensor::from_shape(&shape, v)?,
        Values::Int32(v) => Tensor::from_shape(&shape, v)?,
        Values::Bool(v) => Tensor::from_shape(&shape, v)?,
        Values::String(v) => tensor1(v).into_shape(&shape)?,
        Values::Sparse(sparse) => {
            let shape = [rows, sparse.entries];
            return Ok(vec![
                Tensor::from_shape(&shape, &sparse.columns)?.into_tvalue(),
                Tensor::from_shape(&shape, &sparse.values)?.into_tvalue(),
            ]);
        }
    };
    Ok(vec![tensor.into_tvalue()])
}

/// The values of an output.
pub(super) fn to_values(tensor: &Tensor, port: &Port, rows: usize) -> Result<Values> {
    ensure!(
        tensor.len() == rows * port.width,
        "output `{}`: {} values for {rows} rows of {}",
        port.name,
        tensor.len(),
        port.width
    );
    Ok(match port.element {
        Element::Float => Values::Float(copy(tensor)?),
        Element::Double => Values::Double(copy(tensor)?),
        Element::Int64 => Values::Int64(copy(tensor)?),
        Element::Int32 => Values::Int32(copy(tensor)?),
        Element::Bool => Values::Bool(copy(tensor)?),
        Element::String => Values::String(copy(tensor)?),
        Element::Map(_) => bail!("output `{}` is a map", port.name),
    })
}

fn copy<T: Datum>(tensor: &Tensor) -> Result<Vec<T>> {
    let tensor = tensor.cast_to::<T>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec())
}

/// One row of zeros, `false` and empty strings.
pub(super) fn zero_row(port: &Port) -> Values {
    let width = port.width;
    match &port.element {
        Element::Float => Values::Float(vec![0.0; width]),
        Element::Double => Values::Double(vec![0.0; width]),
        Element::Int64 => Values::Int64(vec![0; width]),
        Element::Int32 => Values::Int32(vec![0; width]),
        Element::Bool => Values::Bool(vec![false; width]),
        Element::String => Values::String(vec![String::new(); width]),
        Element::Map(_) => {
            Values::Sparse(Sparse { columns: vec![Sparse::NONE], values: vec![0.0], entries: 1 })
        }
    }
}
