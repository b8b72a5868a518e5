//! Specs that mean nothing, and what their errors say.

use crate::features::plan;

#[test]
fn a_malformed_feature_is_an_error_that_names_it() {
    for (features, expected) in [
        ("a = { feild = \"a\" }", "line 1: `feild` is not a transform"),
        (
            "b = { field = \"b\" }\na = { log1p = \"/a\", base = 2 }",
            "line 2: a feature with `log1p`: unknown field `base`",
        ),
        ("a = { bucketize = \"/a\", splits = \"0\" }", "line 1: a feature with `bucketize`: invalid type"),
        (
            "a = { log1p = \"b\" }",
            "feature `a` (line 2): there is no feature `b`, only `a`; write a field of the record as a JSON pointer, `/b`",
        ),
        (
            "a = { log1p = \"b\" }\nb = { absolute = \"c\" }\nc = { sum = [\"a\"] }",
            "it depends on itself: `a` from `b` from `c` from `a`",
        ),
        (
            "a = { constant = \"7\" }\nb = { log1p = \"a\" }",
            "feature `b` (line 3): `a`: expected a number, found type string; use `cast` to convert it",
        ),
        (
            "a = { constant = 0.5 }\nb = { concat = [\"a\"] }",
            "feature `b` (line 3): `a`: expected a text, found type double",
        ),
        ("a = { constant = 0.5 }\nb = { cast = \"a\", to = \"string\" }", "cast it to `int64` first"),
        ("a = { bucketize = \"/a\", splits = [1, 1] }", "`splits`: expected numbers in ascending order"),
        ("a = { ordinal = \"/a\", vocabulary = [\"7\", 7] }", "has `7` twice"),
        ("a = { date = \"/a\", part = \"hour\", time_zone = \"Mars/Base\" }", "no time zone `Mars/Base`"),
        ("a = { date = \"/a\", part = \"hour\", since = \"/b\" }", "`since` goes with"),
        ("a = { date = \"/a\", part = \"week\" }", "unknown variant `week`"),
        ("a = { sine = \"/a\", period = 0 }", "`period`: expected a number above zero, found 0"),
        ("a = { clip = \"/a\", max = nan }", "`max` contains null, NaN or an infinity"),
        (
            "a = { field = \"a\", type = \"double\", missing = nan }",
            "`missing = \"nan\"` makes a missing value NaN",
        ),
        ("a = { bucketize = \"/a\", splits = [0, inf] }", "`splits` contains null, NaN or an infinity"),
        ("a = { clip = \"/a\" }", "give `min`, `max` or both"),
        ("a = { log1p = \"/a\", default = \"x\" }", "is not of the feature's type, double"),
        ("a = { field = \"a\", default = 1, missing = \"nan\" }", "keep one"),
        ("a = { lower = \"/a\", missing = \"nan\" }", "a string can't be NaN"),
        (
            "a = { one_hot = \"/a\", vocabulary = [\"b\"] }\nc = { log1p = \"a\" }",
            "has several columns: name one, as in `a.b`",
        ),
        (
            "a = { one_hot = \"/a\", vocabulary = [\"b\"] }\nc = { log1p = \"a.d\" }",
            "`a` has no column `d`; its columns are `b`",
        ),
        ("a = { hash = [\"/a\"], n_features = 4 }", "expected the name of a feature, found the field `/a`"),
        (
            "a = { hash = [\"b\"], n_features = 1000000 }\nb = { field = \"b\" }",
            "`n_features`: expected 1 to 65536, found 1000000",
        ),
        (
            "a = { lookup = \"t.csv\", by = { k = \"/a\" }, value = \"v\" }",
            "t.csv is not in the model directory",
        ),
        (
            "a = { field = \"a\", default = true }\nb = { log1p = \"a\" }",
            "its `default`: expected a number, found type bool",
        ),
        (
            "a = { field = \"a\", default = \"none\" }\nb = { date = \"a\", part = \"hour\" }",
            "`a`: its `default`: expected an ISO 8601 date, found another text",
        ),
        ("a = { lookup = \"t.csv\", by = { k = \"/a\" } }", "give either `value` or `values`"),
        ("a = { lookup = \"t.csv\", by = {}, value = \"v\" }", "`by` names no column"),
    ] {
        let error = format!("{:#}", plan(features, None).unwrap_err());
        assert!(error.contains(expected), "{features}\n  gave: {error}\n  not: {expected}");
    }
}
