//! Payloads from producers are unpacked to their documents. Any other bytes give at least one document or
//! rejection, and nothing grows beyond its bound.
//!
//! Every mutated payload has a number, and depends only on that number and the fixtures. To run more cases,
//! use `MUTATIONS=3000000 cargo test --package predictor --test payloads`. To run one case, set
//! `MUTATION=number`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics fails")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use fastrand::Rng;
use md5::{Digest, Md5};
use predictor::Rejected;
use predictor::decode::{DocumentRange, MAX_DOCUMENTS, unpack, unpack_base64};

/// The default number of cases.
const MUTATIONS: u64 = 20_000;

/// The most bytes that a record of up to 10 KiB decompresses to.
const LIMIT: usize = 1 << 20;

/// The documents of a payload: for each, its partition key and its text, or the reason why it is rejected.
type Unpacked = Vec<(Option<String>, Result<Vec<u8>, Rejected>)>;

/// Unpacks a payload, and checks what holds for any payload.
fn unpacked(payload: &[u8]) -> Unpacked {
    let earlier = DocumentRange { place: 0, key: None, json: Ok(0..2) };
    let (mut buffer, mut documents) = (b"{}".to_vec(), vec![earlier.clone()]);
    unpack(payload, &mut buffer, &mut documents);
    assert_eq!((&buffer[..2], &documents[0]), (&b"{}"[..], &earlier));
    let new = &documents[1..];
    assert!((1..=MAX_DOCUMENTS).contains(&new.len()));
    assert!(new.iter().map(|document| document.place).eq(0..u32::try_from(new.len()).unwrap()));
    let bytes = |range: &std::ops::Range<usize>| {
        assert!(range.start >= 2);
        buffer[range.clone()].to_vec()
    };
    let key = |range| String::from_utf8(bytes(range)).unwrap();
    new.iter()
        .map(|document| {
            (document.key.as_ref().map(key), document.json.as_ref().map(bytes).map_err(Rejected::clone))
        })
        .collect()
}

