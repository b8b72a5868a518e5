//! One member of the `[result]` table of a serving spec.

use schemars::JsonSchema;
use serde::Deserialize;

/// One member of the result. Give exactly one of `output` and `field`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultSpec {
    /// The name of an output of the model.
    pub output: Option<String>,
    /// A field of the record, which the result repeats unchanged: the name of a member, or a JSON pointer.
    pub field: Option<String>,
    /// For an output of integer labels: the words for the labels 0, 1, and so on. For an output with several
    /// columns: the name of each column.
    pub classes: Option<Vec<String>>,
    /// Keeps only the score of this class. The output must have scores by class.
    pub class: Option<String>,
    /// Rounds numbers to this many decimals, half to even.
    pub round: Option<usize>,
    /// Turns a number into `true` if it is at least this value, else into `false`.
    pub threshold: Option<f64>,
    /// The two words to write instead of `false` and `true`. Needs `threshold`.
    pub decision: Option<[String; 2]>,
}
