//! Comparisons, as NumPy's functions with the same names.

use std::cmp::Ordering;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, one};
use crate::features::operand::Operand;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

macro_rules! comparisons {
    ($($(#[$doc:meta])* $Name:ident $key:ident $holds:ident $texts:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $Name {
            /// The two values to compare.
            $key: [Operand; 2],
        }

        impl Compile for $Name {
            fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
                compare(&self.$key, Ordering::$holds, $texts, operands)
            }
        }
    )*};
}

comparisons! {
    /// Whether two values are equal. They are compared as texts if one is a feature of type `string`, else as
    /// numbers.
    Equal equal is_eq true;
    /// Whether two values differ. They are compared as texts if one is a feature of type `string`, else as
    /// numbers.
    NotEqual not_equal is_ne true;
    /// Whether the first number is less than the second.
    Less less is_lt false;
    /// Whether the first number is less than or equal to the second.
    LessEqual less_equal is_le false;
    /// Whether the first number is greater than the second.
    Greater greater is_gt false;
    /// Whether the first number is greater than or equal to the second.
    GreaterEqual greater_equal is_ge false;
}

fn compare(
    [x, y]: &[Operand; 2],
    holds: fn(Ordering) -> bool,
    texts: bool,
    operands: &mut dyn Operands,
) -> Result<Computation> {
    if texts && [operands.operand(x)?.ty, operands.operand(y)?.ty].contains(&Type::String) {
        let (x, y) = (operands.text(x)?, operands.text(y)?);
        return Ok(one(Type::Bool, move |row| {
            let (x, y) = (x.text(row)?, y.text(row)?);
            Ok(Value::Bool(holds(row.str(x).cmp(row.str(y)))))
        }));
    }
    let (x, y) = (operands.number(x)?, operands.number(y)?);
    Ok(one(Type::Bool, move |row| {
        // `number` never returns NaN, so the numbers have an order.
        let order = x.number(row)?.partial_cmp(&y.number(row)?).unwrap_or(Ordering::Equal);
        Ok(Value::Bool(holds(order)))
    }))
}
