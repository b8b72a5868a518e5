use std::io::Write;

use base64_simd::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

/// A field of a message with bytes in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut field = vec![number << 3 | 2];
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    [field, bytes.to_vec()].concat()
}

fn aggregate_of(message: &[u8]) -> Vec<u8> {
    [b"\xF3\x89\x9A\xC2".as_slice(), message, &Md5::digest(message)].concat()
}

/// An aggregate of user records: the place of the partition key among `keys`, and the data.
fn aggregate(keys: &[&[u8]], records: &[(u8, &[u8])]) -> Vec<u8> {
    let keys = keys.iter().flat_map(|key| field(1, key));
    let records = records.iter().flat_map(|(key, data)| field(3, &[vec![8, *key], field(3, data)].concat()));
    aggregate_of(&keys.chain(records).collect::<Vec<_>>())
}

/// Each document: its partition key, and its text or why it has none.
fn unpacked(payload: &[u8]) -> Vec<(Option<String>, Result<String, Rejected>)> {
    // What was there before stays as it is.
    let (mut buffer, mut documents) = (b"kept".to_vec(), vec![Document::rejected(Rejected::NotAnObject)]);
    unpack(&STANDARD.encode_to_string(payload), &mut buffer, &mut documents);
    assert_eq!((&buffer[..4], &documents[0]), (&b"kept"[..], &Document::rejected(Rejected::NotAnObject)));
    let text = |range: Range<usize>| String::from_utf8_lossy(&buffer[range]).into_owned();
    let of = |(place, document): (usize, Document)| {
        assert_eq!(document.sub_sequence as usize, place);
        (document.key.map(text), document.json.map(text))
    };
    documents.into_iter().skip(1).enumerate().map(of).collect()
}

fn texts(payload: &[u8]) -> Vec<String> {
    unpacked(payload).into_iter().map(|(_, json)| json.unwrap()).collect()
}

fn rejected(payload: &[u8]) -> Rejected {
    let [(_, Err(rejected))] = &unpacked(payload)[..] else { panic!("{:?}", unpacked(payload)) };
    rejected.clone()
}

#[test]
fn an_ordinary_payload_is_one_document() {
    for payload in
        ["{}", "{\"a\": 1}\n", "{\n \"a\": {}\n}", "", " \n", "[{}]", "{}{}", "nonsense\nof two lines"]
    {
        assert_eq!(texts(payload.as_bytes()), [payload]);
    }
}

#[test]
fn documents_may_come_a_line_each() {
    assert_eq!(texts(b"{\"a\": 1}\n{\"a\": 2}"), ["{\"a\": 1}", "{\"a\": 2}"]);
    assert_eq!(texts(b"\n {} \r\n\r\n{}\r\n"), ["{}", "{}"]);
    assert_eq!(texts(b"{\n{\"a\": 1}\n7"), ["{", "{\"a\": 1}", "7"], "a bad line is a bad document alone");
    assert_eq!(texts(b"{\"a\": [\n{}\n]}"), ["{\"a\": [\n{}\n]}"], "one document in several lines");
}

#[test]
fn compressed_payloads_are_recognised() {
    let payload = b"{\"a\": 1}\n{\"a\": 2}";
    for compressed in [gzip(payload), zstd(payload)] {
        assert_eq!(texts(&compressed), ["{\"a\": 1}", "{\"a\": 2}"]);
    }
    assert_eq!(texts(&[gzip(b"{\"a\""), gzip(b": 1}")].concat()), ["{\"a\": 1}"], "members of one file");
    assert_eq!(texts(&[zstd(b"{\"a\""), zstd(b": 1}")].concat()), ["{\"a\": 1}"], "frames of one file");
    let twice = gzip(&gzip(b"{}"));
    assert_eq!(unpacked(&twice)[0].1.as_ref().unwrap().as_bytes()[0], 0x1F, "once alone");
}

#[test]
fn broken_compressed_payloads_are_rejected() {
    for (format, whole) in [("gzip", gzip(b"{\"a\": 1}")), ("zstd", zstd(b"{\"a\": 1}"))] {
        for end in 4..whole.len() {
            assert_eq!(rejected(&whole[..end]), Rejected::Compressed { format }, "{end} of {}", whole.len());
        }
        assert_eq!(rejected(&[&whole, &b"garbage"[..]].concat()), Rejected::Compressed { format });
    }
    let mut flipped = gzip(b"{\"a\": 1}");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xFF;
    assert_eq!(rejected(&flipped), Rejected::Compressed { format: "gzip" });
}

#[test]
fn what_unpacks_to_too_much_is_rejected() {
    let zeros = |bytes: usize| vec![b'0'; bytes];
    assert_eq!(texts(&gzip(&zeros(ALWAYS_ALLOWED)))[0].len(), ALWAYS_ALLOWED, "however small");
    for compressed in [gzip(&zeros(ALWAYS_ALLOWED + 1)), zstd(&zeros(ALWAYS_ALLOWED + 1))] {
        assert!(compressed.len() * MAX_RATIO < ALWAYS_ALLOWED);
        assert!(matches!(rejected(&compressed), Rejected::Bomb { .. }));
    }
    // Noise, so that the record is large enough for the ratio to count.
    let mut random = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = (0..MAX_UNPACKED / MAX_RATIO + 100_000).map(|_| random.u8(..)).collect();
    let most = [noise.clone(), zeros(MAX_UNPACKED - noise.len())].concat();
    assert_eq!(texts_lossy(&zstd(&most)), 1);
    assert!(matches!(rejected(&zstd(&[most, zeros(1)].concat())), Rejected::Bomb { .. }));
}

