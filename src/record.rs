//! A record on its way from a door to the batch: where it came from, its key, and its payload.

use std::borrow::Cow;

use crate::failure::Rejected;
use crate::origin::{Origin, owned};
use predictor::decode::PartitionKey;

/// A record as a door hands it over. It borrows from the event where it can.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// Where it came from.
    pub origin: Origin<'a>,
    /// Its partition key, or the text that is not one. Results go out under this key.
    pub key: Result<PartitionKey<'a>, Cow<'a, str>>,
    /// What it holds.
    pub content: Content<'a>,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'a> {
    /// A payload of one or more documents.
    Payload {
        /// The payload in base64, as event source mappings deliver it.
        base64: Cow<'a, str>,
        /// The places of the documents to score, from 0 and ascending; empty means all. A replay selects the
        /// documents that were quarantined.
        places: Vec<u32>,
    },
    /// An entry of the event that could not be read.
    Malformed {
        /// The entry, as it stands in the event.
        entry: Cow<'a, str>,
        /// Why it could not be read.
        reason: Rejected,
    },
}

impl Record<'_> {
    /// The partition key's text, valid or not.
    #[must_use]
    pub fn key_text(&self) -> &str {
        match &self.key {
            Ok(key) => key.as_str(),
            Err(text) => text,
        }
    }

    /// The same record, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let Origin::Kinesis(origin) = self.origin;
        let content = match self.content {
            Content::Payload { base64, places } => {
                Content::Payload { base64: Cow::Owned(base64.into_owned()), places }
            }
            Content::Malformed { entry, reason } => {
                Content::Malformed { entry: Cow::Owned(entry.into_owned()), reason }
            }
        };
        Record {
            origin: Origin::Kinesis(origin.into_owned()),
            key: owned(self.key, PartitionKey::into_owned),
            content,
        }
    }

    /// Bytes of the payload in base64.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.content {
            Content::Payload { base64, .. } => base64.len(),
            Content::Malformed { .. } => 0,
        }
    }
}
