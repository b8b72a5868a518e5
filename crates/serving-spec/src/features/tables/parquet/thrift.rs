//! Walks through a message in Thrift's compact protocol, to find out what a file asks for before it is decoded.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use std::io::{self, Read};

use anyhow::{Context, Result, bail, ensure};

/// The most levels of messages and lists. The metadata of Parquet has seven.
const MAX_DEPTH: usize = 16;

/// What a walk meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// The start of a message in a field.
    Struct,
    /// An integer.
    Int(i64),
}

/// Reads a message to its end, and calls `visit` with the ids of the fields that lead to each part of it.
///
/// # Errors
/// When the message is cut off, or is not what a writer makes: its fields must be in the order of their ids.
pub(super) fn walk(reader: &mut impl Read, visit: &mut impl FnMut(&[i16], Met) -> Result<()>) -> Result<()> {
    Walk { reader, path: Vec::new(), visit }.message(0)
}

struct Walk<'a, R, V> {
    reader: &'a mut R,
    path: Vec<i16>,
    visit: &'a mut V,
}

impl<R: Read, V: FnMut(&[i16], Met) -> Result<()>> Walk<'_, R, V> {
    fn message(&mut self, depth: usize) -> Result<()> {
        ensure!(depth < MAX_DEPTH, "its metadata is nested too deeply");
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let step = i16::from(head >> 4);
            ensure!(step > 0, "the fields of its metadata are out of order");
            id = id.checked_add(step).context("its metadata has too many fields")?;
            self.path.push(id);
            self.value(head & 0x0f, depth)?;
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<()> {
        match kind {
            // A boolean is in the kind.
            1 | 2 => Ok(()),
            3 => self.skip(1),
            4..=6 => {
                let number = self.varint()?;
                let number = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
                (self.visit)(&self.path, Met::Int(number))
            }
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(depth),
            12 => {
                (self.visit)(&self.path, Met::Struct)?;
                self.message(depth + 1)
            }
            other => bail!("its metadata has a field of the unknown kind {other}"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<()> {
        ensure!(depth < MAX_DEPTH, "its metadata is nested too deeply");
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        // Each element takes at least one byte, so the end of the message ends this.
        for _ in 0..count {
            ensure!(head & 0x0f > 2, "its metadata has a list of the unknown kind {}", head & 0x0f);
            self.value(head & 0x0f, depth + 1)?;
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).context("its metadata is cut off")?;
        Ok(byte[0])
    }

    fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("its metadata has a number without an end")
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        let skipped = io::copy(&mut self.reader.by_ref().take(length), &mut io::sink())?;
        ensure!(skipped == length, "its metadata is cut off");
        Ok(())
    }
}
