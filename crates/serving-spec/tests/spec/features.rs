//! The values of the transforms, and the messages for features without a value.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serving_spec::{FeaturePlan, ServingSpec};

/// Compiles features without a model. Their tables are in `folder`.
pub fn plan(features: &str, folder: Option<&tempfile::TempDir>) -> Result<FeaturePlan> {
    let toml = format!("[features]\n{features}");
    let spec = ServingSpec::from_toml(&toml)
        .map_err(|(line, message)| anyhow::anyhow!("line {}: {message}", line - 1))?;
    FeaturePlan::of_features(&spec.feature_parts(), &|name| -> Result<PathBuf> {
        let path = folder.map(|folder| folder.path().join(name)).unwrap_or_default();
        ensure!(path.exists(), "{name} is not in the model directory");
        Ok(path)
    })
}

/// Returns the value of the feature `x` as JSON, or the reason why the document is rejected.
pub fn x(features: &str, document: &str) -> String {
    let plan = match plan(features, None) {
        Ok(plan) => plan,
        Err(error) => return format!("{error:#}"),
    };
    match plan.values(document.as_bytes()) {
        Ok(values) => values.into_iter().filter(|(name, _)| *name == "x").map(|(_, value)| value).collect(),
        Err(rejected) => rejected.to_string(),
    }
}

