//! `floor` in SQL for times as text and as numbers since the Unix epoch.
//!
//! Numbers are treated exactly as in the kernel. Of text, SQL reads dates and RFC 3339-like times of the years 1 to
//! 9999 and numbers, and writes them as the kernel does; the rest of what the kernel reads (RFC 5322 dates, ISO 8601
//! basic notation, RFC 9557, the year 0) becomes NULL here.

use super::number::is_number;
use super::sql::{Sql, all, any, call, case, greatest, when};
use super::time::unix_seconds;
use crate::kernel::Floor;
use crate::kernel::time::Period;

/// 1971 in milliseconds: numbers of this size and more are not seconds.
const FIRST_MS: i64 = 31_536_000_000;

const DAY_S: i64 = 86_400;

const ISO: &str = "^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\
    ([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60))?([.,][0-9]+)?\
    (Z|z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9](:[0-5][0-9])?)?)?)?$";

/// A `numeric` in seconds, milliseconds, microseconds or nanoseconds, which shows in its size; the result is a whole
/// `numeric` of 64 bits.
pub(super) fn ticks(number: &Sql, floor: &Floor) -> Sql {
    let constant = |number: &str| Sql::constant("numeric", number);
    let whole = |number: i64| constant(&number.to_string());
    // Without the smallest number of 64 bits, which has no magnitude.
    let inside =
        all(&[&number.op(">=", &whole(i64::MIN + 1)), &number.op("<", &constant("9223372036854775808"))]);
    let n = column("~n", "~n");
    let size = call("abs", &[&n]);
    let by_unit = |ns: &Sql, us: &Sql, ms: &Sql, s: &Sql| {
        let from = |power: u32| size.op(">=", &whole(FIRST_MS * 10_i64.pow(power)));
        case(&[(from(6), ns.clone()), (from(3), us.clone()), (from(0), ms.clone())], s)
    };
    let per_second = by_unit(&whole(1_000_000_000), &whole(1_000_000), &whole(1_000), &whole(1));
    let smallest =
        by_unit(&whole(FIRST_MS * 1_000_000), &whole(FIRST_MS * 1_000), &whole(FIRST_MS), &whole(0));
    let lowest = by_unit(
        &whole(1 - i64::MAX),
        &whole(1 - FIRST_MS * 1_000_000),
        &whole(1 - FIRST_MS * 1_000),
        &whole(1 - FIRST_MS),
    );
    let (per, least, low) = (column("~u", "~p"), column("~u", "~s"), column("~u", "~l"));
    let n_u = column("~u", "~n");
    let rest = call("mod", &[&call("mod", &[&n_u, &per]).op("+", &per), &per]);
    let seconds = call("div", &[&n_u.op("-", &rest), &per]).cast("int8");
    let floored = unix_seconds(&column("~v", "~s"), floor).cast("numeric").op("*", &column("~v", "~p"));
    let value = column("~w", "~f");
    let kept = case(
        &[(
            all(&[&column("~w", "~n").op(">", &whole(0)), &column("~w", "~l").op(">", &whole(0))]),
            greatest(&[&value, &column("~w", "~l")]),
        )],
        &greatest(&[&value, &column("~w", "~m")]),
    );
    let kept = when(&value.op(">=", &whole(i64::MIN)), &kept);
    let query = format!(
        "SELECT {kept} FROM (SELECT {floored} AS \"~f\", \"~v\".\"~n\", \"~v\".\"~l\", \"~v\".\"~m\" FROM \
         (SELECT {seconds} AS \"~s\", {n_u} AS \"~n\", {per} AS \"~p\", {least} AS \"~l\", {low} AS \"~m\" FROM \
         (SELECT {n} AS \"~n\", {per_second} AS \"~p\", {smallest} AS \"~s\", {lowest} AS \"~l\" FROM \
         (SELECT {whole} AS \"~n\" OFFSET 0) AS \"~n\" OFFSET 0) AS \"~u\" OFFSET 0) AS \"~v\" OFFSET 0) AS \"~w\"",
        kept = kept.as_str(),
        floored = floored.as_str(),
        seconds = seconds.as_str(),
        n_u = n_u.as_str(),
        per = per.as_str(),
        least = least.as_str(),
        low = low.as_str(),
        n = n.as_str(),
        per_second = per_second.as_str(),
        smallest = smallest.as_str(),
        lowest = lowest.as_str(),
        whole = call("floor", &[number]).as_str(),
    );
    when(&inside, &Sql::query(&query))
}

