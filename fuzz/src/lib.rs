//! What must hold of every parser of foreign bytes, whatever the bytes are: one function a target.
//!
//! `tests/fuzz_smoke.rs` runs the same functions over random and mutated bytes in every test run, so they
//! cannot rot; `make soak` runs them under libFuzzer.

use std::path::Path;
use std::sync::Arc;

use sfumato::app::config::{Config, FileContent, Source, StoreKind, World};
use sfumato::base::budget::Budget;
use sfumato::body::{Decoder, Encoder, Encoding, Format, Limits, Pipeline};
use sfumato::kernel::{Judgement, Treatment, Value};
use sfumato::policy::{HttpField, JsonPath, PathTemplate, Plan, Ruling, SqlField};
use sfumato::session::http::target;
use zeroize::Zeroizing;

const POLICY: &str = r#"
[keys]
current = "fuzz"
[keys.ring]
"fuzz" = { env = "KEY" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { pseudonymize = { domain = "person" } }
account = { tokenize = { domain = "account" } }
area = { grid = { degrees = 0.1 } }
hour = { floor = { to = "hour" } }
month = { floor = { to = "month" } }
ten = { bucket = { width = 10 } }
[[stores]]
name = "fuzz"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:1"
[stores.fields]
"$..ip" = "coarse-ip"
"$..user_id" = "person"
"$.rows[*].account" = "account"
"$..lat" = "area"
"$..at" = "hour"
"$..month" = "month"
"$..age" = "ten"
"$..mail" = "suppress"
"$..note" = "scrub"
"$.plain" = "pass"
"#;

struct Machine;

impl World for Machine {
    fn read(&self, _: &Path) -> std::io::Result<FileContent> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (name == "KEY").then(|| Zeroizing::new("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned()))
    }
}

fn plan() -> Arc<Plan> {
    let source = Source { name: "fuzz".to_owned(), text: POLICY.to_owned() };
    let config = Config::parse(&source, Path::new(""), &Machine).expect("the policy is right");
    match config.stores.into_iter().next().expect("it has a store").kind {
        StoreKind::Http(store) => Arc::clone(&store.plans.of(None).document().body),
        StoreKind::Postgres(_) => panic!("the store is an HTTP store"),
    }
}

fn rulings() -> Vec<Ruling> {
    let plan = plan();
    let names = ["ip", "user_id", "lat", "at", "month", "age", "mail", "note", "plain"];
    let of = |name: &str| plan.ruling(plan.member(plan.root(), name.as_bytes())).cloned();
    names.into_iter().filter_map(of).collect()
}

fn limits() -> Limits {
    let mut limits = Limits::new(Budget::new(1 << 20));
    limits.max_depth = 32;
    limits.max_token_bytes = 4096;
    limits
}

/// All of `body` through a rewriter, in pieces of `piece` bytes.
fn rewritten(body: &[u8], format: Format, plan: &Arc<Plan>, piece: usize) -> Result<Vec<u8>, Vec<u8>> {
    let mut pipeline = Pipeline::new(Encoding::Identity, format, Arc::clone(plan), &limits());
    let mut out = Vec::new();
    for part in body.chunks(piece.max(1)) {
        if pipeline.push(part, &mut out).is_err() {
            let written = out.len();
            assert!(pipeline.push(part, &mut out).is_err() && out.len() == written, "poisoned");
            return Err(out);
        }
    }
    match pipeline.finish(&mut out) {
        Ok(()) => Ok(out),
        Err(_) => Err(out),
    }
}

/// Any cut of a body gives the same bytes, and what was rewritten can be read again.
pub fn bodies(bytes: &[u8]) {
    let [kind, cut, body @ ..] = bytes else { return };
    let formats = [Format::Json, Format::Ndjson, Format::Csv, Format::Tsv, Format::Form];
    let format = formats[usize::from(*kind) % formats.len()];
    let plan = plan();
    let whole = rewritten(body, format, &plan, body.len());
    let pieces = rewritten(body, format, &plan, 1 + usize::from(*cut) % 7);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert!(whole == pieces, "a cut shows");
            let again = rewritten(&whole, format, &plan, 3);
            assert!(again.is_ok() || whole.len() > 4096, "what was written can be read");
        }
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("one cut is refused: {} {}", whole.is_ok(), pieces.is_ok()),
    }
}

