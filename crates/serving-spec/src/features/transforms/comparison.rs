//! Comparisons: NumPy's functions of the same names.

use std::cmp::Ordering;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, one};
use crate::features::operand::Operand;
use crate::features::value::{Type, Value};

macro_rules! comparisons {
    ($($(#[$doc:meta])* $Name:ident $key:ident $holds:ident $texts:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $Name {
            /// The two that are compared.
            $key: [Operand; 2],
        }

        impl Compile for $Name {
            fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
                compare(&self.$key, Ordering::$holds, $texts, scope)
            }
        }
    )*};
}

comparisons! {
    /// Whether two texts, or two numbers, are equal.
    Equal equal is_eq true;
    /// Whether they are not.
    NotEqual not_equal is_ne true;
    /// Whether the first number is less than the second.
    Less less is_lt false;
    /// Whether it is less or equal.
    LessEqual less_equal is_le false;
    /// Whether it is greater.
    Greater greater is_gt false;
    /// Whether it is greater or equal.
    GreaterEqual greater_equal is_ge false;
}

fn compare(
    [x, y]: &[Operand; 2],
    holds: fn(Ordering) -> bool,
    texts: bool,
    scope: &mut Scope,
) -> Result<Compiled> {
    if texts && [scope.operand(x)?.ty, scope.operand(y)?.ty].contains(&Type::String) {
        let (x, y) = (scope.text(x)?, scope.text(y)?);
        return Ok(one(Type::Bool, move |row| {
            let (x, y) = (x.text(row)?, y.text(row)?);
            Ok(Value::Bool(holds(row.str(x).cmp(row.str(y)))))
        }));
    }
    let (x, y) = (scope.number(x)?, scope.number(y)?);
    Ok(one(Type::Bool, move |row| {
        // Numbers that are not missing can be compared.
        let order = x.number(row)?.partial_cmp(&y.number(row)?).unwrap_or(Ordering::Equal);
        Ok(Value::Bool(holds(order)))
    }))
}
