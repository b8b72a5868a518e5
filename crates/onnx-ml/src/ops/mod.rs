//! Operators of the `ai.onnx.ml` domain, one a file, and the standard ones that tract gets wrong.
//!
//! Their definitions: <https://onnx.ai/onnx/operators/index.html#ai-onnx-ml>

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

pub(super) use dense::replace_products;
pub use feature_rows::VOID_COLUMN;
pub(super) use standard::{Disagreement, correct};
pub(super) use text::count_tokens;
pub use unchecked::use_portable_code;

/// Operators that take sparse rows in the place of their one dense input: `[N, K]` columns, `[N, K]` values, and the
/// attribute [`SPARSE_WIDTH`].
pub(super) const TAKES_SPARSE: [&str; 5] = [
    "LinearClassifier",
    "LinearRegressor",
    "TreeEnsemble",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
];

/// Our operator that makes a dense matrix of sparse rows.
pub(super) const SPARSE_TO_DENSE: &str = "SparseToDense";

/// Our name for an `If` with all in its branches that comes after it.
pub(super) const CONTINUED_IF: &str = "ContinuedIf";

/// The attribute with the number of columns that a sparse row spans.
pub(super) const SPARSE_WIDTH: &str = "sparse_width";

/// The graph input with the columns of a map's sparse rows.
pub(super) fn columns_name(input: &str) -> String {
    format!("{input}.columns")
}

/// The graph input with the values of a map's sparse rows.
pub(super) fn values_name(input: &str) -> String {
    format!("{input}.values")
}

/// tract's operators and ours. tract's registry is keyed by the name alone: of the domain's own operators ours take the
/// place of tract's, of the standard ones those do that tract gets wrong.
pub(super) fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    onnx.op_register.insert("ArrayFeatureExtractor", array_feature_extractor::parse);
    onnx.op_register.insert("Binarizer", binarizer::parse);
    onnx.op_register.insert("CastMap", cast_map::parse);
    onnx.op_register.insert("Cast", standard::parse_cast);
    onnx.op_register.insert("CategoryMapper", category_mapper::parse);
    onnx.op_register.insert("CDist", cdist::parse);
    onnx.op_register.insert("Compress", standard::parse_compress);
    onnx.op_register.insert("ConstantOfShape", standard::parse_constant_of_shape);
    onnx.op_register.insert("Erf", standard::parse_erf);
    onnx.op_register.insert("FeatureVectorizer", feature_vectorizer::parse);
    onnx.op_register.insert("Flatten", standard::parse_flatten);
    onnx.op_register.insert("If", standard::parse_if);
    onnx.op_register.insert("Gemm", standard::parse_gemm);
    onnx.op_register.insert("Imputer", imputer::parse);
    onnx.op_register.insert("IsInf", standard::parse_is_inf);
    onnx.op_register.insert("IsNaN", standard::parse_is_nan);
    onnx.op_register.insert("LabelEncoder", label_encoder::parse);
    onnx.op_register.insert("LinearClassifier", linear_classifier::parse);
    onnx.op_register.insert("LinearRegressor", linear_regressor::parse);
    onnx.op_register.insert("MurmurHash3", text::parse_murmur_hash3);
    onnx.op_register.insert("Normalizer", normalizer::parse);
    onnx.op_register.insert("OneHot", standard::parse_one_hot);
    onnx.op_register.insert("OneHotEncoder", one_hot_encoder::parse);
    onnx.op_register.insert("Round", standard::parse_round);
    onnx.op_register.insert("Scaler", scaler::parse);
    onnx.op_register.insert("SVMClassifier", svm::parse_classifier);
    onnx.op_register.insert("SVMRegressor", svm::parse_regressor);
    onnx.op_register.insert("Sigmoid", standard::parse_sigmoid);
    onnx.op_register.insert("StringNormalizer", text::parse_string_normalizer);
    onnx.op_register.insert("TfIdfVectorizer", text::parse_tfidf_vectorizer);
    onnx.op_register.insert("Tokenizer", text::parse_tokenizer);
    onnx.op_register.insert("TopK", standard::parse_top_k);
    onnx.op_register.insert("TreeEnsemble", tree_ensemble::parse);
    onnx.op_register.insert("TreeEnsembleClassifier", tree_ensemble_classifier::parse);
    onnx.op_register.insert("TreeEnsembleRegressor", tree_ensemble_regressor::parse);
    onnx.op_register.insert(CONTINUED_IF, standard::parse_continued_if);
    onnx.op_register.insert(SPARSE_TO_DENSE, sparse_to_dense::parse);
    onnx
}
