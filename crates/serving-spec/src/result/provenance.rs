//! Where the document of a result came from.

/// Where the document of a result came from, in the words of the door that received it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// Names the record among all records of all doors. Ids are computed from this text.
    pub record: &'a str,
    /// Says where the record is: members of the result's `source`, as JSON without the braces. It can be empty.
    pub source: &'a str,
    /// The document's place among the documents of its record, counted from 0.
    pub place: u32,
    /// When the record arrived, in seconds since the epoch: a JSON number.
    pub arrived_at: Option<&'a str>,
}
