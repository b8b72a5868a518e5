//! Converts between columns and tract's tensors.

use anyhow::{Result, bail, ensure};
use onnx_ml::{Columns, Dimension, Input, MapValue, Output, Takes, VOID_COLUMN};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

use serving_spec::columns::{Element, Number, Port, Sparse, Values};

// Sparse rows go to the model as they are.
const _: () = assert!(Sparse::NONE == VOID_COLUMN);

/// The most columns of an input. A record of 10 MiB could not fill more.
const MAX_COLUMNS: usize = 10 << 20;

/// The port of an input, and the shape of its tensor. The first dimension is the batch. The model must state
/// the others.
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
        other => bail!("expected float, double, int64, int32, bool or string, found {other:?}"),
    };
    match shape {
        [] => bail!("expected a batch dimension, found none"),
        [_] => Ok((port(element, 1, keys), vec![Dimension::Rows])),
        [_, Some(columns @ 1..=MAX_COLUMNS)] => {
            Ok((port(element, *columns, keys), vec![Dimension::Rows, Dimension::Of(*columns)]))
        }
        [_, Some(other)] => bail!("expected 1 to {MAX_COLUMNS} columns, found {other}"),
        [_, None] => {
            bail!("expected a stated number of columns, found an open one: export the model with it")
        }
        _ => bail!("expected the shape [N] or [N, columns], found {} dimensions", shape.len()),
    }
}

/// The number type for the values of a map.
fn number(values: MapValue) -> Number {
    match values {
        MapValue::Float => Number::Float,
        MapValue::Double => Number::Double,
        MapValue::Int64 => Number::Int64,
    }
}

/// The port of an output, by its fact.
pub(super) fn output_port(output: &Output, fact: &TypedFact, rows: &TDim) -> Result<Port> {
    let element = match (fact.datum_type, &output.classes) {
        (DatumType::F32, Some(_)) => Element::Map(Number::Float),
        (other, Some(_)) => bail!("expected maps to float, found maps to {other:?}"),
        (DatumType::F32, None) => Element::Float,
        (DatumType::F64, None) => Element::Double,
        // tract represents whole numbers as dimensions where it can.
        (DatumType::I64 | DatumType::TDim, None) => Element::Int64,
        (DatumType::I32, None) => Element::Int32,
        (DatumType::Bool, None) => Element::Bool,
        (DatumType::String, None) => Element::String,
        (other, None) => bail!("expected float, double, int64, int32, bool or string, found {other:?}"),
    };
    let Some((first, rest)) = fact.shape.split_first() else {
        bail!("expected a value per row, found one for the whole batch")
    };
    ensure!(first == rows, "expected N rows, found {first}");
    let mut width = 1;
    for dimension in rest {
        match dimension.to_usize() {
            Ok(size) => width *= size,
            Err(_) => bail!("expected rows of a known length, found {dimension}"),
        }
    }
    if let Some(classes) = &output.classes {
        ensure!(width == classes.len(), "expected {} scores, one per class; found {width}", classes.len());
    }
    let keys = output.classes.clone().unwrap_or_default();
    Ok(Port { name: output.name.clone(), element, width, keys })
}

/// Converts the values of an input to its tensors.
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

/// Converts sparse rows to two tensors: `int32[rows, entries]` columns, and their values in the number type
/// of the map.
fn sparse_rows(element: Element, sparse: &Sparse, rows: usize) -> Result<Vec<TValue>> {
    let Element::Map(values) = element else {
        bail!("expected sparse rows only for a map, found {}", element.name())
    };
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

/// Converts the tensor of an output to its values.
pub(super) fn to_values(tensor: &Tensor, port: &Port, rows: usize) -> Result<Values> {
    ensure!(
        tensor.len() == rows * port.width,
        "output `{}`: expected {rows} rows of {} values, found {} values",
        port.name,
        port.width,
        tensor.len()
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
