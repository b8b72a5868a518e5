//! Operators on a text for each record.

use arbitrary::Result;

use super::growing::{Growing, Kind};
use crate::onnx::*;

/// Adds an operator on texts.
pub fn grow(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    match graph.bytes.int_in_range(0..=5)? {
        0 => {
            let case = *graph.bytes.choose(&["LOWER", "UPPER", "NONE"])?;
            let texts = graph.node("StringNormalizer", &[value], vec![string("case_change_action", case)]);
            graph.value(texts, Kind::Texts);
        }
        1 | 2 => counts(graph, value)?,
        3 => {
            let attributes = vec![
                strings("keys_strings", &["a", "ab ", ""]),
                floats("values_floats", &[1.0, 3e8, -2.0]),
                float("default_float", 7.0),
            ];
            let numbers = graph.node("LabelEncoder", &[value], attributes);
            let numbers = graph.reshape(&numbers, &[-1, 1]);
            graph.value(numbers, Kind::Rows(1));
        }
        4 => {
            let known = ["a", "ab ", "<", "7"];
            let columns = graph.node("OneHotEncoder", &[value], vec![strings("cats_strings", &known)]);
            let columns = graph.reshape(&columns, &[-1, 4]);
            graph.value(columns, Kind::Rows(4));
        }
        _ => {
            let attributes = vec![ints("cats_int64s", &[1, 2]), strings("cats_strings", &["a", "ab "])];
            let integers = graph.node("CategoryMapper", &[value], attributes);
            let integers = graph.reshape(&integers, &[-1, 1]);
            graph.value(integers, Kind::Integers);
        }
    }
    Ok(())
}

/// Cuts texts to tokens, and counts n-grams of them.
fn counts(graph: &mut Growing<'_, '_>, value: &str) -> Result<()> {
    let expressions = [".", "[a-z]+", "\\b\\w\\w+\\b", "<[^>]*>|\\S", "(a|b| )*", "a{1,50}b?"];
    let cut = match graph.bytes.int_in_range(0..=2)? {
        0 => string("tokenexp", graph.bytes.choose(&expressions)?),
        1 => strings("separators", graph.bytes.choose(&[&[" "][..], &["a", "ab"], &["[ <]+"]])?),
        _ => strings("separators", &[""]),
    };
    let pad = *graph.bytes.choose(&["#", "a"])?;
    let shortest = graph.bytes.int_in_range(1..=2)?;
    let attributes = vec![
        int("mark", graph.bytes.int_in_range(0..=1)?),
        int("mincharnum", 1),
        string("pad_value", pad),
        cut,
    ];
    let tokens = graph.node("Tokenizer", &[value], attributes);
    let longest = graph.bytes.int_in_range(shortest..=2)?;
    let skip = *graph.bytes.choose(&[0, 1, 5, 1_000_000])?;
    let mode = *graph.bytes.choose(&["TF", "IDF", "TFIDF"])?;
    let attributes = vec![
        string("mode", mode),
        int("min_gram_length", shortest),
        int("max_gram_length", longest),
        int("max_skip_count", skip),
        ints("ngram_counts", &[0, 2]),
        ints("ngram_indexes", &[0, 1, 2, 3]),
        floats("weights", &[1.0, 0.5, 2.0, 3.0]),
        strings("pool_strings", &["a", "ab", "a", "b", "ab", "ab"]),
    ];
    let counts = graph.node("TfIdfVectorizer", &[&tokens], attributes);
    graph.value(counts, Kind::Rows(4));
    Ok(())
}
