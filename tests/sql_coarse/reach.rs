//! Where raw values lie: what a condition on coarse values implies, for every pair of a value and a constant, without an
//! error for any, and without telling values of one cell apart.

use sfumato::kernel::{AddressForm, Treatment};

use crate::lab::{Dice, Lab, bucket, floor, grid, scalar, scrub, truncate};

const NETWORKS: &[&str] = &[
    "203.0.113.7",
    "203.0.113.7/16",
    "203.0.0.0/16",
    "203.0.255.255",
    "203.1.0.0",
    "203.0.0.0/8",
    "0.0.0.0/0",
    "0.0.0.0",
    "0.0.0.0/16",
    "255.255.255.255",
    "255.255.0.0/16",
    "128.0.0.0/1",
    "::",
    "::/0",
    "::1",
    "::ffff:203.0.113.7",
    "::ffff:203.0.113.7/112",
    "::ffff:0.0.0.0/96",
    "::ffff:0.0.0.0/90",
    "64:ff9b::203.0.113.7",
    "64:ff9b::203.0.0.0/112",
    "64:ff9b::/96",
    "64:ff9b:1::5",
    "2002:cb00:7107::1",
    "2002:cb00::/32",
    "2002::/16",
    "2001:db8::1",
    "2001:db8::/32",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001::cb00:7107",
    "2001:db9::/31",
    "2000::/3",
    "::203.0.113.7",
    "fe80::5efe:203.0.113.7",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "::ffff:0:203.0.113.7",
    "2001:db8::/16",
];

const TIMES: &[&str] = &[
    "infinity",
    "-infinity",
    "4714-11-24 00:00:00+00 BC",
    "4600-01-01 00:00:00+00 BC",
    "4599-12-31 23:59:59+00 BC",
    "0001-01-01 00:00:00+00",
    "1969-12-31 23:59:59.999999+00",
    "2000-01-01 00:00:00+00",
    "2000-01-03 00:00:00+00",
    "2026-03-14 18:37:59.5+00",
    "2026-03-14 18:00:00+00",
    "2026-03-14 18:59:59.999999+00",
    "2026-03-14 19:00:00+00",
    "2026-03-31 23:59:59+00",
    "2026-04-01 00:00:00+00",
    "2026-12-31 23:59:59.999999+00",
    "2028-02-29 12:00:00+00",
    "2026-03-29 01:30:00+00",
    "2026-10-25 00:30:00+00",
    "2026-03-01 00:00:00+00",
    "2026-01-01 00:00:00+00",
    "290000-01-01 00:00:00+00",
    "289999-12-31 23:00:00+00",
    "294276-12-31 23:00:00+00",
    "294276-12-31 23:59:59.999999+00",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "99",
    "100",
    "101",
    "-99",
    "-100",
    "-101",
    "32767",
    "-32768",
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "999999999999999999",
    "9223372036854775799",
];

const FRACTIONS: &[&str] = &[
    "0.1",
    "0.3",
    "0.7",
    "0.29999999999999999",
    "0.30000000000000004",
    "-0.1",
    "-0.3",
    "52.52",
    "-33.8688",
    "180",
    "-180",
    "360",
    "-360",
    "360.05",
    "-360.05",
    "361",
    "1e-7",
    "-1e-7",
    "123456789.123456789",
    "0.05",
    "49",
    "48.9",
    "48.8",
];

const EXTREMES: &[&str] = &["NaN", "Infinity", "-Infinity", "1e15", "-1e15", "1e30", "-1e30"];

struct Case<'c> {
    type_name: &'c str,
    values: Vec<String>,
    treatments: Vec<Treatment>,
    operators: &'c [&'c str],
}

const SIZES: &[&str] = &["=", "<", "<=", ">", ">="];

fn owned(texts: &[&[&str]]) -> Vec<String> {
    texts.concat().into_iter().map(str::to_owned).collect()
}

