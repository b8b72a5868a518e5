//! Reads a model's file.
//!
//! The lists of nodes make up nearly all of a forest's file. Decoded, they take several times as much memory.
//! So they stay encoded until the trees are made from them: see [`KeptAttribute`].

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use prost::Message;
use prost::bytes::Bytes;
use tract_onnx::data_resolver::{MmapDataResolver, ModelDataResolver};
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto};

use crate::error::Error;
use crate::kept_attributes::{KeptAttribute, varint};

/// The limit of protobuf on a message. Larger tensors come as external data.
const MAX_BYTES: u64 = 2 << 30;

/// Reads a `.onnx` file.
///
/// # Errors
/// When the file cannot be read, is too large, or is not an ONNX model.
pub(super) fn read(path: &Path) -> Result<ModelProto, Error> {
    let file = open(path).map_err(Error::read(path))?;
    let size = file.metadata().map_err(Error::read(path))?.len();
    if size > MAX_BYTES {
        let message = format!("the model's file has {size} bytes; the limit of ONNX is {MAX_BYTES}");
        return Err(Error::TooLarge(message.into()));
    }
    Fields { reader: &mut BufReader::new(file), left: size }.model().map_err(Error::not_onnx)
}

/// Opens a file, and nothing else: to open a pipe may take for ever, and a device may never end.
fn open(path: &Path) -> io::Result<File> {
    check(path).and_then(|()| File::open(path))
}

/// Checks that a path leads to a file.
fn check(path: &Path) -> io::Result<()> {
    let is_file = path.metadata()?.is_file();
    if is_file { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a file")) }
}

/// Reads external data from files, and from nothing else.
pub(crate) struct ExternalData;

impl ModelDataResolver for ExternalData {
    fn read_bytes_from_path(
        &self,
        bytes: &mut Vec<u8>,
        path: &Path,
        offset: usize,
        length: Option<usize>,
    ) -> Result<()> {
        check(path).with_context(|| format!("the external data in `{}`", path.display()))?;
        MmapDataResolver.read_bytes_from_path(bytes, path, offset, length)
    }
}

/// The fields of a message that are not read yet.
struct Fields<'a> {
    reader: &'a mut BufReader<File>,
    /// The number of bytes that are left of the message.
    left: u64,
}

impl Fields<'_> {
    fn model(mut self) -> Result<ModelProto> {
        let mut model = ModelProto::default();
        while let Some(key) = self.key()? {
            match key.field {
                7 => self.message(&key)?.graph(model.graph.get_or_insert_default())?,
                _ => model.merge(self.field(key)?)?,
            }
        }
        Ok(model)
    }

    fn graph(mut self, graph: &mut GraphProto) -> Result<()> {
        while let Some(key) = self.key()? {
            match key.field {
                1 => graph.node.push(self.message(&key)?.node()?),
                _ => graph.merge(self.field(key)?)?,
            }
        }
        Ok(())
    }

    fn node(mut self) -> Result<NodeProto> {
        let mut node = NodeProto::default();
        while let Some(key) = self.key()? {
            match key.field {
                5 => {
                    let message = self.message(&key)?.all()?;
                    node.attribute.extend(attribute(&node.op_type, message)?);
                }
                _ => node.merge(self.field(key)?)?,
            }
        }
        Ok(node)
    }

    fn key(&mut self) -> Result<Option<Key>> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let key = self.varint(&mut bytes)?;
        Ok(Some(Key { field: key >> 3, wire_type: key & 7, bytes }))
    }

    /// The message in a field.
    fn message(&mut self, key: &Key) -> Result<Fields<'_>> {
        ensure!(key.wire_type == 2, "field {} is not a message", key.field);
        let length = self.varint(&mut Vec::new())?;
        self.left = self.left.checked_sub(length).context("a message ends before it should")?;
        Ok(Fields { reader: self.reader, left: length })
    }

    /// The bytes of a whole field, starting with its key.
    fn field(&mut self, key: Key) -> Result<Bytes> {
        let mut bytes = key.bytes;
        let length = match key.wire_type {
            0 => self.varint(&mut bytes).map(|_| 0)?,
            1 => 8,
            2 => self.varint(&mut bytes)?,
            5 => 4,
            other => bail!("field {} has the wire type {other}", key.field),
        };
        self.take(length, &mut bytes)?;
        Ok(bytes.into())
    }

    fn all(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.take(self.left, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads a number, and appends its bytes to `bytes`.
    fn varint(&mut self, bytes: &mut Vec<u8>) -> Result<u64> {
        let start = bytes.len();
        let mut byte = [0x80];
        while byte[0] >= 0x80 && bytes.len() - start < 10 {
            self.left = self.left.checked_sub(1).context("a message ends before it should")?;
            self.reader.read_exact(&mut byte)?;
            bytes.extend(byte);
        }
        varint(&mut &bytes[start..]).context("a number without an end")
    }

    fn take(&mut self, length: u64, bytes: &mut Vec<u8>) -> Result<()> {
        self.left = self.left.checked_sub(length).context("a message ends before it should")?;
        bytes.reserve_exact(usize::try_from(length)?);
        let read = self.reader.take(length).read_to_end(bytes)?;
        ensure!(read as u64 == length, "the file ends before it should");
        Ok(())
    }
}

/// The start of a field.
struct Key {
    field: u64,
    wire_type: u64,
    bytes: Vec<u8>,
}

/// Decodes an attribute, or keeps it encoded. Returns `None` for an attribute that no operator reads.
fn attribute(op_type: &str, message: Vec<u8>) -> Result<Option<AttributeProto>> {
    if matches!(op_type, "TreeEnsembleClassifier" | "TreeEnsembleRegressor")
        && let Some(name) = leading_name(&message)
        && ["nodes_", "class_", "target_"].iter().any(|prefix| name.starts_with(prefix))
        && !name.ends_with("_as_tensor")
    {
        let name = name.to_owned();
        return Ok((name != "nodes_hitrates").then(|| KeptAttribute::keep(name, message)));
    }
    Ok(Some(AttributeProto::decode(Bytes::from(message))?))
}

/// The name of an attribute if the message begins with it. It does when the fields are written in order.
fn leading_name(message: &[u8]) -> Option<&str> {
    let mut rest = message.strip_prefix(&[1 << 3 | 2])?;
    let length = usize::try_from(varint(&mut rest)?).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok()
}
