//! `grid` and `bucket`.

use sfumato::kernel::{Bucket, Grid};
use sfumato::sql::coarse::Unfit;

use crate::lab::{Dice, Lab, bucket, grid, kernel_number, kernel_text, scalar};

const CELLS: &[&str] = &["0.1", "0.25", "1", "0.5", "90", "0.7", "0.000001", "0.000000001", "7", "0.3"];
const WIDTHS: &[&str] =
    &["100", "1", "0.25", "2.5", "1000000", "3", "999999999999999999", "0.000000007", "60", "0.1"];

fn floats() -> Vec<f64> {
    let mut floats = vec![
        0.0,
        -0.0,
        0.1,
        0.3,
        0.7,
        -0.1,
        -0.3,
        0.299_999_999_999_999_93,
        0.30000000000000004,
        52.52,
        -33.8688,
        180.0,
        -180.0,
        360.0,
        -360.0,
        360.05,
        -360.05,
        359.999999,
        361.0,
        450.0,
        -451.0,
        1e15,
        -1e15,
        999_999_999_999_999.9,
        1e308,
        -1e308,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        -f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        1e-250,
        -1e-250,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        9_007_199_254_740_993.0,
        1e-9,
        -1e-9,
        123_456_789.123,
    ];
    let mut dice = Dice::new(3);
    for _ in 0..300 {
        let index = i32::try_from(dice.below(7200)).unwrap() - 3600;
        let corner = f64::from(index) / 10.0;
        floats.extend([corner, corner.next_up(), corner.next_down()]);
        let quarter = f64::from(index) * 0.25 / 10.0;
        floats.extend([quarter, quarter + 1e-12, f64::from(index) * 0.7 / 10.0]);
        floats.push(f64::from_bits(dice.next()));
        floats.push((f64::from_bits(0x3ff0_0000_0000_0000 | dice.next() >> 12) - 1.5) * 720.0);
    }
    floats
}

/// As the server reads it: without loss.
fn written(float: f64) -> String {
    if float.is_nan() {
        "NaN".to_owned()
    } else if float.is_infinite() {
        format!("{}Infinity", if float < 0.0 { "-" } else { "" })
    } else {
        format!("{float:e}")
    }
}

fn read(text: &str) -> f64 {
    text.parse().unwrap()
}

