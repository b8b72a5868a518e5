//! Addresses on S3.

/// A bucket and a key prefix. The prefix has no slash at its end, and may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Prefix {
    /// The bucket's name.
    pub bucket: String,
    /// The start of the keys, up to a slash.
    pub prefix: String,
}

impl S3Prefix {
    /// The address `below` this prefix.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        let separator = if self.prefix.is_empty() { "" } else { "/" };
        Self { bucket: self.bucket.clone(), prefix: format!("{}{separator}{below}", self.prefix) }
    }

    /// Parses `s3://bucket` or `s3://bucket/prefix`. `None` for other addresses.
    #[must_use]
    pub fn of_address(text: &str) -> Option<Self> {
        text.strip_prefix("s3://").and_then(Self::parse)
    }

    /// Parses `bucket` or `bucket/prefix`. `None` if the bucket's name is not valid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(named);
        valid.then(|| Self { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl std::fmt::Display for S3Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}
