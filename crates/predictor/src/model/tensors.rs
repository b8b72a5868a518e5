//! Between our columns and tract's tensors.

use anyhow::{Result, bail, ensure};
use onnx_ml::{Columns, Dimension, Input, MapValue, Output, Takes};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

use serving_spec::columns::{Element, Number, Port, Sparse, Values};

/// More columns than a record of 10 MiB could fill.
const MAX_COLUMNS: usize = 10 << 20;

/// What an input takes for each row, and the shape of its tensor: its first dimension is the batch, the others must be
/// stated.
pub(super) fn input_port(input: &Input) -> Result<(Port, Vec<Dimension>)> {
    let port = |element, width, keys: &[String]| Port {
        name: input.name.clone(),
        element,
        width,
        keys: keys.to_vec(),
    };
    let (element, shape, keys): (_, &[Option<usize>], &[String]) = match &input.takes {
        Takes::Sparse { keys, values } => {
            return Ok((port(Element::Map(number(*values)), 1, keys), Vec::new()));
        }
        Takes::Dense { element, columns: Columns::Of(keys) } => (element, &[None, Some(keys.len())], keys),
        Takes::Dense { element, columns: Columns::Ascending(width) } => (element, &[None, *width], &[]),
        Takes::Tensor { element, shape } => (element, shape.as_deref().unwrap_or_default(), &[]),
    };
    let element = match element {
        DataType::Float => Element::Float,
        DataType::Double => Element::Double,
        DataType::Int64 => Element::Int64,
        DataType::Int32 => Element::Int32,
        DataType::Bool => Element::Bool,
        DataType::String => Element::String,
        other => bail!("takes {other:?}; served are float, double, int64, int32, bool and string"),
    };
    match shape {
        [] => bail!("has no batch dimension"),
        [_] => Ok((port(element, 1, keys), vec![Dimension::Rows])),
        [_, Some(columns @ 1..=MAX_COLUMNS)] => {
            Ok((port(element, *columns, keys), vec![Dimension::Rows, Dimension::Of(*columns)]))
        }
        [_, Some(other)] => bail!("has {other} columns; served are 1 to {MAX_COLUMNS}"),
        [_, None] => bail!("does not state its number of columns: export the model with it"),
        _ => bail!("has {} dimensions; served are [N] and [N, columns]", shape.len()),
    }
}

/// The type of a map's values in our columns.
fn number(values: MapValue) -> Number {
    match values {
        MapValue::Float => Number::Float,
        MapValue::Double => Number::Double,
        MapValue::Int64 => Number::Int64,
    }
}

/// What an output gives for a row, by its fact.
pub(super) fn output_port(output: &Output, fact: &TypedFact, rows: &TDim) -> Result<Port> {
    let element = match (fact.datum_type, &output.classes) {
        (DatumType::F32, Some(_)) => Element::Map(Number::Float),
        (other, Some(_)) => bail!("gives maps to {other:?}; served are maps to float"),
        (DatumType::F32, None) => Element::Float,
        (DatumType::F64, None) => Element::Double,
        // tract computes with whole numbers as dimensions where it can.
        (DatumType::I64 | DatumType::TDim, None) => Element::Int64,
        (DatumType::I32, None) => Element::Int32,
        (DatumType::Bool, None) => Element::Bool,
        (DatumType::String, None) => Element::String,
        (other, None) => bail!("gives {other:?}; served are float, double, int64, int32, bool and string"),
    };
    let Some((first, rest)) = fact.shape.split_first() else { bail!("gives one value for the whole batch") };
    ensure!(first == rows, "gives {first} rows for N");
    let mut width = 1;
    for dimension in rest {
        match dimension.to_usize() {
            Ok(size) => width *= size,
            Err(_) => bail!("gives rows of unknown length ({dimension})"),
        }
    }
    if let Some(classes) = &output.classes {
        ensure!(width == classes.len(), "gives {width} scores for {} classes", classes.len());
    }
    let keys = output.classes.clone().unwrap_or_default();
    Ok(Port { name: output.name.clone(), element, width, keys })
}

/// The tensors of an input.
pub(super) fn from_values(
    element: Element,
    shape: &[Dimension],
    values: &Values,
    rows: usize,
) -> Result<Vec<TValue>> {
    let size = |dimension: &Dimension| match dimension {
        Dimension::Rows => rows,
        Dimension::Of(size) => *size,
    };
    let shape: Vec<usize> = shape.iter().map(size).collect();
    let tensor = match values {
        Values::Float(v) => Tensor::from_shape(&shape, v)?,
        Values::Double(v) => Tensor::from_shape(&shape, v)?,
        Values::Int64(v) => Tensor::from_shape(&shape, v)?,
        Values::Int32(v) => Tensor::from_shape(&shape, v)?,
        Values::Bool(v) => Tensor::from_shape(&shape, v)?,
        Values::String(v) => tensor1(v).into_shape(&shape)?,
        Values::Sparse(sparse) => return sparse_rows(element, sparse, rows),
    };
    Ok(vec![tensor.into_tvalue()])
}

/// The two tensors of sparse rows: `int32[rows, entries]` columns, and the values there, of the type of the map's.
fn sparse_rows(element: Element, sparse: &Sparse, rows: usize) -> Result<Vec<TValue>> {
    let Element::Map(values) = element else { bail!("an input of {} has no columns", element.name()) };
    let shape = [rows, sparse.entries];
    let columns = Tensor::from_shape(&shape, &sparse.columns)?;
    let number = match values {
        Number::Float => DatumType::F32,
        Number::Double => DatumType::F64,
        Number::Int64 => DatumType::I64,
    };
    let values = Tensor::from_shape(&shape, &sparse.values)?.cast_to_dt(number)?.into_owned();
    Ok(vec![columns.into_tvalue(), values.into_tvalue()])
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
        Element::Float | Element::Map(_) => Values::Float(copy(tensor)?),
        Element::Double => Values::Double(copy(tensor)?),
        Element::Int64 => Values::Int64(copy(tensor)?),
        Element::Int32 => Values::Int32(copy(tensor)?),
        Element::Bool => Values::Bool(copy(tensor)?),
        Element::String => Values::String(copy(tensor)?),
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
