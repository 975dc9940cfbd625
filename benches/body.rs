//! How fast bodies are rewritten with `ip` truncated and `user_id` pseudonymised, one core, in pieces of
//! 64 KiB as they come from a socket.
//!
//! `cargo bench --bench body`; the figure to look at is the throughput of input bytes.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sfumato::base::budget::Budget;
use sfumato::body::{Format, Limits, Rewriter};
use sfumato::kernel::{
    AddressForm, Domain, EpochKey, KeyRing, PrefixV4, PrefixV6, Pseudonymizer, Scrub, Treatment, Truncate,
};
use sfumato::policy::{NamedTreatment, Plan, PlanBuilder, Rule};

const PIECE_BYTES: usize = 64 << 10;

fn plan(unlisted: Treatment) -> Arc<Plan> {
    let named = |name: &str, treatment| NamedTreatment { name: name.into(), treatment: Arc::new(treatment) };
    let key = EpochKey::from_random([7; 32]);
    let keys = KeyRing::new([("bench".to_owned(), key)], "bench").unwrap();
    let person = Pseudonymizer::new(&keys, &Domain::new("person").unwrap());
    let truncate =
        Truncate::new(PrefixV4::new(16).unwrap(), PrefixV6::new(32).unwrap(), AddressForm::Network);
    let rules = [
        ("$..ip", named("coarse-ip", Treatment::Truncate(truncate))),
        ("$..user_id", named("person", Treatment::Pseudonymize(Arc::new(person)))),
    ];
    let mut builder = PlanBuilder::new(named("unlisted", unlisted).rule_for_unlisted());
    for (path, treatment) in rules {
        builder.add(path.parse().unwrap(), treatment.rule_for(path, Rule::Fields));
    }
    Arc::new(builder.build().unwrap())
}

/// One login of an invented person, some 400 bytes.
fn record(number: usize, out: &mut String) {
    let (low, high) = (number % 250, number / 250 % 250);
    write!(
        out,
        r#"{{"id":{number},"at":"2026-11-0{day}T12:{minute:02}:00Z","ip":"203.0.{high}.{low}","user_id":"u-{person:06}","#,
        day = number % 9 + 1,
        minute = number % 60,
        person = number * 7919 % 999_983,
    )
    .unwrap();
    write!(
        out,
        r#""session":"{session:032x}","agent":"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0","#,
        session = number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    )
    .unwrap();
    write!(
        out,
        r#""path":"/v1/articles/{number}/comments?page={page}","status":200,"ok":true,"ms":{ms}.25,"note":"signed in from the office in M\u00fcnchen","tags":["web","eu-central","beta"]}}"#,
        page = number % 40,
        ms = number % 900,
    )
    .unwrap();
}

fn records(bytes: usize, separator: char) -> String {
    let mut out = String::new();
    for number in 0.. {
        if out.len() >= bytes {
            break;
        }
        if number > 0 {
            out.push(separator);
        }
        record(number, &mut out);
    }
    out
}

fn rewrite(format: Format, plan: &Arc<Plan>, limits: &Limits, body: &[u8], out: &mut Vec<u8>) {
    let mut rewriter = Rewriter::new(format, Arc::clone(plan), limits);
    for piece in body.chunks(PIECE_BYTES) {
        out.clear();
        rewriter.push(piece, out).unwrap();
        black_box(&*out);
    }
    rewriter.finish(out).unwrap();
}

fn bodies(criterion: &mut Criterion) {
    let inputs = [
        ("object of 1 KB", Format::Json, format!("{{\"logins\":[{}]}}", records(900, ','))),
        ("array of 1 MB", Format::Json, format!("[{}]", records(1 << 20, ','))),
        ("NDJSON of 20 MB", Format::Ndjson, records(20 << 20, '\n')),
    ];
    let unlisted = [("pass", Treatment::Pass), ("scan", Treatment::Scrub(Arc::new(Scrub::default())))];
    let limits = Limits::new(Budget::new(16 << 20));
    for (rest, treatment) in unlisted {
        let plan = plan(treatment);
        let mut group = criterion.benchmark_group(format!("unlisted {rest}"));
        group.sample_size(10);
        for (name, format, body) in &inputs {
            group.throughput(Throughput::Bytes(body.len() as u64));
            let mut out = Vec::new();
            group.bench_function(*name, |bencher| {
                bencher.iter(|| rewrite(*format, &plan, &limits, body.as_bytes(), &mut out));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bodies);
criterion_main!(benches);
