//! The common forms of ISO 8601 dates and date-times: `2016-02-29`, `2016-02-29T23:30:15.25+01:00`.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::moment::Moment;

/// Reads a date, whose time is 0:00, or a date-time. Any other text is `None`.
pub(super) fn parse(text: &str) -> Option<Moment> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    let month = after(&mut rest, b'-')?;
    let day = after(&mut rest, b'-')?;
    let (mut hour, mut minute, mut second, mut nanosecond) = (0, 0, 0, 0);
    let mut offset = None;
    if !rest.is_empty() {
        one_of(&mut rest, b"T ")?;
        hour = digits(&mut rest, 2)?;
        minute = after(&mut rest, b':')?;
        if rest.first() == Some(&b':') {
            second = after(&mut rest, b':')?;
            if rest.first() == Some(&b'.') {
                rest = &rest[1..];
                let places = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let unit = 10_i32.checked_pow(9_u32.checked_sub(u32::try_from(places).ok()?)?)?;
                nanosecond = digits(&mut rest, places)? * unit;
            }
        }
        offset = read_offset(&mut rest)?;
    }
    if !rest.is_empty() || year == 0 {
        return None;
    }
    let small = |number: i32| i8::try_from(number).ok();
    let (year, month, day) = (i16::try_from(year).ok()?, small(month)?, small(day)?);
    let wall =
        DateTime::new(year, month, day, small(hour)?, small(minute)?, small(second)?, nanosecond).ok()?;
    Some(Moment { wall, offset })
}

/// Reads `Z`, `+01:00`, `+0100`, `+01` or nothing. The outer option says whether the offset is well-formed,
/// the inner one whether it is there.
#[expect(clippy::option_option, reason = "malformed and absent are different")]
fn read_offset(rest: &mut &[u8]) -> Option<Option<Offset>> {
    if rest.is_empty() {
        return Some(None);
    }
    let sign = match one_of(rest, b"Z+-")? {
        b'Z' => return Some(Some(Offset::UTC)),
        b'+' => 1,
        _ => -1,
    };
    let hours = digits(rest, 2)?;
    let minutes = match rest.first() {
        None => 0,
        Some(b':') => after(rest, b':')?,
        Some(_) => digits(rest, 2)?,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(Some(Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?))
}

/// Reads a number of exactly `count` digits.
fn digits(rest: &mut &[u8], count: usize) -> Option<i32> {
    let (number, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    let digit = |number: i32, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0'));
    if count == 0 { None } else { number.iter().try_fold(0, digit) }
}

/// Reads a separator and then two digits.
fn after(rest: &mut &[u8], separator: u8) -> Option<i32> {
    one_of(rest, &[separator])?;
    digits(rest, 2)
}

/// Reads one byte, which must be one of `bytes`.
fn one_of(rest: &mut &[u8], bytes: &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    bytes.contains(first).then_some(*first)
}
