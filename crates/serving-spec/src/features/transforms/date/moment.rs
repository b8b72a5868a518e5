//! A moment that a date describes, and its distance from the epoch.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The time on a clock, and the clock's offset from UTC if the date states one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub wall: DateTime,
    pub offset: Option<Offset>,
}

/// The time since the epoch: whole seconds, rounded down, and the nanoseconds beyond them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elapsed {
    seconds: i64,
    nanoseconds: i32,
}

impl Moment {
    /// Returns the time on a clock in `zone`. Without a zone or an offset, it is the time of the date itself.
    ///
    /// `None` means that this time, or the time in UTC, is outside the years 1 to 9999.
    pub fn wall_in(self, zone: Option<&TimeZone>) -> Option<DateTime> {
        let (Some(zone), Some(offset)) = (zone, self.offset) else { return Some(self.wall) };
        let has_year = |wall: &DateTime| (1..=9999).contains(&wall.year());
        let utc = self.wall.checked_sub(duration(offset)).ok().filter(has_year)?;
        // No zone changes its offset on the last day of timestamps.
        let timestamp = Offset::UTC.to_timestamp(utc).unwrap_or(Timestamp::MAX);
        utc.checked_add(duration(zone.to_offset(timestamp))).ok().filter(has_year)
    }

    /// Returns the time since the epoch. `zone` applies to a date without an offset; without a zone that is
    /// UTC.
    ///
    /// A time that the clock shows twice is the first of the two. For a time that the clock skips, the offset
    /// before the gap holds.
    pub fn since_epoch(self, zone: Option<&TimeZone>) -> Elapsed {
        let offset = self.offset.or_else(|| {
            Some(match zone?.to_ambiguous_timestamp(self.wall).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
            })
        });
        let elapsed = self.wall.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        let ahead = i64::from(offset.map_or(0, Offset::seconds));
        let (seconds, nanoseconds) = (elapsed.as_secs(), elapsed.subsec_nanos());
        // Before the epoch the nanoseconds are negative. They then count up from the second before.
        let borrowed = i64::from(nanoseconds < 0);
        Elapsed {
            seconds: seconds - borrowed - ahead,
            nanoseconds: nanoseconds + i32::from(nanoseconds < 0) * 1_000_000_000,
        }
    }
}

impl Elapsed {
    /// Returns the seconds from `since` to this time.
    pub fn seconds_since(self, since: Self) -> f64 {
        (self.seconds - since.seconds) as f64 + f64::from(self.nanoseconds - since.nanoseconds) / 1e9
    }
}

fn duration(offset: Offset) -> SignedDuration {
    SignedDuration::from_secs(offset.seconds().into())
}
