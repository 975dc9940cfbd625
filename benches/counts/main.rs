//! Fixed small pieces of work, whose instructions `benches/counts.py` counts under callgrind.
//!
//! `counts list` names the cases, in order; `counts run ROUNDS` does each of them so often, with a call of
//! [`mark`] before and after, at which callgrind writes its counts down. One process does all of them: an
//! instruction costs some fifty times as much there, and starting up is most of it.
//!
//! Invariant: the work of a case is the same in every run, on every machine: no clock, no randomness, fixed data.
//! Not here: what has to be measured in seconds (`process.py`, `postgres.py`), and planning a statement, whose
//! catalogue comes from a server.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark may")]

mod session;

use std::hint::black_box;
use std::sync::Arc;

use sfumato::base::budget::Budget;
use sfumato::body::{Format, Limits, Rewriter};
use sfumato::kernel::{
    AddressForm, Bucket, Domain, EpochKey, Floor, Grid, KeyRing, PrefixV4, PrefixV6, Pseudonymizer, Scrub,
    Tokenizer, Treatment, Truncate, Value,
};
use sfumato::policy::{NamedTreatment, Plan, PlanBuilder, Rule};

/// Rows, records or values that one round handles.
const BATCH: usize = 100;
const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

type Work = Box<dyn FnMut()>;

/// Callgrind writes its counts down where this is left.
#[inline(never)]
fn mark() {
    black_box(());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds = match arguments.get(1).map(String::as_str) {
        Some("list") => None,
        Some("run") => Some(arguments.get(2).map_or(1, |rounds| rounds.parse().unwrap())),
        // `cargo bench` starts every bench; this one has nothing to say by itself.
        _ => return,
    };
    for (name, mut work) in
        kernels().into_iter().chain(bodies()).chain(session::rows()).chain([session::known_statement()])
    {
        let Some(rounds) = rounds else {
            println!("{name}");
            continue;
        };
        // Buffers have grown, and processors have been asked what they can do, before anything is counted.
        work();
        mark();
        (0..rounds).for_each(|_: usize| work());
        mark();
    }
}

fn keys() -> (KeyRing, Domain) {
    let epochs = [("bench".to_owned(), EpochKey::from_random([7; 32]))];
    (KeyRing::new(epochs, "bench").unwrap(), Domain::new("person").unwrap())
}

fn treatment(name: &str) -> Treatment {
    let (keys, domain) = keys();
    match name {
        "truncate" => Treatment::Truncate(Truncate::new(
            PrefixV4::new(16).unwrap(),
            PrefixV6::new(32).unwrap(),
            AddressForm::Network,
        )),
        "pseudonymize" => Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(&keys, &domain))),
        "tokenize" => Treatment::Tokenize(Arc::new(Tokenizer::new(&keys, &domain))),
        "grid" => Treatment::Grid(Grid::parse("0.1").unwrap()),
        "floor" => Treatment::Floor(Floor::parse("hour").unwrap()),
        "bucket" => Treatment::Bucket(Bucket::parse("100").unwrap()),
        "scrub" => Treatment::Scrub(Arc::new(Scrub::default())),
        "redact" => Treatment::Redact("***".into()),
        "pass" => Treatment::Pass,
        other => panic!("no treatment {other}"),
    }
}

fn kernels() -> Vec<(String, Work)> {
    let values = [
        ("truncate", "ipv4", Value::Text("203.0.113.77")),
        ("truncate", "ipv6", Value::Text("2001:db8:1:2:3:4:5:6")),
        ("pseudonymize", "uuid", Value::Text(UUID)),
        ("pseudonymize", "number", Value::Number("1234567")),
        ("tokenize", "uuid", Value::Text(UUID)),
        ("tokenize", "text", Value::Text("bob@example.com")),
        ("tokenize", "number", Value::Number("1234567")),
        ("grid", "number", Value::Number("-52.5200661")),
        ("bucket", "number", Value::Number("1234567")),
        ("floor", "text", Value::Text("2024-01-03T10:15:30.123Z")),
        ("floor", "number", Value::Number("1704276930123")),
        ("scrub", "name", Value::Text("Jane Doe of Accounting")),
        ("scrub", "uuid", Value::Text(UUID)),
        ("scrub", "time", Value::Text("2024-01-03T10:15:30.123Z")),
        (
            "scrub",
            "agent",
            Value::Text("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"),
        ),
        ("scrub", "found", Value::Text("login of bob@example.com from 203.0.113.7:51234 via 2001:db8::7")),
        ("redact", "text", Value::Text("Jane Doe")),
    ];
    let case = |(name, kind, value): (&str, &str, Value<'static>)| {
        let (treatment, mut scratch) = (treatment(name), String::new());
        let work = move || {
            for _ in 0..BATCH {
                black_box(treatment.treat(black_box(value), &mut scratch));
            }
        };
        (format!("kernel/{name}/{kind}"), Box::new(work) as Work)
    };
    values.into_iter().map(case).collect()
}

fn plan(unlisted: &str) -> Arc<Plan> {
    let named = |name: &str| NamedTreatment { name: name.into(), treatment: Arc::new(treatment(name)) };
    let mut builder = PlanBuilder::new(named(unlisted).rule_for_unlisted());
    for (path, name) in [("$..ip", "truncate"), ("$..user_id", "pseudonymize")] {
        builder.add(path.parse().unwrap(), named(name).rule_for(path, Rule::Fields));
    }
    Arc::new(builder.build().unwrap())
}

/// One login of an invented person, some 350 bytes.
fn record(number: usize) -> String {
    let (day, minute, person) = (number % 9 + 1, number % 60, number * 7919 % 999_983);
    format!(
        concat!(
            r#"{{"id":{number},"at":"2026-11-0{day}T12:{minute:02}:00Z","ip":"203.0.113.{host}","#,
            r#""user_id":"u-{person:06}","agent":"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101","#,
            r#""path":"/v1/articles/{number}/comments?page=7","status":200,"ok":true,"ms":{minute}.25,"#,
            r#""note":"signed in from the office in M\u00fcnchen","tags":["web","eu-central","beta"]}}"#
        ),
        number = number,
        day = day,
        minute = minute,
        host = number % 250,
        person = person,
    )
}

fn bodies() -> Vec<(String, Work)> {
    let records = |count| (0..count).map(record).collect::<Vec<_>>();
    let small = format!("{{\"logins\":[{}]}}", records(3).join(","));
    let stream = records(BATCH).join("\n");
    let mut cases = Vec::new();
    for (unlisted, shown) in [("pass", "pass"), ("scrub", "scan")] {
        for (name, format, body) in
            [("json-1k", Format::Json, small.clone()), ("ndjson", Format::Ndjson, stream.clone())]
        {
            let (plan, limits) = (plan(unlisted), Limits::new(Budget::new(16 << 20)));
            let mut out = Vec::new();
            let work = move || {
                out.clear();
                let mut rewriter = Rewriter::new(format, Arc::clone(&plan), &limits);
                rewriter.push(body.as_bytes(), &mut out).unwrap();
                rewriter.finish(&mut out).unwrap();
                black_box(&out);
            };
            cases.push((format!("body/{name}/{shown}"), Box::new(work) as Work));
        }
    }
    cases
}