/// So many numbers with a point before the last digits.
fn drawn(dice: &mut Dice, limit: u64, decimals: u32) -> Vec<String> {
    let unit = 10_u64.pow(decimals);
    let mut one = || {
        let number = dice.below(limit);
        let sign = if dice.below(2) == 0 { "-" } else { "" };
        format!("{sign}{}.{:0width$}", number / unit, number % unit, width = decimals as usize)
    };
    (0..120).map(|_| one()).collect()
}

fn cases() -> Vec<Case<'static>> {
    let mut dice = Dice::new(15);
    let networks = |values: &[&str]| owned(&[values]);
    let truncated: Vec<Treatment> = [(16, 32), (0, 0), (24, 48), (32, 128), (8, 56), (9, 97), (20, 100)]
        .map(|(v4, v6)| Treatment::Truncate(truncate(v4, v6, AddressForm::Network)))
        .into_iter()
        .chain([scrub()])
        .collect();
    let floors: Vec<Treatment> =
        ["minute", "hour", "day", "week", "month", "year", "7s", "90m", "36525d"].map(floor).into();
    let days: Vec<Treatment> = ["hour", "day", "week", "month", "year", "3d"].map(floor).into();
    let grids: Vec<Treatment> = ["0.1", "0.25", "1", "90", "0.7", "0.000001", "0.3"].map(grid).into();
    let buckets: Vec<Treatment> = ["100", "1", "1000000", "3", "999999999999999999"].map(bucket).into();
    let parts: Vec<Treatment> = ["100", "0.25", "2.5", "0.000000007", "60", "0.1"].map(bucket).into();
    let both = || grids.iter().chain(&parts).cloned().collect::<Vec<_>>();
    let floats = [owned(&[NUMBERS, FRACTIONS, EXTREMES]), drawn(&mut dice, 3_600_000, 4)].concat();
    let finite = |texts: &[String]| -> Vec<String> {
        texts.iter().filter(|text| !text.contains("nf")).cloned().collect()
    };
    let small = [owned(&[FRACTIONS]), drawn(&mut dice, 999_999, 2)].concat();
    let whole = |limit: usize| owned(&[&NUMBERS[..limit]]);
    let hosts: Vec<&str> = NETWORKS
        .iter()
        .copied()
        .filter(|text| {
            !matches!(
                *text,
                "203.0.113.7/16"
                    | "::ffff:203.0.113.7/112"
                    | "2001:db9::/31"
                    | "2001:db8::/16"
                    | "::ffff:0.0.0.0/90"
            )
        })
        .collect();
    let case = |type_name, values, treatments, operators| Case { type_name, values, treatments, operators };
    vec![
        case("inet", networks(NETWORKS), truncated.clone(), &["=", "<<", "<<="][..]),
        case("cidr", networks(&hosts), truncated, &["=", "<<", "<<="][..]),
        case("timestamptz", owned(&[TIMES]), floors.clone(), SIZES),
        case("timestamp", owned(&[TIMES]), floors, SIZES),
        case("date", owned(&[TIMES, &["5874897-12-31"]]), days, SIZES),
        case(
            "float8",
            [floats.clone(), owned(&[&["1.7e308", "-1.7e308", "5e-324", "1e-300"]])].concat(),
            both(),
            SIZES,
        ),
        case(
            "numeric",
            [finite(&floats), owned(&[&["1e500", "-1e500", "9e131071"]])].concat(),
            both(),
            SIZES,
        ),
        case("numeric(12,2)", small, both(), SIZES),
        case("int2", whole(12), vec![bucket("100"), bucket("3"), bucket("40000")], SIZES),
        case("int4", whole(14), buckets.clone(), SIZES),
        case("int8", whole(18), buckets, SIZES),
    ]
}

#[test]
fn a_condition_on_coarse_values_implies_the_one_on_raw_values() {
    Lab::run(&[every_pair]);
}

