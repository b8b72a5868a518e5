//! The value of a field, read as an element type of the model.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::field_path::FieldPath;
use crate::json_type::JsonType;
use crate::rejected::Rejected;

/// A field of the current document: its path for messages, and its JSON text.
#[derive(Debug, Clone, Copy)]
pub struct JsonField<'p, 'a> {
    /// The path of the field.
    pub path: &'p FieldPath,
    /// The JSON text; `None` if the document lacks the field.
    pub json: Option<&'a str>,
}

impl<'a> JsonField<'_, 'a> {
    /// Returns the JSON text.
    ///
    /// # Errors
    /// [`Rejected::Missing`] if the document lacks the field.
    pub fn present(self) -> Result<&'a str, Rejected> {
        self.json.ok_or_else(|| Rejected::Missing { field: self.path.to_string() })
    }

    /// Returns a `float`: the nearest one to the number's `double`, as in NumPy.
    ///
    /// # Errors
    /// When the field is missing, is not a number, or exceeds the largest finite `float`.
    pub fn float(self) -> Result<f32, Rejected> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the input's type asks for the rounding to float"
        )]
        let value = self.double()? as f32;
        if value.is_finite() { Ok(value) } else { Err(self.out_of_range("float")) }
    }

    /// Returns a `double`.
    ///
    /// # Errors
    /// When the field is missing, is not a number, or exceeds the largest finite `double`.
    pub fn double(self) -> Result<f64, Rejected> {
        let text = self.number("a number")?;
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.out_of_range("double")),
        }
    }

    /// Returns an `int64`. `3` is an integer, `3.0` and `3e0` are not.
    ///
    /// # Errors
    /// When the field is missing, is not written as an integer, or is out of range.
    pub fn int64(self) -> Result<i64, Rejected> {
        self.integer("int64")
    }

    /// Returns an `int32`. `3` is an integer, `3.0` and `3e0` are not.
    ///
    /// # Errors
    /// When the field is missing, is not written as an integer, or is out of range.
    pub fn int32(self) -> Result<i32, Rejected> {
        self.integer("int32")
    }

    /// Returns a `bool`.
    ///
    /// # Errors
    /// When the field is neither `true` nor `false`.
    pub fn bool(self) -> Result<bool, Rejected> {
        match self.present()? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(self.wrong_type("a boolean", other)),
        }
    }

    /// Returns a `string`.
    ///
    /// # Errors
    /// When the field is missing or of another type.
    pub fn string(self) -> Result<Cow<'a, str>, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) == JsonType::String {
            self.unescape(json)
        } else {
            Err(self.wrong_type("a string", json))
        }
    }

    /// Returns the JSON texts of the elements of an array.
    ///
    /// # Errors
    /// When the field is missing, is not an array, or does not have `length` elements.
    pub fn array(self, length: usize) -> Result<Vec<&'a str>, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) != JsonType::Array {
            return Err(self.wrong_type("an array", json));
        }
        let mut elements = Vec::new();
        let mut array = serde_json::Deserializer::from_str(json);
        let found =
            array.deserialize_seq(Elements { first: &mut elements, most: length }).unwrap_or_default();
        if found != length {
            let field = self.path.to_string();
            return Err(Rejected::WrongLength { field, expected: length, found });
        }
        Ok(elements.into_iter().map(RawValue::get).collect())
    }

    fn number(self, expected: &'static str) -> Result<&'a str, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) == JsonType::Number { Ok(json) } else { Err(self.wrong_type(expected, json)) }
    }

    fn integer<T: std::str::FromStr>(self, target: &'static str) -> Result<T, Rejected> {
        let text = self.number("an integer")?;
        if text.contains(['.', 'e', 'E']) {
            return Err(self.wrong_type("an integer", text));
        }
        text.parse().map_err(|_| self.out_of_range(target))
    }

    /// Returns the content of a JSON string. A string without escapes, the usual case, is borrowed.
    fn unescape(self, json: &'a str) -> Result<Cow<'a, str>, Rejected> {
        match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(content) if !content.contains('\\') => Ok(Cow::Borrowed(content)),
            // The document was checked as JSON. That admits a lone surrogate, which is not a Unicode string.
            _ => String::deserialize(&mut serde_json::Deserializer::from_str(json))
                .map(Cow::Owned)
                .map_err(|_| self.wrong_type("a string of Unicode characters", json)),
        }
    }

    fn wrong_type(self, expected: &'static str, json: &str) -> Rejected {
        Rejected::WrongType { field: self.path.to_string(), expected, found: JsonType::of(json) }
    }

    fn out_of_range(self, target: &'static str) -> Rejected {
        Rejected::OutOfRange { field: self.path.to_string(), target }
    }
}

