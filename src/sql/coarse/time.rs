//! `floor` in SQL, always in UTC.
//!
//! Invariant: no setting of the session takes part, and nothing raises: times whose period begins before the year 4600
//! BC become NULL, since a period could begin before the server's calendar does.
//! Not here: times as text or as numbers ([`super::time_text`]).

use super::Unfit;
use super::sql::{Sql, all, call, case, when};
use crate::kernel::Floor;
use crate::kernel::time::Period;

/// 4600-01-01 BC as a Julian day. The server's calendar begins on 4714-11-24 BC; the longest period is a hundred years.
const EARLIEST_DAY: i64 = 41_310;

/// Where the calendar of `timestamp` ends, and with it `date_trunc`.
const LATEST_DATE: &str = "294276-12-31";

/// Monday: weeks and durations are counted from here.
const ORIGIN: &str = "2000-01-03";

/// The same as a Julian day.
const ORIGIN_DAY: i64 = 2_451_547;

const DAY_S: i64 = 86_400;

/// A `timestamptz`.
pub(super) fn timestamptz(value: &Sql, floor: &Floor, major_version: u32) -> Result<Sql, Unfit> {
    let constant = |text: &str| Sql::constant("timestamptz", &format!("{text}+00"));
    let utc = Sql::text("UTC");
    let floored = match binned(value, floor, &constant(&format!("{ORIGIN} 00:00:00")), major_version) {
        Some(binned) => binned,
        None => {
            let truncated = truncated(&call("timezone", &[&utc, value]), floor)?;
            call("timezone", &[&utc, &truncated])
        }
    };
    Ok(guarded(value, &constant(&earliest(floor)), floored, "timestamptz"))
}

/// A `timestamp`, which is taken as UTC.
pub(super) fn timestamp(value: &Sql, floor: &Floor, major_version: u32) -> Result<Sql, Unfit> {
    let constant = |text: &str| Sql::constant("timestamp", text);
    let floored = match binned(value, floor, &constant(&format!("{ORIGIN} 00:00:00")), major_version) {
        Some(binned) => binned,
        None => truncated(value, floor)?,
    };
    Ok(guarded(value, &constant(&earliest(floor)), floored, "timestamp"))
}

