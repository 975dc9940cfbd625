//! `floor`: times to the beginning of their period, always in UTC: a boundary that moves with a session's
//! time zone could be bisected.
//!
//! The result keeps the shape of the value: a date stays a date, a number of seconds, milliseconds,
//! microseconds or nanoseconds since the Unix epoch stays a number of the same, text keeps its way of writing
//! (RFC 3339 text gets `Z`). Text without an offset is taken as UTC.
//!
//! Invariant: two times of one period in one shape give the same result.
//! Not here: the clock.

mod calendar;
mod epoch;
mod written;

use std::cmp::Ordering;

use calendar::Date;
use written::{DAY_S, Shape, Written};

use super::treatment::{Judgement, Misfit};
use super::value::Value;

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts.
const POSTGRES_EPOCH_S: i64 = 946_684_800;

/// Monday, 2000-01-03T00:00:00Z: weeks and durations are counted from here.
const ORIGIN_S: i64 = POSTGRES_EPOCH_S + 2 * DAY_S;

const MICROSECONDS: i64 = 1_000_000;

/// The longest duration, a hundred years.
const MAX_DURATION_S: i64 = 36_525 * DAY_S;

/// `floor`, compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    period: Period,
}

/// What a time is floored to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A fixed number of seconds, at least 1, counted from Monday, 2000-01-03T00:00:00Z. Minutes, hours, days
    /// and weeks are this.
    Seconds(i64),
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

/// The policy's text is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a period is minute, hour, day, week, month, year, or a duration of whole seconds such as `15m`, `6h` or `PT15M`"
)]
pub struct InvalidFloor;

impl Floor {
    /// Reads `minute`, `hour`, `day`, `week`, `month`, `year`, or a duration of whole seconds up to a hundred
    /// years, in the notation of ISO 8601 (`PT15M`) or of `jiff` (`15m`, `6 hours`, `2d`); a day is 24 hours.
    ///
    /// # Errors
    /// [`InvalidFloor`] for anything else.
    pub fn parse(to: &str) -> Result<Self, InvalidFloor> {
        let period = match to {
            "minute" => Period::Seconds(60),
            "hour" => Period::Seconds(3_600),
            "day" => Period::Seconds(DAY_S),
            "week" => Period::Seconds(7 * DAY_S),
            "month" => Period::Month,
            "year" => Period::Year,
            duration => Period::Seconds(parse_duration_s(duration).ok_or(InvalidFloor)?),
        };
        Ok(Self { period })
    }

    /// What times are floored to.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Floors microseconds since 2000-01-01T00:00:00Z, PostgreSQL's `timestamp` and `timestamptz`. The two
    /// infinities (the largest and smallest number) stay. `None` if the result is out of range.
    #[must_use]
    pub fn timestamp_us(&self, postgres_us: i64) -> Option<i64> {
        if matches!(postgres_us, i64::MAX | i64::MIN) {
            return Some(postgres_us);
        }
        let floored_s = self.floor_s(postgres_us.div_euclid(MICROSECONDS) + POSTGRES_EPOCH_S)?;
        floored_s.checked_sub(POSTGRES_EPOCH_S)?.checked_mul(MICROSECONDS)
    }

    /// Floors days since 2000-01-01, PostgreSQL's `date`. `None` for the infinities, for durations of more
    /// than a day that are not whole days, and where the result is out of range.
    #[must_use]
    pub fn date_days(&self, postgres_days: i32) -> Option<i32> {
        if matches!(postgres_days, i32::MAX | i32::MIN) {
            return None;
        }
        let floored_s = self.floor_date_s(i64::from(postgres_days) * DAY_S + POSTGRES_EPOCH_S)?;
        i32::try_from((floored_s - POSTGRES_EPOCH_S) / DAY_S).ok()
    }

