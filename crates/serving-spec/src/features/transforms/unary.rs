//! Transforms of one operand, without parameters.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double, one};
use crate::features::operand::{Operand, Source};
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

/// ASCII white space, as HTML and Rust define it: tab, line feed, form feed, carriage return and space.
pub(super) const WHITE_SPACE: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

macro_rules! unary {
    ($($(#[$doc:meta])* $Name:ident { $key:ident: $operand:literal } $resolve:ident $compute:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $Name {
            #[doc = $operand]
            $key: Operand,
        }

        impl Compile for $Name {
            fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
                Ok($compute(operands.$resolve(&self.$key)?))
            }
        }
    )*};
}

unary! {
    /// The absolute value of a number (NumPy's `absolute`).
    Absolute { absolute: "A number." } number absolute;
    /// The natural logarithm of 1 + x (NumPy's `log1p`).
    Log1p { log1p: "A number." } number log1p;
    /// A boolean of the record.
    Boolean { boolean: "A boolean." } boolean boolean;
    /// The number of characters of a text (Spark's `length`). Characters are Unicode scalar values.
    Length { length: "A text." } text length;
    /// A text in lower case (Spark's `lower`).
    Lower { lower: "A text." } text lower;
    /// A text without ASCII white space at both ends.
    Trim { trim: "A text." } text trim;
}

fn absolute(x: Source) -> Computation {
    double(move |row| Ok(x.number(row)?.abs()))
}

fn log1p(x: Source) -> Computation {
    double(move |row| Ok(x.number(row)?.ln_1p()))
}

fn boolean(x: Source) -> Computation {
    one(Type::Bool, move |row| Ok(Value::Bool(x.boolean(row)?)))
}

fn length(x: Source) -> Computation {
    one(Type::Int64, move |row| {
        let text = x.text(row)?;
        // No record is long enough for the number to overflow.
        Ok(Value::Int64(i64::try_from(row.str(text).chars().count()).unwrap_or(i64::MAX)))
    })
}

fn lower(x: Source) -> Computation {
    one(Type::String, move |row| {
        let text = x.text(row)?;
        let bytes = row.str(text).len();
        let lower = if row.fits(bytes) { row.str(text).to_lowercase() } else { String::new() };
        Ok(Value::Text(row.build(&lower)))
    })
}

fn trim(x: Source) -> Computation {
    one(Type::String, move |row| {
        let text = x.text(row)?;
        let whole = row.str(text);
        let begun = whole.trim_start_matches(WHITE_SPACE);
        let start = whole.len() - begun.len();
        let end = start + begun.trim_end_matches(WHITE_SPACE).len();
        Ok(Value::Text(text.part(start, end)))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indexmap::IndexMap;

    use super::*;
    use crate::features::computation::Compute;
    use crate::features::row::Row;
    use crate::features::tables::Table;
    use crate::field_path::FieldPath;

    /// Resolves every operand to the one field of a row.
    struct OneField;

    impl Operands for OneField {
        fn operand(&mut self, _: &Operand) -> Result<Source> {
            Ok(Source::field(0, FieldPath::name("a")))
        }

        fn slot(&mut self, _: &FieldPath) -> usize {
            0
        }

        fn table(&mut self, _: &str, _: &IndexMap<String, Operand>) -> Result<(Arc<Table>, usize)> {
            unreachable!("a unary transform reads no table")
        }
    }

    #[test]
    fn a_transform_computes_without_a_plan() {
        let value = |transform: &dyn Compile, json| {
            let computation = transform.compile(&mut OneField).unwrap();
            let mut row = Row::new(1, 0);
            row.fields[0] = Some(json);
            let Compute::One(compute) = &computation.compute else { panic!("one column") };
            compute(&mut row)
        };
        let a = || Operand::Name("/a".to_owned());
        assert_eq!(value(&Absolute { absolute: a() }, "-2.5"), Ok(Value::Double(2.5)));
        assert_eq!(value(&Length { length: a() }, "\"häß\""), Ok(Value::Int64(3)));
        let invalid = value(&Log1p { log1p: a() }, "-1").unwrap_err();
        assert_eq!(invalid.reason.to_string(), "the result: expected a finite number, found an infinite one");
    }
}
