//! The place of a field in a document.

use anyhow::{Result, ensure};

/// The place of a field in a document: a JSON pointer (RFC 6901) if the text begins with `/`, else the name
/// of a member of the document itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    text: String,
    tokens: Vec<String>,
}

impl FieldPath {
    /// Reads a name or a pointer.
    ///
    /// # Errors
    /// When the text is empty, or a `~` in a pointer is not followed by `0` or `1`.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(!text.is_empty(), "expected the name of a field or a JSON pointer, found an empty text");
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
                    "`{text}` is not a JSON pointer: in a name, write `~` as `~0` and `/` as `~1`"
                );
                Ok(unescaped)
            })
            .collect::<Result<_>>()?;
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// Returns the path of the member `name` of the document itself. The name can contain any characters.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self { text: name.to_owned(), tokens: vec![name.to_owned()] }
    }

    /// Returns the reference tokens, outermost first. There is at least one.
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
    fn a_pointer_is_split_and_unescaped_by_rfc_6901() {
        let path = FieldPath::parse("/ride/a~1b/m~0n/0").unwrap();
        assert_eq!(path.tokens(), ["ride", "a/b", "m~n", "0"]);
        // "~01" is an escaped tilde and a 1, not an escaped slash.
        assert_eq!(FieldPath::parse("/~01").unwrap().tokens(), ["~1"]);
    }

    #[test]
    fn a_name_is_one_token() {
        assert_eq!(FieldPath::parse("a.b~c").unwrap().tokens(), ["a.b~c"]);
    }

    #[test]
    fn empty_names_and_bad_escapes_are_errors() {
        assert!(FieldPath::parse("").is_err());
        assert!(FieldPath::parse("/a~2b").unwrap_err().to_string().contains("~0"));
        assert!(FieldPath::parse("/a~").is_err());
    }
}
