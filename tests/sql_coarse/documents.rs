//! Documents: against the body rewriter, which reads the same plan.

use std::sync::Arc;

use serde_json::Value as Json;
use sfumato::body::{Format, Limits, Rewriter};
use sfumato::kernel::{Domain, EpochKey, KeyRing, Pseudonymizer, Treatment};
use sfumato::policy::{ColumnRule, Plan};

use crate::lab::{Dice, Lab, bucket, coarse_ip, floor, grid, plan, scalar, scrub};

const DOCUMENTS: &[&str] = &[
    r#"{"ip": "203.0.113.7", "user": {"id": "u-1", "ip": "2001:db8:1::7"}, "geo": {"lat": 52.5201, "lon": "13.4051"}}"#,
    r#"{"path": [{"hop": "203.0.113.7"}, {"hop": 7}, {"hop": {"x": 1}}, {"hop": ["203.0.113.7"]}, "203.0.113.7", [], null]}"#,
    r#"{"ip": {"ip": {"ip": "203.0.113.7"}}, "a": [[{"ip": "203.0.113.7"}]], "0": "203.0.113.7"}"#,
    r#""203.0.113.7""#,
    "7.25",
    "true",
    "null",
    "[]",
    "{}",
    r#"["203.0.113.7", "x", 7.25, null, false, {"ip": "198.51.100.4"}]"#,
    r#"{"": {"": "203.0.113.7"}, "203.0.113.7": "key", "é\"\\\n\t\u0001": "203.0.113.7 é\"\\\n\t\u0001"}"#,
    r#"{"at": "2024-01-03T10:15:30Z", "ms": 1704276930123, "n": [1, 2.50, -0.0, 1e5, 123456789012345678901234567890.5]}"#,
    r#"{"user": "203.0.113.7", "geo": [1.55, 2.55], "path": {"hop": "203.0.113.7"}, "ip": [1], "n": null}"#,
];

fn some_document(dice: &mut Dice, depth: u64) -> Json {
    let names = ["ip", "user", "id", "geo", "lat", "path", "hop", "a", "0", "é", "203.0.113.9", "n"];
    let texts = [
        "203.0.113.7",
        "at 203.0.113.7, ok",
        "2001:db8:1::7",
        "x",
        "",
        "13.4051",
        "2024-01-03T10:15:30Z",
        "\"\\\n",
    ];
    match dice.below(if depth > 4 { 5 } else { 8 }) {
        0 | 1 => Json::String(dice.pick(&texts).to_owned()),
        2 => serde_json::json!(dice.below(100_000)),
        3 => serde_json::from_str(&format!("{}.{:03}", dice.below(400), dice.below(1000))).unwrap(),
        4 => [Json::Null, Json::Bool(true)][usize::try_from(dice.below(2)).unwrap()].clone(),
        5 => Json::Array((0..dice.below(4)).map(|_| some_document(dice, depth + 1)).collect()),
        _ => Json::Object(
            (0..dice.below(5))
                .map(|_| (dice.pick(&names).to_owned(), some_document(dice, depth + 1)))
                .collect(),
        ),
    }
}

fn person() -> Treatment {
    let ring = KeyRing::new([("now".to_owned(), EpochKey::from_random([7; 32]))], "now").unwrap();
    Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(&ring, &Domain::new("person").unwrap())))
}

