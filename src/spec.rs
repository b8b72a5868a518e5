//! The serving spec: which fields of a record become which inputs of the model, and what goes into the result.
//!
//! It lives beside the model, as `serving.toml`, or under `metadata.serving` in `MLmodel`.

use anyhow::{Result, bail, ensure};
use indexmap::IndexMap;
use serde::Deserialize;

/// The serving spec as people write it. [`crate::features`] and [`crate::prediction`] check it against the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServingSpec {
    /// The model's name in the result; by default the one that MLflow knows.
    pub name: Option<String>,
    /// Features by name.
    #[serde(default)]
    pub features: IndexMap<String, FeatureSpec>,
    /// Which features make up an input of the model, in the order of its columns. An input that is not listed
    /// takes the feature of its own name; a lone map input takes all features.
    #[serde(default)]
    pub inputs: IndexMap<String, Vec<String>>,
    /// Members of the result's `prediction`; by default every output of the model under its own name.
    #[serde(default)]
    pub result: IndexMap<String, ResultSpec>,
}

/// One feature: exactly one of `field` and `concat`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// A field of the record, see [`FieldPath`].
    pub field: Option<String>,
    /// Fields whose texts are joined: strings as they are, numbers as the JSON text writes them.
    pub concat: Option<Vec<String>>,
    /// What stands between joined fields; nothing by default.
    pub separator: Option<String>,
}

/// One member of the result: exactly one of `output` and `field`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultSpec {
    /// An output of the model.
    pub output: Option<String>,
    /// One class of an output that gives a score by class.
    pub class: Option<String>,
    /// A field of the record, echoed as it came.
    pub field: Option<String>,
}

/// A checked feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// The value of a field.
    Field(FieldPath),
    /// The joined texts of fields.
    Concat {
        /// At least one field.
        fields: Vec<FieldPath>,
        /// What stands between them.
        separator: String,
    },
}

impl FeatureSpec {
    /// A feature that is a field.
    #[must_use]
    pub fn field(path: &str) -> Self {
        Self { field: Some(path.to_owned()), ..Self::default() }
    }

    /// The transform that is meant.
    ///
    /// # Errors
    /// When none or several are given, a list of fields is empty, or a field is no valid path.
    pub fn transform(&self) -> Result<Transform> {
        match (&self.field, &self.concat) {
            (Some(field), None) => {
                ensure!(self.separator.is_none(), "`separator` goes with `concat`, not with `field`");
                Ok(Transform::Field(FieldPath::parse(field)?))
            }
            (None, Some(fields)) => {
                ensure!(!fields.is_empty(), "`concat` lists no field");
                Ok(Transform::Concat {
                    fields: fields.iter().map(|f| FieldPath::parse(f)).collect::<Result<_>>()?,
                    separator: self.separator.clone().unwrap_or_default(),
                })
            }
            _ => bail!("give exactly one of `field` and `concat`"),
        }
    }
}

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

    #[test]
    fn a_feature_is_exactly_one_thing() {
        let both = FeatureSpec { concat: Some(vec!["b".into()]), ..FeatureSpec::field("a") };
        assert!(both.transform().unwrap_err().to_string().contains("exactly one"));
        assert!(FeatureSpec::default().transform().is_err());
        let stray = FeatureSpec { separator: Some("_".into()), ..FeatureSpec::field("a") };
        assert!(stray.transform().unwrap_err().to_string().contains("separator"));
        let empty = FeatureSpec { concat: Some(vec![]), ..FeatureSpec::default() };
        assert!(empty.transform().is_err());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = toml::from_str::<ServingSpec>("[features.a]\nfeild = \"a\"\n").unwrap_err().to_string();
        assert!(error.contains("feild") && error.contains("line 2"), "{error}");
    }
}
