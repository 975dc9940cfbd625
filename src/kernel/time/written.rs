//! Times as text: what is read, and in which shape the floored time is written.
//!
//! - RFC 3339 and ISO 8601 extended: `2024-01-03T10:15:30.123Z`, `…+02:00`, seconds optional;
//! - PostgreSQL's text: `2024-01-03 10:15:30.123+00`, `…-03:30`, or without an offset;
//! - Python's and others' mixtures of the two;
//! - a date alone;
//! - what `jiff` reads beyond that (RFC 9557, ISO 8601 basic), and the date of RFC 5322 and RFC 9110.
//!
//! Not here: numbers since the Unix epoch.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::calendar::Date;

/// Seconds in a day.
pub(super) const DAY_S: i64 = 86_400;

/// The shape of a time's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `2024-01-03`.
    Date,
    /// Date, separator, time of day, zone.
    Time(u8, Zone),
    /// `Wed, 03 Jan 2024 10:00:00 GMT`.
    Rfc9110,
}

/// How the zone is written; it is UTC in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// Not at all.
    Unsaid,
    /// `Z`.
    Z,
    /// `+00`.
    Hours,
    /// `+00:00`.
    HoursMinutes,
}

/// A time that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub(super) unix_s: i64,
    /// True if a fraction of a second was cut off.
    pub(super) cut: bool,
    pub(super) shape: Shape,
}

impl Written {
    /// Reads a time, whole and strictly.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::parse_extended(text.as_bytes()).or_else(|| Self::parse_unusual(text))
    }

    fn parse_extended(text: &[u8]) -> Option<Self> {
        let (date, rest) = take_date(text)?;
        let days = date.exists().then(|| date.unix_days())?;
        let [separator, rest @ ..] = rest else {
            return Some(Self { unix_s: days * DAY_S, cut: false, shape: Shape::Date });
        };
        let separator = matches!(separator, b'T' | b't' | b' ').then(|| separator.to_ascii_uppercase())?;
        let (hour, rest) = take_pair(rest, 23)?;
        let (minute, rest) = take_pair(rest.strip_prefix(b":")?, 59)?;
        let (second, rest) = match rest {
            // A leap second belongs to the minute that it ends.
            [b':', rest @ ..] => take_pair(rest, 60).map(|(second, rest)| (second.min(59), rest))?,
            _ => (0, rest),
        };
        let (cut, rest) = take_fraction(rest)?;
        let (offset_s, zone) = parse_zone(rest, separator)?;
        let unix_s = days * DAY_S + hour * 3_600 + minute * 60 + second - offset_s;
        Some(Self { unix_s, cut, shape: Shape::Time(separator, zone) })
    }

    fn parse_unusual(text: &str) -> Option<Self> {
        // A digit first, or the name of a weekday or a month's day: all else is no time, and cheaply so.
        let iso = text.bytes().next()?.is_ascii_digit() && text.contains('T');
        let (time, shape) = if iso {
            (text.parse::<Timestamp>().ok()?, Shape::Time(b'T', Zone::Z))
        } else if text.len() < 40 && text.contains(':') {
            (rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?, Shape::Rfc9110)
        } else {
            return None;
        };
        let unix_s = time.as_nanosecond().div_euclid(1_000_000_000);
        let cut = time.as_nanosecond().rem_euclid(1_000_000_000) != 0;
        Some(Self { unix_s: i64::try_from(unix_s).ok()?, cut, shape })
    }
}

/// Appends a time in the given shape. False if its year has no four digits.
pub(super) fn write(unix_s: i64, shape: Shape, out: &mut String) -> bool {
    if shape == Shape::Rfc9110 {
        let text = Timestamp::from_second(unix_s)
            .and_then(|time| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time));
        return text.map(|text| out.push_str(&text)).is_ok();
    }
    let date = Date::from_unix_days(unix_s.div_euclid(DAY_S));
    if !(0..=9_999).contains(&date.year) {
        return false;
    }
    let mut text = *b"0000-00-00T00:00:00";
    let second = unix_s.rem_euclid(DAY_S);
    let pairs = [
        (0, date.year / 100),
        (2, date.year % 100),
        (5, date.month),
        (8, date.day),
        (11, second / 3_600),
        (14, second / 60 % 60),
        (17, second % 60),
    ];
    for (at, number) in pairs {
        put_pair(&mut text, at, number);
    }
    let (len, zone) = match shape {
        Shape::Time(separator, zone) => {
            text[10] = separator;
            (text.len(), zone)
        }
        Shape::Date | Shape::Rfc9110 => (10, Zone::Unsaid),
    };
    out.push_str(text.get(..len).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default());
    out.push_str(match zone {
        Zone::Unsaid => "",
        Zone::Z => "Z",
        Zone::Hours => "+00",
        Zone::HoursMinutes => "+00:00",
    });
    true
}

/// Writes a number of two digits at `at`.
fn put_pair(text: &mut [u8; 19], at: usize, number: i64) {
    let digits = [number / 10 % 10, number % 10];
    for (slot, digit) in text.iter_mut().skip(at).zip(digits) {
        *slot = b'0' | u8::try_from(digit).unwrap_or_default();
    }
}

fn take_date(text: &[u8]) -> Option<(Date, &[u8])> {
    let (century, rest) = take_pair(text, 99)?;
    let (year, rest) = take_pair(rest, 99)?;
    let (month, rest) = take_pair(rest.strip_prefix(b"-")?, 12)?;
    let (day, rest) = take_pair(rest.strip_prefix(b"-")?, 31)?;
    Some((Date { year: century * 100 + year, month, day }, rest))
}

fn take_pair(text: &[u8], max: i64) -> Option<(i64, &[u8])> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = text else { return None };
    let value = i64::from(tens & 15) * 10 + i64::from(ones & 15);
    (value <= max).then_some((value, rest))
}

/// Whether a fraction other than zero stands here, and what follows it.
fn take_fraction(text: &[u8]) -> Option<(bool, &[u8])> {
    let [b'.' | b',', digits @ ..] = text else { return Some((false, text)) };
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, rest) = digits.split_at_checked(len).filter(|(fraction, _)| !fraction.is_empty())?;
    Some((fraction.iter().any(|&digit| digit != b'0'), rest))
}

/// The offset in seconds, and how the result shall write the zone.
fn parse_zone(text: &[u8], separator: u8) -> Option<(i64, Zone)> {
    let (sign, digits) = match text {
        [] => return Some((0, Zone::Unsaid)),
        [b'Z' | b'z'] => return Some((0, Zone::Z)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, rest) = take_pair(digits, 23)?;
    let (minutes, rest) = match rest {
        [] => (0, rest),
        [b':', rest @ ..] => take_pair(rest, 59)?,
        _ => take_pair(rest, 59)?,
    };
    // PostgreSQL shows the seconds of local mean times.
    let (seconds, rest) = match rest {
        [b':', rest @ ..] => take_pair(rest, 59)?,
        _ => (0, rest),
    };
    let zone = match (separator, digits.len()) {
        (b'T', _) => Zone::Z,
        (_, 2) => Zone::Hours,
        _ => Zone::HoursMinutes,
    };
    rest.is_empty().then_some((sign * (hours * 3_600 + minutes * 60 + seconds), zone))
}
