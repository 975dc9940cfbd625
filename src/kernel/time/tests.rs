//! Shapes, periods, and the algebra of flooring.

use proptest::prelude::*;

use super::*;

fn floor(to: &str) -> Floor {
    Floor::parse(to).unwrap()
}

fn treat(to: &str, value: Value<'_>) -> Option<String> {
    let mut scratch = String::new();
    match (floor(to).treat(value, &mut scratch), value) {
        (Value::Text(text), Value::Text(_)) | (Value::Number(text), Value::Number(_)) => {
            Some(text.to_owned())
        }
        (Value::Null, _) => None,
        _ => panic!("changed its type"),
    }
}

#[test]
fn text_keeps_its_shape() {
    for (to, text, expected) in [
        ("hour", "2024-01-03T10:15:30Z", "2024-01-03T10:00:00Z"),
        ("hour", "2024-01-03t10:15:30.123456789z", "2024-01-03T10:00:00Z"),
        ("hour", "2024-01-03T10:15Z", "2024-01-03T10:00:00Z"),
        ("hour", "2024-01-03T10:15:30+05:45", "2024-01-03T04:00:00Z"),
        ("hour", "2024-01-03T10:15:30+0200", "2024-01-03T08:00:00Z"),
        ("hour", "2024-01-03T10:15:30", "2024-01-03T10:00:00"),
        ("hour", "2024-01-03 10:15:30.123", "2024-01-03 10:00:00"),
        ("hour", "2024-01-03 10:15:30.1+00", "2024-01-03 10:00:00+00"),
        ("hour", "2024-01-03 10:15:30-03:30", "2024-01-03 13:00:00+00:00"),
        ("hour", "1890-01-03 10:15:30+00:53:28", "1890-01-03 09:00:00+00:00"),
        ("hour", "20240103T101530Z", "2024-01-03T10:00:00Z"),
        ("hour", "2024-01-03T10:15:30+01:00[Europe/Berlin]", "2024-01-03T09:00:00Z"),
        ("hour", "Wed, 03 Jan 2024 10:15:30 GMT", "Wed, 03 Jan 2024 10:00:00 GMT"),
        ("hour", "Wed, 03 Jan 2024 10:15:30 +0200", "Wed, 03 Jan 2024 08:00:00 GMT"),
        ("hour", "2024-01-03", "2024-01-03"),
        ("minute", "2016-12-31T23:59:60Z", "2016-12-31T23:59:00Z"),
        ("15m", "2024-01-03T10:44:59Z", "2024-01-03T10:30:00Z"),
        ("PT6H", "2024-01-03T10:44:59Z", "2024-01-03T06:00:00Z"),
        ("day", "2024-01-03T23:30:00-02:00", "2024-01-04T00:00:00Z"),
        ("week", "2024-01-03T10:15:30Z", "2024-01-01T00:00:00Z"),
        ("week", "2024-01-07", "2024-01-01"),
        ("7 days", "2024-01-07", "2024-01-01"),
        ("month", "2024-02-29", "2024-02-01"),
        ("month", "2024-01-31T23:30:00-01:00", "2024-02-01T00:00:00Z"),
        ("year", "1969-12-31T23:59:59Z", "1969-01-01T00:00:00Z"),
        ("year", "0000-12-31", "0000-01-01"),
        ("minute", "9999-12-31T23:59:59Z", "9999-12-31T23:59:00Z"),
    ] {
        assert_eq!(treat(to, Value::Text(text)).as_deref(), Some(expected), "{to} {text}");
        assert_eq!(treat(to, Value::Text(expected)).as_deref(), Some(expected), "{to} {text} again");
    }
}

#[test]
fn numbers_keep_their_unit() {
    for (to, number, expected) in [
        ("hour", "1704276930", "1704276000"),
        ("hour", "1704276930.75", "1704276000"),
        ("hour", "1.70427693e9", "1704276000"),
        ("hour", "1704276930123", "1704276000000"),
        ("hour", "1704276930123456", "1704276000000000"),
        ("hour", "1704276930123456789", "1704276000000000000"),
        ("hour", "-1", "-3600"),
        ("hour", "-0.5", "-3600"),
        ("hour", "0", "0"),
        ("week", "1", "-259200"),
        ("month", "-631152000001", "-633830400000"),
        // A week that begins in 1970, in milliseconds: its beginning would be read as seconds.
        ("week", "31536000001", "31536000000"),
    ] {
        assert_eq!(treat(to, Value::Number(number)).as_deref(), Some(expected), "{to} {number}");
        assert_eq!(treat(to, Value::Text(number)).as_deref(), Some(expected), "{to} `{number}`");
        assert_eq!(treat(to, Value::Number(expected)).as_deref(), Some(expected), "{to} {number} again");
    }
}

#[test]
fn what_is_no_time_becomes_null() {
    for text in [
        "",
        "now",
        "infinity",
        "-infinity",
        "2024-01-03 BC",
        "2024-01-32",
        "2023-02-29",
        "2024-13-01",
        "2024-01-03T",
        "2024-01-03T24:00:00Z",
        "2024-01-03T10",
        "2024-01-03T10:15:30.Z",
        "2024-01-03T10:15:30 Z",
        "2024-01-03T10:15:30Zx",
        "2024-01-03T10:15:30+",
        "2024-01-03T10:15:30+2",
        "2024-01-03_10:15:30",
        " 2024-01-03",
        "10:15:30",
        "12024-01-03",
        "2024-1-3",
        "03/01/2024",
        "1e999999999",
        "0x10",
        "99999999999999999999",
    ] {
        assert_eq!(treat("hour", Value::Text(text)), None, "{text}");
    }
    assert_eq!(treat("week", Value::Text("0000-01-01")), None);
    assert_eq!(treat("hour", Value::Bool(true)), None);
    assert_eq!(treat("36h", Value::Text("2024-01-03")), None);
}

