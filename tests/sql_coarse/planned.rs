//! The expressions where they stand in the end: in what the planner sends, printed and read once more. Nothing is late
//! here, since there is nobody on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use sfumato::kernel::Treatment;
use sfumato::policy::{FieldRule, NamedTreatment, SqlPolicy, SqlTreatment};
use sfumato::sql::{Planner, SessionView};

use crate::lab::{Lab, bucket, coarse_ip, floor, grid, scrub};

/// A column's type, its rule (`None`: it is scanned), a value, and what becomes of it.
type Case<'a> = (&'a str, Option<Treatment>, &'a str, Option<&'a str>);

fn cases() -> Vec<Case<'static>> {
    let ip = || Some(coarse_ip());
    vec![
        ("inet", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("cidr", ip(), "203.0.113.0/24", Some("203.0.0.0/16")),
        ("host", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("host[]", ip(), "{203.0.113.7}", Some("{203.0.0.0/16}")),
        ("hops", ip(), "{203.0.113.7}", Some("{203.0.0.0/16}")),
        ("hops[]", ip(), r#"{"{203.0.113.7}"}"#, None),
        ("fixed", Some(scrub()), "(1.5,203.0.113.7,x)", Some("(1.5,203.0.0.0/16,x)")),
        ("inet[]", ip(), "[2:3]={203.0.113.7,NULL}", Some("[2:3]={203.0.0.0/16,NULL}")),
        ("text", ip(), "[2001:db8:1::7%eth0]:443", Some("2001:db8::/32")),
        ("varchar(43)", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("varchar(11)", ip(), "203.0.113.7", None),
        ("char(15)", ip(), "203.0.113.7", Some("203.0.0.0/16   ")),
        ("name", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("citext", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("text COLLATE \"POSIX\"", ip(), "203.0.113.7", Some("203.0.0.0/16")),
        ("macaddr", ip(), "00:1a:2b:3c:4d:5e", None),
        ("float8", Some(grid("0.1")), "52.5201", Some("52.5")),
        ("float4", Some(grid("0.1")), "52.5201", Some("52.5")),
        ("numeric(7,4)", Some(grid("0.1")), "52.5201", Some("52.5000")),
        ("numeric", Some(bucket("10")), "52.5201", Some("50")),
        ("int4", Some(bucket("100")), "-7", Some("-100")),
        ("int8[]", Some(bucket("100")), "{{7},{107}}", Some("{{0},{100}}")),
        ("text", Some(bucket("100")), "123.5", Some("100")),
        ("timestamptz(3)", Some(floor("hour")), "2024-01-03 10:15:30.5+00", Some("2024-01-03 10:00:00+00")),
        ("timestamp", Some(floor("week")), "2024-01-03 10:15:30.5", Some("2024-01-01 00:00:00")),
        ("date", Some(floor("month")), "2024-01-31", Some("2024-01-01")),
        ("time(0)", Some(floor("hour")), "10:15:30", Some("10:00:00")),
        ("timetz", Some(floor("hour")), "10:15:30+01", Some("09:00:00+00")),
        ("text", Some(floor("day")), "2024-01-03T23:30:00-02:00", Some("2024-01-04T00:00:00Z")),
        ("text", Some(Treatment::Redact("it's \\ gone".into())), "x", Some("it's \\ gone")),
        ("uuid", Some(Treatment::Suppress), "550e8400-e29b-41d4-a716-446655440000", None),
        ("jsonb", Some(coarse_ip()), "\"203.0.113.7\"", Some("\"203.0.0.0/16\"")),
        (
            "fix",
            Some(scrub()),
            "(1.5,203.0.113.7,\"at 203.0.113.7\")",
            Some("(1.5,203.0.0.0/16,\"at 203.0.0.0/16\")"),
        ),
        ("strict_fix", Some(scrub()), "(203.0.113.7)", None),
        // Not named by the policy:
        ("text", None, "from 203.0.113.7 on", Some("from 203.0.0.0/16 on")),
        ("note", None, "from 203.0.113.7 on", Some("from 203.0.0.0/16 on")),
        ("note[]", None, "{\"from 203.0.113.7 on\"}", Some("{\"from 203.0.0.0/16 on\"}")),
        ("varchar(9)[]", None, "{a@b.c,x}", Some("{[email],x}")),
        ("jsonb", None, "{\"a\": [\"203.0.113.7\", 1.50]}", Some("{\"a\": [\"203.0.0.0/16\", 1.50]}")),
        ("json", None, "{\"a\": \"203.0.113.7\"}", Some("{\"a\": \"203.0.0.0/16\"}")),
        ("jsonb[]", None, "{\"\\\"203.0.113.7\\\"\"}", Some("{\"\\\"203.0.0.0/16\\\"\"}")),
        ("fix[]", None, "{\"(1.5,203.0.113.7,x)\"}", Some("{\"(1.5,203.0.0.0/16,x)\"}")),
        ("inet", None, "203.0.113.7", Some("203.0.0.0/16")),
        ("bytea", None, "\\xcb007107", None),
        ("bit(4)", None, "1011", None),
        ("xml", None, "<a>203.0.113.7</a>", None),
        ("point", None, "(52.5201,13.4051)", None),
        ("inets", None, "[203.0.113.7,203.0.113.9]", None),
        ("tsvector", None, "'203.0.113.7'", None),
        ("macaddr8", None, "00:1a:2b:3c:4d:5e:00:00", None),
        ("hstore", None, "ip=>203.0.113.7", None),
        ("mood", None, "good", Some("good")),
        ("bool", None, "t", Some("t")),
        ("numeric(5,2)[]", None, "{1.50}", Some("{1.50}")),
        ("int4range", None, "[1,5)", Some("[1,5)")),
        ("timestamptz", None, "2024-01-03 10:15:30+00", Some("2024-01-03 10:15:30+00")),
        ("interval day to second(2)", None, "1 day", Some("1 day")),
    ]
}

#[test]
fn planned_statements_agree() {
    Lab::run(&[columns_of_every_kind]);
}

fn columns_of_every_kind(lab: &mut Lab) {
    lab.client.rows(
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE inets AS RANGE (subtype = inet);
         CREATE DOMAIN host AS inet CHECK (masklen(value) = 32) NOT NULL; CREATE DOMAIN note AS varchar(40) CHECK (value <> '');
         CREATE DOMAIN hops AS inet[] CHECK (value[1] IS NULL OR masklen(value[1]) = 32);
         CREATE TYPE fix AS (n numeric, ip inet, note text); CREATE TYPE strict_fix AS (ip host);
         CREATE DOMAIN fixed AS fix CHECK (masklen((value).ip) = 32)",
    );
    let has_hstore = lab.client.query("CREATE EXTENSION hstore").is_ok();
    let mut cases = cases();
    cases.retain(|(type_name, ..)| has_hstore || *type_name != "hstore");
    let columns: Vec<String> =
        cases.iter().enumerate().map(|(at, (type_name, ..))| format!("c{at} {type_name}")).collect();
    let values: Vec<String> = cases.iter().map(|(_, _, raw, _)| crate::postgres::literal(raw)).collect();
    lab.client.rows(&format!("CREATE TABLE everything ({})", columns.join(", ")));
    lab.client.rows(&format!("INSERT INTO everything VALUES ({})", values.join(", ")));
    let named = |treatment: &Treatment| NamedTreatment {
        name: treatment.kind().into(),
        treatment: Arc::new(treatment.clone()),
    };
    let fields = cases.iter().enumerate().filter_map(|(at, (_, treatment, ..))| {
        let written = format!("public.everything.c{at}");
        let treatment = SqlTreatment::Scalar(named(treatment.as_ref()?));
        Some(FieldRule { field: written.parse().unwrap(), written, treatment, span: 0..0 })
    });
    let policy = SqlPolicy { unlisted: named(&scrub()), fields: fields.collect(), roles: BTreeMap::new() };
    let planner = Planner::new(Arc::new(lab.loaded()), policy.decide(None).unwrap().plainly(true));
    let session = SessionView { search_path: None, user: "postgres", role: None, salt: &[7; 16] };
    let plan = |text: &str| {
        let planned =
            planner.plan(text, &session, &[]).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        planned.into_iter().next().unwrap().sql
    };
    let whole = plan("SELECT * FROM everything");
    let row = lab.client.rows(&whole).swap_remove(0);
    for (at, ((type_name, rule, _, expected), coarse)) in cases.iter().zip(&row).enumerate() {
        assert_eq!(coarse.as_deref(), *expected, "{type_name} {rule:?}");
        // Each takes its time in a test build.
        if at % 5 != 0 {
            continue;
        }
        let alone = plan(&format!("SELECT c{at} FROM everything"));
        assert!(alone.len() < whole.len() / 2, "{type_name}: {}", alone.len());
        assert_eq!(lab.client.value(&alone).as_deref(), *expected, "{type_name} alone");
    }
    // A whole row, in which a column of a domain has no domain any more.
    let json = lab.client.value(&plan("SELECT to_jsonb(e) FROM everything e")).unwrap();
    assert!(json.contains("203.0.0.0/16") && !json.contains("203.0.113"), "{json}");
    // The base type, its modifier and the collation stay.
    lab.client.rows(&format!("CREATE VIEW planned AS {whole}"));
    let differing = lab.client.rows(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(b.atttypid, b.atttypmod), b.attcollation::regcollation \
         FROM pg_attribute a JOIN pg_attribute b USING (attname) JOIN pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = 'everything'::regclass AND b.attrelid = 'planned'::regclass AND a.attnum > 0 \
         AND (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (b.atttypid, b.atttypmod, b.attcollation) \
         AND t.typtype <> 'd' AND t.typelem NOT IN (SELECT oid FROM pg_type WHERE typtype = 'd')",
    );
    assert!(differing.is_empty(), "{differing:?}");
}
