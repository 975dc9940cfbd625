//! Arrays, composites, domains, and the types that a treatment does not look into.

use std::collections::BTreeMap;
use std::sync::Arc;

use sfumato::kernel::text::Kind;
use sfumato::kernel::{Scrub, Treatment};
use sfumato::policy::ColumnRule;
use sfumato::sql::coarse::Unfit;

use crate::lab::{Lab, bucket, coarse_ip, floor, grid, ruling, scalar, scrub};

fn coarse_of(lab: &mut Lab, type_name: &str, rule: &ColumnRule) -> Vec<Option<String>> {
    let mut column: Vec<_> = lab.outcome(type_name, rule).into_iter().map(|row| row.1).collect();
    // The last is NULL.
    assert_eq!(column.pop(), Some(None));
    column
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (*text != "NULL").then(|| (*text).to_owned())).collect()
}

#[test]
fn containers_agree() {
    Lab::run(&[arrays_keep_their_shape, composites_and_domains, what_has_no_text_and_no_place]);
}

fn arrays_keep_their_shape(lab: &mut Lab) {
    lab.client.rows("CREATE DOMAIN address AS inet CHECK (masklen(value) > 20)");
    lab.column(
        "inet[]",
        &[
            "{}", "{203.0.113.7,2001:db8:1::7,NULL}", "{{203.0.113.7,NULL},{198.51.100.1,2001:db8:1::1}}",
            "[3:4]={203.0.113.7,203.0.113.8}", "[-1:0][5:5]={{203.0.113.7},{NULL}}",
            "{{{1.2.3.4,1.2.3.5},{1.3.3.4,1.4.3.5}},{{2.2.3.4,2.2.3.5},{3.2.3.4,3.2.3.5}},{{4.2.3.4,5.2.3.5},{6.2.3.4,7.2.3.5}}}",
        ],
    );
    let expected = some(&[
        "{}",
        "{203.0.0.0/16,2001:db8::/32,NULL}",
        "{{203.0.0.0/16,NULL},{198.51.0.0/16,2001:db8::/32}}",
        "[3:4]={203.0.0.0/16,203.0.0.0/16}",
        "[-1:0][5:5]={{203.0.0.0/16},{NULL}}",
        "{{{1.2.0.0/16,1.2.0.0/16},{1.3.0.0/16,1.4.0.0/16}},{{2.2.0.0/16,2.2.0.0/16},{3.2.0.0/16,3.2.0.0/16}},{{4.2.0.0/16,5.2.0.0/16},{6.2.0.0/16,7.2.0.0/16}}}",
    ]);
    assert_eq!(coarse_of(lab, "inet[]", &scalar(&coarse_ip())), expected);
    lab.column("address[]", &["{203.0.113.7,NULL}", "[0:0]={203.0.113.7}"]);
    let expected = some(&["{203.0.0.0/16,NULL}", "[0:0]={203.0.0.0/16}"]);
    assert_eq!(coarse_of(lab, "address[]", &scalar(&coarse_ip())), expected);
    let quoted = r#"{"a\"b \\ 203.0.113.7","NULL",NULL,"",",{}"}"#;
    lab.column("text[]", &[quoted, &format!("[2:6]={quoted}"), "{203.0.113.7}"]);
    let expected = r#"{"a\"b \\ 203.0.0.0/16","NULL",NULL,"",",{}"}"#;
    let expected =
        [Some(expected.to_owned()), Some(format!("[2:6]={expected}")), Some("{203.0.0.0/16}".to_owned())];
    assert_eq!(coarse_of(lab, "text[]", &scalar(&scrub())), expected);
    assert_eq!(
        coarse_of(lab, "text[]", &scalar(&coarse_ip())),
        some(&["{NULL,NULL,NULL,NULL,NULL}", "[2:6]={NULL,NULL,NULL,NULL,NULL}", "{203.0.0.0/16}"])
    );
    lab.column("varchar(30)[]", &["{203.0.113.7}", "[0:0]={203.0.113.7}"]);
    assert_eq!(
        coarse_of(lab, "varchar(30)[]", &scalar(&coarse_ip())),
        some(&["{203.0.0.0/16}", "[0:0]={203.0.0.0/16}"])
    );
    lab.column("float8[]", &["{0.35,NULL,NaN}", "[0:0]={-0.35}", "{{52.52,13.405},{-33.8688,151.2093}}"]);
    assert_eq!(
        coarse_of(lab, "float8[]", &scalar(&grid("0.1"))),
        some(&["{0.3,NULL,NULL}", "[0:0]={-0.4}", "{{52.5,13.4},{-33.9,151.2}}"])
    );
    lab.column(
        "timestamptz[]",
        &[
            "{2024-01-03 10:15:00+00,infinity}",
            "[0:2]={2024-01-03 10:15:00+00,-infinity,1000-01-03 10:15:00+00 BC}",
        ],
    );
    assert_eq!(
        coarse_of(lab, "timestamptz[]", &scalar(&floor("hour"))),
        some(&[
            r#"{"2024-01-03 10:00:00+00",infinity}"#,
            r#"[0:2]={"2024-01-03 10:00:00+00",-infinity,"1000-01-03 10:00:00+00 BC"}"#
        ])
    );
    lab.column("date[]", &["{2024-01-03}", "[0:1]={2024-01-31,0044-03-15 BC}"]);
    assert_eq!(
        coarse_of(lab, "date[]", &scalar(&floor("month"))),
        some(&["{2024-01-01}", r#"[0:1]={2024-01-01,"0044-03-01 BC"}"#])
    );
    lab.column("int4[]", &["{17,NULL}", "{{17},{28}}"]);
    assert_eq!(coarse_of(lab, "int4[]", &scalar(&bucket("10"))), some(&["{10,NULL}", "{{10},{20}}"]));
    let coarse = lab.coarse("address[]", &scalar(&coarse_ip())).unwrap();
    let name = lab.client.value(&format!("SELECT {}::regtype::text", coarse.type_oid));
    assert_eq!(name.as_deref(), Some("inet[]"));
}

fn composites_and_domains(lab: &mut Lab) {
    lab.client.rows(
        "CREATE TYPE fix AS (lat float8, gone int, lon float8, ip inet, hops inet[], name varchar(20), id uuid);
         ALTER TYPE fix DROP ATTRIBUTE gone;
         CREATE TYPE trip AS (title text, fix fix, stops fix[]);
         CREATE DOMAIN strict AS inet CHECK (value IS NOT NULL AND masklen(value) = 32);
         CREATE DOMAIN stricter AS strict; CREATE DOMAIN code AS varchar(14);
         CREATE TYPE with_domain AS (ip strict, n int)",
    );
    let fixes = [
        "(52.5200,13.4050,203.0.113.7,\"{203.0.113.7}\",\"at 203.0.113.9\",)",
        "(,,,,,)",
        "(1,2,,,,550e8400-e29b-41d4-a716-446655440000)",
    ];
    lab.column("fix", &fixes);
    lab.column("fix[]", &[r#"{"(52.52,13.405,203.0.113.7,,,)",NULL}"#]);
    let rules = |rules: &[(&str, Treatment)]| {
        ColumnRule::Composite(
            rules
                .iter()
                .map(|(name, treatment)| ((*name).to_owned(), ruling(treatment)))
                .collect::<BTreeMap<_, _>>(),
        )
    };
    let all = rules(&[
        ("lat", grid("0.1")),
        ("lon", grid("0.1")),
        ("ip", coarse_ip()),
        ("hops", coarse_ip()),
        ("name", scrub()),
        ("id", Treatment::Suppress),
    ]);
    let expected =
        some(&["(52.5,13.4,203.0.0.0/16,{203.0.0.0/16},\"at 203.0.0.0/16\",)", "(,,,,,)", "(1,2,,,,)"]);
    assert_eq!(coarse_of(lab, "fix", &all), expected);
    assert_eq!(coarse_of(lab, "fix[]", &all), some(&[r#"{"(52.5,13.4,203.0.0.0/16,,,)",NULL}"#]));
    assert_eq!(
        lab.coarse("fix", &rules(&[("gone", coarse_ip())])),
        Err(Unfit::NoSuchAttribute { type_name: "fix".to_owned(), attribute: "gone".to_owned() })
    );
    assert!(matches!(lab.coarse("fix", &rules(&[("lat", coarse_ip())])), Err(Unfit::Type { .. })));
    assert!(matches!(lab.coarse("fix", &scalar(&coarse_ip())), Err(Unfit::Type { .. })));
    // Everything inside, at any depth.
    lab.column("trip", &[r#"("from 203.0.113.7","(1.5,2.5,203.0.113.7,,x,)","{""(1.5,2.5,203.0.113.7,{203.0.113.7},203.0.113.7,)""}")"#]);
    let expected = r#"("from 203.0.0.0/16","(1.5,2.5,203.0.0.0/16,,x,)","{""(1.5,2.5,203.0.0.0/16,{203.0.0.0/16},203.0.0.0/16,)""}")"#;
    assert_eq!(coarse_of(lab, "trip", &scalar(&scrub())), some(&[expected]));
    lab.column("with_domain", &["(203.0.113.7,5)"]);
    assert_eq!(
        lab.coarse("with_domain", &rules(&[("ip", coarse_ip())])),
        Err(Unfit::DomainAttribute("ip".to_owned()))
    );
    assert_eq!(coarse_of(lab, "with_domain", &rules(&[("n", bucket("10"))])), some(&["(203.0.113.7,0)"]));

    lab.client.rows("CREATE TABLE domains (id bigserial, v stricter)");
    lab.column("code", &["203.0.113.7", "1.2.3.4/8"]);
    assert_eq!(coarse_of(lab, "code", &scalar(&coarse_ip())), some(&["203.0.0.0/16", "1.0.0.0/8"]));
    let coarse = lab.coarse("code", &scalar(&coarse_ip())).unwrap();
    assert!(coarse.sql.contains("\"pg_catalog\".\"varchar\"(14)") && coarse.type_modifier == 18);
}

fn what_has_no_text_and_no_place(lab: &mut Lab) {
    lab.client.rows("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE inets AS RANGE (subtype = inet)");
    let kept = [
        ("bool", "true"),
        ("int2", "7"),
        ("int8", "7"),
        ("float4", "1.5"),
        ("float8", "52.52"),
        ("numeric(10,2)", "1.50"),
        ("uuid", "550e8400-e29b-41d4-a716-446655440000"),
        ("date", "2024-01-03"),
        ("timestamptz", "2024-01-03 10:15:00+00"),
        ("interval", "1 day"),
        ("mood", "good"),
        ("oid", "7"),
        ("int4range", "[1,5)"),
        ("tstzrange", "empty"),
        ("money", "$1.50"),
        ("timetz", "10:00:00+01"),
        ("mood[]", "{good}"),
    ];
    for (type_name, value) in kept {
        lab.column(type_name, &[value]);
        assert_eq!(coarse_of(lab, type_name, &scalar(&scrub())), some(&[value]), "{type_name}");
    }
    let hidden = [
        ("bytea", "\\xcb007107"),
        ("bit(32)", "11001011000000000111000100000111"),
        ("varbit(40)", "11001011000000000111000100000111"),
        ("macaddr", "00:1a:2b:3c:4d:5e"),
        ("macaddr8", "00:1a:2b:3c:4d:5e:00:00"),
        ("point", "(13.4,52.5)"),
        ("xml", "<a>203.0.113.7</a>"),
        ("tsvector", "'203.0.113.7'"),
        ("inets", "[203.0.113.7,203.0.113.9]"),
        ("box", "(1,1),(0,0)"),
        ("jsonpath", "$.\"203.0.113.7\""),
    ];
    for (type_name, value) in hidden {
        lab.column(type_name, &[value]);
        assert_eq!(coarse_of(lab, type_name, &scalar(&scrub())), some(&["NULL"]), "{type_name}");
        assert_eq!(coarse_of(lab, type_name, &scalar(&Treatment::Suppress)), some(&["NULL"]), "{type_name}");
        assert!(
            matches!(lab.coarse(type_name, &scalar(&coarse_ip())), Err(Unfit::Type { .. })),
            "{type_name}"
        );
        assert!(
            matches!(lab.coarse(type_name, &scalar(&bucket("1"))), Err(Unfit::Type { .. })),
            "{type_name}"
        );
        assert!(
            matches!(lab.coarse(type_name, &scalar(&Treatment::Redact("x".into()))), Err(Unfit::Type { .. })),
            "{type_name}"
        );
        assert_eq!(coarse_of(lab, type_name, &scalar(&Treatment::Pass)), some(&[value]), "{type_name}");
    }
    lab.column("inet", &["203.0.113.7"]);
    assert_eq!(coarse_of(lab, "inet", &scalar(&scrub())), some(&["203.0.0.0/16"]));
    assert_eq!(coarse_of(lab, "point", &scalar(&grid("0.25"))), some(&["(13.25,52.5)"]));
    let with_grid = Scrub::default().with(Kind::Geo, Arc::new(grid("0.25"))).unwrap();
    assert_eq!(
        coarse_of(lab, "point", &scalar(&Treatment::Scrub(Arc::new(with_grid)))),
        some(&["(13.25,52.5)"])
    );
    lab.column("varchar(5)", &["abc", ""]);
    let redact = scalar(&Treatment::Redact("it's \\ gone".into()));
    assert_eq!(coarse_of(lab, "varchar(5)", &redact), some(&["it's ", "it's "]));
    lab.column("text[]", &["{a,NULL}", "{}"]);
    assert_eq!(coarse_of(lab, "text[]", &redact), some(&[r#"{"it's \\ gone",NULL}"#, "{}"]));
    assert_eq!(
        lab.coarse("inet", &redact).unwrap_err().to_string(),
        "`redact` has no meaning for the type `inet`"
    );
}
