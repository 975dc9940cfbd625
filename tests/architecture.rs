//! The house stands: floors, doors, and the size of rooms, read from the source itself.
//!
//! The compiler does not hold these within one crate, so this test does. It reads tokens, not text: what
//! stands in comments and strings does not count. Every exception is listed here with its reason, and one
//! that is no longer needed is reported like a violation.

#![expect(clippy::indexing_slicing, clippy::string_slice, clippy::unwrap_used, reason = "a test may panic")]

#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// Rooms and the floor that each stands on. A room imports from lower floors only.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("kernel", 1),
    ("policy", 2),
    ("wire", 3),
    ("sql", 3),
    ("body", 3),
    ("audit", 3),
    ("session", 4),
    ("assess", 4),
    ("front", 5),
    ("app", 6),
    ("cli", 7),
];

/// Files that stand on no floor: the list of rooms (which re-exports nothing) and the door.
const DOORS: &[&str] = &["lib.rs", "main.rs"];

/// Below this floor there is no I/O and no clock.
const FIRST_FLOOR_WITH_IO: u8 = 5;

const SOCKETS: &[&str] = &["front/", "app/", "cli/", "main.rs"];
const SERDE: &[&str] = &["app/config/raw/", "audit/", "cli/"];
const ANYWHERE: &[&str] = &[""];

/// Where each dependency may be used: a folder below `src` (ends in `/`), or the name of a file.
const CRATES: &[(&str, &[&str])] = &[
    ("aes", &["kernel/"]),
    ("aes_siv", &["kernel/"]),
    ("anstream", &["cli/", "main.rs"]),
    ("anstyle", &["app/", "cli/", "main.rs"]),
    ("arc_swap", SOCKETS),
    ("async_trait", &["front/"]),
    ("base64", ANYWHERE),
    ("brotli", &["body/"]),
    ("bytes", &["wire/", "body/", "session/", "front/", "app/", "cli/"]),
    ("clap", &["cli/", "main.rs"]),
    ("flate2", &["body/"]),
    ("foldhash", ANYWHERE),
    ("getrandom", SOCKETS),
    ("hmac", &["kernel/", "audit/", "session/postgres/scram/"]),
    ("http", &["session/", "front/", "app/", "cli/"]),
    ("http_body", SOCKETS),
    ("http_body_util", SOCKETS),
    ("hyper", SOCKETS),
    ("hyper_rustls", SOCKETS),
    ("hyper_util", SOCKETS),
    ("ipnet", &["kernel/", "policy/", "session/", "front/", "app/", "cli/"]),
    ("jiff", ANYWHERE),
    ("memchr", ANYWHERE),
    ("mimalloc", &["main.rs"]),
    ("opentelemetry", &["front/"]),
    ("opentelemetry_http", &["front/"]),
    ("opentelemetry_otlp", &["front/"]),
    ("opentelemetry_sdk", &["front/"]),
    ("percent_encoding", &["body/", "session/", "front/", "app/", "cli/"]),
    ("pg_query", &["sql/"]),
    ("postgres_protocol", &["front/", "cli/"]),
    ("prometheus_client", &["front/"]),
    ("prost", &["sql/"]),
    ("ring", &["session/http/bearer/"]),
    ("rustix", &["cli/"]),
    ("rustls", SOCKETS),
    ("rustls_native_certs", &["front/tls/"]),
    ("schemars", SERDE),
    ("serde", SERDE),
    ("serde_json", &["app/config/raw/", "audit/", "cli/", "session/http/bearer/", "session/http/refusal.rs"]),
    ("sha2", &["kernel/", "audit/", "sql/", "session/postgres/scram/", "front/tls/", "app/"]),
    ("strsim", &["app/"]),
    ("subtle", &["kernel/", "audit/", "session/postgres/scram/", "front/tls/"]),
    ("terminal_size", &["cli/"]),
    ("thiserror", ANYWHERE),
    ("tokio", SOCKETS),
    ("tokio_rustls", &["front/"]),
    ("toml", &["app/config/raw/"]),
    ("tracing", SOCKETS),
    ("tracing_subscriber", &["app/", "cli/"]),
    ("x509_cert", &["front/tls/"]),
    ("zeroize", ANYWHERE),
    ("zstd", &["body/"]),
];