/// Foreign compressed bytes are bounded, and what was encoded decodes to itself.
pub fn codings(bytes: &[u8]) {
    let [kind, body @ ..] = bytes else { return };
    let all = [Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];
    let encoding = all[usize::from(*kind) % all.len()];
    let (mut decoder, mut plain) = (Decoder::new(encoding, &limits()), Vec::new());
    let _foreign = decoder.push(body, &mut plain);
    assert!(plain.len() <= (64 << 20) + body.len() * 4096, "a bomb went off");
    let mut encoder = Encoder::new(encoding);
    let mut coded = Vec::new();
    encoder.push(body, &mut coded).expect("plain bytes can be encoded");
    encoder.finish(&mut coded).expect("and ended");
    let (mut decoder, mut plain) = (Decoder::new(encoding, &limits()), Vec::new());
    decoder.push(&coded, &mut plain).expect("our own coding is right");
    decoder.finish().expect("and ends");
    assert!(plain == body);
}

/// A path, a field or a template that parses prints as one that parses to the same.
pub fn json_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(path) = text.parse::<JsonPath>() {
        assert!(path.to_string().parse::<JsonPath>().is_ok_and(|again| again == path), "{text}");
    }
    let _refused = text.parse::<HttpField>();
    let _refused = text.parse::<SqlField>();
    let _refused = text.parse::<PathTemplate>();
}

/// A policy file is read or refused.
pub fn policy_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { name: "fuzz".to_owned(), text: text.to_owned() };
    if let Err(report) = Config::parse(&source, Path::new(""), &Machine) {
        for problem in report.problems() {
            let _place = report.place(problem);
        }
    }
}

/// Scrubbed text scrubbed again is the same.
pub fn scrub(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let treatment = Treatment::Scrub(Arc::default());
    let (mut first, mut second) = (String::new(), String::new());
    let Value::Text(once) = treatment.treat(Value::Text(text), &mut first) else { return };
    let once = once.to_owned();
    assert!(treatment.treat(Value::Text(&once), &mut second) == Value::Text(&once), "scrubbed twice");
}

/// What a treatment makes may be compared with the field that is treated so: it is at the cell.
pub fn treatments(bytes: &[u8]) {
    let [kind, text @ ..] = bytes else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    for ruling in rulings() {
        let is_coarse = matches!(
            *ruling.treatment,
            Treatment::Truncate(_) | Treatment::Grid(_) | Treatment::Floor(_) | Treatment::Bucket(_)
        );
        let (mut first, mut second) = (String::new(), String::new());
        let value = if kind % 2 == 0 { Value::Text(text) } else { Value::Number(text) };
        let shown = ruling.treatment.treat(value, &mut first);
        if is_coarse && shown != Value::Null {
            assert!(ruling.treatment.treat(shown, &mut second) == shown, "treated twice");
            assert!(
                ruling.treatment.judge(shown, &mut second) == Judgement::AtCell,
                "what is shown may be asked"
            );
        }
    }
}

/// A path or query that is read prints as one that reads the same.
pub fn urls(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(pairs) = target::pairs(text) {
        let mut printed = String::new();
        for (name, value) in &pairs {
            target::push_pair(&mut printed, name, value);
        }
        assert!(target::pairs(&printed).is_ok_and(|again| again == pairs));
    }
    let _refused = target::has_one_reading(text);
}

/// Any text may be judged as a parameter.
pub fn values(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for ruling in rulings() {
        let _refused = target::judge("value", text, &ruling);
    }
}