/// The first beginning of a period that is not before [`EARLIEST_DAY`]: the period decides, not the value, so that the
/// edge of the range shows nothing below the cell.
fn earliest(floor: &Floor) -> String {
    let (day, second) = match floor.period() {
        Period::Seconds(seconds) => {
            let span = (ORIGIN_DAY - EARLIEST_DAY) * DAY_S;
            let begins = ORIGIN_DAY * DAY_S - (span - span % seconds);
            (begins / DAY_S, begins % DAY_S)
        }
        Period::Month | Period::Year => (EARLIEST_DAY, 0),
    };
    format!("J{day} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// A fixed number of seconds, by arithmetic on microseconds (PostgreSQL 14).
fn binned(value: &Sql, floor: &Floor, origin: &Sql, major_version: u32) -> Option<Sql> {
    let Period::Seconds(seconds) = floor.period() else { return None };
    (major_version >= 14).then(|| call("date_bin", &[&interval(seconds), value, origin]))
}

/// A period that has a name, of a `timestamp`.
fn truncated(value: &Sql, floor: &Floor) -> Result<Sql, Unfit> {
    let name = match floor.period() {
        Period::Seconds(60) => "minute",
        Period::Seconds(3_600) => "hour",
        Period::Seconds(DAY_S) => "day",
        Period::Seconds(seconds) if seconds == 7 * DAY_S => "week",
        Period::Month => "month",
        Period::Year => "year",
        Period::Seconds(_) => return Err(Unfit::NeedsPostgres14),
    };
    Ok(call("date_trunc", &[&Sql::text(name), value]))
}

/// The infinities stay, as in the kernel.
fn guarded(value: &Sql, earliest: &Sql, floored: Sql, type_name: &str) -> Sql {
    let beginning = Sql::constant(type_name, "-infinity");
    case(
        &[(value.op(">=", earliest), floored), (value.op("=", &beginning), value.clone())],
        &Sql::null().cast(type_name),
    )
}

fn interval(seconds: i64) -> Sql {
    seconds_of(&Sql::constant("float8", &seconds.to_string()))
}

/// So many seconds.
pub(super) fn seconds_of(seconds: &Sql) -> Sql {
    let zero = &Sql::int4(0);
    call("make_interval", &[zero, zero, zero, zero, zero, zero, seconds])
}

/// A `date`. It is as coarse as a day already; infinities become NULL, as in the kernel.
pub(super) fn date(value: &Sql, floor: &Floor) -> Result<Sql, Unfit> {
    let constant = |date: &str| Sql::constant("date", date);
    let earliest = Sql::constant("timestamp", &earliest(floor)).cast("date");
    let finite = all(&[&call("isfinite", &[value]), &value.op(">=", &earliest)]);
    match floor.period() {
        Period::Seconds(seconds) if seconds < DAY_S => Ok(when(&call("isfinite", &[value]), value)),
        Period::Seconds(seconds) => {
            if seconds % DAY_S != 0 {
                return Err(Unfit::PeriodOfDate);
            }
            let days = Sql::constant("int4", &(seconds / DAY_S).to_string());
            let rest = value.op("-", &constant(ORIGIN)).op("%", &days).op("+", &days).op("%", &days);
            Ok(when(&finite, &value.op("-", &rest)))
        }
        Period::Month | Period::Year => {
            let inside = all(&[&finite, &value.op("<=", &constant(LATEST_DATE))]);
            Ok(when(&inside, &truncated(&value.cast("timestamp"), floor)?.cast("date")))
        }
    }
}

/// The first and the last `date` that is not NULL when floored, where these are not the ends of the type.
pub(super) fn limits_of_date(floor: &Floor) -> (Option<Sql>, Option<Sql>) {
    match floor.period() {
        Period::Seconds(seconds) if seconds < DAY_S => (None, None),
        period => {
            let is_named = matches!(period, Period::Month | Period::Year);
            let latest = is_named.then(|| Sql::constant("date", LATEST_DATE));
            (Some(Sql::constant("timestamp", &earliest(floor)).cast("date")), latest)
        }
    }
}

/// A `time`.
pub(super) fn time(value: &Sql, floor: &Floor) -> Result<Sql, Unfit> {
    let midnight = Sql::constant("time", "00:00:00");
    let Some(seconds) = period_of_day(floor)? else { return Ok(when(&value.is_not_null(), &midnight)) };
    let end = Sql::constant("time", "24:00:00");
    let floored = midnight.op("+", &whole_periods(value, seconds));
    // The end of a day is the beginning of no period; adding up to it would give its beginning.
    Ok(case(&[(value.op("=", &end), value.clone())], &floored))
}

/// A `timetz`, in UTC.
pub(super) fn timetz(value: &Sql, floor: &Floor) -> Result<Sql, Unfit> {
    let utc = call("timezone", &[&interval(0), value]);
    let midnight = Sql::constant("timetz", "00:00:00+00");
    let Some(seconds) = period_of_day(floor)? else { return Ok(when(&value.is_not_null(), &midnight)) };
    Ok(midnight.op("+", &whole_periods(&utc, seconds)))
}

/// As an interval since midnight. Exact: a day has fewer microseconds than a float has integers.
fn whole_periods(time: &Sql, seconds: i64) -> Sql {
    let period = Sql::constant("float8", &seconds.to_string());
    let since_midnight = call("date_part", &[&Sql::text("epoch"), time]);
    seconds_of(&call("floor", &[&since_midnight.op("/", &period)]).op("*", &period))
}

/// Seconds of a period that divides a day; `None` for a day and more.
fn period_of_day(floor: &Floor) -> Result<Option<i64>, Unfit> {
    match floor.period() {
        Period::Seconds(seconds) if seconds < DAY_S => {
            if DAY_S % seconds == 0 {
                Ok(Some(seconds))
            } else {
                Err(Unfit::PeriodOfTime)
            }
        }
        _ => Ok(None),
    }
}

/// Seconds since 1970 (`int8`), floored; for numbers and text, whose range is within `timestamp`'s.
pub(super) fn unix_seconds(seconds: &Sql, floor: &Floor) -> Sql {
    match floor.period() {
        Period::Seconds(period) => {
            // 2000-01-03.
            let (origin, period) = (Sql::int8(946_857_600), Sql::int8(period));
            let rest = seconds.op("-", &origin).op("%", &period).op("+", &period).op("%", &period);
            seconds.op("-", &rest)
        }
        Period::Month | Period::Year => {
            let epoch = Sql::constant("date", "1970-01-01");
            let day = Sql::int8(DAY_S);
            let days = seconds.op("-", &seconds.op("%", &day).op("+", &day).op("%", &day)).op("/", &day);
            let date = epoch.op("+", &days.cast("int4"));
            let name = if floor.period() == Period::Month { "month" } else { "year" };
            let first = call("date_trunc", &[&Sql::text(name), &date.cast("timestamp")]).cast("date");
            first.op("-", &epoch).cast("int8").op("*", &day)
        }
    }
}
