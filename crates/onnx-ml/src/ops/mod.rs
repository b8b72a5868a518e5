//! The operators of `ai.onnx.ml`, one per file, and standard operators in place of those that tract gets
//! wrong.
//!
//! Definitions: <https://onnx.ai/onnx/operators/index.html#ai-onnx-ml>

mod array_feature_extractor;
mod binarizer;
mod cast_map;
mod category_mapper;
mod cdist;
mod dense;
mod dot;
mod encoder;
mod feature_rows;
mod feature_vectorizer;
mod imputer;
mod label_encoder;
mod labels;
mod linear;
mod linear_classifier;
mod linear_regressor;
mod lookup;
mod normalizer;
mod one_hot_encoder;
mod operator;
mod post_transform;
mod scaler;
mod sparse_to_dense;
mod standard;
mod svm;
mod take;
mod tensor_access;
mod text;
mod tree_ensemble;
mod tree_ensemble_classifier;
mod tree_ensemble_regressor;
mod trees;
mod unchecked;

use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::TractResult;

use Family::{Internal, Microsoft, Ml, MlOrSparse, Standard};
use operator::Parsed;

pub(super) use dense::replace_products;
pub use feature_rows::VOID_COLUMN;
pub(super) use standard::{Disagreement, correct};
pub(super) use text::count_tokens;
pub use unchecked::use_portable_code;

/// Where an operator belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `ai.onnx`
    Standard,
    /// `ai.onnx.ml`
    Ml,
    /// `ai.onnx.ml`; the operator also reads sparse rows in place of its one dense input: `[N, K]` columns,
    /// `[N, K]` values, and the attribute [`SPARSE_WIDTH`].
    MlOrSparse,
    /// `com.microsoft`
    Microsoft,
    /// No domain: only the rewriting of a graph makes it.
    Internal,
}

/// What reads a node.
type Parser = fn(&ParsingContext, &NodeProto) -> TractResult<Parsed>;

/// Every operator of this crate. To add one, add its file and its line here.
const OPERATORS: &[(&str, Family, Parser)] = &[
    ("ArrayFeatureExtractor", Ml, array_feature_extractor::parse),
    ("Binarizer", Ml, binarizer::parse),
    ("CastMap", Ml, cast_map::parse),
    ("CategoryMapper", Ml, category_mapper::parse),
    ("FeatureVectorizer", Ml, feature_vectorizer::parse),
    ("Imputer", Ml, imputer::parse),
    ("LabelEncoder", Ml, label_encoder::parse),
    ("LinearClassifier", MlOrSparse, linear_classifier::parse),
    ("LinearRegressor", MlOrSparse, linear_regressor::parse),
    ("Normalizer", Ml, normalizer::parse),
    ("OneHotEncoder", Ml, one_hot_encoder::parse),
    ("SVMClassifier", Ml, svm::parse_classifier),
    ("SVMRegressor", Ml, svm::parse_regressor),
    ("Scaler", Ml, scaler::parse),
    ("TreeEnsemble", MlOrSparse, tree_ensemble::parse),
    ("TreeEnsembleClassifier", MlOrSparse, tree_ensemble_classifier::parse),
    ("TreeEnsembleRegressor", MlOrSparse, tree_ensemble_regressor::parse),
    ("CDist", Microsoft, cdist::parse),
    ("MurmurHash3", Microsoft, text::parse_murmur_hash3),
    ("Tokenizer", Microsoft, text::parse_tokenizer),
    ("Cast", Standard, standard::parse_cast),
    ("Compress", Standard, standard::parse_compress),
    ("ConstantOfShape", Standard, standard::parse_constant_of_shape),
    ("Erf", Standard, standard::parse_erf),
    ("Flatten", Standard, standard::parse_flatten),
    ("Gemm", Standard, standard::parse_gemm),
    ("If", Standard, standard::parse_if),
    ("IsInf", Standard, standard::parse_is_inf),
    ("IsNaN", Standard, standard::parse_is_nan),
    ("OneHot", Standard, standard::parse_one_hot),
    ("Round", Standard, standard::parse_round),
    ("Sigmoid", Standard, standard::parse_sigmoid),
    ("StringNormalizer", Standard, text::parse_string_normalizer),
    ("TfIdfVectorizer", Standard, text::parse_tfidf_vectorizer),
    ("TopK", Standard, standard::parse_top_k),
    (CONTINUED_IF, Internal, standard::parse_continued_if),
    (SPARSE_TO_DENSE, Internal, sparse_to_dense::parse),
];

