//! The position of a record in a Kinesis shard.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A sequence number: 1 to 128 decimal digits, as Lambda accepts them in an `itemIdentifier`. It orders by value.
///
/// ```
/// # use stream_predictor::origin::SequenceNumber;
/// let parse = |text: &'static str| SequenceNumber::parse(text.into());
/// assert!(parse("9").unwrap() < parse("10").unwrap());
/// assert!(parse("4x").is_err());
/// ```
#[derive(Debug, Clone)]
pub struct SequenceNumber<'a>(Cow<'a, str>);

impl<'a> SequenceNumber<'a> {
    /// Parses a sequence number.
    ///
    /// # Errors
    /// When the text is not 1 to 128 digits: the text.
    pub fn parse(text: Cow<'a, str>) -> Result<Self, Cow<'a, str>> {
        let is_number = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_number { Ok(Self(text)) } else { Err(text) }
    }

    /// The digits, as they were given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same number, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> SequenceNumber<'static> {
        SequenceNumber(Cow::Owned(self.0.into_owned()))
    }

    /// The digits without leading zeros.
    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl Ord for SequenceNumber<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for SequenceNumber<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SequenceNumber<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SequenceNumber<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber<'static> {
        SequenceNumber::parse(text.to_owned().into()).unwrap()
    }

    #[test]
    fn sequence_numbers_order_by_value() {
        assert!(number("9") < number("10"));
        assert!(number("0010") > number("9"));
        assert!(
            number("49590338271490256608559692540925702759324208523137515618")
                > number("49590338271490256608559692538361571095921575989136588898")
        );
        assert_eq!(number("007"), number("7"));
    }

    #[test]
    fn a_sequence_number_is_1_to_128_digits() {
        assert_eq!(number("0").as_str(), "0");
        assert_eq!(number(&"9".repeat(128)).as_str().len(), 128);
        for text in ["", "4x", "-1", "+1", "１", &"9".repeat(129)] {
            assert_eq!(SequenceNumber::parse(text.into()), Err(text.into()));
        }
    }
}
