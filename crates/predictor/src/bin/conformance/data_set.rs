//! The files of a data set.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use prost::Message;
use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::TensorProto;
use tract_onnx::prelude::{DatumType, Tensor, tract_itertools::Itertools};
use tract_onnx::tensor::load_tensor;

use super::proto::{MAP, MapProto, SequenceProto, TENSOR};

/// The data sets of a model: the folders beside it that have no other model in them.
///
/// # Errors
/// When a folder can't be read, or there is none.
pub fn find(model: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(model)? {
        let folder = entry?.path();
        // A folder with a model of its own is another case.
        if folder.is_dir() && !folder.join("model.onnx").is_file() && !holds_models(&folder)? {
            folders.push(folder);
        }
    }
    ensure!(!folders.is_empty(), "it has no data set");
    folders.sort();
    Ok(folders)
}

fn holds_models(folder: &Path) -> Result<bool> {
    let mut models = Vec::new();
    super::find_models(folder, &mut models)?;
    Ok(!models.is_empty())
}

/// The files `{kind}_0.pb`, `{kind}_1.pb`, … of a data set.
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

/// What an output is to be.
#[derive(Debug)]
pub enum Value {
    Tensor(Tensor),
    Maps(Vec<Map>),
}

/// What is in the file of an output: a tensor, maps, or a sequence of tensors, which are outputs of their own here.
///
/// # Errors
/// When it is none of these.
pub fn values(file: &Path) -> Result<Vec<Value>> {
    // Read as a sequence, a tensor has no elements.
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

/// The tensor in a file.
///
/// # Errors
/// When there is none in it.
pub fn tensor(file: &Path) -> Result<Tensor> {
    let proto = TensorProto::decode(&*std::fs::read(file)?).context("it is no TensorProto")?;
    load(&proto)
}

fn load(proto: &TensorProto) -> Result<Tensor> {
    load_tensor(&MmapDataResolver, proto, None)
}

/// A map: its keys, integers as decimal numbers, and its values, all of one type.
#[derive(Debug)]
pub struct Map {
    pub keys: Vec<String>,
    /// `[keys]`
    pub values: Tensor,
}

/// The maps in a file, a row each: a sequence of maps, or just one.
///
/// # Errors
/// When there are none in it, or one is not from keys to numbers or strings.
pub fn maps(file: &Path) -> Result<Vec<Map>> {
    let bytes = std::fs::read(file)?;
    let sequence = SequenceProto::decode(&*bytes).ok().filter(|sequence| sequence.elem_type == MAP);
    let maps = match sequence {
        Some(sequence) => sequence.map_values,
        None => vec![MapProto::decode(&*bytes).context("it is neither a sequence of maps nor a map")?],
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
    ensure!(values.len() == keys.len(), "it has {} keys and {} values", keys.len(), values.len());
    let values = values.into_iter().map(|value| value.into_shape(&[1])).collect::<Result<Vec<_>>>()?;
    let values = if values.is_empty() {
        Tensor::zero_dt(DatumType::F32, &[0])?
    } else {
        Tensor::stack_tensors(0, &values)?
    };
    Ok(Map { keys, values })
}
