//! `floor`.

use sfumato::kernel::Floor;
use sfumato::sql::coarse::Unfit;

use crate::lab::{Dice, Lab, floor, kernel_number, kernel_text, scalar};

const PERIODS: &[&str] =
    &["minute", "hour", "day", "week", "month", "year", "15m", "7h", "90s", "10d", "P36525D", "1s"];

/// Before 4600 BC a period may begin before the calendar does: NULL there.
const EARLIEST_US: i64 = -2410235 * 86_400_000_000;

fn microseconds() -> Vec<i64> {
    let mut times = vec![
        0,
        1,
        -1,
        999_999,
        -999_999,
        3_600_000_000,
        -3_600_000_001,
        172_800_000_000,
        172_799_999_999,
        EARLIEST_US,
        EARLIEST_US - 1,
        EARLIEST_US + 1,
        -211_813_488_000_000_000,
        9_223_371_331_199_999_999,
    ];
    let mut dice = Dice::new(8);
    for _ in 0..300 {
        let time = i64::from_be_bytes(dice.next().to_be_bytes()) >> (4 + dice.below(40));
        times.extend([time.max(-211_813_488_000_000_000), time / 3_600_000_000 * 3_600_000_000]);
    }
    times.retain(|&time| time >= -211_813_488_000_000_000);
    times
}

#[test]
fn times_agree() {
    Lab::run(&[times_of_the_calendar, dates_times_of_day_and_epoch_numbers, times_in_text]);
}

fn times_of_the_calendar(lab: &mut Lab) {
    let times = microseconds();
    // By number, since text would go through what is tested; infinities come last.
    for (type_name, zone) in [("timestamptz", "+00"), ("timestamp", ""), ("timestamptz(3)", "+00")] {
        lab.column(type_name, &["infinity", "-infinity"]);
        let table = lab.table(type_name);
        lab.client.rows(&format!("DELETE FROM {table} WHERE v IS NULL"));
        for some in times.chunks(500) {
            let rows: Vec<String> = {
                // Rounded to milliseconds, the last microsecond is one that the server cannot show.
                let times = some.iter().filter(|time| !(type_name.ends_with(")") && **time > i64::MAX / 2));
                times.map(|time| format!("({})", made(*time, zone))).collect()
            };
            lab.client.rows(&format!(
                "INSERT INTO {table} (v) SELECT x::{type_name} FROM (VALUES {}) AS l(x)",
                rows.join(",")
            ));
        }
    }
    let mut all = vec![i64::MAX, i64::MIN];
    all.extend(&times);
    for period in PERIODS {
        let kernel = Floor::parse(period).unwrap();
        lab.few_settings = *period != "hour";
        for type_name in ["timestamptz", "timestamp"] {
            let outcome = lab.microseconds(type_name, &scalar(&floor(period)));
            assert_eq!(outcome.len(), all.len());
            for (coarse, raw) in outcome.into_iter().zip(&all) {
                let expected =
                    kernel.timestamp_us(*raw).filter(|time| *raw == i64::MIN || *time >= EARLIEST_US);
                assert_eq!(coarse, expected, "{raw} {type_name} {period}");
            }
        }
        lab.outcome("timestamptz(3)", &scalar(&floor(period)));
    }
}

