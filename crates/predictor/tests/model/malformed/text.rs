use super::*;

#[test]
fn string_normalizer() {
    let x = input(DataType::String, 2);
    let stop = strings("stopwords", &["the"]);
    let action = string("case_change_action", "TITLE");
    refused(
        "StringNormalizer",
        &x,
        vec![action],
        &["case_change_action: expected NONE, LOWER or UPPER, found TITLE"],
    );
    refused("StringNormalizer", &input(DataType::Float, 2), vec![], &["an input of F32"]);
    refused("StringNormalizer", &x, vec![stop], &["stopwords for strings of shape [N, 2]"]);
}

#[test]
fn tokenizer() {
    let x = input(DataType::String, 1);
    let sound = [int("mark", 0), int("mincharnum", 1), string("pad_value", "#"), string("tokenexp", "a+")];
    let cases = [
        (without(&sound, "tokenexp"), "expected separators or tokenexp, found neither"),
        (with(&sound, string("tokenexp", "")), "tokenexp is empty"),
        (with(&sound, string("tokenexp", "(")), "tokenexp: \"(\" is not a regular expression"),
        (with(&sound, strings("separators", &[])), "separators: expected one or more"),
        (with(&sound, strings("separators", &[" ", "["])), "separators: \"[\" is not a regular expression"),
        (with(&sound, int("mincharnum", 0)), "mincharnum is not positive"),
        (with(&sound, int("mincharnum", 65)), "mincharnum: expected at most 64, found 65"),
        (with(&with(&sound, int("mincharnum", 2)), strings("separators", &[""])), "mincharnum: expected 1"),
        (without(&sound, "pad_value"), "pad_value"),
        (without(&sound, "mark"), "mark"),
    ];
    for (attributes, expected) in cases {
        refused("Tokenizer", &x, attributes, &[expected]);
    }
    refused("Tokenizer", &input(DataType::Float, 1), sound.to_vec(), &["an input of F32"]);
}

#[test]
fn tfidf_vectorizer() {
    let x = input(DataType::Int64, 3);
    // Two 1-grams and a 2-gram.
    let sound = [
        string("mode", "TFIDF"),
        int("min_gram_length", 1),
        int("max_gram_length", 2),
        int("max_skip_count", 0),
        ints("ngram_counts", &[0, 2]),
        ints("ngram_indexes", &[0, 1, 2]),
        ints("pool_int64s", &[5, 6, 5, 6]),
    ];
    let cases = [
        (with(&sound, string("mode", "FT")), "mode: expected TF, IDF or TFIDF, found FT"),
        (with(&sound, int("min_gram_length", 0)), "min_gram_length 0 and max_gram_length 2"),
        (with(&sound, int("max_gram_length", 3)), "max_gram_length 3 for 2 ngram_counts"),
        (with(&sound, int("max_skip_count", -1)), "max_skip_count"),
        (with(&sound, ints("ngram_counts", &[0, 1])), "ngram_counts: 1 to 4 of 4 items for 2-grams"),
        (with(&sound, ints("ngram_counts", &[0, 5])), "ngram_counts: 0 to 5 of 4 items for 1-grams"),
        (with(&sound, ints("ngram_counts", &[2, 0])), "ngram_counts: 2 to 0 of 4 items for 1-grams"),
        (with(&sound, ints("ngram_indexes", &[])), "ngram_indexes is empty"),
        (with(&sound, ints("ngram_indexes", &[0, 1])), "2 ngram_indexes for more n-grams"),
        (with(&sound, ints("ngram_indexes", &[0; 4])), "4 ngram_indexes for fewer n-grams"),
        (with(&sound, ints("ngram_indexes", &[0, 1, 1 << 40])), "ngram_indexes: 1099511627776 is not below"),
        (with(&sound, ints("ngram_indexes", &[0, 1, -1])), "ngram_indexes"),
        (with(&sound, ints("pool_int64s", &[5, 5, 5, 6])), "an n-gram is in the pool twice"),
        (with(&sound, strings("pool_strings", &["a"])), "1 pool_strings and 4 pool_int64s"),
        (without(&sound, "pool_int64s"), "expected pool_strings or pool_int64s, found neither"),
        (with(&sound, floats("weights", &[1.0; 2])), "2 weights for 3 ngram_indexes"),
    ];
    for (attributes, expected) in cases {
        refused("TfIdfVectorizer", &x, attributes, &[expected]);
    }
    refused("TfIdfVectorizer", &input(DataType::String, 3), sound.to_vec(), &["an input of String"]);
}
