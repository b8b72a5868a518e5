//! Numbers and texts of generated records: mostly small, and sometimes large enough to cost much.

use arbitrary::{Result, Unstructured};

/// A number that decides much if it decides a size.
pub fn number(bytes: &mut Unstructured<'_>) -> Result<f32> {
    let few = [0.0, 1.0, 2.0, -1.0, 0.5, 7.0, 100.0, -1e3];
    let many = [1e4, 6e4, 3e5, 1e6, 8e6, 3e7, 3e8, 2_147_483_648.0, 1e12, 1e18, f32::MAX, f32::MIN];
    Ok(if bytes.ratio(1, 4)? { *bytes.choose(&many)? } else { *bytes.choose(&few)? })
}

/// A text of a piece that is repeated up to 2^`doublings` times.
pub fn text(bytes: &mut Unstructured<'_>, doublings: u32) -> Result<String> {
    let pieces =
        ["", "a", "ab ", "a b ", "<", "aa", "é", "\u{0}", "\\", "\"", "7", "2016-02-29T23:30:00Z", "𝄞\n"];
    let piece = bytes.choose(&pieces)?;
    let times = if bytes.ratio(3, 4)? { 1 } else { 1_usize << bytes.int_in_range(0..=doublings)? };
    Ok(piece.repeat(times))
}
