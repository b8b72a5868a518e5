//! Operators on text.

mod expression;
mod murmur_hash3;
mod ngrams;
mod search;
mod string_normalizer;
mod tfidf_vectorizer;
mod token_counts;
mod tokenizer;
mod walk;

pub(super) use murmur_hash3::parse as parse_murmur_hash3;
pub(super) use string_normalizer::parse as parse_string_normalizer;
pub(super) use tfidf_vectorizer::parse as parse_tfidf_vectorizer;
pub(crate) use token_counts::count_tokens;
pub(super) use tokenizer::parse as parse_tokenizer;