/// What reads the clock or does I/O without a dependency.
const NOT_BELOW_FRONT: &[&[&str]] = &[
    &["std", "env"],
    &["std", "fs"],
    &["std", "net", "TcpListener"],
    &["std", "net", "TcpStream"],
    &["std", "net", "UdpSocket"],
    &["std", "os"],
    &["std", "process"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
];

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;
const CLEARED_IS_MADE_IN: &str = "policy/apply.rs";

/// What breaks a rule and why it may: file, rule, reason.
const EXCEPTIONS: &[(&str, Rule, &str)] = &[(
    "base/clock.rs",
    Rule::NoWorldBelowFront,
    "the one place where time enters; the rest takes a `Clock`",
)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    CratesHaveTheirPlace,
    ClearedIsMadeInOnePlace,
    FilesAreShort,
    FilesSayWhatTheyAreFor,
    FloorsHold,
    FunctionsAreShort,
    NoWorldBelowFront,
}

#[derive(Debug)]
struct Violation {
    file: String,
    line: usize,
    rule: Rule,
    what: String,
}

/// Judges one file; `file` is its path below `src`.
fn judge(file: &str, text: &str) -> Vec<Violation> {
    let source = Source::read(text);
    let mut found = Vec::new();
    let mut report =
        |rule, line, what: String| found.push(Violation { file: file.to_owned(), line, rule, what });
    if floor_of(file).is_none() && !DOORS.contains(&file) {
        report(Rule::FloorsHold, 1, "stands on no floor".into());
    }
    let is_test_file = file.ends_with("tests.rs") || file.contains("/tests/");
    if !text.starts_with("//!") {
        report(Rule::FilesSayWhatTheyAreFor, 1, "does not start with `//!`".into());
    }
    let lines = source.lines_outside_tests();
    if !is_test_file && lines > MAX_FILE_LINES {
        report(Rule::FilesAreShort, 1, format!("has {lines} lines, {MAX_FILE_LINES} are allowed"));
    }
    for function in source.functions() {
        if !is_test_file && !function.in_test && function.lines > MAX_FUNCTION_LINES {
            let what = format!("`{}` has {} lines", function.name, function.lines);
            report(Rule::FunctionsAreShort, function.line, what);
        }
    }
    if file != CLEARED_IS_MADE_IN {
        for line in source.calls_of("Cleared") {
            let what = format!("makes a `Cleared`; only {CLEARED_IS_MADE_IN} may");
            report(Rule::ClearedIsMadeInOnePlace, line, what);
        }
    }
    for path in source.paths() {
        let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
        if file == "lib.rs" && segments == ["use"] {
            report(Rule::FloorsHold, path.line, "re-exports, which would hide where a thing stands".into());
        }
        if let Some(what) = breaks_floors(file, &segments) {
            report(Rule::FloorsHold, path.line, what);
        }
        if is_test_file || path.in_test {
            continue;
        }
        if let Some(what) = breaks_crates(file, &segments) {
            report(Rule::CratesHaveTheirPlace, path.line, what);
        }
        let below = floor_of(file).is_some_and(|(_, floor)| floor < FIRST_FLOOR_WITH_IO);
        if below && NOT_BELOW_FRONT.iter().any(|world| segments.starts_with(world)) {
            report(Rule::NoWorldBelowFront, path.line, format!("uses `{}`", segments.join("::")));
        }
    }
    found
}

/// The room of a file (or of the first segments of a path) and its floor.
fn floor_of(file: &str) -> Option<(&str, u8)> {
    let room = file.split('/').next()?.trim_end_matches(".rs");
    FLOORS.iter().copied().find(|(name, _)| *name == room)
}

fn breaks_floors(file: &str, path: &[&str]) -> Option<String> {
    let (room, floor) = floor_of(file)?;
    let target = path.get(segments_up_to_root(file, path)?)?;
    if *target == "*" {
        return Some("imports everything of the crate".into());
    }
    let (other, other_floor) = floor_of(target)?;
    (other != room && other_floor >= floor)
        .then(|| format!("`{room}` (floor {floor}) imports from `{other}` (floor {other_floor})"))
}

/// How many leading segments (`crate`, or enough `super`) lead to the root of the crate, if they do.
fn segments_up_to_root(file: &str, path: &[&str]) -> Option<usize> {
    if path.first() == Some(&"crate") {
        return Some(1);
    }
    let steps_up = path.iter().take_while(|it| **it == "super").count();
    let depth = file.split('/').filter(|part| *part != "mod.rs").count();
    (steps_up > 0 && steps_up >= depth).then_some(steps_up)
}

fn breaks_crates(file: &str, path: &[&str]) -> Option<String> {
    let (name, places) = CRATES.iter().find(|(name, _)| Some(name) == path.first())?;
    // A path of one segment is a local variable or a module of the same name.
    let allowed = path.len() < 2
        || places.iter().any(|place| {
            if place.ends_with('/') {
                format!("/{file}").contains(&format!("/{place}"))
            } else {
                file.ends_with(place)
            }
        });
    (!allowed).then(|| format!("uses `{name}`, which belongs in {}", places.join(", ")))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn the_house_stands() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut unused: Vec<_> = EXCEPTIONS.iter().collect();
    let mut complaints = Vec::new();
    for path in files {
        let file = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        for found in judge(&file, &fs::read_to_string(&path).unwrap()) {
            unused.retain(|(file, rule, _)| (*file, *rule) != (found.file.as_str(), found.rule));
            if !EXCEPTIONS.iter().any(|(file, rule, _)| (*file, *rule) == (found.file.as_str(), found.rule)) {
                complaints
                    .push(format!("src/{}:{}: {:?}: {}", found.file, found.line, found.rule, found.what));
            }
        }
    }
    complaints
        .extend(unused.iter().map(|(file, rule, _)| format!("src/{file}: exception {rule:?} is not needed")));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_dependency_has_its_place() {
    let manifest = include_str!("../Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let mut depended: Vec<String> = section
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    depended.sort();
    let placed: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(depended, placed, "Cargo.toml and CRATES (sorted) differ");
}

/// Each rule, broken once: the rules that `judge` reports for the given file.
#[test]
fn broken_rules_are_reported() {
    let long_function = format!("//! a\nfn f() {{\n{}}}\n", "f();\n".repeat(71));
    let long_file = "//! a\n".repeat(401);
    let cases: &[(&str, &str, &[Rule])] = &[
        ("kernel/ip.rs", "//! a\nuse crate::base::reader::Reader;\nuse super::Value;\n", &[]),
        ("kernel/ip.rs", "use std::net::IpAddr;\n", &[Rule::FilesSayWhatTheyAreFor]),
        ("kernel/ip.rs", "//! a\nuse crate::policy::Plan;\n", &[Rule::FloorsHold]),
        ("kernel/ip.rs", "//! a\nuse super::super::policy::Plan;\n", &[Rule::FloorsHold]),
        ("kernel/mod.rs", "//! a\nuse super::policy::Plan;\n", &[Rule::FloorsHold]),
        ("kernel/ip.rs", "//! a\nuse crate::{base::{clock, secret}, front};\n", &[Rule::FloorsHold]),
        ("kernel/ip.rs", "//! a\nfn f() { crate::cli::run() }\n", &[Rule::FloorsHold]),
        ("kernel/ip.rs", "//! a\nuse crate::*;\n", &[Rule::FloorsHold]),
        ("sql/print.rs", "//! a\nuse crate::wire::Row;\n", &[Rule::FloorsHold]),
        ("lib.rs", "//! a\npub mod front;\npub use front::run;\n", &[Rule::FloorsHold]),
        ("cellar/mod.rs", "//! a\nuse std::fmt;\n", &[Rule::FloorsHold]),
        ("kernel/ip.rs", "//! a\n// crate::front\nconst A: &str = \"crate::front\";\n", &[]),
        ("kernel/ip.rs", "//! a\nconst A: &str = r#\"\" crate::front::x\"#; const B: char = '\"';\n", &[]),
        ("session/http.rs", "//! a\nuse tokio::net::TcpStream;\n", &[Rule::CratesHaveTheirPlace]),
        ("session/http.rs", "//! a\nfn f() { ::tokio::spawn(g()) }\n", &[Rule::CratesHaveTheirPlace]),
        ("front/http.rs", "//! a\nuse tokio::net::TcpStream;\n", &[]),
        ("app/config.rs", "//! a\nuse serde::Deserialize;\n", &[Rule::CratesHaveTheirPlace]),
        ("app/config/raw/mod.rs", "//! a\nuse schemars::JsonSchema;\n", &[]),
        ("body/json.rs", "//! a\n#[cfg(test)]\nmod tests {\n use serde_json::Value;\n}\n", &[]),
        ("body/json/tests.rs", "//! a\nuse serde_json::Value;\n", &[]),
        ("body/json.rs", "//! a\nuse std::{fmt, fs};\n", &[Rule::NoWorldBelowFront]),
        ("body/json.rs", "//! a\nfn f() { std::time::Instant::now() }\n", &[Rule::NoWorldBelowFront]),
        ("body/json.rs", "//! a\nfn f(v: Value) { g(Cleared(v)) }\n", &[Rule::ClearedIsMadeInOnePlace]),
        ("policy/apply.rs", "//! a\nfn f(v: Value) { g(Cleared(v)) }\n", &[]),
        ("body/json.rs", &long_function, &[Rule::FunctionsAreShort]),
        ("body/json.rs", &long_file, &[Rule::FilesAreShort]),
        ("body/json/tests.rs", &long_file, &[]),
    ];
    for (file, text, expected) in cases {
        let found: Vec<Rule> = judge(file, text).iter().map(|it| it.rule).collect();
        assert_eq!(&found, expected, "{file}:\n{text}");
    }
}
