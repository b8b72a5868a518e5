//! Where a field stands in a record.

use anyhow::{Result, ensure};

/// Where a field stands in a record: a JSON pointer (RFC 6901) if it begins with `/`, else the name of a member
/// of the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    text: String,
    tokens: Vec<String>,
}

impl FieldPath {
    /// Reads a name or a pointer.
    ///
    /// # Errors
    /// When it is empty, or a `~` in a pointer is followed by neither `0` nor `1`.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(!text.is_empty(), "a field needs a name or a JSON pointer");
        let Some(pointer) = text.strip_prefix('/') else {
            return Ok(Self::name(text));
        };
        let tokens = pointer
            .split('/')
            .map(|token| {
                let unescaped = token.replace("~1", "/").replace("~0", "~");
                let tildes = token.matches('~').count();
                let escapes = token.matches("~0").count() + token.matches("~1").count();
                ensure!(
                    tildes == escapes,
                    "`{text}` is no JSON pointer: `~` is written `~0`, `/` in a name `~1`"
                );
                Ok(unescaped)
            })
            .collect::<Result<_>>()?;
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// The member `name` of the record itself, whatever characters it has.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self { text: name.to_owned(), tokens: vec![name.to_owned()] }
    }

    /// The reference tokens, outermost first; at least one.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl std::fmt::Display for FieldPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_split_and_unescaped_as_rfc_6901_says() {
        let path = FieldPath::parse("/ride/a~1b/m~0n/0").unwrap();
        assert_eq!(path.tokens(), ["ride", "a/b", "m~n", "0"]);
        // "~01" is an escaped tilde and a 1, not an escaped slash.
        assert_eq!(FieldPath::parse("/~01").unwrap().tokens(), ["~1"]);
    }

    #[test]
    fn a_name_is_one_token_whatever_it_holds() {
        assert_eq!(FieldPath::parse("a.b~c").unwrap().tokens(), ["a.b~c"]);
    }

    #[test]
    fn empty_names_and_bad_escapes_are_refused() {
        assert!(FieldPath::parse("").is_err());
        assert!(FieldPath::parse("/a~2b").unwrap_err().to_string().contains("~0"));
        assert!(FieldPath::parse("/a~").is_err());
    }
}
