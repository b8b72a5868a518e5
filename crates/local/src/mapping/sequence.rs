//! Compares sequence numbers.

use std::cmp::Ordering;

/// Compares two sequence numbers as decimal numbers. They have up to 128 digits, more than any integer type
/// holds.
///
/// As plain text, `9` would follow `10`. Leading zeros do not count, because some emulators write them.
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
    fn sequence_numbers_compare_as_numbers() {
        assert_eq!(compare("9", "10"), Ordering::Less);
        assert_eq!(compare("10", "10"), Ordering::Equal);
        assert_eq!(compare("0010", "9"), Ordering::Greater);
        assert_eq!(compare("0", ""), Ordering::Equal);
        let low = "49590338271490256608559692538361571095921575989136588898";
        let high = "49590338271490256608559692540925702759324208523137515618";
        assert_eq!(compare(low, high), Ordering::Less);
    }
}