fn decimals() -> Vec<String> {
    let mut texts: Vec<String> = [
        "0",
        "-0.0",
        "0.3",
        "0.7",
        "-0.3",
        "0.29999999999999999",
        "-0.1",
        "52.520001",
        "359.99",
        "360",
        "360.1",
        "-360",
        "-360.1",
        "1e15",
        "123456789012345678901234567890.5",
        "-123456789012345678901234567890.5",
        "1e399",
        "-1e399",
        "1e400",
        "-1e400",
        "1e1000",
        "1e-30",
        "-1e-30",
        "NaN",
        "99.95",
        "-99.95",
        "-99.91",
        "999.99",
        "100",
        "-100",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    let mut dice = Dice::new(4);
    for _ in 0..500 {
        let scale = u32::try_from(dice.below(12)).unwrap();
        let number = i64::try_from(dice.next() >> dice.below(60) >> 1).unwrap();
        let sign = if dice.below(2) == 0 { "" } else { "-" };
        texts.push(format!("{sign}{number}e-{scale}"));
    }
    texts
}

#[test]
fn numbers_agree() {
    Lab::run(&[floats_agree_with_the_kernel_bit_for_bit, decimals_integers_and_text_agree_with_the_kernel]);
}

fn floats_agree_with_the_kernel_bit_for_bit(lab: &mut Lab) {
    let floats = floats();
    let texts: Vec<String> = floats.iter().map(|float| written(*float)).collect();
    lab.column("float8", &texts);
    #[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
    let singles: Vec<f32> = floats.iter().map(|float| *float as f32).collect();
    let texts: Vec<String> = singles.iter().map(|float| written(f64::from(*float))).collect();
    lab.column("float4", &texts);
    // Floats beyond 10^15 have no bucket, so that one of that width gives what it does not take.
    let cells = CELLS.iter().chain(WIDTHS).filter(|cell| cell.len() < 15);
    for cell in cells {
        let treatments = [
            CELLS
                .contains(cell)
                .then(|| (grid(cell), Grid::parse(cell).unwrap()))
                .map(|(t, g)| (t, Box::new(move |x| g.float64(x)) as Box<dyn Fn(f64) -> Option<f64>>)),
            Some({
                let b = Bucket::parse(cell).unwrap();
                (bucket(cell), Box::new(move |x| b.float64(x)) as _)
            }),
        ];
        for (treatment, kernel) in treatments.into_iter().flatten() {
            lab.few_settings = *cell != "0.1";
            for ((raw, coarse), float) in lab.outcome("float8", &scalar(&treatment)).into_iter().zip(&floats)
            {
                let coarse = coarse.map(|coarse| read(&coarse).to_bits());
                assert_eq!(coarse, kernel(*float).map(f64::to_bits), "{raw:?} {treatment:?}");
            }
            let mut same = 0;
            for ((raw, coarse), float) in lab.outcome("float4", &scalar(&treatment)).into_iter().zip(&singles)
            {
                let Some(coarse) = coarse else { continue };
                let coarse: f32 = coarse.parse().unwrap();
                assert!(coarse <= *float, "{raw:?} {coarse} {treatment:?}");
                // Where its decimal says what a float is, the cell is that of the decimal.
                if float.abs() < 1000.0 && cell.len() < 5 {
                    let decimal = kernel_number(&treatment, &format!("{float}"));
                    let decimal = decimal.map(|decimal| decimal.parse::<f32>().unwrap());
                    assert_eq!(Some(coarse), decimal, "{raw:?} {float} {treatment:?}");
                }
                same += 1;
            }
            assert!(same > 100, "{same}");
        }
    }
}

fn decimals_integers_and_text_agree_with_the_kernel(lab: &mut Lab) {
    let decimals = decimals();
    lab.column("numeric", &decimals);
    let short: Vec<&String> = decimals
        .iter()
        .filter(|text| text.len() < 9 && text.parse::<f64>().is_ok_and(|x| x.abs() < 99.99))
        .collect();
    lab.column("numeric(4,2)", &short);
    lab.column("numeric(4,1)", &short);
    lab.column("numeric(3,-1)", &["-9980", "9990", "123", "-5", "NaN", "0"]);
    let mut texts = decimals.clone();
    texts.extend(
        ["", "x", "1.", ".5", "+1", "01", "1e5 ", "1e99999", "0x10", "1_000", "٣", "1e", "--1", "1.5.2"]
            .map(str::to_owned),
    );
    lab.column("text", &texts);
    let mut dice = Dice::new(5);
    let mut integers: Vec<i64> = vec![
        0,
        1,
        -1,
        99,
        100,
        -100,
        -101,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
        i64::MIN + 99,
        i64::MIN + 100,
        1_000_000_000_000_000_000,
    ];
    integers.extend((0..300).map(|_| i64::from_be_bytes(dice.next().to_be_bytes()) >> dice.below(63)));
    let within = |low: i64, high: i64| -> Vec<String> {
        let inside = integers.iter().filter(|&&number| (low..=high).contains(&number));
        inside.copied().chain([low, high, low + 1]).map(|number| number.to_string()).collect()
    };
    lab.column("int8", &within(i64::MIN, i64::MAX));
    lab.column("int4", &within(i32::MIN.into(), i32::MAX.into()));
    lab.column("int2", &within(i16::MIN.into(), i16::MAX.into()));

    for (cells, make) in [(CELLS, grid as fn(&str) -> _), (WIDTHS, bucket as fn(&str) -> _)] {
        for cell in cells {
            let treatment = make(cell);
            lab.few_settings = *cell != "0.1";
            for (raw, coarse) in lab.outcome("numeric", &scalar(&treatment)) {
                let Some(raw) = raw else { continue };
                assert_eq!(coarse, kernel_number(&treatment, &raw), "{raw} {treatment:?}");
            }
            for (raw, coarse) in lab.outcome("text", &scalar(&treatment)) {
                let Some(raw) = raw else { continue };
                let kernel = kernel_text(&treatment, &raw);
                // Very large exponents are not read here.
                assert!(
                    coarse == kernel || (coarse.is_none() && raw.contains("e99999")),
                    "{raw} {coarse:?} {kernel:?}"
                );
            }
        }
    }
    for width in ["0.25", "2.5", "100", "0.01", "50", "0.001"] {
        for type_name in ["numeric(4,2)", "numeric(4,1)", "numeric(3,-1)"] {
            for (raw, coarse) in lab.outcome(type_name, &scalar(&bucket(width))) {
                let (Some(raw), Some(coarse)) = (raw, coarse) else { continue };
                let (raw, coarse, width): (f64, f64, f64) = (read(&raw), read(&coarse), read(width));
                assert!(coarse <= raw && coarse > raw - width - 1e-9, "{type_name} {raw} {coarse} {width}");
            }
        }
    }
    for width in WIDTHS {
        let compiled = Bucket::parse(width).unwrap();
        for (type_name, smallest) in
            [("int8", i64::MIN), ("int4", i32::MIN.into()), ("int2", i16::MIN.into())]
        {
            if compiled.ratio().1 != 1 {
                assert_eq!(lab.coarse(type_name, &scalar(&bucket(width))), Err(Unfit::FractionOfInteger));
                continue;
            }
            for (raw, coarse) in lab.outcome(type_name, &scalar(&bucket(width))) {
                let Some(raw) = raw else { continue };
                let kernel =
                    compiled.int64(raw.parse().unwrap()).map(|lower| lower.max(smallest).to_string());
                assert_eq!(coarse, kernel, "{type_name} {raw} {width}");
            }
        }
    }
    assert!(matches!(lab.coarse("int4", &scalar(&grid("0.1"))), Err(Unfit::Type { .. })));
}
