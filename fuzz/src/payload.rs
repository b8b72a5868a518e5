//! A payload is unpacked to documents with valid ranges, and to no more bytes than the limit. The bytes are
//! used as base64, and as a payload: plain, compressed, and in an aggregate with a valid digest.
#![allow(clippy::expect_used, reason = "a panic is a finding")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use predictor::decode::{DocumentRange, MAX_DOCUMENTS, unpack, unpack_base64};

use crate::budget::{QUICK, promised, within};

const AGGREGATE: &[u8] = b"\xF3\x89\x9A\xC2";
const DIGEST: usize = 16;

/// The partition key and text of each document, if it has them, and whether the buffer holds more than the
/// payload.
type Unpacked = (Vec<(Option<Vec<u8>>, Option<Vec<u8>>)>, bool);

/// Unpacks the bytes in all of these forms, and compares the documents.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        unpacked(text.len() / 4 * 3, |buffer, documents| unpack_base64(text, buffer, documents));
    }
    let (documents, is_grown) = of_payload(bytes);
    let message = bytes.strip_prefix(AGGREGATE).and_then(|rest| rest.get(..rest.len().checked_sub(DIGEST)?));
    of_payload(&aggregate(message.unwrap_or(bytes)));

    let is_plain = !is_grown && documents.iter().all(|(key, json)| key.is_none() && json.is_some());
    if is_plain {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        assert_eq!(of_payload(&encoder.finish().expect("memory takes it")).0, documents);
        assert_eq!(of_payload(&zstd::bulk::compress(bytes, 1).expect("memory takes it")).0, documents);
    }
    // The bytes become the payload of one user record. There, compressed payloads are decompressed, but
    // aggregates are not opened.
    let record = [b"\x08\x00".as_slice(), &field(3, bytes)].concat();
    let (in_aggregate, _) = of_payload(&aggregate(&[field(1, b"key"), field(3, &record)].concat()));
    assert!(in_aggregate.iter().all(|(key, json)| key.as_deref() == Some(b"key") || json.is_none()));
    if is_plain {
        assert!(in_aggregate.iter().map(|(_, json)| json).eq(documents.iter().map(|(_, json)| json)));
    }
}

/// Encodes a field of a message: <https://protobuf.dev/programming-guides/encoding/>.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push(u8::try_from(length & 0x7F).expect("seven bits") | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).expect("seven bits"));
    field.extend_from_slice(bytes);
    field
}

fn aggregate(message: &[u8]) -> Vec<u8> {
    [AGGREGATE, message, &Md5::digest(message)].concat()
}

fn of_payload(payload: &[u8]) -> Unpacked {
    unpacked(payload.len(), |buffer, documents| unpack(payload, buffer, documents))
}

/// Runs `unpack` on a payload of at most `payload` bytes, and checks what holds for any payload.
fn unpacked(payload: usize, unpack: impl FnOnce(&mut Vec<u8>, &mut Vec<DocumentRange>)) -> Unpacked {
    let earlier = DocumentRange { place: 0, key: None, json: Ok(0..2) };
    let (mut buffer, mut documents) = (b"{}".to_vec(), vec![earlier.clone()]);
    within(promised(payload), QUICK, || unpack(&mut buffer, &mut documents));
    assert_eq!((&buffer[..2], &documents[0]), (&b"{}"[..], &earlier), "earlier documents do not change");

    let decompressed = (100 * payload).clamp(1 << 20, 32 << 20);
    assert!(buffer.len() - 2 <= payload + decompressed, "{} bytes of {payload}", buffer.len());
    let documents = &documents[1..];
    assert!((1..=MAX_DOCUMENTS).contains(&documents.len()));
    let documents = documents.iter().enumerate().map(|(place, document)| {
        assert_eq!(document.place as usize, place);
        let bytes = |range: &std::ops::Range<usize>| {
            assert!(range.start >= 2, "a document does not overlap earlier ones");
            buffer[range.clone()].to_vec()
        };
        let key = document.key.as_ref().map(bytes);
        assert!(key.as_deref().is_none_or(|key| str::from_utf8(key).is_ok()));
        (key, document.json.as_ref().ok().map(bytes))
    });
    (documents.collect(), buffer.len() - 2 > payload)
}
