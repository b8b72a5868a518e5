//! The hashing trick, as scikit-learn's `FeatureHasher` on a dictionary of features.
//!
//! Rule: <https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.FeatureHasher.html>

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, MAX_COLUMNS, doubles};
use crate::features::operand::{Operand, Source};
use crate::features::problem::Problem;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};
use crate::murmur_hash::murmur_hash_3;

/// Features, distributed over a fixed number of columns by a hash.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hash {
    /// The names of the features to hash.
    hash: Vec<String>,
    /// The number of columns.
    n_features: usize,
    /// Whether the hash also decides the sign of a value. Features that meet in one column then tend to
    /// cancel out. By default it does.
    #[serde(default = "yes")]
    alternate_sign: bool,
}

fn yes() -> bool {
    true
}

/// A feature, and its column and sign.
#[derive(Debug)]
struct Hashed {
    source: Source,
    /// `name=`, the start of the text that is hashed for a string. `None` for a number, whose column is
    /// fixed.
    category: Option<String>,
    column: usize,
    sign: f64,
}

impl Compile for Hash {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let (n_features, alternate_sign) = (self.n_features, self.alternate_sign);
        ensure!(
            (1..=MAX_COLUMNS).contains(&n_features),
            "`n_features`: expected 1 to {MAX_COLUMNS}, found {n_features}"
        );
        ensure!(!self.hash.is_empty(), "it lists no features");
        let features = self.hash.iter().enumerate().map(|(index, name)| {
            ensure!(!self.hash[..index].contains(name), "it lists `{name}` twice");
            if name.starts_with('/') {
                bail!("expected the name of a feature, found the field `{name}`: make it a feature first");
            }
            let source =
                operands.operand(&Operand::Name(name.clone())).with_context(|| format!("`{name}`"))?;
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
                        let whole = row.built_since(begun);
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

/// Returns the column and the sign of a name.
fn place(name: &[u8], n_features: usize, alternate_sign: bool) -> (usize, f64) {
    let hash = murmur_hash_3(name, 0).cast_signed();
    let sign = if alternate_sign && hash < 0 { -1.0 } else { 1.0 };
    (hash.unsigned_abs() as usize % n_features, sign)
}