/// The same of an integer column; what its type cannot hold becomes NULL.
pub(super) fn ticks_of_integer(value: &Sql, floor: &Floor, type_name: &str) -> Sql {
    let ticks = ticks(&value.cast("numeric"), floor);
    let (low, high) = match type_name {
        "int2" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "int4" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let limit = |limit: i64| Sql::constant("numeric", &limit.to_string());
    let fits = all(&[&ticks.op(">=", &limit(low)), &ticks.op("<=", &limit(high))]);
    when(&fits, &ticks.cast(type_name))
}

/// A time or a number in text, as text.
pub(super) fn text(value: &Sql, floor: &Floor) -> Sql {
    let number = ticks(&value.cast("numeric"), floor).cast("text");
    case(
        &[(value.op("~", &Sql::text(ISO)), iso(value, floor)), (is_number(value), number)],
        &Sql::null().cast("text"),
    )
}

fn column(table: &str, name: &str) -> Sql {
    Sql::closed(format!("\"{table}\".\"{name}\""))
}

/// The text matches [`ISO`].
fn iso(value: &Sql, floor: &Floor) -> Sql {
    let text = column("~a", "~t");
    let part = |from: i32, count: i32| call("substr", &[&text, &Sql::int4(from), &Sql::int4(count)]);
    let number = |text: &Sql| text.cast("int4");
    let (year, month, day) = (number(&part(1, 4)), number(&part(6, 2)), number(&part(9, 2)));
    let date = call("make_date", &[&year, &month, &Sql::int4(1)]).op("+", &day.op("-", &Sql::int4(1)));
    let exists = integer_part("month", &date).op("=", &month);
    let days = date.op("-", &Sql::constant("date", "1970-01-01"));
    let has_time = call("length", &[&text]).op(">", &Sql::int4(10));
    let zone = when(
        &has_time,
        &call("substring", &[&call("substr", &[&text, &Sql::int4(17)]), &Sql::text("(Z|z|[+-][0-9:]+)$")]),
    );
    let seconds = days.cast("int8").op("*", &Sql::int8(DAY_S)).op("+", &seconds_of_day(&text, &has_time));
    let local = column("~b", "~s");
    let utc = local.op("-", &offset(&column("~b", "~z")));
    let is_date = column("~b", "~d");
    let of_time = unix_seconds(&utc, floor);
    let of_date = match floor.period() {
        Period::Seconds(period) if period < DAY_S => local.clone(),
        Period::Seconds(period) if period % DAY_S != 0 => Sql::null().cast("int8"),
        _ => unix_seconds(&local, floor),
    };
    let floored = case(&[(is_date, of_date)], &of_time);
    let has_no_time = case(&[(has_time, Sql::constant("bool", "f"))], &Sql::constant("bool", "t"));
    let query = format!(
        "SELECT {out} FROM (SELECT {floored} AS \"~f\", \"~b\".\"~d\", \"~b\".\"~x\", \"~b\".\"~z\" FROM \
         (SELECT {seconds} AS \"~s\", {zone} AS \"~z\", {has_no_time} AS \"~d\", {separator} AS \"~x\" FROM \
         (SELECT {value} AS \"~t\" OFFSET 0) AS \"~a\" WHERE {exists} OFFSET 0) AS \"~b\" OFFSET 0) AS \"~c\"",
        out = written().as_str(),
        floored = floored.as_str(),
        seconds = seconds.as_str(),
        zone = zone.as_str(),
        has_no_time = has_no_time.as_str(),
        separator = call("upper", &[&part(11, 1).bytewise()]).as_str(),
        value = value.as_str(),
        exists = exists.as_str(),
    );
    Sql::query(&query)
}

/// A leap second belongs to the minute that it ends.
fn seconds_of_day(text: &Sql, has_time: &Sql) -> Sql {
    let part = |from: i32| call("substr", &[text, &Sql::int4(from), &Sql::int4(2)]);
    let colon = call("substr", &[text, &Sql::int4(17), &Sql::int4(1)]).op("=", &Sql::text(":"));
    let second =
        case(&[(colon, super::sql::least(&[&part(18).cast("int4"), &Sql::int4(59)]))], &Sql::int4(0));
    let hours = part(12).cast("int4").op("*", &Sql::int4(3_600));
    let minutes = part(15).cast("int4").op("*", &Sql::int4(60));
    case(&[(has_time.clone(), hours.op("+", &minutes).op("+", &second))], &Sql::int4(0)).cast("int8")
}

/// Seconds east of UTC of a zone such as `+05:30`; 0 for none and for `Z`.
fn offset(zone: &Sql) -> Sql {
    let found = |pattern: &str| {
        let digits = call("substring", &[zone, &Sql::text(pattern)]);
        digits.or_else(&Sql::text("0")).cast("int4")
    };
    let size = found("^[+-]([0-9]{2})")
        .op("*", &Sql::int4(3_600))
        .op("+", &found("^...:?([0-9]{2})").op("*", &Sql::int4(60)))
        .op("+", &found("^...:?[0-9]{2}:([0-9]{2})$"));
    let west = zone.op("~", &Sql::text("^-"));
    case(&[(west, Sql::int4(0).op("-", &size))], &size).cast("int8")
}

fn integer_part(name: &str, date: &Sql) -> Sql {
    call("date_part", &[&Sql::text(name), date]).cast("int4")
}

/// The floored time in the shape of the one that was read; NULL outside the years 1 to 9999.
fn written() -> Sql {
    let (seconds, zone, separator) = (column("~c", "~f"), column("~c", "~z"), column("~c", "~x"));
    let day = Sql::int8(DAY_S);
    let second_of_day = seconds.op("%", &day).op("+", &day).op("%", &day);
    let days = seconds.op("-", &second_of_day).op("/", &day).cast("int4");
    let date = Sql::constant("date", "1970-01-01").op("+", &days);
    let padded =
        |number: &Sql, width: i32| call("lpad", &[&number.cast("text"), &Sql::int4(width), &Sql::text("0")]);
    let glue = |parts: &[Sql]| {
        parts
            .iter()
            .skip(1)
            .fold(parts.first().cloned(), |glued, part| glued.map(|glued| glued.op("||", part)))
    };
    let date_text = glue(&[
        padded(&integer_part("year", &date), 4),
        Sql::text("-"),
        padded(&integer_part("month", &date), 2),
        Sql::text("-"),
        padded(&integer_part("day", &date), 2),
    ]);
    let of_day =
        |unit: i64, wrap: i64| padded(&second_of_day.op("/", &Sql::int8(unit)).op("%", &Sql::int8(wrap)), 2);
    let time_text = glue(&[of_day(3_600, 24), Sql::text(":"), of_day(60, 60), Sql::text(":"), of_day(1, 60)]);
    let (Some(date_text), Some(time_text)) = (date_text, time_text) else { return Sql::null() };
    let is = |text: &Sql, word: &str| text.op("=", &Sql::text(word));
    let shown_zone = case(
        &[
            (zone.is_null(), Sql::text("")),
            (any(&[&is(&zone, "Z"), &is(&zone, "z"), &is(&separator, "T")]), Sql::text("Z")),
            (call("length", &[&zone]).op("=", &Sql::int4(3)), Sql::text("+00")),
        ],
        &Sql::text("+00:00"),
    );
    let whole = date_text.op("||", &separator).op("||", &time_text).op("||", &shown_zone);
    let inside = all(&[
        &date.op(">=", &Sql::constant("date", "0001-01-01")),
        &date.op("<=", &Sql::constant("date", "9999-12-31")),
    ]);
    when(&inside, &case(&[(column("~c", "~d"), date_text)], &whole))
}
