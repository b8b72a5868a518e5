//! The records of an object, whose kind its content tells: quarantined ones, a line each, or a batch that Lambda gave up.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::entry::Entry;

/// What Lambda writes to an on-failure destination on S3:
/// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenUp<'a> {
    #[serde(rename = "requestContext")]
    _request_context: IgnoredAny,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Box<RawValue>>,
}

/// Reads one record after the other, and takes note of what is none.
pub struct Records<'a> {
    entries: Box<dyn Iterator<Item = Result<Entry>> + Send + 'a>,
    /// What a record is called, in messages: a line or an entry.
    noun: &'static str,
    read: usize,
    broken: Vec<usize>,
}

impl<'a> Records<'a> {
    /// Those of an object with this content.
    #[must_use]
    pub fn of(content: &'a [u8]) -> Self {
        let (noun, entries): (_, Box<dyn Iterator<Item = Result<Entry>> + Send>) = match given_up(content) {
            Some(records) => ("record", Box::new(records.into_iter().map(|raw| Entry::of_event(raw.get())))),
            None => ("line", Box::new(lines(content).map(Entry::of_line))),
        };
        Self { entries, noun, read: 0, broken: Vec::new() }
    }

    /// Tells, once all were read, whether that was the whole content.
    ///
    /// # Errors
    /// When it has anything else, or nothing.
    pub fn end(self) -> Result<()> {
        ensure!(self.read > self.broken.len(), "neither quarantined records nor a batch that Lambda gave up");
        match self.broken.as_slice() {
            [] => Ok(()),
            [one] => bail!("{} {one} can't be read", self.noun),
            [first, rest @ ..] => bail!("{} {first} can't be read, nor {} others", self.noun, rest.len()),
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let entry = self.entries.next()?;
            self.read += 1;
            match entry {
                Ok(entry) => return Some(entry),
                Err(_) => self.broken.push(self.read),
            }
        }
    }
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// The entries of the event that Lambda gave up, if the content is that.
fn given_up(content: &[u8]) -> Option<Vec<Box<RawValue>>> {
    let given_up: GivenUp = serde_json::from_slice(content).ok()?;
    let payload = given_up.payload.get();
    // The payload is the event as text; whoever took it apart may have left it an object.
    let text: Cow<str> =
        if payload.starts_with('"') { serde_json::from_str(payload).ok()? } else { payload.into() };
    serde_json::from_str::<Event>(&text).ok().map(|event| event.records)
}