/// A timestamp from microseconds since 2000, without a float.
fn made(microseconds: i64, zone: &str) -> String {
    let (days, rest) = (microseconds.div_euclid(86_400_000_000), microseconds.rem_euclid(86_400_000_000));
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let julian = days + 2_451_545;
    format!(
        "'J{julian} {:02}:{:02}:{:02}.{fraction:06}{zone}'",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn dates_times_of_day_and_epoch_numbers(lab: &mut Lab) {
    let mut dice = Dice::new(9);
    let mut dates: Vec<String> = [
        "infinity",
        "-infinity",
        "4714-11-24 BC",
        "4600-01-01 BC",
        "4601-12-31 BC",
        "294276-12-31",
        "294277-01-01",
        "5874897-12-31",
        "2024-02-29",
        "2000-01-03",
        "2000-01-02",
        "0001-12-31 BC",
        "0001-01-01",
    ]
    .map(str::to_owned)
    .to_vec();
    dates.extend(
        (0..200).map(|_| format!("J{}", 2_451_545 + i64::try_from(dice.below(400_000)).unwrap() - 200_000)),
    );
    lab.column("date", &dates);
    let mut clocks: Vec<String> = ["00:00:00", "24:00:00", "23:59:59.999999", "12:00:00.000001", "11:59:60"]
        .map(str::to_owned)
        .to_vec();
    clocks.extend((0..200).map(|_| {
        format!(
            "{:02}:{:02}:{:02}.{:06}",
            dice.below(24),
            dice.below(60),
            dice.below(60),
            dice.below(1_000_000)
        )
    }));
    lab.column("time", &clocks);
    let zoned: Vec<String> = clocks
        .iter()
        .map(|clock| {
            format!("{clock}{:+03}:{:02}", i64::try_from(dice.below(28)).unwrap() - 14, dice.below(4) * 15)
        })
        .collect();
    lab.column("timetz", &zoned);
    let mut numbers: Vec<i64> = vec![
        0,
        1,
        -1,
        31_535_999_999,
        31_536_000_000,
        31_536_000_001,
        -31_536_000_000,
        31_536_000_000_000,
        31_536_000_000_000_000,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
        i64::MIN + 5_000_000_000,
        1_704_276_930_123,
    ];
    numbers.extend((0..300).map(|_| i64::from_be_bytes(dice.next().to_be_bytes()) >> dice.below(60)));
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    lab.column("int8", &numbers);
    let fractions: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number}.{}", dice.below(1000)))
        .chain(["NaN", "1e40", "-1e40", "-9223372036854775807.5"].map(str::to_owned))
        .collect();
    lab.column("numeric", &fractions);
    lab.column("int4", &["0", "2147483647", "-2147483648", "1704276930"]);
    for period in PERIODS {
        let kernel = Floor::parse(period).unwrap();
        lab.few_settings = *period != "hour";
        let treatment = floor(period);
        match lab.coarse("date", &scalar(&treatment)) {
            Err(unfit) => assert_eq!((unfit, kernel.date_days(0)), (Unfit::PeriodOfDate, None)),
            Ok(_) => {
                for (raw, coarse) in lab.days("date", &scalar(&treatment)) {
                    let in_calendar = (-2_410_000..=106_751_982).contains(&raw);
                    let expected = kernel.date_days(raw).filter(|_| in_calendar || coarse.is_some());
                    assert_eq!(coarse, expected, "{raw} {period}");
                }
            }
        }
        match lab.coarse("time", &scalar(&treatment)) {
            Err(unfit) => assert_eq!((unfit, kernel.time_of_day_us(0)), (Unfit::PeriodOfTime, None)),
            Ok(_) => {
                for (raw, coarse) in lab.outcome("time", &scalar(&treatment)) {
                    let (Some(raw), Some(coarse)) = (raw, coarse) else { continue };
                    assert_eq!(
                        Some(clock_us(&coarse)),
                        kernel.time_of_day_us(clock_us(&raw)),
                        "{raw} {period}"
                    );
                }
                for (raw, coarse) in lab.outcome("timetz", &scalar(&treatment)) {
                    let (Some(raw), Some(coarse)) = (raw, coarse) else { continue };
                    let clock = coarse.strip_suffix("+00").unwrap_or_else(|| panic!("{coarse}"));
                    let utc = utc_us(&raw);
                    assert_eq!(Some(clock_us(clock)), kernel.time_of_day_us(utc), "{raw} {period}");
                }
            }
        }
        for type_name in ["int8", "numeric"] {
            for (raw, coarse) in lab.outcome(type_name, &scalar(&treatment)) {
                let Some(raw) = raw else { continue };
                assert_eq!(coarse, kernel_number(&treatment, &raw), "{raw} {type_name} {period}");
            }
        }
        lab.outcome("int4", &scalar(&treatment));
    }
}

fn clock_us(clock: &str) -> i64 {
    let mut parts = clock.split([':', '.']);
    let mut next = || parts.next().unwrap_or("0").to_owned();
    let (hours, minutes, seconds, fraction) = (next(), next(), next(), next());
    let whole = (hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()) * 60
        + seconds.parse::<i64>().unwrap();
    whole * 1_000_000 + format!("{fraction:0<6}").parse::<i64>().unwrap()
}

fn utc_us(zoned: &str) -> i64 {
    let at = zoned.rfind(['+', '-']).unwrap();
    let (clock, zone) = zoned.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let offset = clock_us(&format!("{}:00", zone[1..].replace("::", ":")));
    let offset = if zone.contains(':') { offset } else { zone[1..].parse::<i64>().unwrap() * 3_600_000_000 };
    (clock_us(clock) - sign * offset).rem_euclid(86_400_000_000)
}

fn times_in_text(lab: &mut Lab) {
    let mut texts: Vec<String> = [
        "2024-01-03T10:15:30Z",
        "2024-01-03t10:15:30.123456789z",
        "2024-01-03T10:15Z",
        "2024-01-03T10:15:30+05:45",
        "2024-01-03T10:15:30+0200",
        "2024-01-03T10:15:30",
        "2024-01-03 10:15:30.123",
        "2024-01-03 10:15:30.1+00",
        "2024-01-03 10:15:30-03:30",
        "1890-01-03 10:15:30+00:53:28",
        "20240103T101530Z",
        "2024-01-03T10:15:30+01:00[Europe/Berlin]",
        "Wed, 03 Jan 2024 10:15:30 GMT",
        "2024-01-03",
        "2016-12-31T23:59:60Z",
        "2023-02-29",
        "2024-02-30T00:00:00Z",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "0000-12-31",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2024-01-03T24:00:00Z",
        "2024-01-03T10:60:00Z",
        "2024-01-03 10:15:30 +00",
        "2024-01-03T10:15:30.Z",
        "2024-01-03T10:15:30,5Z",
        "2024-01-03T10:15.5Z",
        "2024-01-03T10",
        "2024-01-03T",
        "2024-01-03 ",
        "x",
        "",
        "1704276930",
        "1704276930123",
        "-1",
        "1.5",
        "1e12",
        "2024",
        "2024-1-3",
        "2024-01-03T10:15:30+24:00",
        "2024-01-03T10:15:30+1",
        "2024-01-03T10:15:30+05:45:10",
        "2024-01-03 10:15:30+054510",
        "2024-01-03 10:15:30+0545:10",
        "infinity",
        "now",
        "epoch",
        "2024-01-03T10:15:30Z\n",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut dice = Dice::new(10);
    for _ in 0..2000 {
        let separator = dice.pick(&["T", " ", "t"]);
        let zone = dice.pick(&["", "Z", "z", "+00", "-11:30", "+0530", "+14:00", "-03:30:15"]);
        let fraction = dice.pick(&["", ".5", ".000000", ",123"]);
        texts.push(format!(
            "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}{fraction}{zone}",
            1 + dice.below(9999),
            1 + dice.below(12),
            1 + dice.below(31),
            dice.below(24),
            dice.below(60),
            dice.below(61)
        ));
    }
    lab.column("text", &texts);
    for period in PERIODS {
        let treatment = floor(period);
        let (mut understood, mut missed) = (0, 0);
        for (raw, coarse) in lab.outcome("text", &scalar(&treatment)) {
            let Some(raw) = raw else { continue };
            let kernel = kernel_text(&treatment, &raw);
            if coarse.is_none() && kernel.is_some() {
                // What the kernel reads besides, and what ends in the year 0.
                missed += 1;
                continue;
            }
            understood += i32::from(coarse.is_some());
            assert_eq!(coarse, kernel, "{raw} {period}");
        }
        assert!(understood > 1800 && missed < 8, "{understood} {missed} {period}");
    }
}
