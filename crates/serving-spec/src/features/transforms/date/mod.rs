//! Parts of ISO 8601 dates and date-times.

mod iso8601;

use anyhow::{Context, Result, ensure};
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double, one};
use crate::features::feature::Literal;
use crate::features::operand::{Operand, Source};
use crate::features::value::{Problem, Row, Type, Value};

/// A part of a date.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Date {
    /// A text: an ISO 8601 date or date-time.
    date: Operand,
    /// Which part.
    part: Part,
    /// The zone that the parts are of, by its IANA name; without it, that of the date.
    time_zone: Option<String>,
    /// Of `seconds`: the date from which they are counted; without it, the epoch.
    since: Option<Operand>,
}

/// Parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// From 1 to 9999.
    Year,
    /// From 1 to 12.
    Month,
    /// From 1 to 31.
    DayOfMonth,
    /// From 0, Monday, to 6, Sunday.
    DayOfWeek,
    /// From 1 to 366.
    DayOfYear,
    /// From 0 to 23.
    Hour,
    /// From 0 to 59.
    Minute,
    /// 1 on Saturday and Sunday, else 0.
    Weekend,
    /// Since the epoch, or since another date.
    Seconds,
}

impl Compile for Date {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        ensure!(self.since.is_none() || self.part == Part::Seconds, "`since` goes with `part = \"seconds\"`");
        let date = dated(scope, &self.date)?;
        let zone = self.time_zone.as_deref().map(zone).transpose()?;
        if self.part != Part::Seconds {
            let part = self.part;
            return Ok(one(Type::Int64, move |row| {
                let wall =
                    Moment::read(&date, row)?.wall(zone.as_ref()).ok_or_else(|| out_of_range(&date))?;
                Ok(Value::Int64(i64::from(part.of(wall))))
            }));
        }
        let since = self.since.as_ref().map(|since| dated(scope, since)).transpose()?;
        Ok(double(move |row| {
            let until = Moment::read(&date, row)?.since_epoch(zone.as_ref());
            let since = match &since {
                Some(since) => Moment::read(since, row)?.since_epoch(zone.as_ref()),
                None => Elapsed::default(),
            };
            Ok(until.seconds_since(since))
        }))
    }
}

/// An operand that is a date, of which a default has to be one.
fn dated(scope: &mut Scope, operand: &Operand) -> Result<Source> {
    let source = scope.string(operand)?;
    if let Some(Literal::String(default)) = &source.default {
        ensure!(iso8601::parse(default).is_some(), "{operand}: its `default` is no ISO 8601 date");
    }
    Ok(source)
}

/// The seconds since the epoch of a source that is a date or such a number; NaN if the feature says that it is missing.
pub(in crate::features) fn event_time(source: &Source, row: &mut Row) -> Result<f64, Problem> {
    let is_number = match source.value(row)? {
        Value::Json(json) => !row.str(json).starts_with('"'),
        Value::Text(_) => false,
        _ => true,
    };
    if is_number {
        return source.number_or_nan(row);
    }
    Ok(Moment::read(source, row)?.since_epoch(None).seconds_since(Elapsed::default()))
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).ok().with_context(|| {
        format!("there is no time zone `{name}`: give an IANA name such as `America/New_York` or `UTC`")
    })
}

fn out_of_range(source: &Source) -> Problem {
    Problem::invalid(&source.name, "a date in the years 0001 to 9999", "one beyond")
}

/// What a date says: the time on a clock, and how far the clock is ahead of UTC if that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    wall: DateTime,
    offset: Option<Offset>,
}

impl Moment {
    fn read(source: &Source, row: &mut Row) -> Result<Self, Problem> {
        let text = source.string(row)?;
        if let Some(moment) = iso8601::parse(row.str(text)) {
            return Ok(moment);
        }
        let none = || {
            let expected = "an ISO 8601 date, such as 2016-02-29 or 2016-02-29T23:30:00Z";
            Problem::invalid(&source.name, expected, "a string that is none")
        };
        // A field without a type is read as it is asked for: what can't be read so is the field's affair.
        let default = if source.ty == Type::Json {
            source.text_instead(source.owned(none()), row)?
        } else {
            return Err(none());
        };
        iso8601::parse(row.str(default)).ok_or_else(none)
    }

    /// The time on a clock of the zone, or on the one that was read; `None` if that or UTC is in no year that has four digits.
    fn wall(self, zone: Option<&TimeZone>) -> Option<DateTime> {
        let (Some(zone), Some(offset)) = (zone, self.offset) else { return Some(self.wall) };
        let has_year = |wall: &DateTime| (1..=9999).contains(&wall.year());
        let utc = self.wall.checked_sub(seconds(offset)).ok().filter(has_year)?;
        // In the last day of timestamps no zone changes its offset.
        let timestamp = Offset::UTC.to_timestamp(utc).unwrap_or(Timestamp::MAX);
        utc.checked_add(seconds(zone.to_offset(timestamp))).ok().filter(has_year)
    }

    fn since_epoch(self, zone: Option<&TimeZone>) -> Elapsed {
        let offset = self.offset.or_else(|| {
            Some(match zone?.to_ambiguous_timestamp(self.wall).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
            })
        });
        let elapsed = self.wall.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        let ahead = i64::from(offset.map_or(0, Offset::seconds));
        let (seconds, nanoseconds) = (elapsed.as_secs(), elapsed.subsec_nanos());
        // The nanoseconds count from the second before.
        let borrowed = i64::from(nanoseconds < 0);
        Elapsed {
            seconds: seconds - borrowed - ahead,
            nanoseconds: nanoseconds + i32::from(nanoseconds < 0) * 1_000_000_000,
        }
    }
}

/// How long after the epoch: whole seconds, rounded down, and the nanoseconds beyond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Elapsed {
    seconds: i64,
    nanoseconds: i32,
}

impl Elapsed {
    fn seconds_since(self, since: Self) -> f64 {
        (self.seconds - since.seconds) as f64 + f64::from(self.nanoseconds - since.nanoseconds) / 1e9
    }
}

fn seconds(offset: Offset) -> SignedDuration {
    SignedDuration::from_secs(offset.seconds().into())
}

impl Part {
    fn of(self, wall: DateTime) -> i16 {
        let weekday = || wall.weekday().to_monday_zero_offset();
        match self {
            Self::Year => wall.year(),
            Self::Month => wall.month().into(),
            Self::DayOfMonth => wall.day().into(),
            Self::DayOfWeek => weekday().into(),
            Self::DayOfYear => wall.day_of_year(),
            Self::Hour => wall.hour().into(),
            Self::Minute => wall.minute().into(),
            Self::Weekend => (weekday() >= Weekday::Saturday.to_monday_zero_offset()).into(),
            Self::Seconds => unreachable!("`compile` gives seconds their own way"),
        }
    }
}
