//! Runs one model on its data sets.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail, ensure};
use onnx_ml::{Clock, Columns, Dimension, Graph, MapValue, Session, Takes, VOID_COLUMN};
use serving_spec::columns::Sparse;
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::prelude::*;

use super::data_set::Value;
use super::{compare, data_set};

/// The message and place of the last panic.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps the message of a panic for the line about its model, instead of printing it.
pub fn remember_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().map(ToString::to_string);
        let message = message.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{message} ({place})"));
    }));
}

/// Runs a model on all of its data sets.
///
/// # Errors
/// One line that says why the model does not pass.
pub fn run(model: &Path) -> Result<(), String> {
    let result =
        catch_unwind(AssertUnwindSafe(|| data_sets(model))).unwrap_or_else(|_| Err(anyhow!("panic")));
    let panic = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.map_err(|error| {
        let reason =
            format!("{error:#}{}", panic.map(|panic| format!("; panicked: {panic}")).unwrap_or_default());
        reason.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn data_sets(model: &Path) -> Result<()> {
    let graph = Graph::read(model.join("model.onnx"))?;
    let mut case = Case { graph, sessions: Vec::new() };
    for folder in data_set::find(model)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        case.data_set(&folder).with_context(|| format!("data set {name}"))?;
    }
    Ok(())
}

struct Case {
    graph: Graph,
    /// The sessions so far, by the shapes of the inputs.
    sessions: Vec<(Vec<Vec<Dimension>>, Session)>,
}

impl Case {
    fn data_set(&mut self, folder: &Path) -> Result<()> {
        let (inputs, expected) = (data_set::files(folder, "input"), data_set::files(folder, "output"));
        ensure!(!expected.is_empty(), "expected the file output_0.pb, found none");
        let inputs_match = inputs.len() == self.graph.inputs.len();
        ensure!(inputs_match, "expected {} inputs, found {}", self.graph.inputs.len(), inputs.len());
        let expected = expected
            .iter()
            .enumerate()
            .map(|(index, file)| data_set::values(file).with_context(|| format!("output_{index}.pb")));
        let expected: Vec<Value> = expected.flatten_ok().collect::<Result<_>>()?;
        let outputs_match = expected.len() == self.graph.outputs.len();
        ensure!(outputs_match, "expected {} outputs, found {}", self.graph.outputs.len(), expected.len());

        let mut tensors = TVec::new();
        let mut sizes = Vec::new();
        for (index, (input, file)) in self.graph.inputs.iter().zip(&inputs).enumerate() {
            let given = match &input.takes {
                Takes::Tensor { .. } => data_set::tensor(file).map(|tensor| tvec![tensor.into_tvalue()]),
                Takes::Sparse { keys, values } => {
                    data_set::maps(file).and_then(|maps| entries(&maps, keys, *values))
                }
                Takes::Dense { columns, .. } => data_set::maps(file).and_then(|maps| matrix(&maps, columns)),
            };
            let given = given.with_context(|| format!("input_{index}.pb"))?;
            sizes.push(given[0].shape().to_vec());
            tensors.extend(given);
        }
        let found = self.run_rows_open(&sizes, tensors)?;
        for ((output, expected), found) in self.graph.outputs.iter().zip(&expected).zip(&found) {
            let same = match (&output.classes, expected) {
                (None, Value::Tensor(tensor)) => compare::tensors(tensor, found),
                (Some(classes), Value::Maps(maps)) => compare::maps(maps, classes, found),
                (None, Value::Maps(_)) => Err(anyhow!("expected maps, found a tensor")),
                (Some(_), Value::Tensor(_)) => Err(anyhow!("expected a tensor, found maps")),
            };
            same.with_context(|| format!("output `{}`", output.name))?;
        }
        Ok(())
    }

    /// Computes the outputs with an open number of rows, as in serving. If one of the inputs states its
    /// number of rows, it is enough that the graph runs for the sizes of the data.
    fn run_rows_open(&mut self, sizes: &[Vec<usize>], tensors: TVec<TValue>) -> Result<TVec<TValue>> {
        let open = self.shapes(sizes, true);
        let stated = self.shapes(sizes, false);
        let error = match self.run(open.clone(), tensors.clone()) {
            Err(error) if open != stated => error,
            result => return result,
        };
        let outputs = self.run(stated, tensors);
        let all_open = self.graph.inputs.iter().all(|input| match &input.takes {
            Takes::Tensor { shape: Some(shape), .. } => shape.first() == Some(&None),
            Takes::Tensor { shape: None, .. } | Takes::Sparse { .. } | Takes::Dense { .. } => true,
        });
        match outputs {
            Ok(_) if all_open => bail!("runs only with a stated number of rows; with an open one: {error:#}"),
            Ok(outputs) => Ok(outputs),
            Err(_) => Err(error),
        }
    }

    fn run(&mut self, shapes: Vec<Vec<Dimension>>, tensors: TVec<TValue>) -> Result<TVec<TValue>> {
        let known = self.sessions.iter().position(|(known, _)| *known == shapes);
        let at = if let Some(at) = known {
            at
        } else {
            let session = Session::new(&self.graph, &shapes, &Clock::unlimited())?;
            self.sessions.push((shapes, session));
            self.sessions.len() - 1
        };
        Ok(self.sessions[at].1.run(tensors)?)
    }

    /// The shapes to plan for. Dimensions that the graph does not state are those of the data. With
    /// `rows_open`, such a first dimension is left open.
    fn shapes(&self, sizes: &[Vec<usize>], rows_open: bool) -> Vec<Vec<Dimension>> {
        let shape = |takes: &Takes, sizes: &[usize]| {
            let stated = |at: usize| match takes {
                Takes::Tensor { shape, .. } => *shape.as_ref()?.get(at)?,
                Takes::Dense { .. } | Takes::Sparse { .. } => None,
            };
            if matches!(takes, Takes::Sparse { .. }) {
                return Vec::new();
            }
            let dimension = |(at, size): (usize, &usize)| match stated(at) {
                Some(stated) => Dimension::Of(stated),
                None if at == 0 && rows_open => Dimension::Rows,
                None => Dimension::Of(*size),
            };
            sizes.iter().enumerate().map(dimension).collect()
        };
        self.graph.inputs.iter().zip(sizes).map(|(input, sizes)| shape(&input.takes, sizes)).collect()
    }
}

/// Converts rows to the two tensors of sparse entries that [`Session::run`] takes. A key without a column
/// becomes void.
fn entries(rows: &[data_set::Map], keys: &[String], values: MapValue) -> Result<TVec<TValue>> {
    let columns: HashMap<&str, i32> = keys.iter().map(String::as_str).zip(0..).collect();
    let width = rows.iter().map(|row| row.keys.len()).max().unwrap_or(0).max(1);
    let mut sparse = Sparse { entries: width, ..Sparse::default() };
    for row in rows {
        let numbers = row.values.cast_to::<f64>()?;
        for (key, value) in row.keys.iter().zip(numbers.try_as_plain_ram()?.as_slice::<f64>()?) {
            sparse.push(columns.get(key.as_str()).copied().unwrap_or(VOID_COLUMN), *value);
        }
        (row.keys.len()..width).for_each(|_| sparse.push(VOID_COLUMN, 0.0));
    }
    let shape = [rows.len(), width];
    let columns = Tensor::from_shape(&shape, &sparse.columns)?;
    let numbers = Tensor::from_shape(&shape, &sparse.values)?;
    let number = match values {
        MapValue::Float => DatumType::F32,
        MapValue::Double => DatumType::F64,
        MapValue::Int64 => DatumType::I64,
    };
    Ok(tvec![columns.into_tvalue(), numbers.cast_to_dt(number)?.into_owned().into_tvalue()])
}

/// Converts rows to a matrix. A column that a row lacks is zero or an empty string.
fn matrix(rows: &[data_set::Map], columns: &Columns) -> Result<TVec<TValue>> {
    let element = rows.first().context("expected at least one row, found none")?.values.datum_type();
    let none = if element == DatumType::String {
        tensor1(&[String::new()])
    } else {
        Tensor::zero_dt(element, &[1])?
    };
    let mut values = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let places: Vec<_> = match columns {
            Columns::Of(keys) => keys.iter().map(|key| row.keys.iter().position(|own| own == key)).collect(),
            Columns::Ascending(_) => {
                let width = rows[0].keys.len();
                ensure!(row.keys.len() == width, "row {at}: expected {width} keys, found {}", row.keys.len());
                let keys: Vec<i64> = row.keys.iter().map(|key| key.parse()).try_collect()?;
                (0..width).sorted_by_key(|&place| keys[place]).map(Some).collect()
            }
        };
        for place in places {
            values.push(place.map_or(Ok(none.clone()), |place| row.values.slice(0, place, place + 1))?);
        }
    }
    let shape = [rows.len(), values.len() / rows.len()];
    Ok(tvec![Tensor::stack_tensors(0, &values)?.into_shape(&shape)?.into_tvalue()])
}
