//! The records of an object. The content shows its kind: quarantined records, one per line, or a batch that Lambda gave
//! up.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::doors::kinesis;
use crate::record::Record;

use super::line;

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
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

/// The content of an object, of a kind that has records.
pub enum Object<'a> {
    /// Lines of a quarantine.
    Lines(&'a [u8]),
    /// The event that Lambda gave up.
    Event(Cow<'a, str>),
}

/// Reads one record after another, and notes what is not a record.
pub struct Records<'a> {
    rest: Box<dyn Iterator<Item = Result<Record<'a>>> + Send + 'a>,
    /// What a record is called in messages: a line or an entry.
    noun: &'static str,
    read: usize,
    broken: Vec<usize>,
}

impl<'a> Object<'a> {
    /// Recognises the kind of an object.
    #[must_use]
    pub fn of(content: &'a [u8]) -> Self {
        given_up(content).map_or(Self::Lines(content), Self::Event)
    }

    /// Its records.
    #[must_use]
    pub fn records(&'a self) -> Records<'a> {
        let (noun, records): (_, Box<dyn Iterator<Item = Result<Record<'a>>> + Send>) = match self {
            Self::Event(event) => ("record", Box::new(entries(event).map(kinesis::parse_entry))),
            Self::Lines(content) => ("line", Box::new(lines(content).map(line::record))),
        };
        Records { rest: records, noun, read: 0, broken: Vec::new() }
    }
}

impl Records<'_> {
    /// Checks, once all were read, that the object held nothing else.
    ///
    /// # Errors
    /// When it held anything else, or nothing.
    pub fn end(self) -> Result<()> {
        ensure!(self.read > self.broken.len(), "neither quarantined records nor a batch that Lambda gave up");
        match self.broken.as_slice() {
            [] => Ok(()),
            [one] => bail!("{} {one} cannot be read", self.noun),
            [first, rest @ ..] => bail!("{} {first} and {} others cannot be read", self.noun, rest.len()),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let record = self.rest.next()?;
            self.read += 1;
            match record {
                Ok(record) => return Some(record),
                Err(_) => self.broken.push(self.read),
            }
        }
    }
}

fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

fn entries(event: &str) -> impl Iterator<Item = &str> {
    let event: Option<Event> = serde_json::from_str(event).ok();
    event.into_iter().flat_map(|event| event.records).map(RawValue::get)
}

/// The event that Lambda gave up, if the content is one.
fn given_up(content: &[u8]) -> Option<Cow<'_, str>> {
    let given_up: GivenUp = serde_json::from_slice(content).ok()?;
    let payload = given_up.payload.get();
    // Lambda writes the event as a string. A tool that rewrote the object may have left it as an object.
    let event: Cow<str> =
        if payload.starts_with('"') { serde_json::from_str(payload).ok()? } else { payload.into() };
    serde_json::from_str::<Event>(&event).is_ok().then_some(event)
}
