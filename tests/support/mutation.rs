//! Mutates valid bytes.

use fastrand::Rng;

/// Tokens that have a meaning in texts and formats.
const TOKENS: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\0",
    b"-",
    b"/",
    b"'",
    b"#",
    b"1e999",
    b"null",
    b"true",
    b"{}",
    b"99999999999999999999",
    b"\\ud800",
    b"\xFF",
    b"\x80\x80\x80\x80\x01",
    "é".as_bytes(),
    b"=",
];

/// Flips some bits, cuts off the end, or writes a part of `donor` or a token at a random place.
pub fn mutate(bytes: &mut Vec<u8>, donor: &[u8], random: &mut Rng) {
    let at = random.usize(..=bytes.len());
    match random.u8(..4) {
        0 if !bytes.is_empty() => (0..random.usize(1..8)).for_each(|_| {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }),
        1 => bytes.truncate(at),
        2 => {
            let from = random.usize(..=donor.len());
            let part = &donor[from..donor.len().min(from + random.usize(..64))];
            insert(bytes, at, part, random);
        }
        _ => insert(bytes, at, random.choice(TOKENS).unwrap_or_default(), random),
    }
}

/// Inserts `part`, or overwrites bytes with it.
fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8], random: &mut Rng) {
    let end = if random.bool() { at } else { bytes.len().min(at + part.len()) };
    bytes.splice(at..end, part.iter().copied());
}