fn fixtures() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/payloads");
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// One of the documents in the fixtures.
fn ride(number: usize) -> Vec<u8> {
    format!(r#"{{"ride": {number}, "zone": "Zürich"}}"#).into_bytes()
}

/// A document with its partition key.
fn ok(key: Option<&str>, json: &[u8]) -> (Option<String>, Result<Vec<u8>, Rejected>) {
    (key.map(str::to_owned), Ok(json.to_vec()))
}

fn rejected(reason: Rejected) -> Unpacked {
    vec![(None, Err(reason))]
}

#[test]
fn payloads_that_other_libraries_write_are_unpacked() {
    let fixtures = fixtures();
    let one = vec![ok(None, &ride(0))];
    let four: Unpacked = (0..4).map(|number| ok(None, &ride(number))).collect();
    let crlf: Unpacked = (0..4).map(|number| ok(None, &[&ride(number)[..], b"\r"].concat())).collect();
    let aggregate = vec![
        ok(Some("a"), &ride(0)),
        ok(Some("b"), &ride(1)),
        ok(Some("a"), &ride(2)),
        ok(Some("Zürich"), &ride(3)),
    ];
    let compressed = vec![
        ok(Some("a"), &ride(0)),
        ok(Some("b"), &ride(1)),
        ok(Some("c"), &ride(2)),
        ok(Some("c"), &ride(3)),
    ];
    let one_broken = vec![
        ok(Some("a"), &ride(0)),
        (Some("b".to_owned()), Err(Rejected::Compressed("gzip"))),
        (Some("c".to_owned()), Err(Rejected::Empty)),
        ok(Some("d"), b"no JSON"),
    ];
    let mut expected = BTreeMap::from([
        ("plain.json", one.clone()),
        ("lines.jsonl", four.clone()),
        ("lines-crlf.jsonl", crlf),
        ("document.json.gz", one.clone()),
        ("lines.jsonl.gz", four.clone()),
        ("members.gz", four.clone()),
        ("document.json.zst", one),
        ("lines.jsonl.zst", four.clone()),
        ("frames.zst", four),
        ("aggregate.kpl", aggregate),
        ("compressed.kpl", compressed),
        ("one-broken.kpl", one_broken),
    ]);
    for (name, payload) in &fixtures {
        if let Some(expected) = expected.remove(name.as_str()) {
            assert_eq!(unpacked(payload), expected, "{name}");
            continue;
        }
        // Only one level is unpacked. The rest is not JSON.
        let documents = unpacked(payload);
        let left = documents[0].1.as_ref().unwrap();
        let is_packed = left.starts_with(b"\x1f\x8b") || left.starts_with(b"\xf3\x89");
        assert!(documents.len() == 1 && is_packed, "{name}");
    }
    assert!(expected.is_empty(), "expected these fixtures, found none: {expected:?}");
}

#[test]
fn a_record_without_a_document_is_one_rejected_document() {
    for payload in [&b""[..], b" \r\n\t"] {
        assert_eq!(unpacked(payload), rejected(Rejected::Empty));
    }
    assert_eq!(unpacked(&aggregate(b"")), rejected(Rejected::Aggregate("it has no user record")));
    assert_eq!(unpacked(&aggregate(b"{}")), rejected(Rejected::Aggregate("it is not a protobuf message")));
    let (mut buffer, mut documents) = (Vec::new(), Vec::new());
    unpack_base64("e30", &mut buffer, &mut documents);
    assert_eq!((buffer.len(), &documents[0].json), (0, &Err(Rejected::NotBase64)));
    // The magic alone, or an aggregate with a bad digest, is one document. It is rejected later, because it
    // is not JSON.
    let mut ordinary = aggregate(b"");
    ordinary[4] ^= 1;
    for payload in [&ordinary[..4], &ordinary] {
        assert_eq!(unpacked(payload), [ok(None, payload)]);
    }
}

#[test]
fn a_record_holds_at_most_100_000_documents() {
    let too_many = rejected(Rejected::TooManyDocuments { limit: MAX_DOCUMENTS });
    assert_eq!(unpacked(&b"{}\n".repeat(MAX_DOCUMENTS)).len(), MAX_DOCUMENTS);
    assert_eq!(unpacked(&b"{}\n".repeat(MAX_DOCUMENTS + 1)), too_many);
    let user_records =
        |count| aggregate(&[b"\x0a\x01k", &b"\x1a\x06\x08\x00\x1a\x02{}".repeat(count)[..]].concat());
    assert_eq!(unpacked(&user_records(MAX_DOCUMENTS)).len(), MAX_DOCUMENTS);
    assert_eq!(unpacked(&user_records(MAX_DOCUMENTS + 1)), too_many);
    // Rejected documents count.
    assert_eq!(unpacked(&aggregate(&b"\x1a\x00".repeat(MAX_DOCUMENTS))).len(), MAX_DOCUMENTS);
    assert_eq!(unpacked(&aggregate(&b"\x1a\x00".repeat(MAX_DOCUMENTS + 1))), too_many);
}

#[test]
fn a_mutated_payload_still_gives_documents_or_rejections() {
    let fixtures: Vec<_> = fixtures().into_values().collect();
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let cases = number("MUTATION").map_or(0..number("MUTATIONS").unwrap_or(MUTATIONS), |one| one..one + 1);
    let mut reasons = BTreeMap::new();
    for case in cases.clone() {
        let mut random = Rng::with_seed(case);
        let payload = mutate(&fixtures, &mut random);
        let documents = std::panic::catch_unwind(|| unpacked(&payload));
        let documents = documents.unwrap_or_else(|_| panic!("case {case}"));
        let bytes: usize = documents.iter().filter_map(|(_, json)| json.as_ref().ok()).map(Vec::len).sum();
        assert!(bytes <= LIMIT + payload.len(), "case {case}: {bytes} bytes of {}", payload.len());
        for (_, json) in documents {
            let reason = json.map_or_else(|reason| reason.to_string(), |_| "none".to_owned());
            *reasons.entry(reason).or_insert(0) += 1;
        }
    }
    let mut list = String::new();
    for (reason, count) in &reasons {
        writeln!(list, "{count} {reason}").unwrap();
    }
    println!("{list}");
    let enough = cases.end - cases.start < 1000 || reasons.len() >= 8;
    assert!(enough, "expected at least 8 different outcomes, found:\n{list}");
}

/// The payload of an aggregate with this message.
fn aggregate(message: &[u8]) -> Vec<u8> {
    [b"\xf3\x89\x9a\xc2", message, &Md5::digest(message)[..]].concat()
}

fn mutate(fixtures: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = random.choice(fixtures).unwrap().clone();
    // Most changes are followed by a new digest. Without a valid digest, the content of an aggregate is not
    // read.
    let is_aggregate = bytes.starts_with(b"\xf3\x89\x9a\xc2") && random.u8(..8) > 0;
    if is_aggregate {
        bytes = bytes[4..bytes.len() - 16].to_vec();
    }
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=bytes.len());
        match random.u8(..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 => bytes.truncate(at),
            3 => {
                let end = random.usize(at..=bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let other = random.choice(fixtures).unwrap();
                let start = random.usize(..=other.len());
                let part = &other[start..random.usize(start..=other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
        }
    }
    if is_aggregate { aggregate(&bytes) } else { bytes }
}
