//! The hashing trick: scikit-learn's `FeatureHasher` on a dictionary of features.
//! Rule: <https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.FeatureHasher.html>

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, MAX_COLUMNS, doubles};
use crate::features::operand::{Operand, Source};
use crate::features::value::{Problem, Type, Value};
use crate::murmur_hash::murmur_hash_3;

/// Features spread over columns by a hash.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hash {
    /// The names of features.
    hash: Vec<String>,
    /// How many columns there are.
    n_features: usize,
    /// Whether half of the features count negatively, so that those which meet in a column cancel out rather than add up.
    #[serde(default = "yes")]
    alternate_sign: bool,
}

fn yes() -> bool {
    true
}

/// A feature and what is known of its hash.
#[derive(Debug)]
struct Hashed {
    source: Source,
    /// `name=`, before which a category is written; for numbers `None`: the column and the sign are known.
    category: Option<String>,
    column: usize,
    sign: f64,
}

impl Compile for Hash {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let (n_features, alternate_sign) = (self.n_features, self.alternate_sign);
        ensure!((1..=MAX_COLUMNS).contains(&n_features), "`n_features` is 1 to {MAX_COLUMNS}");
        ensure!(!self.hash.is_empty(), "it lists no feature");
        let features = self.hash.iter().enumerate().map(|(index, name)| {
            ensure!(!self.hash[..index].contains(name), "it lists `{name}` twice");
            if name.starts_with('/') {
                bail!("`{name}` is a field, and the name that is hashed is a feature's: make it one");
            }
            let source = scope.operand(&Operand::Name(name.clone())).with_context(|| format!("`{name}`"))?;
            let category = (source.ty == Type::String).then(|| format!("{name}="));
            let (column, sign) = place(name.as_bytes(), n_features, alternate_sign);
            Ok(Hashed { source, category, column, sign })
        });
        let features = features.collect::<Result<Vec<_>>>()?;
        let names = (0..n_features).map(|column| column.to_string()).collect();
        doubles(names, move |row, start| {
            row.values[start..start + n_features].fill(Value::Double(0.0));
            for Hashed { source, category, column, sign } in &features {
                let (column, value) = match category {
                    None => (*column, sign * source.number(row)?),
                    Some(category) => {
                        let text = source.text(row)?;
                        let begun = row.start();
                        row.append_str(category);
                        row.append(text);
                        let whole = row.made_since(begun);
                        place(row.str(whole).as_bytes(), n_features, alternate_sign)
                    }
                };
                if let Value::Double(sum) = &mut row.values[start + column] {
                    *sum += value;
                    if !sum.is_finite() {
                        return Err(Problem::invalid(&"the result", "finite numbers", "an infinite one"));
                    }
                }
            }
            Ok(())
        })
    }
}

/// The column and the sign of a name.
fn place(name: &[u8], n_features: usize, alternate_sign: bool) -> (usize, f64) {
    let hash = murmur_hash_3(name, 0).cast_signed();
    let sign = if alternate_sign && hash < 0 { -1.0 } else { 1.0 };
    (hash.unsigned_abs() as usize % n_features, sign)
}
