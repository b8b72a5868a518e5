//! Partition keys of Kinesis records and of KPL user records.

use std::borrow::Cow;

/// The most bytes that 256 characters can take.
const MAX_BYTES: usize = 256 * 4;

/// A partition key: 1 to 256 characters
/// (<https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionKey<'a>(Cow<'a, str>);

impl<'a> PartitionKey<'a> {
    /// Parses a key.
    ///
    /// # Errors
    /// Returns the text when it does not have 1 to 256 characters.
    #[inline]
    pub fn parse(text: Cow<'a, str>) -> Result<Self, Cow<'a, str>> {
        // Most keys are short. The characters of up to 256 bytes need not be counted.
        let is_key = !text.is_empty() && (text.len() <= 256 || text.chars().nth(256).is_none());
        if is_key { Ok(Self(text)) } else { Err(text) }
    }

    /// Parses the bytes of a key. `None` if they are not UTF-8 of 1 to 256 characters. Long texts are not
    /// read.
    #[must_use]
    #[inline]
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        Self::parse(str::from_utf8(bytes).ok()?.into()).ok()
    }

    /// The key's text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies a borrowed key, so that it can outlive its text.
    #[must_use]
    pub fn into_owned(self) -> PartitionKey<'static> {
        PartitionKey(Cow::Owned(self.0.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_256_characters_whatever_their_bytes() {
        for text in ["a".to_owned(), "a".repeat(256), "ä".repeat(256), "🚕".repeat(256)] {
            assert_eq!(PartitionKey::parse(text.as_str().into()).unwrap().as_str(), text);
        }
        for text in [String::new(), "a".repeat(257), "ä".repeat(257)] {
            assert_eq!(PartitionKey::parse(text.as_str().into()), Err(text.as_str().into()));
        }
    }
}