/// What the rewriter of bodies makes of a document.
fn rewritten(plan: &Arc<Plan>, document: &str) -> String {
    let mut rewriter = Rewriter::new(Format::Json, Arc::clone(plan), &Limits::default());
    let mut out = Vec::new();
    rewriter.push(document.as_bytes(), &mut out).unwrap();
    rewriter.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn documents_agree() {
    Lab::run(&[
        documents_agree_with_the_rewriter_of_bodies,
        identifiers_in_documents_are_null,
        odd_documents_do_not_raise,
    ]);
}

fn documents_agree_with_the_rewriter_of_bodies(lab: &mut Lab) {
    let mut dice = Dice::new(12);
    let mut documents: Vec<String> = DOCUMENTS.iter().map(ToString::to_string).collect();
    documents.extend((0..200).map(|_| some_document(&mut dice, 0).to_string()));
    lab.column("jsonb", &documents);
    lab.column("json", &documents);
    let (pass, suppress) = (Treatment::Pass, Treatment::Suppress);
    let redact = Treatment::Redact("it's \"\\\n gone".into());
    let plans: Vec<(&str, Plan, bool)> = vec![
        (
            "fixed",
            plan(
                &pass,
                &[
                    ("$.ip", coarse_ip()),
                    ("$.path[*].hop", coarse_ip()),
                    ("$.geo.lat", grid("0.1")),
                    ("$.geo.lon", grid("0.1")),
                ],
            ),
            true,
        ),
        (
            "indices",
            plan(
                &pass,
                &[("$.path[0,2].hop", coarse_ip()), ("$[0]", coarse_ip()), ("$.geo[1]", grid("0.1"))],
            ),
            true,
        ),
        (
            "wildcards",
            plan(&pass, &[("$.*", coarse_ip()), ("$.user.*", suppress.clone()), ("$[*]", bucket("10"))]),
            true,
        ),
        (
            "descendants",
            plan(&pass, &[("$..ip", coarse_ip()), ("$..lat", grid("0.25")), ("$.user", redact.clone())]),
            true,
        ),
        (
            "descendants by index",
            plan(&pass, &[("$..[1]", suppress.clone()), ("$..geo..lat", grid("0.1"))]),
            true,
        ),
        (
            "scan",
            plan(&scrub(), &[("$.ip", coarse_ip()), ("$.user", pass.clone()), ("$.user.ip", coarse_ip())]),
            false,
        ),
        ("scan alone", plan(&scrub(), &[]), false),
        ("scrub inside", plan(&pass, &[("$.path", scrub()), ("$.path[0].hop", suppress.clone())]), false),
        (
            "suppress",
            plan(
                &suppress,
                &[("$.ip", pass.clone()), ("$.user", pass.clone()), ("$.user.id", suppress.clone())],
            ),
            true,
        ),
        ("redact all", plan(&redact, &[("$.geo.lat", grid("0.1"))]), true),
        (
            "times",
            plan(&pass, &[("$.at", floor("hour")), ("$.ms", floor("day")), ("$.n[*]", bucket("2.5"))]),
            false,
        ),
        ("root", plan(&pass, &[("$", coarse_ip())]), true),
        ("nothing", plan(&pass, &[]), true),
        ("everything", plan(&pass, &[("$..*", bucket("10"))]), true),
    ];
    for (name, plan, is_exact) in plans {
        let plan = Arc::new(plan);
        let rule = ColumnRule::Json(Arc::clone(&plan));
        lab.few_settings = !["fixed", "scan"].contains(&name);
        for type_name in ["jsonb", "json"] {
            let mut outcome = lab.outcome(type_name, &rule);
            outcome.pop();
            let rewritten: Vec<String> =
                outcome.iter().map(|(raw, _)| rewritten(&plan, raw.as_deref().unwrap())).collect();
            let stored = lab.stored("jsonb", &rewritten);
            for (((raw, coarse), rewritten), stored) in outcome.iter().zip(&rewritten).zip(&stored) {
                assert_eq!(coarse, stored, "{name} {raw:?}");
                if is_exact && type_name == "jsonb" {
                    assert_eq!(coarse.as_ref(), Some(rewritten), "{name} {raw:?}");
                }
            }
        }
    }
}

fn identifiers_in_documents_are_null(lab: &mut Lab) {
    lab.column("jsonb", &[r#"{"user_id": "u-1", "n": 7, "ids": [1, "a", {"id": 5}]}"#]);
    let rules = plan(
        &Treatment::Pass,
        &[("$.user_id", person()), ("$.n", person()), ("$..id", person()), ("$.ids[*]", person())],
    );
    let rule = ColumnRule::Json(Arc::new(rules));
    let coarse = lab.outcome("jsonb", &rule).swap_remove(0).1;
    assert_eq!(coarse.as_deref(), Some(r#"{"n": null, "ids": [null, null, null], "user_id": null}"#));
}

fn odd_documents_do_not_raise(lab: &mut Lab) {
    let deep = format!("{}7{}", "[".repeat(500), "]".repeat(500));
    let wide = format!(
        "{{{}}}",
        (0..2000).map(|n| format!("\"k{n}\": \"203.0.113.7\"")).collect::<Vec<_>>().join(",")
    );
    lab.column("jsonb", &[deep.as_str(), wide.as_str(), r#"{"ip": 1e1000, "n": 1e-1000}"#, r#"[1e100000]"#]);
    lab.column(
        "json",
        &[
            r#"{"ip": "\u0000"}"#,
            r#"{"ip": "\ud800"}"#,
            r#"{"ip": "\ud83d\ude00 203.0.113.7"}"#,
            r#"{"ip": 1e200000}"#,
            r#"{"ip": 1, "ip": "203.0.113.7"}"#,
            r#"{"ip": "\\u0000"}"#,
            r#"["\udc00\ud800"]"#,
            r#"{"ip":"203.0.113.7" , "b":1.50}"#,
            r#"{"ip": "82e910028", "n": "\"1e99999"}"#,
        ],
    );
    lab.column(
        "jsonb[]",
        &[r#"{"{\"ip\": \"203.0.113.7\"}",NULL}"#, r#"[2:2]={"{\"ip\": \"203.0.113.7\"}"}"#],
    );
    for rules in [
        plan(&Treatment::Pass, &[("$.ip", coarse_ip())]),
        plan(&scrub(), &[("$..ip", coarse_ip())]),
        plan(&Treatment::Suppress, &[]),
    ] {
        let rule = ColumnRule::Json(Arc::new(rules));
        lab.outcome("jsonb", &rule);
        lab.outcome("json", &rule);
        lab.outcome("jsonb[]", &rule);
    }
    let rule = ColumnRule::Json(Arc::new(plan(&Treatment::Pass, &[("$..ip", coarse_ip())])));
    let coarse: Vec<_> = lab.outcome("json", &rule).into_iter().map(|row| row.1).collect();
    let expected = [
        None,
        None,
        Some(r#"{"ip": null}"#),
        None,
        Some(r#"{"ip": "203.0.0.0/16"}"#),
        None,
        None,
        Some(r#"{"b": 1.50, "ip": "203.0.0.0/16"}"#),
        Some(r#"{"n": "\"1e99999", "ip": null}"#),
        None,
    ];
    assert_eq!(coarse, expected.map(|text| text.map(str::to_owned)));
    let coarse: Vec<_> =
        lab.outcome("jsonb[]", &rule).into_iter().map(|row| row.1.unwrap_or_default()).collect();
    assert_eq!(
        coarse[..2],
        [r#"{"{\"ip\": \"203.0.0.0/16\"}",NULL}"#, r#"[2:2]={"{\"ip\": \"203.0.0.0/16\"}"}"#]
    );
    let coarse = lab.outcome("jsonb", &scalar(&scrub()));
    assert!(
        coarse.iter().any(|(_, coarse)| coarse.as_ref().is_some_and(|text| text.contains("203.0.0.0/16")))
    );
}