#[test]
fn each_transform_gives_its_documented_value() {
    for (features, document, expected) in [
        ("x = { field = \"a\" }", r#"{"a": [1, null]}"#, "[1, null]"),
        ("x = { field = \"/a/b\", type = \"double\" }", r#"{"a": {"b": 3}}"#, "3.0"),
        ("x = { field = \"a\", type = \"int64\" }", r#"{"a": 9007199254740993}"#, "9007199254740993"),
        ("x = { field = \"a\", type = \"string\" }", r#"{"a": 130.0}"#, "\"130.0\""),
        ("x = { field = \"a\", default = 7 }", r#"{"a": null}"#, "7"),
        ("x = { field = \"a\", default = \"ü\" }", "{}", "\"ü\""),
        ("x = { field = \"a\", missing = \"nan\" }", "{}", "null"),
        (
            "x = { field = \"a\", type = \"double\", default = 0.5, invalid = \"missing\" }",
            r#"{"a": "3"}"#,
            "0.5",
        ),
        (
            "x = { concat = [\"/a\", \"/b\", \"c\"], separator = \"_\" }\nc = { constant = 5 }",
            r#"{"a": "é\n", "b": 1e2}"#,
            "\"é\\n_1e2_5\"",
        ),
        ("x = { cast = \"/a\", to = \"int64\" }", r#"{"a": -2.9}"#, "-2"),
        ("x = { cast = \"/a\", to = \"int64\" }", r#"{"a": " +42\t"}"#, "42"),
        ("x = { cast = \"/a\", to = \"double\" }", r#"{"a": "-0.5e1"}"#, "-5.0"),
        ("x = { cast = \"/a\", to = \"bool\" }", r#"{"a": "TRUE"}"#, "true"),
        ("x = { cast = \"/a\", to = \"string\" }", r#"{"a": false}"#, "\"false\""),
        ("x = { sum = [\"/a\", 0.5, \"n\"] }\nn = { constant = 1 }", r#"{"a": 2}"#, "3.5"),
        ("x = { product = [\"/a\", \"/a\", -1] }", r#"{"a": 3}"#, "-9.0"),
        ("x = { difference = [\"/a\", \"/b\"] }", r#"{"a": 3, "b": 5}"#, "-2.0"),
        ("x = { ratio = [\"/a\", 4] }", r#"{"a": 3}"#, "0.75"),
        ("x = { absolute = \"/a\" }", r#"{"a": -3}"#, "3.0"),
        ("x = { clip = \"/a\", min = 0, max = 5 }", r#"{"a": 7}"#, "5.0"),
        ("x = { boolean = \"/a\" }", r#"{"a": true}"#, "true"),
        ("x = { equal = [\"/a\", \"c\"] }\nc = { constant = \"7\" }", r#"{"a": 7}"#, "true"),
        ("x = { equal = [\"/a\", 7] }", r#"{"a": 7.0}"#, "true"),
        ("x = { less = [\"/a\", \"/b\"] }", r#"{"a": 7, "b": 7}"#, "false"),
        ("x = { greater_equal = [\"/a\", \"/b\"] }", r#"{"a": 7, "b": 7}"#, "true"),
        ("x = { bucketize = \"/a\", splits = [-15, 0, 30] }", r#"{"a": 0}"#, "2"),
        ("x = { bucketize = \"/a\", splits = [-15, 0, 30] }", r#"{"a": -1e9}"#, "0"),
        ("x = { lower = \"/a\" }", r#"{"a": "ÄB"}"#, "\"äb\""),
        ("x = { trim = \"/a\" }", r#"{"a": "\t a b\r\n"}"#, "\"a b\""),
        ("x = { slice = \"/a\", start = -3, stop = -1 }", r#"{"a": "häßlich"}"#, "\"ic\""),
        ("x = { slice = \"/a\", start = 5, stop = 2 }", r#"{"a": "häßlich"}"#, "\"\""),
        ("x = { replace = \"/a\", search = \"aa\", with = \"b\" }", r#"{"a": "aaaaa"}"#, "\"bba\""),
        ("x = { length = \"/a\" }", r#"{"a": "häß\ud83d\ude00"}"#, "4"),
        ("x = { ordinal = \"/a\", vocabulary = [\"b\", 7], unknown_value = -1 }", r#"{"a": 7}"#, "1"),
        ("x = { ordinal = \"/a\", vocabulary = [\"b\", 7], unknown_value = -1 }", r#"{"a": ""}"#, "-1"),
        ("x = { one_hot = \"/a\", vocabulary = [\"b\", 7] }", r#"{"a": "7"}"#, "[0.0, 1.0]"),
        // As scikit-learn's FeatureHasher(4) transforms [{"c": "é", "n": 2.5}].
        (
            "x = { hash = [\"c\", \"n\"], n_features = 4 }\nc = { field = \"c\", type = \"string\" }\nn = { field = \"n\" }",
            r#"{"c": "é", "n": 2.5}"#,
            "[-2.5, 0.0, -1.0, 0.0]",
        ),
    ] {
        assert_eq!(x(features, document), expected, "{features} of {document}");
    }
}

#[test]
fn dates_are_those_of_the_wall_clock() {
    let part = |part: &str, options: &str, date: &str| {
        x(&format!("x = {{ date = \"/d\", part = \"{part}\"{options} }}"), &format!("{{\"d\": \"{date}\"}}"))
    };
    for (name, options, date, expected) in [
        ("day_of_year", "", "2016-02-29", "60"),
        ("day_of_year", "", "2016-12-31", "366"),
        ("day_of_week", "", "2026-11-22", "6"),
        ("weekend", "", "2026-11-23", "0"),
        ("hour", "", "2016-02-29T23:30+01:00", "23"),
        // In New York it is the day before, and the month before.
        ("month", ", time_zone = \"America/New_York\"", "2016-03-01T03:30:00Z", "2"),
        ("day_of_month", ", time_zone = \"America/New_York\"", "2016-03-01T03:30:00Z", "29"),
        // A date without an offset is in the zone already.
        ("day_of_month", ", time_zone = \"America/New_York\"", "2016-03-01 03:30", "1"),
        ("seconds", "", "1970-01-01T00:00:01.25Z", "1.25"),
        ("seconds", "", "1970-01-02", "86400.0"),
        ("seconds", ", time_zone = \"Europe/Berlin\"", "1970-01-01", "-3600.0"),
        // The clock skipped 2:30 on the first of these days, and showed it twice on the second.
        ("seconds", ", time_zone = \"Europe/Berlin\"", "2024-03-31T02:30", "1711848600.0"),
        ("seconds", ", time_zone = \"Europe/Berlin\"", "2024-10-27T02:30", "1729989000.0"),
    ] {
        assert_eq!(part(name, options, date), expected, "{name}{options} of {date}");
    }
    for date in [
        "2016-02-30",
        "2015-02-29",
        "2016-13-01",
        "2016-00-10",
        "0000-01-01",
        "2016-2-3",
        "20160203",
        "2016-02-03T",
        "2016-02-03T24:00",
        "2016-02-03T12",
        "2016-02-03T12:00:60",
        "2016-02-03T12:00:00.",
        "2016-02-03T12:00+24:00",
        "2016-02-03T12:00:00.1234567890",
        "2016-02-03 12:00 ",
        "2016-02-03Z",
        "",
        "heute",
        "٢٠١٦-٠٢-٠٣",
    ] {
        let rejected = part("year", "", date);
        assert!(
            rejected.contains("feature `x`: field `/d`: expected an ISO 8601 date"),
            "{date}: {rejected}"
        );
    }
    assert!(x("x = { date = \"/d\", part = \"year\" }", r#"{"d": 20160203}"#).contains("found a number"));
}

#[test]
fn a_feature_without_a_value_follows_its_policy() {
    for (features, document, expected) in [
        ("x = { log1p = \"/a\" }", "{}", "feature `x`: field `/a` is missing"),
        ("x = { log1p = \"/a\" }", r#"{"a": null}"#, "feature `x`: field `/a`: expected a value, found null"),
        (
            "x = { log1p = \"/a\" }",
            r#"{"a": "3"}"#,
            "feature `x`: field `/a`: expected a number, found a string",
        ),
        ("x = { log1p = \"/a\" }", r#"{"a": -1}"#, "feature `x`: the result: expected a finite number"),
        (
            "x = { log1p = \"/a\", default = 0 }",
            r#"{"a": -1}"#,
            "feature `x`: the result: expected a finite number",
        ),
        ("x = { log1p = \"/a\", default = 0, invalid = \"missing\" }", r#"{"a": -1}"#, "0.0"),
        ("x = { field = \"a\", type = \"int64\" }", r#"{"a": 3.0}"#, "expected an integer, found a number"),
        (
            "x = { field = \"a\", type = \"int64\" }",
            r#"{"a": 9223372036854775808}"#,
            "out of range for int64",
        ),
        ("x = { cast = \"/a\", to = \"int64\" }", r#"{"a": 1e30}"#, "a number in the range of int64"),
        ("x = { cast = \"/a\", to = \"double\" }", r#"{"a": ""}"#, "expected a text that is a number"),
        ("x = { cast = \"/a\", to = \"double\" }", r#"{"a": "nan"}"#, "expected a text that is a number"),
        (
            "x = { ordinal = \"/a\", vocabulary = [\"b\"] }",
            r#"{"a": "c"}"#,
            "field `/a`: expected a category of `vocabulary`, found another text",
        ),
        (
            "x = { great_circle = [\"/a\", \"/b\", \"/c\", \"/d\"], default = 0.0 }",
            r#"{"a": 1, "c": "x", "d": 2}"#,
            "0.0",
        ),
        (
            "x = { hash = [\"a\", \"b\"], n_features = 1, alternate_sign = false }\na = { field = \"a\" }\nb = { field = \"b\" }",
            r#"{"a": 1.7e308, "b": 1.7e308}"#,
            "expected finite numbers, found an infinite one",
        ),
        (
            "a = { field = \"a\", default = \"2020-02-01\", invalid = \"missing\" }\nx = { date = \"a\", part = \"month\" }",
            r#"{"a": "garbage"}"#,
            "2",
        ),
        (
            "a = { field = \"a\" }\nx = { date = \"a\", part = \"month\", default = 0, invalid = \"missing\" }",
            r#"{"a": "garbage"}"#,
            "feature `a`: field `a`: expected an ISO 8601 date",
        ),
        (
            "a = { field = \"a\" }\nx = { sum = [\"/b\", \"a\"], default = 0.0 }",
            "{}",
            "feature `a`: field `a` is missing",
        ),
        (
            "a = { field = \"a\", default = -1, invalid = \"missing\" }\nx = { cast = \"a\", to = \"int64\" }",
            r#"{"a": {}}"#,
            "-1",
        ),
        (
            "a = { field = \"a\", default = \"7\", invalid = \"missing\" }\nx = { cast = \"a\", to = \"string\" }",
            r#"{"a": []}"#,
            "\"7\"",
        ),
        ("x = { great_circle = [\"/a\", 0, 0, 0] }", r#"{"a": 90.5}"#, "latitudes within"),
        // NaN propagates, unless there is a default. A feature that cannot be NaN rejects the document.
        ("a = { field = \"a\", missing = \"nan\" }\nx = { sum = [\"a\", 1] }", "{}", "null"),
        ("a = { field = \"a\", missing = \"nan\" }\nx = { sum = [\"a\", 1], default = 5 }", "{}", "5.0"),
        (
            "a = { field = \"a\", missing = \"nan\" }\nx = { less = [\"a\", 1] }",
            "{}",
            "feature `x`: feature `a` is missing (NaN)",
        ),
        (
            "a = { field = \"a\", missing = \"nan\" }\nx = { less = [\"a\", 1], missing = \"nan\" }",
            "{}",
            "null",
        ),
        ("x = { less = [\"/a\", 1], missing = \"nan\" }", r#"{"a": 0}"#, "1.0"),
    ] {
        let found = x(features, document);
        assert!(found.contains(expected), "{features} of {document}\n  gave: {found}\n  not: {expected}");
    }
}

#[test]
fn texts_do_not_grow_without_bound() {
    let document = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
    let with = "y".repeat(64);
    let many = "\"/a\", ".repeat(20);
    let escaped = format!("{{\"a\": \"\\n{}\"}}", "x".repeat(1 << 20));
    let ordinal = "{ ordinal = \"/a\", vocabulary = [\"b\"], unknown_value = -1 }";
    let categories = ["a", "b", "c", "d"].map(|name| {
        let of_name = ["1", "2", "3", "4", "5"].map(|n| format!("{name}{n} = {ordinal}\n"));
        of_name.concat()
    });
    let categories = categories.concat();
    for (features, document) in [
        (format!("x = {{ replace = \"/a\", search = \"x\", with = \"{with}\" }}"), &document),
        (format!("x = {{ concat = [{many}] }}"), &document),
        (format!("x = {{ concat = [{many}], default = \"\" }}"), &document),
        (format!("{categories}x = {{ field = \"a\" }}"), &escaped),
    ] {
        assert_eq!(x(&features, document), "its features build more than 8388608 bytes of text");
    }
    // The limit counts the texts of one document, not those of earlier ones.
    assert_eq!(x("x = { length = \"/a\" }", &escaped), "1048577");
}
