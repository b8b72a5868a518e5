//! When a record arrived.

use std::borrow::Cow;

/// A time in seconds since the epoch, with the JSON number that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival<'a> {
    text: Cow<'a, str>,
    seconds: f64,
}

impl<'a> Arrival<'a> {
    /// Parses a JSON value; `None` if it is not a number.
    #[must_use]
    pub fn parse(json: &'a str) -> Option<Self> {
        let is_number = json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let seconds = json.parse().ok().filter(|_| is_number)?;
        Some(Self { text: Cow::Borrowed(json), seconds })
    }

    /// The JSON number, as it was given.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// Seconds since the epoch. A number beyond the range of doubles is infinite.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The same arrival, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Arrival<'static> {
        Arrival { text: Cow::Owned(self.text.into_owned()), seconds: self.seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_arrivals_and_keep_their_text() {
        let arrival = Arrival::parse("1.6541615141320E9").unwrap();
        assert_eq!((arrival.as_json(), arrival.seconds()), ("1.6541615141320E9", 1_654_161_514.132));
        assert_eq!(Arrival::parse("-1").map(|arrival| arrival.seconds()), Some(-1.0));
        for json in ["null", "\"1\"", "true", "inf", "nan", "[1]", ""] {
            assert_eq!(Arrival::parse(json), None, "{json}");
        }
    }
}
