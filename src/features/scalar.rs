//! The value of one JSON text, as an element type of the model needs it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{JsonType, Rejected};
use crate::spec::FieldPath;

/// A field of the record under way: its name for messages, and its JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Field<'p, 'a> {
    /// Where it was looked for.
    pub path: &'p FieldPath,
    /// What is there; `None` where the record lacks it.
    pub json: Option<&'a str>,
}

impl<'a> Field<'_, 'a> {
    /// The JSON text.
    ///
    /// # Errors
    /// [`Rejected::Missing`]
    pub fn present(self) -> Result<&'a str, Rejected> {
        self.json.ok_or_else(|| Rejected::Missing {
            field: self.path.to_string(),
        })
    }

    /// A `float`: the nearest one to the number.
    ///
    /// # Errors
    /// When it is missing, no number, or beyond the largest finite `float`.
    pub fn float(self) -> Result<f32, Rejected> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding to float is what the input's type asks for"
        )]
        let value = self.double()? as f32;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.out_of_range("float"))
        }
    }

    /// A `double`.
    ///
    /// # Errors
    /// When it is missing, no number, or beyond the largest finite `double`.
    pub fn double(self) -> Result<f64, Rejected> {
        let text = self.number("a number")?;
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.out_of_range("double")),
        }
    }

    /// An `int64`, exactly: `3` is one, `3.0` and `3e0` are not.
    ///
    /// # Errors
    /// When it is missing, no number, not written as an integer, or out of range.
    pub fn int64(self) -> Result<i64, Rejected> {
        self.integer("int64")
    }

    /// An `int32`, on the same terms.
    ///
    /// # Errors
    /// As [`Field::int64`].
    pub fn int32(self) -> Result<i32, Rejected> {
        self.integer("int32")
    }

    /// A `bool`.
    ///
    /// # Errors
    /// When it is missing or anything else than `true` or `false`.
    pub fn bool(self) -> Result<bool, Rejected> {
        match self.present()? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(self.wrong_type("a boolean", other)),
        }
    }

    /// A `string`.
    ///
    /// # Errors
    /// When it is missing or of another type.
    pub fn string(self) -> Result<Cow<'a, str>, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) == JsonType::String {
            self.unescape(json)
        } else {
            Err(self.wrong_type("a string", json))
        }
    }

    /// The text that concatenation takes: a string's content, or a number as the JSON text writes it.
    ///
    /// # Errors
    /// When it is missing or of another type.
    pub fn text(self) -> Result<Cow<'a, str>, Rejected> {
        let json = self.present()?;
        match JsonType::of(json) {
            JsonType::String => self.unescape(json),
            JsonType::Number => Ok(Cow::Borrowed(json)),
            _ => Err(self.wrong_type("a string or a number", json)),
        }
    }

    /// The JSON texts of an array of `length` elements.
    ///
    /// # Errors
    /// When it is missing, no array, or of another length.
    pub fn array(self, length: usize) -> Result<Vec<&'a str>, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) != JsonType::Array {
            return Err(self.wrong_type("an array", json));
        }
        let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        if elements.len() != length {
            let field = self.path.to_string();
            return Err(Rejected::WrongLength {
                field,
                expected: length,
                found: elements.len(),
            });
        }
        Ok(elements.into_iter().map(RawValue::get).collect())
    }

    fn number(self, expected: &'static str) -> Result<&'a str, Rejected> {
        let json = self.present()?;
        if JsonType::of(json) == JsonType::Number {
            Ok(json)
        } else {
            Err(self.wrong_type(expected, json))
        }
    }

    fn integer<T: std::str::FromStr>(self, target: &'static str) -> Result<T, Rejected> {
        let text = self.number("an integer")?;
        if text.contains(['.', 'e', 'E']) {
            return Err(self.wrong_type("an integer", text));
        }
        text.parse().map_err(|_| self.out_of_range(target))
    }

    /// A string without escapes, as nearly all are, is borrowed.
    fn unescape(self, json: &'a str) -> Result<Cow<'a, str>, Rejected> {
        match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(content) if !content.contains('\\') => Ok(Cow::Borrowed(content)),
            // The text was checked as JSON, but a lone surrogate passes that and is no string still.
            _ => String::deserialize(&mut serde_json::Deserializer::from_str(json))
                .map(Cow::Owned)
                .map_err(|_| self.wrong_type("a string of Unicode characters", json)),
        }
    }

    fn wrong_type(self, expected: &'static str, json: &str) -> Rejected {
        Rejected::WrongType {
            field: self.path.to_string(),
            expected,
            found: JsonType::of(json),
        }
    }

    fn out_of_range(self, target: &'static str) -> Rejected {
        Rejected::OutOfRange {
            field: self.path.to_string(),
            target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(json: &str, read: impl Fn(Field) -> T) -> T {
        let path = FieldPath::parse("/a").unwrap();
        read(Field {
            path: &path,
            json: Some(json),
        })
    }

    #[test]
    fn numbers_are_rounded_once_and_bounded() {
        assert_eq!(with("3.66", |f| f.float()), Ok(3.66_f32));
        assert_eq!(
            with("-0.0", |f| f.float().map(f32::to_bits)),
            Ok((-0.0_f32).to_bits())
        );
        assert_eq!(with("3.4028235e38", |f| f.float()), Ok(f32::MAX));
        let out_of_range = |target| Rejected::OutOfRange {
            field: "/a".into(),
            target,
        };
        assert_eq!(with("3.5e38", |f| f.float()), Err(out_of_range("float")));
        assert_eq!(with("1e400", |f| f.double()), Err(out_of_range("double")));
        assert_eq!(with("-1e400", |f| f.float()), Err(out_of_range("double")));
        assert_eq!(with("1e-400", |f| f.double()), Ok(0.0));
    }

    #[test]
    fn integers_are_exact() {
        assert_eq!(with("9223372036854775807", |f| f.int64()), Ok(i64::MAX));
        assert!(matches!(
            with("9223372036854775808", |f| f.int64()),
            Err(Rejected::OutOfRange { .. })
        ));
        assert!(matches!(
            with("2147483648", |f| f.int32()),
            Err(Rejected::OutOfRange { .. })
        ));
        assert!(matches!(
            with("3.0", |f| f.int64()),
            Err(Rejected::WrongType {
                expected: "an integer",
                ..
            })
        ));
        assert!(matches!(
            with("1e3", |f| f.int64()),
            Err(Rejected::WrongType { .. })
        ));
    }

    #[test]
    fn another_type_is_named() {
        let wrong = |expected, found| Rejected::WrongType {
            field: "/a".into(),
            expected,
            found,
        };
        assert_eq!(
            with("\"3\"", |f| f.float()),
            Err(wrong("a number", JsonType::String))
        );
        assert_eq!(
            with("true", |f| f.double()),
            Err(wrong("a number", JsonType::Boolean))
        );
        assert_eq!(
            with("null", |f| f.int64()),
            Err(wrong("an integer", JsonType::Null))
        );
        assert_eq!(with("1", |f| f.bool()), Err(wrong("a boolean", JsonType::Number)));
        assert_eq!(
            with("[]", |f| f.text().map(|_| ())),
            Err(wrong("a string or a number", JsonType::Array))
        );
        assert_eq!(
            with("{}", |f| f.string().map(|_| ())),
            Err(wrong("a string", JsonType::Object))
        );
    }

    #[test]
    fn strings_are_unescaped_and_numbers_keep_their_text() {
        assert!(matches!(
            with("\"130\"", |f| matches!(f.text(), Ok(Cow::Borrowed("130")))),
            true
        ));
        assert_eq!(
            with(r#""a\u00e9\n""#, |f| f.string().map(Cow::into_owned)),
            Ok("a\u{e9}\n".to_owned())
        );
        assert_eq!(
            with("130.0", |f| f.text().map(Cow::into_owned)),
            Ok("130.0".to_owned())
        );
        assert!(matches!(
            with(r#""\ud800""#, |f| f.string().map(Cow::into_owned)),
            Err(Rejected::WrongType { .. })
        ));
    }

    #[test]
    fn arrays_have_the_length_of_the_input() {
        assert_eq!(
            with("[1, [2], \"3\"]", |f| f.array(3).map(|a| a.join(";"))),
            Ok("1;[2];\"3\"".to_owned())
        );
        assert!(matches!(
            with("[1]", |f| f.array(2).map(|_| ())),
            Err(Rejected::WrongLength { found: 1, .. })
        ));
        assert!(matches!(
            with("1", |f| f.array(1).map(|_| ())),
            Err(Rejected::WrongType { .. })
        ));
    }
}
