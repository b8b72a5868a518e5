//! Lookups in tables beside the model.

use crate::features::plan;

#[test]
fn tables_are_read_from_csv_and_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("t.csv", "to,from,km,name\nJFK,BOS,301,\"Kennedy, New York\"\nJFK,LAX,,x\nBOS,7,12,\n");
    write(
        "t.jsonl",
        "{\"from\": \"BOS\", \"to\": \"JFK\", \"km\": 301, \"name\": \"Kennedy, New York\"}\n\n\
         {\"name\": \"x\", \"from\": \"LAX\", \"to\": \"JFK\", \"km\": null}\n{\"from\": 7, \"to\": \"BOS\", \"km\": 12, \"name\": \"\"}\n",
    );
    for file in ["t.csv", "t.jsonl"] {
        let by = format!("lookup = \"{file}\", by = {{ from = \"/f\", to = \"/t\" }}");
        let value = |feature: &str, document: &str| {
            let plan = plan(
                &format!("x = {{ {by}, {feature} }}\ny = {{ {by}, value = \"name\", default = \"-\" }}"),
                Some(&folder),
            );
            match plan.unwrap().values(document.as_bytes()) {
                Ok(values) => values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" "),
                Err(rejected) => rejected.to_string(),
            }
        };
        let known = r#"{"f": "BOS", "t": "JFK"}"#;
        assert_eq!(value("value = \"km\"", known), "301.0 \"Kennedy, New York\"");
        assert_eq!(
            value("values = [\"name\", \"km\"]", known),
            "[\"Kennedy, New York\", 301.0] \"Kennedy, New York\""
        );
        assert_eq!(value("value = \"km\"", r#"{"f": 7, "t": "BOS"}"#), "12.0 \"\"");
        let miss = value("value = \"km\"", r#"{"f": "JFK", "t": "BOS"}"#);
        assert_eq!(
            miss,
            "feature `x`: field `/f`, field `/t`: expected a key of the table, found another combination"
        );
        assert_eq!(value("value = \"km\", missing = \"nan\"", r#"{"f": "JFK", "t": "BOS"}"#), "null \"-\"");
        // An empty cell.
        assert_eq!(value("value = \"km\", default = 0", r#"{"f": "LAX", "t": "JFK"}"#), "0.0 \"x\"");
    }
    let error =
        |feature: &str| format!("{:#}", plan(&format!("x = {{ {feature} }}"), Some(&folder)).unwrap_err());
    write("twice.csv", "k,v\na,1\nb,2\na,3\n");
    assert!(
        error("lookup = \"twice.csv\", by = { k = \"/k\" }, value = \"v\"")
            .contains("twice.csv: rows 1 and 3 have the same key")
    );
    assert!(
        error("lookup = \"t.csv\", by = { k = \"/k\" }, value = \"km\"")
            .contains("t.csv: it has no column `k`; it has `to`, `from`, `km`, `name`")
    );
    assert!(
        error("lookup = \"t.jsonl\", by = { k = \"/k\" }, value = \"km\"")
            .contains("no line has the member `k`")
    );
    write("t.txt", "");
    assert!(
        error("lookup = \"t.txt\", by = { k = \"/k\" }, value = \"km\"").contains(".csv, .jsonl or .parquet")
    );
    write("short.csv", "k,v\na\n");
    assert!(
        error("lookup = \"short.csv\", by = { k = \"/k\" }, value = \"v\"").contains("short.csv: CSV error")
    );
    write("wide.csv", "k,v,k\na,1,b\n");
    assert!(
        error("lookup = \"wide.csv\", by = { k = \"/k\" }, value = \"v\"").contains("it has two columns `k`")
    );
    write("large.csv", "k,v\na,1e999\n");
    assert!(
        error("lookup = \"large.csv\", by = { k = \"/k\" }, value = \"v\"")
            .contains("large.csv: column `v`: it has a number beyond the range of doubles")
    );
    write("bad.jsonl", "{\"k\": \"a\", \"v\": 1}\n[]\n");
    assert!(
        error("lookup = \"bad.jsonl\", by = { k = \"/k\" }, value = \"v\"")
            .contains("line 2 is not a JSON object")
    );
    write("bad.parquet", "PAR1");
    assert!(error("lookup = \"bad.parquet\", by = { k = \"/k\" }, value = \"v\"").contains("bad.parquet"));
}
