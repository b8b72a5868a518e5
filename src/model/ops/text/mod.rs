//! Operators on text.

mod expression;
mod ngrams;
mod string_normalizer;
mod tfidf_vectorizer;
mod tokenizer;

pub(super) use string_normalizer::parse as parse_string_normalizer;
pub(super) use tfidf_vectorizer::parse as parse_tfidf_vectorizer;
pub(super) use tokenizer::parse as parse_tokenizer;
