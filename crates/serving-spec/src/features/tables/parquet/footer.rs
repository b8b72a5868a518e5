//! Checks the footer of a file before it is decoded.
//!
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use anyhow::{Context, Result, ensure};

use super::thrift::{Met, walk};

/// The most bytes of a footer. A table of a thousand columns in ten row groups has about 1 MB.
const MAX_BYTES: u64 = 4 << 20;

/// The most columns of a file, with the groups that they are in.
const MAX_COLUMNS: usize = 10_000;

/// The most pieces of columns: columns times row groups.
const MAX_PIECES: usize = 50_000;

/// The most groups within each other. They are decoded by a function that calls itself.
const MAX_DEPTH: usize = 64;

/// Checks that the footer can be decoded with little memory.
///
/// # Errors
/// When the file does not end as a Parquet file does, or the footer exceeds a bound.
pub(super) fn check(file: &mut File) -> Result<()> {
    let mut end = [0; 8];
    let place = file.seek(SeekFrom::End(-8)).context("it is too short for a Parquet file")?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    ensure!(magic == *b"PAR1", "it does not end as a Parquet file does");
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    ensure!(length <= MAX_BYTES, "its footer has {length} bytes; the limit is {MAX_BYTES}");
    let start = place.checked_sub(length).context("its footer is longer than the file")?;
    file.seek(SeekFrom::Start(start))?;

    let (mut children, mut pieces) = (Vec::new(), 0);
    walk(&mut BufReader::new(&*file).take(length), &mut |path, met| {
        match (path, met) {
            ([2], Met::Struct) => children.push(0),
            ([2, 5], Met::Int(count)) => {
                if let Some(last) = children.last_mut() {
                    *last = count;
                }
            }
            ([4, 1], Met::Struct) => pieces += 1,
            _ => {}
        }
        ensure!(children.len() <= MAX_COLUMNS, "it has more than {MAX_COLUMNS} columns");
        ensure!(pieces <= MAX_PIECES, "it has more than {MAX_PIECES} columns in all row groups");
        Ok(())
    })?;
    check_depth(&children)
}

/// Checks how deep a schema is, from the number of children of each column and group, in the order of the file.
fn check_depth(children: &[i64]) -> Result<()> {
    // The number of children that are still to come, for each group around the present one.
    let mut open: Vec<i64> = Vec::new();
    for &count in children {
        if let Some(last) = open.last_mut() {
            *last -= 1;
        }
        if count > 0 {
            open.push(count);
        }
        while open.last().is_some_and(|left| *left <= 0) {
            open.pop();
        }
        ensure!(open.len() <= MAX_DEPTH, "its columns are nested too deeply");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_schema_is_refused() {
        assert!(check_depth(&[3, 0, 0, 0]).is_ok());
        assert!(check_depth(&[1; MAX_DEPTH]).is_ok());
        assert!(check_depth(&[1; MAX_DEPTH + 1]).is_err());
    }
}
