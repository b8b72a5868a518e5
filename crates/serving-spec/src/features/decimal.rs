//! Decimal numbers, as the serving spec reads them from texts.

/// Whether `text` is digits with an optional sign, fraction and exponent. Rust and Python both read more than
/// that as numbers.
pub(super) fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let integer = |text: &str| digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    integer(whole) && fraction.is_none_or(digits) && exponent.is_none_or(integer)
}
