//! Payloads of documents with the fields that `fuzz/record.toml` reads, in every layer that a payload may have.

use std::fmt::Write as _;
use std::io::Write as _;

use arbitrary::{Result, Unstructured};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::kpl;
use crate::values::{number, text};

/// Fields of `fuzz/record.toml`, and one that it does not read.
const FIELDS: [&str; 8] = ["n", "i", "b", "s", "t", "d", "any", "other"];

/// The most payloads of an event.
const PAYLOADS: usize = 8;

/// The payloads of an event.
pub fn payloads(bytes: &mut Unstructured<'_>) -> Result<Vec<Vec<u8>>> {
    let mut payloads = Vec::new();
    while payloads.len() < PAYLOADS && !bytes.is_empty() {
        payloads.push(payload(bytes)?);
    }
    Ok(payloads)
}

/// Documents, one per line, alone or many times; plain, compressed, or in an aggregate.
fn payload(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut lines = document(bytes)?;
    while !bytes.is_empty() && bytes.ratio(1, 4)? {
        lines.push('\n');
        lines += &document(bytes)?;
    }
    if bytes.ratio(1, 8)? {
        let most = (1 << 20) / (lines.len() + 1);
        lines = format!("{lines}\n").repeat(bytes.int_in_range(1..=most.max(1))?);
    }
    let mut payload = lines.into_bytes();
    for _ in 0..bytes.int_in_range(0..=2)? {
        payload = match bytes.int_in_range(0..=3)? {
            0 => gzip(&payload),
            1 => zstd::bulk::compress(&payload, 3).expect("memory takes it"),
            2 => kpl::aggregate(&[("a", &payload), ("b", &payload)]),
            _ => payload,
        };
    }
    Ok(payload)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn document(bytes: &mut Unstructured<'_>) -> Result<String> {
    let mut members = Vec::new();
    for field in FIELDS {
        if !bytes.ratio(1, 8)? {
            members.push(format!("\"{field}\": {}", value(bytes, 4)?));
        }
    }
    Ok(format!("{{{}}}", members.join(", ")))
}

fn value(bytes: &mut Unstructured<'_>, depth: u32) -> Result<String> {
    Ok(match bytes.int_in_range(0..=9)? {
        0..=2 => number(bytes)?.to_string(),
        3..=5 => quoted(&text(bytes, 18)?),
        6 => bytes.choose(&["true", "false"])?.to_string(),
        7 => "null".to_owned(),
        8 if depth > 0 => format!("[{}]", value(bytes, depth - 1)?),
        9 if depth > 0 => format!("{{\"a/b\": {}}}", value(bytes, depth - 1)?),
        _ => bytes.arbitrary::<i64>()?.to_string(),
    })
}

/// The text in JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\u{0}'..='\u{1F}' | '"' | '\\' => write!(quoted, "\\u{:04x}", character as u32).expect("a text"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