fn every_pair(lab: &mut Lab) {
    for Case { type_name, values, treatments, operators } in cases() {
        lab.column(type_name, &values);
        let table = lab.table(type_name);
        // Conditions that some pairs meet and for which some rows are left out.
        let (mut telling, mut skipped) = (0, 0);
        for treatment in &treatments {
            let rule = scalar(treatment);
            let coarse = lab.coarse(type_name, &rule).unwrap().sql;
            let Some(reach) = lab.reach(type_name, &rule, "\"c\".\"w\"") else {
                // Two cells of one name, or of one float.
                assert!(matches!(type_name, "numeric(12,2)" | "float8"), "{type_name}");
                skipped += operators.len();
                continue;
            };
            let what = format!("{type_name} under {treatment:?}");
            // All that can be compared with: the raw values, the coarse ones, and what lies between.
            lab.client.rows(&format!(
                "DROP TABLE IF EXISTS pg_temp.constants; CREATE TEMPORARY TABLE constants AS \
                 SELECT v, v::{} AS w FROM (SELECT v FROM {table} UNION SELECT {coarse} FROM {table} AS \"t\") AS l",
                reach.wide_type
            ));
            for operator in operators {
                let end = if reach.ends_before { "<" } else { "<=" };
                let (low, high) = match &reach.limits {
                    Some((low, high)) if reach.starts_after => {
                        (format!("\"t\".v > {low}"), format!("\"t\".v {end} {high}"))
                    }
                    Some((low, high)) => (format!("\"t\".v >= {low}"), format!("\"t\".v {end} {high}")),
                    None => ("true".to_owned(), "true".to_owned()),
                };
                let span = |(first, last): &(String, String)| {
                    let (mut above, below) = (format!("\"t\".v >= {first}"), format!("\"t\".v {end} {last}"));
                    if reach.starts_after {
                        above = format!("({low} AND {above})");
                    }
                    match *operator {
                        ">" | ">=" => format!("({above} AND {high})"),
                        "<" | "<=" => format!("({low} AND {below})"),
                        _ => format!("({above} AND {below})"),
                    }
                };
                let implied = reach.spans.iter().map(span).collect::<Vec<_>>().join(" OR ");
                let counted = lab.client.rows(&format!(
                    "SELECT count(*) FILTER (WHERE found), count(*) FILTER (WHERE found AND implied IS NOT TRUE), \
                     min(raw || ' and ' || value) FILTER (WHERE found AND implied IS NOT TRUE), \
                     count(*) FILTER (WHERE implied IS NOT TRUE) \
                     FROM (SELECT {coarse} {operator} c.v AS found, {implied} AS implied, t.v::text AS raw, \
                     c.v::text AS value FROM {table} AS \"t\", constants AS \"c\") AS l"
                ));
                let cell = |at: usize| counted[0][at].as_deref();
                assert_eq!(cell(1), Some("0"), "{what}: {operator} loses {:?}", cell(2));
                let told = lab.client.rows(&format!(
                    "SELECT string_agg(format('%s and %s by %s', low, high, value), '; ') FROM (SELECT value, \
                     min(raw) FILTER (WHERE implied) AS low, min(raw) FILTER (WHERE implied IS NOT TRUE) AS high \
                     FROM (SELECT {coarse} AS cell, {implied} AS implied, t.v::text AS raw, c.v::text AS value \
                     FROM {table} AS \"t\", constants AS \"c\" WHERE t.v IS NOT NULL AND c.v IS NOT NULL) AS l \
                     GROUP BY cell, value HAVING count(DISTINCT implied IS TRUE) > 1) AS m"
                ));
                assert_eq!(
                    told[0][0].as_deref().map(|told| &told[..told.len().min(300)]),
                    None,
                    "{what}: {operator}"
                );
                if cell(0) != Some("0") && cell(3) != Some("0") {
                    telling += 1;
                }
            }
        }
        assert!(telling + skipped + 3 >= treatments.len() * operators.len(), "{type_name}: {telling}");
    }
}