/// The operators of `com.microsoft` that tract has itself.
const MICROSOFT_OF_TRACT: &[&str] = &[
    "BiasGelu",
    "FastGelu",
    "GatherBlockQuantized",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// The internal operator that makes a dense matrix from sparse rows.
pub(super) const SPARSE_TO_DENSE: &str = "SparseToDense";

/// The internal operator for an `If` whose branches contain everything that comes after it.
pub(super) const CONTINUED_IF: &str = "ContinuedIf";

/// The attribute with the number of columns that a sparse row spans.
pub(super) const SPARSE_WIDTH: &str = "sparse_width";

/// The name of the graph input with the columns of a map's sparse rows.
pub(super) fn columns_name(input: &str) -> String {
    format!("{input}.columns")
}

/// The name of the graph input with the values of a map's sparse rows.
pub(super) fn values_name(input: &str) -> String {
    format!("{input}.values")
}

fn families(name: &str) -> impl Iterator<Item = Family> {
    OPERATORS.iter().filter(move |(known, ..)| *known == name).map(|(_, family, _)| *family)
}

/// Whether the operator also reads sparse rows: see [`Family::MlOrSparse`].
pub(super) fn takes_sparse(name: &str) -> bool {
    families(name).any(|family| family == MlOrSparse)
}

/// Whether only the rewriting of a graph may make the operator.
pub(super) fn is_internal(name: &str) -> bool {
    families(name).any(|family| family == Internal)
}

/// Whether the operator of `com.microsoft` can run.
pub(super) fn is_microsoft(name: &str) -> bool {
    MICROSOFT_OF_TRACT.contains(&name) || families(name).any(|family| family == Microsoft)
}

/// Returns tract's ONNX reader with the operators of this crate registered.
///
/// tract's registry is keyed by name alone. The operators of this crate replace those of tract that have
/// their name.
///
/// The reader does not rewrite graphs: `ZipMap` and `DictVectorizer` need [`crate::Graph`]. It does not check
/// what it reads, and it does not replace operators after typing: [`crate::Session`] does both.
///
/// ```
/// use onnx_ml::tract_onnx::pb::*;
/// use onnx_ml::tract_onnx::prelude::*;
///
/// # fn main() -> TractResult<()> {
/// let binarizer = NodeProto {
///     op_type: "Binarizer".to_owned(),
///     domain: "ai.onnx.ml".to_owned(),
///     input: vec!["x".to_owned()],
///     output: vec!["y".to_owned()],
///     attribute: vec![AttributeProto {
///         name: "threshold".to_owned(),
///         r#type: 1, // FLOAT
///         f: 0.5,
///         ..AttributeProto::default()
///     }],
///     ..NodeProto::default()
/// };
/// let float = type_proto::Tensor { elem_type: 1, ..type_proto::Tensor::default() }; // FLOAT
/// let float = TypeProto { value: Some(type_proto::Value::TensorType(float)), ..TypeProto::default() };
/// let value = |name: &str| ValueInfoProto {
///     name: name.to_owned(),
///     r#type: Some(float.clone()),
///     ..ValueInfoProto::default()
/// };
/// let graph = GraphProto {
///     node: vec![binarizer],
///     input: vec![value("x")],
///     output: vec![value("y")],
///     ..GraphProto::default()
/// };
/// let proto = ModelProto { graph: Some(graph), ..ModelProto::default() };
///
/// let model = onnx_ml::onnx()
///     .model_for_proto_model(&proto)?
///     .with_input_fact(0, f32::fact([3]).into())?
///     .into_optimized()?
///     .into_runnable()?;
/// let outputs = model.run(tvec!(tensor1(&[0.2_f32, 0.5, 0.7]).into()))?;
/// assert_eq!(*outputs[0], tensor1(&[0.0_f32, 0.0, 1.0]));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    for &(name, _, parse) in OPERATORS {
        onnx.op_register.insert(name, parse);
    }
    onnx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_listed_once() {
        for (name, ..) in OPERATORS {
            assert_eq!(families(name).count(), 1, "{name}");
        }
    }

    #[test]
    fn tract_has_the_operators_of_microsoft_that_are_left_to_it() {
        let onnx = tract_onnx::onnx();
        for name in MICROSOFT_OF_TRACT {
            assert!(onnx.op_register.0.contains_key(*name), "{name}");
        }
    }
}
