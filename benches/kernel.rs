//! Treatments one by one, a value at a time, as the hot paths call them.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sfumato::kernel::canon::Canonical;
use sfumato::kernel::{
    AddressForm, Bucket, Domain, EpochKey, Floor, Grid, KeyRing, PrefixV4, PrefixV6, Pseudonymizer, Scrub,
    Tokenizer, Treatment, Truncate, Value,
};

fn keys() -> (KeyRing, Domain) {
    let epochs = [("bench".to_owned(), EpochKey::from_random([7; 32]))];
    (KeyRing::new(epochs, "bench").unwrap(), Domain::new("person").unwrap())
}

fn treatments(criterion: &mut Criterion) {
    let (keys, domain) = keys();
    let truncate =
        Truncate::new(PrefixV4::new(16).unwrap(), PrefixV6::new(32).unwrap(), AddressForm::Network);
    let truncate = Treatment::Truncate(truncate);
    let pseudonymize = Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(&keys, &domain)));
    let tokenize = Treatment::Tokenize(Arc::new(Tokenizer::new(&keys, &domain)));
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    for (name, treatment, value) in [
        ("truncate/ipv4", &truncate, Value::Text("203.0.113.77")),
        ("truncate/ipv6", &truncate, Value::Text("2001:db8:1:2:3:4:5:6")),
        ("pseudonymize/uuid", &pseudonymize, Value::Text(uuid)),
        ("pseudonymize/number", &pseudonymize, Value::Number("1234567")),
        ("tokenize/uuid", &tokenize, Value::Text(uuid)),
        ("tokenize/text", &tokenize, Value::Text("bob@example.com")),
        ("tokenize/number", &tokenize, Value::Number("1234567")),
        ("grid", &Treatment::Grid(Grid::parse("0.1").unwrap()), Value::Number("-52.5200661")),
        ("bucket", &Treatment::Bucket(Bucket::parse("100").unwrap()), Value::Number("1234567")),
        (
            "floor/rfc3339",
            &Treatment::Floor(Floor::parse("hour").unwrap()),
            Value::Text("2024-01-03T10:15:30.123Z"),
        ),
        (
            "floor/month",
            &Treatment::Floor(Floor::parse("month").unwrap()),
            Value::Text("2024-01-03T10:15:30.123Z"),
        ),
        ("floor/number", &Treatment::Floor(Floor::parse("hour").unwrap()), Value::Number("1704276930123")),
    ] {
        let mut scratch = String::new();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| treatment.treat(black_box(value), &mut scratch) == Value::Null);
        });
    }
    let pseudonymizer = Pseudonymizer::new(&keys, &domain);
    criterion.bench_function("pseudonymize/bigint", |bencher| {
        let mut id = 0;
        bencher.iter(|| {
            id += 1;
            pseudonymizer.pseudonym(&Canonical::integer(black_box(id))).positive_i64()
        });
    });
}

fn scrub(criterion: &mut Criterion) {
    let scrub = Scrub::default();
    let mut group = criterion.benchmark_group("scrub");
    for (name, text) in [
        ("name", "Jane Doe of Accounting"),
        (
            "sentence",
            "The quick brown fox jumps over the lazy dog, and then it rests for a while in the shade.",
        ),
        ("uuid", "550e8400-e29b-41d4-a716-446655440000"),
        ("time", "2024-01-03T10:15:30.123Z"),
        ("url", "https://example.com/articles/2024/some-title-of-a-page?ref=home&session=abcdef"),
        ("agent", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"),
        ("found", "login of bob@example.com from 203.0.113.7:51234 via 2001:db8::7, ap 00:1a:2b:3c:4d:5e"),
    ] {
        let mut scratch = String::new();
        group.throughput(Throughput::Bytes(text.len().try_into().unwrap()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| scrub.text(black_box(text), &mut scratch).len());
        });
    }
    group.finish();
}

criterion_group!(benches, treatments, scrub);
criterion_main!(benches);
