//! Specs that mean nothing, and what their errors say.

use std::time::Instant;

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
            "has no column `d`; it has `a.b`",
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

/// A message stays short, and comes soon, whatever the spec is.
#[test]
fn a_large_spec_is_refused_in_a_short_line() {
    let refused = |features: &str| {
        let start = Instant::now();
        let error = format!("{:#}", plan(features, None).unwrap_err());
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        assert!(error.len() < 2_000, "{error}");
        error
    };
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let chain = |count| lines(count, &|number| format!("f{number} = {{ log1p = \"f{}\" }}\n", number + 1));
    let error = refused(&chain(9_000));
    assert!(
        error.starts_with("feature `f0` (line 2): feature `f1` (line 3): feature `f2` (line 4): "),
        "{error}"
    );
    assert!(error.ends_with("more than 256 features stand between it and the record"), "{error}");
    assert!(refused(&chain(10_001)).ends_with("expected at most 10000 features, found 10001"));
    let error = refused(&format!("{}f50 = {{ log1p = \"f0\" }}\n", chain(50)));
    assert!(error.contains("it depends on itself: `f0` by way of 50 features from `f0`"), "{error}");
    let name = "f".repeat(100_000);
    assert!(refused(&format!("a = {{ log1p = \"{name}\" }}")).contains("there is no feature `ffff"));
    assert!(refused(&format!("a = {{ {name} = 1 }}")).contains("is not a transform"));
    let hash = |number| format!("h{number} = {{ hash = [\"b\"], n_features = 65536 }}\n");
    let error = refused(&format!("{}b = {{ field = \"b\" }}", lines(20, &hash)));
    assert!(error.contains("the features have more than 1048576 columns"), "{error}");
}
