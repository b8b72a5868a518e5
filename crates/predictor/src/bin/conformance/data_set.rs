//! Finds models and their data sets, and reads the files of a data set.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use prost::Message;
use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::TensorProto;
use tract_onnx::prelude::{DatumType, Tensor, tract_itertools::Itertools};
use tract_onnx::tensor::load_tensor;

use super::proto::{MAP, MapProto, SequenceProto, TENSOR};

/// Adds the folders below `folder` that hold a model, at any depth.
///
/// # Errors
/// When a folder cannot be read.
pub fn find_models(folder: &Path, models: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("model.onnx").is_file() {
        models.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        // Links are not followed, because they may lead back.
        if entry.file_type()?.is_dir() {
            find_models(&entry.path(), models)?;
        }
    }
    Ok(())
}

/// Finds the data sets of a model: the folders beside `model.onnx` that do not hold another model.
///
/// # Errors
/// When a folder cannot be read, or the model has no data set.
pub fn find(model: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(model)? {
        let folder = entry?.path();
        // A folder that holds a model is another case.
        if folder.is_dir() && !folder.join("model.onnx").is_file() && !holds_models(&folder)? {
            folders.push(folder);
        }
    }
    ensure!(!folders.is_empty(), "expected a folder with input_0.pb and output_0.pb, found none");
    folders.sort();
    Ok(folders)
}

fn holds_models(folder: &Path) -> Result<bool> {
    let mut models = Vec::new();
    find_models(folder, &mut models)?;
    Ok(!models.is_empty())
}

/// Lists the files `{kind}_0.pb`, `{kind}_1.pb`, … of a data set.
pub fn files(data_set: &Path, kind: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    loop {
        let file = data_set.join(format!("{kind}_{}.pb", files.len()));
        if !file.is_file() {
            return files;
        }
        files.push(file);
    }
}

/// The expected value of an output.
#[derive(Debug)]
pub enum Value {
    Tensor(Tensor),
    Maps(Vec<Map>),
}

/// Reads the file of an output: a tensor, maps, or a sequence of tensors. Each tensor of a sequence is an
/// output here.
///
/// # Errors
/// When the file holds something else.
pub fn values(file: &Path) -> Result<Vec<Value>> {
    // A tensor that is read as a sequence has no elements.
    match SequenceProto::decode(&*std::fs::read(file)?) {
        Ok(sequence) if sequence.elem_type == TENSOR && !sequence.tensor_values.is_empty() => {
            sequence.tensor_values.iter().map(|proto| load(proto).map(Value::Tensor)).collect()
        }
        Ok(sequence) if sequence.elem_type == MAP && !sequence.map_values.is_empty() => {
            Ok(vec![Value::Maps(maps(file)?)])
        }
        _ => Ok(vec![Value::Tensor(tensor(file)?)]),
    }
}

/// Reads the tensor in a file.
///
/// # Errors
/// When the file does not hold a tensor.
pub fn tensor(file: &Path) -> Result<Tensor> {
    let proto = TensorProto::decode(&*std::fs::read(file)?).context("expected a TensorProto")?;
    load(&proto)
}

fn load(proto: &TensorProto) -> Result<Tensor> {
    load_tensor(&MmapDataResolver, proto, None)
}

/// A map. Integer keys are written as decimal numbers. All values have one type.
#[derive(Debug)]
pub struct Map {
    pub keys: Vec<String>,
    /// `[keys]`
    pub values: Tensor,
}

/// Reads the maps in a file: a sequence of maps, or a single one. Each map is a row.
///
/// # Errors
/// When the file does not hold maps, or the values of a map are not numbers or strings.
pub fn maps(file: &Path) -> Result<Vec<Map>> {
    let bytes = std::fs::read(file)?;
    let sequence = SequenceProto::decode(&*bytes).ok().filter(|sequence| sequence.elem_type == MAP);
    let maps = match sequence {
        Some(sequence) => sequence.map_values,
        None => vec![MapProto::decode(&*bytes).context("expected a sequence of maps, or a map")?],
    };
    maps.into_iter()
        .enumerate()
        .map(|(row, proto)| map(proto).with_context(|| format!("the map of row {row}")))
        .collect()
}

fn map(proto: MapProto) -> Result<Map> {
    let keys: Vec<String> = if proto.string_keys.is_empty() {
        proto.keys.iter().map(ToString::to_string).collect()
    } else {
        proto.string_keys.into_iter().map(String::from_utf8).try_collect()?
    };
    let values = proto.values.unwrap_or_default().tensor_values;
    let values: Vec<Tensor> = values.iter().map(load).try_collect()?;
    ensure!(
        values.len() == keys.len(),
        "expected {} values, one per key; found {}",
        keys.len(),
        values.len()
    );
    let values = values.into_iter().map(|value| value.into_shape(&[1])).collect::<Result<Vec<_>>>()?;
    let values = if values.is_empty() {
        Tensor::zero_dt(DatumType::F32, &[0])?
    } else {
        Tensor::stack_tensors(0, &values)?
    };
    Ok(Map { keys, values })
}