    /// Floors microseconds since midnight, PostgreSQL's `time`; periods of a day and more give midnight.
    /// `None` for durations that do not divide a day.
    #[must_use]
    pub fn time_of_day_us(&self, midnight_us: i64) -> Option<i64> {
        match self.period {
            Period::Seconds(seconds) if seconds < DAY_S => {
                let period_us = seconds * MICROSECONDS;
                (DAY_S % seconds == 0).then(|| midnight_us - midnight_us.rem_euclid(period_us))
            }
            _ => Some(0),
        }
    }

    /// Floors seconds since 1970-01-01T00:00:00Z; `None` only at the far end of the range.
    fn floor_s(&self, unix_s: i64) -> Option<i64> {
        let date = |date: Date| date.unix_days().checked_mul(DAY_S);
        let Date { year, month, .. } = match self.period {
            Period::Seconds(seconds) => {
                let since_origin = unix_s.checked_sub(ORIGIN_S)?;
                return unix_s.checked_sub(since_origin.rem_euclid(seconds));
            }
            Period::Month | Period::Year => Date::from_unix_days(unix_s.div_euclid(DAY_S)),
        };
        let month = if self.period == Period::Month { month } else { 1 };
        date(Date { year, month, day: 1 })
    }

    /// Floors a midnight to a midnight. A date is as coarse as a day already.
    fn floor_date_s(&self, unix_s: i64) -> Option<i64> {
        match self.period {
            Period::Seconds(seconds) if seconds < DAY_S => Some(unix_s),
            Period::Seconds(seconds) if seconds % DAY_S != 0 => None,
            _ => self.floor_s(unix_s),
        }
    }

    fn floor_written_s(&self, written: &Written) -> Option<i64> {
        match written.shape {
            Shape::Date => self.floor_date_s(written.unix_s),
            Shape::Time(..) | Shape::Rfc9110 => self.floor_s(written.unix_s),
        }
    }

    pub(super) fn cmp_coarseness(&self, other: &Self) -> Ordering {
        self.shortest_s().cmp(&other.shortest_s())
    }

    const fn shortest_s(&self) -> i64 {
        match self.period {
            Period::Seconds(seconds) => seconds,
            Period::Month => 28 * DAY_S,
            Period::Year => 365 * DAY_S,
        }
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        let (Value::Text(text) | Value::Number(text)) = value else { return Value::Null };
        let is_text = matches!(value, Value::Text(_));
        if let Some(written) = Some(text).filter(|_| is_text).and_then(Written::parse) {
            return match self.floor_written_s(&written) {
                Some(floored) if written::write(floored, written.shape, scratch) => Value::Text(scratch),
                _ => Value::Null,
            };
        }
        match epoch::Ticks::parse(text).and_then(|ticks| ticks.floor(self)) {
            Some(floored) => {
                scratch.push_str(super::digits::IntegerText::signed(floored).as_str());
                value.respelled(scratch)
            }
            None => Value::Null,
        }
    }

    pub(super) fn judge<'a>(&self, value: Value<'_>) -> Judgement<'a> {
        let at_cell = match value {
            Value::Text(text) => match Written::parse(text) {
                Some(written) => Some(!written.cut && self.floor_written_s(&written) == Some(written.unix_s)),
                None => epoch::Ticks::parse(text).map(|ticks| ticks.is_at_cell(self)),
            },
            Value::Number(number) => epoch::Ticks::parse(number).map(|ticks| ticks.is_at_cell(self)),
            Value::Null | Value::Bool(_) => None,
        };
        match at_cell {
            Some(true) => Judgement::AtCell,
            Some(false) => Judgement::Refused(Misfit::FinerThanCell),
            None => Judgement::Refused(Misfit::Unreadable),
        }
    }
}

fn parse_duration_s(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    (duration.subsec_nanos() == 0 && (1..=MAX_DURATION_S).contains(&duration.as_secs()))
        .then_some(duration.as_secs())
}

#[cfg(test)]
mod tests;