fn texts_lossy(payload: &[u8]) -> usize {
    unpacked(payload).into_iter().filter(|(_, json)| json.is_ok()).count()
}

#[test]
fn the_bound_is_that_of_the_record_not_of_its_parts() {
    let half = gzip(&vec![b'0'; ALWAYS_ALLOWED * 2 / 3]);
    let found = unpacked(&aggregate(&[b"k"], &[(0, &half), (0, &half), (0, b"{}")]));
    assert!(found[0].1.is_ok() && found[2].1.is_ok());
    assert_eq!(found[1].1, Err(Rejected::Bomb { format: "gzip" }));
}

#[test]
fn a_zstd_frame_with_a_larger_window_is_rejected() {
    let compressed = |window: u32| {
        let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window).unwrap();
        encoder.write_all(b"{}").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(texts(&compressed(23)), ["{}"]);
    assert_eq!(rejected(&compressed(24)), Rejected::Compressed { format: "zstd" });
}

#[test]
fn an_aggregate_is_its_user_records() {
    let compressed = gzip(b"{\"c\": 1}\n{\"c\": 2}");
    let found = unpacked(&aggregate(&[b"one", b"two"], &[(1, b"{}"), (0, b"{\"a\": 1}"), (0, &compressed)]));
    let expected = [("two", "{}"), ("one", "{\"a\": 1}"), ("one", "{\"c\": 1}"), ("one", "{\"c\": 2}")];
    let expected = expected.map(|(key, json)| (Some(key.to_owned()), Ok(json.to_owned())));
    assert_eq!(found, expected);
}

#[test]
fn a_wrong_digest_makes_an_ordinary_record() {
    let mut bytes = aggregate(&[b"k"], &[(0, b"{}")]);
    *bytes.last_mut().unwrap() ^= 1;
    assert_eq!(unpacked(&bytes).len(), 1);
    assert_eq!(unpacked(&bytes)[0].0, None);
    assert_eq!(unpacked(b"\xF3\x89\x9A\xC2")[0].0, None);
}

#[test]
fn a_malformed_aggregate_is_rejected() {
    assert_eq!(rejected(&aggregate_of(b"")), Rejected::NoDocuments);
    assert_eq!(rejected(&aggregate_of(b"\x1A")), Rejected::Aggregate, "no length");
    assert_eq!(rejected(&aggregate_of(b"\x1A\x05{}")), Rejected::Aggregate, "too short");
    assert_eq!(rejected(&aggregate_of(&[0xFF; 40])), Rejected::Aggregate, "a number without an end");
    assert_eq!(rejected(&aggregate(&[b"k"], &[(1, b"{}")])), Rejected::Aggregate, "no such key");
    let no_key = field(3, &field(3, b"{}"));
    assert_eq!(rejected(&aggregate_of(&no_key)), Rejected::Aggregate);
    let found = unpacked(&aggregate(&[b"\xFF", b"k"], &[(0, b"{}"), (1, b"{}")]));
    assert!(matches!(found[0].1, Err(Rejected::Envelope(_))), "that one alone");
    assert_eq!(found[1], (Some("k".to_owned()), Ok("{}".to_owned())));
}

#[test]
fn fields_that_others_added_are_passed_over() {
    let tags =
        [field(2, b"hash"), vec![0x29], vec![0; 8], vec![0x35], vec![0; 4], vec![0x78, 0x80, 0x01]].concat();
    let message = [tags, field(3, &[vec![8, 0], field(3, b"{}")].concat()), field(1, b"k")].concat();
    assert_eq!(unpacked(&aggregate_of(&message)), [(Some("k".to_owned()), Ok("{}".to_owned()))]);
}

#[test]
fn documents_are_counted() {
    assert_eq!(texts("{}\n".repeat(MAX_DOCUMENTS).as_bytes()).len(), MAX_DOCUMENTS);
    let more = "{}\n".repeat(MAX_DOCUMENTS + 1);
    assert_eq!(rejected(more.as_bytes()), Rejected::TooManyDocuments { limit: MAX_DOCUMENTS });
}

#[test]
fn whatever_bytes_come_something_is_said_of_them() {
    let mut random = fastrand::Rng::with_seed(7);
    let seeds = [
        gzip(b"{\"a\": 1}\n{\"a\": 2}"),
        zstd(b"{\"a\": 1}\n{\"a\": 2}"),
        aggregate(&[b"one", b"two"], &[(1, b"{}"), (0, &gzip(b"{\"a\": 1}"))]),
        b"{}\n{}\n".to_vec(),
    ];
    for _ in 0..5_000 {
        let mut bytes = seeds[random.usize(..seeds.len())].clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(0..3) {
                0 => bytes[at] = random.u8(..),
                1 => bytes.truncate(at + 1),
                _ => bytes.insert(at, random.u8(..)),
            }
        }
        assert!(!unpacked(&bytes).is_empty());
        if bytes.starts_with(b"\xF3\x89\x9A\xC2") && bytes.len() > 20 {
            let message = bytes[4..bytes.len() - 16].to_vec();
            assert!(!unpacked(&aggregate_of(&message)).is_empty(), "with the digest that belongs to it");
        }
    }
}
