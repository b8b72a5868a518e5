//! Reads a model's file.
//!
//! The lists of nodes make up nearly all of a forest's file. Decoded, they take several times as much memory.
//! So they stay encoded until the trees are made from them: see [`KeptAttribute`].

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use prost::Message;
use prost::bytes::Bytes;
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use crate::error::{Error, Exceeds};
use crate::kept_attributes::{KeptAttribute, varint};

/// The limit of protobuf on a message. Larger tensors come as external data.
const MAX_BYTES: u64 = 2 << 30;

/// The most nodes, attributes, tensors, inputs, outputs and declared values of a file. Each takes some hundred bytes
/// of memory, and may take two bytes of the file. A graph with the most nodes that can run has about as many.
const MAX_PARTS: usize = 500_000;

/// The most levels of messages within messages. Each level of graphs takes three.
const MAX_DEPTH: usize = 100;

/// Reads a `.onnx` file.
///
/// # Errors
/// When the file cannot be read, is too large, or is not an ONNX model.
pub(super) fn read(path: &Path) -> Result<ModelProto, Error> {
    let file = File::open(path).map_err(Error::read(path))?;
    let size = file.metadata().map_err(Error::read(path))?.len();
    if size > MAX_BYTES {
        let message = format!("the model's file has {size} bytes; the limit of ONNX is {MAX_BYTES}");
        return Err(Error::TooLarge(message.into()));
    }
    let (mut reader, mut parts) = (BufReader::new(file), 0);
    let fields = Fields { reader: &mut reader, left: size, parts: &mut parts, depth: 0 };
    fields.model().map_err(Error::file)
}

/// The fields of a message that are not read yet.
struct Fields<'a> {
    reader: &'a mut dyn Read,
    /// The number of bytes that are left of the message.
    left: u64,
    /// The number of parts that were read so far: see [`MAX_PARTS`].
    parts: &'a mut usize,
    /// The number of messages around this one.
    depth: usize,
}

impl Fields<'_> {
    fn model(mut self) -> Result<ModelProto> {
        let mut model = ModelProto::default();
        while let Some(key) = self.key()? {
            match key.field {
                7 => self.message(&key)?.graph(model.graph.get_or_insert_default())?,
                25 => {
                    self.count()?;
                    model.functions.push(self.message(&key)?.function()?);
                }
                _ => model.merge(self.field(key)?)?,
            }
        }
        Ok(model)
    }

    fn function(mut self) -> Result<FunctionProto> {
        let mut function = FunctionProto::default();
        while let Some(key) = self.key()? {
            match key.field {
                7 => {
                    self.count()?;
                    function.node.push(self.message(&key)?.node()?);
                }
                _ => function.merge(self.field(key)?)?,
            }
        }
        Ok(function)
    }

    fn graph(mut self, graph: &mut GraphProto) -> Result<()> {
        ensure!(
            self.depth <= MAX_DEPTH,
            Exceeds(format!("more than {MAX_DEPTH} messages within each other"))
        );
        while let Some(key) = self.key()? {
            self.count()?;
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
                    self.count()?;
                    node.attribute.extend(self.message(&key)?.attribute(&node.op_type)?);
                }
                _ => node.merge(self.field(key)?)?,
            }
        }
        Ok(node)
    }

    /// Decodes an attribute, or keeps it encoded. Returns `None` for an attribute that no operator reads.
    fn attribute(mut self, op_type: &str) -> Result<Option<AttributeProto>> {
        let mut message = Vec::new();
        self.take(self.left, &mut message)?;
        if matches!(op_type, "TreeEnsembleClassifier" | "TreeEnsembleRegressor")
            && let Some(name) = leading_name(&message)
            && ["nodes_", "class_", "target_"].iter().any(|prefix| name.starts_with(prefix))
            && !name.ends_with("_as_tensor")
        {
            let name = name.to_owned();
            return Ok((name != "nodes_hitrates").then(|| KeptAttribute::keep(name, message)));
        }
        if !has_graph(&message) {
            return Ok(Some(AttributeProto::decode(Bytes::from(message))?));
        }
        let mut attribute = AttributeProto::default();
        let left = message.len() as u64;
        let mut reader = &message[..];
        let mut fields = Fields { reader: &mut reader, left, parts: self.parts, depth: self.depth };
        while let Some(key) = fields.key()? {
            match key.field {
                6 => fields.message(&key)?.graph(attribute.g.get_or_insert_default())?,
                11 => {
                    fields.count()?;
                    let mut graph = GraphProto::default();
                    fields.message(&key)?.graph(&mut graph)?;
                    attribute.graphs.push(graph);
                }
                _ => attribute.merge(fields.field(key)?)?,
            }
        }
        Ok(Some(attribute))
    }

    /// Counts a part.
    fn count(&mut self) -> Result<()> {
        *self.parts += 1;
        ensure!(*self.parts <= MAX_PARTS, Exceeds(format!("the model has more than {MAX_PARTS} parts")));
        Ok(())
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
        Ok(Fields { reader: self.reader, left: length, parts: self.parts, depth: self.depth + 1 })
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

/// Whether an attribute has a graph. A malformed one may have any.
fn has_graph(mut message: &[u8]) -> bool {
    while !message.is_empty() {
        let Some(key) = varint(&mut message) else { return true };
        let length = match key & 7 {
            0 => varint(&mut message).map(|_| 0),
            1 => Some(8),
            2 => varint(&mut message),
            5 => Some(4),
            _ => None,
        };
        let rest = length.and_then(|length| message.get(usize::try_from(length).ok()?..));
        match rest {
            Some(rest) if !matches!(key >> 3, 6 | 11) => message = rest,
            _ => return true,
        }
    }
    false
}

/// The name of an attribute if the message begins with it. It does when the fields are written in order.
fn leading_name(message: &[u8]) -> Option<&str> {
    let mut rest = message.strip_prefix(&[1 << 3 | 2])?;
    let length = usize::try_from(varint(&mut rest)?).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok()
}
