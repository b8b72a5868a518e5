//! Tables that ask for much memory in few bytes.

use std::sync::Arc;

use crate::features::plan;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

/// The reason why the table in this file is refused: nothing if it is read.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    look_up(name, &folder)
}

fn look_up(name: &str, folder: &TempDir) -> String {
    let feature = format!("x = {{ lookup = \"{name}\", by = {{ k = \"/k\" }}, value = \"v\" }}");
    let line = plan(&feature, Some(folder)).err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(line.is_empty() || line.contains(name) && line.len() < 2_000, "{line}");
    line
}

/// A table of these rows in Parquet, compressed.
fn parquet(rows: &[(String, String)]) -> Vec<u8> {
    let schema = "message table { required binary k (UTF8); required binary v (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(usize::MAX)
        .build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for cells in [rows.iter().map(|row| &row.0).collect::<Vec<_>>(), rows.iter().map(|row| &row.1).collect()]
    {
        let cells: Vec<ByteArray> = cells.into_iter().map(|cell| ByteArray::from(cell.as_str())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&cells, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    file
}

#[test]
fn a_page_and_a_cell_are_bounded() {
    let rows = |count: usize, bytes: usize| -> Vec<_> {
        (0..count).map(|row| (row.to_string(), "x".repeat(bytes))).collect()
    };
    assert_eq!(refusal("t.parquet", &parquet(&rows(3, 1 << 20))), "");
    let line = refusal("t.parquet", &parquet(&rows(1, (1 << 20) + 1)));
    assert!(line.contains("column `v`: a cell has 1048577 bytes; the limit is 1048576"), "{line}");
    // The dictionary has the word once.
    let page = parquet(&rows(2, 33 << 20));
    assert!(page.len() < 10_000, "{}", page.len());
    let line = refusal("t.parquet", &page);
    assert!(line.contains("column `v`: a page has 34603012 bytes; the limit is 33554432"), "{line}");
}

#[test]
fn all_cells_together_are_bounded() {
    // Each row takes a cell of 1 MiB, which the dictionary has once.
    let rows: Vec<_> = (0..128).map(|row| (row.to_string(), "x".repeat(1 << 20))).collect();
    let line = refusal("t.parquet", &parquet(&rows));
    assert!(line.contains("the tables of a model may take 128 MiB"), "{line}");
    assert_eq!(refusal("t.parquet", &parquet(&rows[..100])), "");
}

#[test]
fn a_row_of_a_text_file_is_bounded() {
    let cell = "x".repeat((1 << 20) + 1);
    let line = refusal("t.csv", format!("k,v\na,{cell}\nb,c\n").as_bytes());
    assert!(line.contains("a row has more than 1048576 bytes"), "{line}");
    let line = refusal("t.jsonl", format!("{{\"k\": \"a\", \"v\": \"{cell}\"}}\n").as_bytes());
    assert!(line.contains("line 1 has more than 1048576 bytes"), "{line}");
    let line = refusal("t.csv", format!("{}\n", "column,".repeat(100_000)).as_bytes());
    assert!(
        line.contains("it has no column `k`; it has `column`") && line.contains("and 99991 more"),
        "{line}"
    );
}

#[test]
fn a_hostile_footer_is_refused() {
    let file = |footer: &[u8], length: u32| [b"PAR1", footer, &length.to_le_bytes(), b"PAR1"].concat();
    assert!(refusal("t.parquet", &file(&[0; 100], u32::MAX)).contains("its footer has 4294967295 bytes"));
    assert!(refusal("t.parquet", &file(&[0; 100], 105)).contains("its footer is longer than the file"));

    // A group in a group, 9 999 times. The decoder calls itself for each.
    let group = [0x48, 1, b'a', 0x15, 2, 0];
    let count = [0x19, 0xfc, 0x8f, 0x4e];
    let footer = [&[0x15, 2][..], &count, &group.repeat(9_999), &[0x16, 0, 0x19, 0x0c, 0]].concat();
    let line = refusal("t.parquet", &file(&footer, u32::try_from(footer.len()).unwrap()));
    assert!(line.contains("its columns are nested too deeply"), "{line}");
    let footer = [&[0x15, 2][..], &[0x19, 0xfc, 0x91, 0x4e], &group.repeat(10_001), &[0]].concat();
    let line = refusal("t.parquet", &file(&footer, u32::try_from(footer.len()).unwrap()));
    assert!(line.contains("it has more than 10000 columns"), "{line}");
}

/// No byte of a file may end the process.
#[test]
fn a_damaged_file_is_refused_or_read() {
    let rows: Vec<_> = (0..50).map(|row| (row.to_string(), format!("word {}", row % 7))).collect();
    let file = parquet(&rows);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for at in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= change;
            std::fs::write(&path, &file).unwrap();
            look_up("t.parquet", &folder);
        }
    }
}