/// Keeps the first elements of an array, and counts all of them.
struct Elements<'v, 'a> {
    first: &'v mut Vec<&'a RawValue>,
    most: usize,
}

impl<'a> Visitor<'a> for Elements<'_, 'a> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut array: A) -> Result<usize, A::Error> {
        while self.first.len() < self.most {
            let Some(element) = array.next_element()? else { return Ok(self.first.len()) };
            self.first.push(element);
        }
        let mut count = self.first.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static PATH: LazyLock<FieldPath> = LazyLock::new(|| FieldPath::parse("/a").unwrap());

    fn field(json: &str) -> JsonField<'_, '_> {
        JsonField { path: &PATH, json: Some(json) }
    }

    #[test]
    fn numbers_are_rounded_once_and_bounded() {
        assert_eq!(field("3.66").float(), Ok(3.66_f32));
        assert_eq!(field("-0.0").float().map(f32::to_bits), Ok((-0.0_f32).to_bits()));
        assert_eq!(field("3.4028235e38").float(), Ok(f32::MAX));
        let out_of_range = |target| Rejected::OutOfRange { field: "/a".into(), target };
        assert_eq!(field("3.5e38").float(), Err(out_of_range("float")));
        assert_eq!(field("1e400").double(), Err(out_of_range("double")));
        assert_eq!(field("-1e400").float(), Err(out_of_range("double")));
        assert_eq!(field("1e-400").double(), Ok(0.0));
    }

    #[test]
    fn integers_are_exact() {
        assert_eq!(field("9223372036854775807").int64(), Ok(i64::MAX));
        assert!(matches!(field("9223372036854775808").int64(), Err(Rejected::OutOfRange { .. })));
        assert!(matches!(field("2147483648").int32(), Err(Rejected::OutOfRange { .. })));
        assert!(matches!(field("3.0").int64(), Err(Rejected::WrongType { expected: "an integer", .. })));
        assert!(matches!(field("1e3").int64(), Err(Rejected::WrongType { .. })));
    }

    #[test]
    fn a_wrong_type_is_named() {
        let wrong = |expected, found| Rejected::WrongType { field: "/a".into(), expected, found };
        assert_eq!(field("\"3\"").float(), Err(wrong("a number", JsonType::String)));
        assert_eq!(field("true").double(), Err(wrong("a number", JsonType::Boolean)));
        assert_eq!(field("null").int64(), Err(wrong("an integer", JsonType::Null)));
        assert_eq!(field("1").bool(), Err(wrong("a boolean", JsonType::Number)));
        assert_eq!(field("{}").string().map(|_| ()), Err(wrong("a string", JsonType::Object)));
    }

    #[test]
    fn strings_are_unescaped() {
        assert!(matches!(field("\"130\"").string(), Ok(Cow::Borrowed("130"))));
        assert_eq!(field(r#""a\u00e9\n""#).string().map(Cow::into_owned), Ok("a\u{e9}\n".to_owned()));
        assert!(matches!(
            field(r#""\ud800""#).string().map(Cow::into_owned),
            Err(Rejected::WrongType { .. })
        ));
    }

    #[test]
    fn arrays_have_the_length_of_the_input() {
        assert_eq!(field("[1, [2], \"3\"]").array(3).map(|a| a.join(";")), Ok("1;[2];\"3\"".to_owned()));
        assert!(matches!(field("[1]").array(2).map(|_| ()), Err(Rejected::WrongLength { found: 1, .. })));
        assert!(matches!(field("1").array(1).map(|_| ()), Err(Rejected::WrongType { .. })));
    }
}
