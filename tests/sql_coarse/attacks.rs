//! Ways in which a coarse value could tell more than its cell, each with its number.

use std::sync::Arc;

use sfumato::kernel::Treatment;
use sfumato::policy::ColumnRule;

use crate::lab::{Lab, bucket, coarse_ip, floor, grid, plan, scalar, scrub};

#[test]
fn attacks_fail() {
    Lab::run(&[
        a1_values_of_one_cell_look_alike,
        a2_names_that_become_alike_keep_no_value,
        a3_what_does_not_fit_is_null,
        a4_long_texts_end,
    ]);
}

/// Other hosts, minutes, digits and spellings of one cell: in text, with every treatment and type.
fn a1_values_of_one_cell_look_alike(lab: &mut Lab) {
    let scan = || ColumnRule::Json(Arc::new(plan(&scrub(), &[("$.ip", coarse_ip())])));
    let cases: Vec<(&str, ColumnRule, Vec<&str>)> = vec![
        (
            "inet",
            scalar(&coarse_ip()),
            vec!["203.0.113.7", "203.0.2.199", "203.0.0.0/17", "::ffff:203.0.9.9"],
        ),
        ("cidr", scalar(&coarse_ip()), vec!["203.0.113.0/24", "203.0.113.7/32", "64:ff9b::cb00:7107/128"]),
        (
            "text",
            scalar(&coarse_ip()),
            vec!["203.0.113.7", "203.0.2.199:8080", "::ffff:cb00:0101", "203.0.1.0/24"],
        ),
        ("char(30)", scalar(&coarse_ip()), vec!["203.0.113.7", "203.0.2.199"]),
        ("varchar(11)", scalar(&coarse_ip()), vec!["203.0.113.7", "203.0.113.1"]),
        ("varchar(12)[]", scalar(&coarse_ip()), vec!["{203.0.113.7,203.0.1.1}", "{203.0.2.199,203.0.2.1}"]),
        ("citext", scalar(&coarse_ip()), vec!["2001:DB8::7", "2001:db8:1:2:3:4:5:6"]),
        ("inet[]", scalar(&coarse_ip()), vec!["[2:3]={203.0.113.7,NULL}", "[2:3]={203.0.2.199,NULL}"]),
        ("float8", scalar(&grid("0.1")), vec!["0", "-0", "0.05", "5e-324", "0.09999999999999999"]),
        ("float4", scalar(&grid("0.1")), vec!["52.52", "52.5", "52.599"]),
        ("numeric", scalar(&grid("0.1")), vec!["52.5", "52.50", "52.5000000000000000000001", "5.255e1"]),
        ("numeric(10,4)", scalar(&bucket("10")), vec!["10", "19.9999", "10.0000"]),
        ("text", scalar(&bucket("10")), vec!["10", "19.9", "1.0e1", "10.000"]),
        ("jsonb", scalar(&bucket("10")), vec!["10", "19.9", "10.000"]),
        ("json", scalar(&bucket("10")), vec!["10", "19.9", " 1.0e1 "]),
        ("int4", scalar(&bucket("100")), vec!["-2147483648", "-2147483601"]),
        (
            "timestamptz",
            scalar(&floor("hour")),
            vec!["2024-01-03 10:00:00+00", "2024-01-03 10:59:59.999999+00"],
        ),
        (
            "timestamptz",
            scalar(&floor("month")),
            vec!["4714-11-24 00:00:00+00 BC", "4700-01-01 00:00:00+00 BC"],
        ),
        ("timestamp(0)", scalar(&floor("hour")), vec!["2024-01-03 10:00:00", "2024-01-03 10:59:59.4"]),
        ("text", scalar(&floor("hour")), vec!["2024-01-03T10:15:30Z", "2024-01-03T12:59:60.123+02:00"]),
        ("date", scalar(&floor("year")), vec!["2024-01-01", "2024-12-31"]),
        ("text", scalar(&scrub()), vec!["x 203.0.113.7, y", "x 203.0.2.199, y"]),
        ("text", scalar(&scrub()), vec!["bob@example.com!", "alexandra.b@mail.example.org!"]),
        ("text", scalar(&scrub()), vec!["at 52.5201, 13.4051 x", "at 52.52, -13.4 x, lat"].split_off(1)),
        ("text", scalar(&scrub()), vec!["m 00:1a:2b:3c:4d:5e", "m 00-1A-2B-3C-4D-5F", "m 001a.2b3c.4d5e"]),
        (
            "jsonb",
            scan(),
            vec![r#"{"ip": "203.0.113.7", "a": 1}"#, r#"{"a": 1.0, "ip": "203.0.2.199"}"#].split_off(1),
        ),
        ("jsonb", scan(), vec![r#"{"203.0.113.7": {"b": [1]}}"#, r#"{"203.0.2.199": {"b": [1]}}"#]),
        (
            "json",
            scan(),
            vec![r#"{"ip":"203.0.113.7"}"#, "{\"ip\" :\n\"203.0.2.199\"}", r#"{"ip":1,"ip":"203.0.3.3"}"#],
        ),
    ];
    for (type_name, rule, values) in cases {
        lab.column(type_name, &values);
        let mut outcome = lab.outcome(type_name, &rule);
        outcome.pop();
        let first = outcome[0].1.clone();
        assert!(outcome.iter().all(|(_, coarse)| *coarse == first), "{type_name} {outcome:?}");
    }
}

/// Of two names that look alike once they are scrubbed the server keeps the value of the one that came last: by the
/// order of the raw names.
fn a2_names_that_become_alike_keep_no_value(lab: &mut Lab) {
    lab.column(
        "jsonb",
        &[
            r#"{"203.0.113.7": 1, "203.0.113.9": {"a": "x"}, "b": 2}"#,
            r#"{"203.0.113.9": 1, "203.0.113.7": {"a": "x"}, "b": 2}"#,
            r#"{"203.0.2.199": 1, "203.0.113.7": {"a": "x"}, "b": 2}"#,
            r#"{"203.0.0.0/16": 1, "203.0.113.7": {"a": "x"}, "b": 2}"#,
        ],
    );
    for rules in [plan(&scrub(), &[]), plan(&Treatment::Suppress, &[("$.b", Treatment::Pass)])] {
        let mut outcome = lab.outcome("jsonb", &ColumnRule::Json(Arc::new(rules)));
        outcome.pop();
        for (_, coarse) in outcome {
            assert_eq!(coarse.as_deref(), Some(r#"{"b": 2, "203.0.0.0/16": null}"#));
        }
    }
}

/// A value that is cut to the column's length would say something else: half a prefix length, half a year.
fn a3_what_does_not_fit_is_null(lab: &mut Lab) {
    lab.column("varchar(11)", &["203.0.113.7", "1.2.3.4"]);
    let coarse: Vec<_> =
        lab.outcome("varchar(11)", &scalar(&coarse_ip())).into_iter().map(|row| row.1).collect();
    assert_eq!(coarse, [None, Some("1.2.0.0/16".to_owned()), None]);
    lab.column("char(11)[]", &["{203.0.113.7,1.2.3.4}"]);
    let coarse = lab.outcome("char(11)[]", &scalar(&coarse_ip())).swap_remove(0).1;
    assert_eq!(coarse.as_deref(), Some(r#"{NULL,"1.2.0.0/16 "}"#));
    // Free text is cut, as the column would cut it.
    lab.column("varchar(8)", &["a@b.c x", "12345678"]);
    let coarse: Vec<_> = lab.outcome("varchar(8)", &scalar(&scrub())).into_iter().map(|row| row.1).collect();
    assert_eq!(coarse[..2], [Some("[email] ".to_owned()), Some("12345678".to_owned())]);
}

/// Many bytes that a regular expression could take forever for: nothing may be quadratic.
fn a4_long_texts_end(lab: &mut Lab) {
    lab.client.rows("SET statement_timeout = '20s'");
    let long = |unit: &str| unit.repeat(200_000 / unit.len());
    let base64: String = long("QUJD") + "1.2";
    for text in [
        long("a"),
        long("1."),
        long("1.2.3.4 "),
        long(":"),
        long("a:"),
        long("::1 "),
        long("@"),
        long("a@"),
        long("1:2-"),
        long("[.]"),
        long("52.5201, "),
        long("52.52 lat "),
        long("-1.2345"),
        long("% 2E"),
        long("%2E1"),
        long("００．"),
        base64,
    ] {
        lab.column("text", &[&text]);
        let table = lab.table("text");
        for treatment in [scrub(), coarse_ip(), floor("hour"), bucket("10")] {
            let sql = lab.coarse("text", &scalar(&treatment)).unwrap().sql;
            lab.client.rows(&format!("SELECT pg_catalog.length({sql}) FROM {table} AS \"t\""));
        }
    }
    lab.client.rows("RESET statement_timeout");
}
