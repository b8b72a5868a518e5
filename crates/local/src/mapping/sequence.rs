//! The order of sequence numbers.

use std::cmp::Ordering;

/// Compares two sequence numbers as the numbers they are: decimal, up to 128 digits, so longer than any integer type.
///
/// As plain text `9` would follow `10`. Leading zeros mean nothing, and not every emulator leaves them away.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let left = left.trim_start_matches('0');
    let right = right.trim_start_matches('0');
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_not_text() {
        assert_eq!(compare("9", "10"), Ordering::Less);
        assert_eq!(compare("10", "10"), Ordering::Equal);
        assert_eq!(compare("0010", "9"), Ordering::Greater);
        assert_eq!(compare("0", ""), Ordering::Equal);
        let low = "49590338271490256608559692538361571095921575989136588898";
        let high = "49590338271490256608559692540925702759324208523137515618";
        assert_eq!(compare(low, high), Ordering::Less);
    }
}
