//! Times to the beginning of their period, in UTC whatever the session says, in SQL.

use crate::kernel::Floor;
use crate::kernel::time::Period;

const DAY_S: i64 = 86_400;

/// The word of `date_trunc` for a period of the calendar.
const fn word(period: Period) -> Option<&'static str> {
    match period {
        Period::Seconds(60) => Some("minute"),
        Period::Seconds(3_600) => Some("hour"),
        Period::Seconds(DAY_S) => Some("day"),
        Period::Seconds(604_800) => Some("week"),
        Period::Seconds(_) => None,
        Period::Month => Some("month"),
        Period::Year => Some("year"),
    }
}

/// The range in which nothing overflows; the infinities stay.
fn guarded(x: &str, ty: &str, floored: &str) -> String {
    format!(
        "CASE WHEN {x} >= '4700-01-01 BC'::{ty} AND {x} < '290000-01-01'::{ty} THEN {floored} \
         WHEN NOT isfinite({x}) THEN {x} END"
    )
}

/// `x`, a `timestamp`.
pub(super) fn timestamp(x: &str, floor: &Floor) -> String {
    let floored = match (word(floor.period()), floor.period()) {
        (Some(word), _) => format!("date_trunc('{word}', {x})"),
        (None, Period::Seconds(seconds)) => since_origin(x, seconds),
        (None, Period::Month | Period::Year) => "NULL".to_owned(),
    };
    guarded(x, "timestamp", &floored)
}

/// `x`, a `timestamptz`.
pub(super) fn timestamptz(x: &str, floor: &Floor) -> String {
    let utc = format!("({x} AT TIME ZONE 'UTC')");
    let floored = match (word(floor.period()), floor.period()) {
        (Some(word), _) => format!("date_trunc('{word}', {utc}) AT TIME ZONE 'UTC'"),
        (None, Period::Seconds(seconds)) => format!("({}) AT TIME ZONE 'UTC'", since_origin(&utc, seconds)),
        (None, Period::Month | Period::Year) => "NULL".to_owned(),
    };
    // A literal with its zone is the same instant in every session.
    format!(
        "CASE WHEN {x} >= '4700-01-01 00:00:00+00 BC'::timestamptz AND {x} < '290000-01-01 00:00:00+00'::timestamptz \
         THEN {floored} WHEN NOT isfinite({x}) THEN {x} END"
    )
}

/// `x`, a `date`.
pub(super) fn date(x: &str, floor: &Floor) -> String {
    let floored = match (word(floor.period()), floor.period()) {
        (_, Period::Seconds(seconds)) if seconds <= DAY_S => x.to_owned(),
        (Some(word), _) => format!("date_trunc('{word}', {x}::timestamp)::date"),
        (None, Period::Seconds(seconds)) if seconds % DAY_S == 0 => {
            format!("({})::date", since_origin(&format!("{x}::timestamp"), seconds))
        }
        (None, _) => "NULL".to_owned(),
    };
    format!("CASE WHEN {x} >= '4700-01-01 BC'::date AND {x} < '290000-01-01'::date THEN {floored} END")
}

/// `x`, a `time`.
pub(super) fn time(x: &str, floor: &Floor) -> String {
    match floor.period() {
        Period::Seconds(60) => format!("date_trunc('minute', {x}::interval)::time"),
        Period::Seconds(3_600) => format!("date_trunc('hour', {x}::interval)::time"),
        Period::Seconds(seconds) if seconds < DAY_S => "NULL".to_owned(),
        Period::Seconds(_) | Period::Month | Period::Year => {
            format!("CASE WHEN {x} IS NOT NULL THEN '00:00'::time END")
        }
    }
}

/// Whole periods of some seconds since Monday, 2000-01-03.
fn since_origin(x: &str, seconds: i64) -> String {
    format!(
        "'2000-01-03'::timestamp + make_interval(secs => (floor(extract(epoch FROM {x} - '2000-01-03'::timestamp)::numeric \
         / {seconds}::numeric) * {seconds}::numeric)::float8)"
    )
}