#[test]
fn periods() {
    for (text, seconds) in
        [("15m", 900), ("PT15M", 900), ("90 seconds", 90), ("1d", 86_400), ("2w", 1_209_600)]
    {
        assert_eq!(floor(text).period(), Period::Seconds(seconds));
    }
    for text in
        ["", "decade", "0s", "-5m", "1.5s", "100ms", "1 month", "1y", "P1M", "200 years", "40000 days"]
    {
        assert_eq!(Floor::parse(text), Err(InvalidFloor), "{text}");
    }
    assert!(floor("month").cmp_coarseness(&floor("week")).is_gt());
    assert!(floor("minute").cmp_coarseness(&floor("15m")).is_lt());
}

#[test]
fn postgres_types() {
    // 2024-01-03 10:15:30.5 is 757592130.5 s after 2000-01-01.
    let us = 757_592_130_500_000;
    assert_eq!(floor("hour").timestamp_us(us), Some(757_591_200_000_000));
    assert_eq!(floor("year").timestamp_us(us), Some(757_382_400_000_000));
    assert_eq!(floor("month").timestamp_us(-1), Some(-2_678_400_000_000));
    assert_eq!(floor("hour").timestamp_us(-1), Some(-3_600_000_000));
    assert_eq!(floor("hour").timestamp_us(i64::MAX), Some(i64::MAX));
    assert_eq!(floor("hour").timestamp_us(i64::MIN), Some(i64::MIN));
    assert_eq!(floor("year").timestamp_us(i64::MIN + 1), None);
    assert!(floor("year").timestamp_us(i64::MAX - 1).is_some());
    assert_eq!(floor("month").date_days(8_768), Some(8_766));
    assert_eq!(floor("week").date_days(0), Some(-5));
    assert_eq!(floor("hour").date_days(8_768), Some(8_768));
    assert_eq!(floor("36h").date_days(8_768), None);
    assert_eq!(floor("hour").date_days(i32::MAX), None);
    assert_eq!(floor("hour").time_of_day_us(36_930_000_001), Some(36_000_000_000));
    assert_eq!(floor("week").time_of_day_us(36_930_000_001), Some(0));
    assert_eq!(floor("7h").time_of_day_us(36_930_000_001), None);
}

#[test]
fn judged_by_the_instant() {
    for (to, text, finer) in [
        ("hour", "2024-01-03T10:00:00Z", false),
        ("hour", "2024-01-03T12:00:00+02:00", false),
        ("hour", "2024-01-03T10:00:00.001Z", true),
        ("hour", "2024-01-03T12:00:00+05:30", true),
        ("hour", "2024-01-03", false),
        ("month", "2024-01-03", true),
        ("hour", "1704276000", false),
        ("hour", "1704276000.5", true),
        ("hour", "1704276001", true),
    ] {
        let expected = if finer { Judgement::Refused(Misfit::FinerThanCell) } else { Judgement::AtCell };
        assert!(floor(to).judge(Value::Text(text)) == expected, "{to} {text}");
    }
    assert!(floor("hour").judge(Value::Text("now")) == Judgement::Refused(Misfit::Unreadable));
}

proptest! {
    #[test]
    fn agrees_with_jiff(s in -377_600_000_000_i64..253_402_000_000, period in 0..3) {
        let time = jiff::Timestamp::from_second(s).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let (to, expected) = match period {
            0 => ("month", time.first_of_month().unwrap().start_of_day().unwrap()),
            1 => ("year", time.first_of_year().unwrap().start_of_day().unwrap()),
            _ => ("hour", time.round(jiff::ZonedRound::new().smallest(jiff::Unit::Hour).mode(jiff::RoundMode::Floor)).unwrap()),
        };
        prop_assert_eq!(floor(to).floor_s(s), Some(expected.timestamp().as_second()));
    }

    #[test]
    fn twice_is_once(number in any::<i64>(), shift in 0..40_u32, seconds in 1..10_000_000_i64, calendar in 0..3) {
        let period = match calendar { 0 => Period::Month, 1 => Period::Year, _ => Period::Seconds(seconds) };
        let floor = Floor { period };
        let number = (number >> shift).to_string();
        let (mut first, mut second) = (String::new(), String::new());
        if let Value::Number(once) = floor.treat(Value::Number(&number), &mut first) {
            prop_assert!(floor.treat(Value::Number(once), &mut second) == Value::Number(once));
            prop_assert!(floor.judge(Value::Number(once)) == Judgement::AtCell);
        }
    }

    #[test]
    fn two_times_of_a_period_are_one(s in -2_000_000_000_i64..4_000_000_000, within in 0..3_600_i64, offset in -1439..1440_i64) {
        let text = |s: i64| {
            let local = Date::from_unix_days((s + offset * 60).div_euclid(DAY_S));
            let second = (s + offset * 60).rem_euclid(DAY_S);
            let (sign, minutes) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}", local.year, local.month, local.day,
                second / 3_600, second / 60 % 60, second % 60, minutes / 60, minutes % 60
            )
        };
        let first = s - s.rem_euclid(3_600);
        let one = treat("hour", Value::Text(&text(first))).unwrap();
        prop_assert_eq!(&one, &treat("hour", Value::Text(&text(first + within))).unwrap());
        prop_assert_eq!(Written::parse(&one).unwrap().unix_s, first);
    }

    #[test]
    fn never_panics(text in "[0-9TZ+:. eBCW,Janu-]{0,40}") {
        let _ = treat("week", Value::Text(&text));
        let _ = treat("month", Value::Number(&text));
    }
}
