//! Parts of ISO 8601 dates and date-times.

mod iso8601;
mod moment;

use anyhow::{Context, Result, ensure};
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double, one};
use crate::features::literal::Literal;
use crate::features::operand::{Operand, Source};
use crate::features::problem::Problem;
use crate::features::row::Row;
use crate::features::scope::{Compile, Operands};
use crate::features::value::{Type, Value};

use moment::{Elapsed, Moment};

/// A part of a date.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Date {
    /// A string: an ISO 8601 date or date-time, such as `2016-02-29` or `2016-02-29T23:30:00+01:00`.
    date: Operand,
    /// The part to return.
    part: Part,
    /// The IANA name of the zone in which the part is read, such as `America/New_York`. By default it is the
    /// zone of the date itself.
    time_zone: Option<String>,
    /// Only for `part = "seconds"`: the date to count from. By default it is the epoch.
    since: Option<Operand>,
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// 1 to 9999.
    Year,
    /// 1 to 12.
    Month,
    /// 1 to 31.
    DayOfMonth,
    /// 0 (Monday) to 6 (Sunday).
    DayOfWeek,
    /// 1 to 366.
    DayOfYear,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 1 on Saturday and Sunday, else 0.
    Weekend,
    /// The seconds since the epoch, or since the date `since`, with the fraction.
    Seconds,
}

impl Compile for Date {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        ensure!(self.since.is_none() || self.part == Part::Seconds, "`since` goes with `part = \"seconds\"`");
        let date = date_operand(operands, &self.date)?;
        let zone = self.time_zone.as_deref().map(zone).transpose()?;
        if self.part != Part::Seconds {
            let part = self.part;
            return Ok(one(Type::Int64, move |row| {
                let wall = read(&date, row)?.wall_in(zone.as_ref()).ok_or_else(|| out_of_range(&date))?;
                Ok(Value::Int64(i64::from(part.of(wall))))
            }));
        }
        let since = self.since.as_ref().map(|since| date_operand(operands, since)).transpose()?;
        Ok(double(move |row| {
            let until = read(&date, row)?.since_epoch(zone.as_ref());
            let since = match &since {
                Some(since) => read(since, row)?.since_epoch(zone.as_ref()),
                None => Elapsed::default(),
            };
            Ok(until.seconds_since(since))
        }))
    }
}

/// Resolves an operand that is a date. Its default must be a date too.
fn date_operand(operands: &mut dyn Operands, operand: &Operand) -> Result<Source> {
    let source = operands.string(operand)?;
    if let Some(Literal::String(default)) = &source.default {
        ensure!(
            iso8601::parse(default).is_some(),
            "{operand}: its `default`: expected an ISO 8601 date, found another text"
        );
    }
    Ok(source)
}

/// Returns the seconds since the epoch of a source that is a date, or a number of seconds. The result is NaN
/// if the feature is missing and declares NaN for that.
pub(in crate::features) fn event_time(source: &Source, row: &mut Row) -> Result<f64, Problem> {
    let is_number = match source.value(row)? {
        Value::Json(json) => !row.str(json).starts_with('"'),
        Value::Text(_) => false,
        _ => true,
    };
    if is_number {
        return source.number_or_nan(row);
    }
    Ok(read(source, row)?.since_epoch(None).seconds_since(Elapsed::default()))
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).ok().with_context(|| {
        format!("there is no time zone `{name}`: give an IANA name such as `America/New_York` or `UTC`")
    })
}

fn out_of_range(source: &Source) -> Problem {
    Problem::invalid(&source.name, "a date in the years 0001 to 9999", "one beyond them")
}

/// Reads a source that is a date.
fn read(source: &Source, row: &mut Row) -> Result<Moment, Problem> {
    let text = source.string(row)?;
    if let Some(moment) = iso8601::parse(row.str(text)) {
        return Ok(moment);
    }
    let not_a_date = || {
        let expected = "an ISO 8601 date, such as 2016-02-29 or 2016-02-29T23:30:00Z";
        Problem::invalid(&source.name, expected, "another string")
    };
    // A field without a type is read as a date because of this use. Its own policy decides if that fails.
    let default = if source.ty == Type::Json {
        source.default_text_for(source.owned(not_a_date()), row)?
    } else {
        return Err(not_a_date());
    };
    iso8601::parse(row.str(default)).ok_or_else(not_a_date)
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
            Self::Seconds => unreachable!("`compile` handles seconds separately"),
        }
    }
}
