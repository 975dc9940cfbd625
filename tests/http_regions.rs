//! Regions over HTTP: whoever is bound to regions reads the records of people there, and two stores that differ in
//! records of others give the same bytes.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

mod support;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use support::{Proxy, RawStore};

const POLICY: &str = r#"
[keys]
current = "test"
ring.test = { file = "@KEY@" }
[treatments]
person = { tokenize = { domain = "person" } }
[[stores]]
name = "users"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@STORE@"
identity = { header = "X-Remote-User", from = ["127.0.0.0/8"] }
limits = { max_record_bytes = 4096 }
[stores.fields]
"$..ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"$..user_id" = "person"
"$.page" = "pass"
"header:x-total-count" = "scrub"
[[stores.routes]]
methods = ["GET", "HEAD"]
path = "/{world}/users"
params = { world = "pass", coding = "pass" }
region = "$.items[*].user.country"
[[stores.routes]]
path = "/{world}/feed"
params = { world = "pass", coding = "pass" }
region = "$.country"
[[stores.routes]]
methods = ["GET", "HEAD"]
path = "/{world}/users/{id}"
params = { world = "pass", id = "pass" }
region = "$.country"
[[stores.routes]]
path = "/{world}/countries"
params = { world = "pass" }
region = { subject = "nobody" }
[[stores.routes]]
path = "/{world}/closed"
params = { world = "pass" }
[[stores.routes]]
path = "/{world}/table"
params = { world = "pass" }
region = "$.country"
[[roles]]
name = "dach"
members = ["alice"]
regions = ["DE", "AT"]
[roles.fields.users]
"$..ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
[[roles]]
name = "suppressed"
members = ["sue"]
regions = ["DE", "AT"]
other_regions = "suppress"
[roles.fields.users]
"$..ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
[[roles]]
name = "coarse"
members = ["carl"]
regions = ["DE", "AT"]
other_regions = "coarsen"
[roles.fields.users]
"$..ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
[[roles]]
name = "worldwide"
members = ["bob"]
"#;

/// Records of other regions, or of none, in each world; the first has none.
fn withheld(world: &str) -> Vec<String> {
    let long = format!(r#"{{"country":"DE","user":{{"country":"DE"}},"x":"{}"}}"#, "x".repeat(5000));
    let us = |n: u32| {
        format!(r#"{{"user_id":{n},"ip":"198.51.100.{n}","country":"US","user":{{"country":"US"}}}}"#)
    };
    match world {
        "a" => Vec::new(),
        "b" => vec![us(1), us(2)],
        "c" => (0..200).map(us).collect(),
        _ => vec![
            "{}".to_owned(),
            "17".to_owned(),
            r#"{"country":null,"user":{"country":null}}"#.to_owned(),
            r#"{"country":"DE","country":"DE","user":{"country":"DE","country":"DE"}}"#.to_owned(),
            long,
        ],
    }
}

fn own(n: u32) -> String {
    format!(r#"{{"user_id":{n}, "ip":"203.0.113.{n}", "country":"DE", "user":{{"country":"AT"}}}}"#)
}

fn records(world: &str, end: &str) -> Vec<String> {
    let mut records = vec![own(7)];
    for other in withheld(world) {
        records.push(other);
    }
    records.push(own(8));
    records.splice(..0, withheld(world));
    if end == "withheld" {
        records.extend(withheld(world));
    }
    records
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What the store says of itself and of its length differs by world, as much as it may.
fn answer(target: &str, stream: &mut TcpStream) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let [_, world, rest @ ..] = &path.split('/').collect::<Vec<_>>()[..] else { panic!("{target}") };
    let count = records(world, "withheld").len();
    let (status, kind, body) = match rest {
        ["users"] => {
            let items = records(world, "withheld").join(if *world == "c" { "\n , " } else { "," });
            let body =
                format!(r#"{{"items":[{items}],"page":3,"total":{count},"latest":{{"ip":"198.51.100.9"}}}}"#);
            ("200 OK", "application/json", body)
        }
        ["feed"] => ("200 OK", "application/x-ndjson", records(world, "withheld").join("\n")),
        ["table"] => ("200 OK", "text/csv", "country,ip\nDE,203.0.113.7\n".to_owned()),
        ["users", "1"] => ("200 OK", "application/json", own(1)),
        ["users", _] if *world == "a" => {
            ("404 Not Found", "application/json", r#"{"error":"none"}"#.to_owned())
        }
        ["users", "2"] => ("200 OK", "application/json", withheld("b")[0].clone()),
        ["users", "3"] => ("304 Not Modified", "application/json", String::new()),
        ["users", "4"] => ("410 Gone", "text/html", "gone".to_owned()),
        ["users", _] => ("204 No Content", "application/json", String::new()),
        _ => ("200 OK", "application/json", r#"{"ip":"203.0.113.7"}"#.to_owned()),
    };
    let is_coded = query == "coding=gzip";
    let body = if is_coded { gzip(body.as_bytes()) } else { body.into_bytes() };
    let length = if *world == "b" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let coding = if is_coded { "Content-Encoding: gzip\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\nX-Total-Count: {count}\r\nETag: \"{count}\"\r\n{length}{coding}\r\n"
    );
    let _gone = stream.write_all(head.as_bytes());
    for piece in body.chunks(if *world == "d" { 1500 } else { usize::MAX }) {
        let _gone = stream.write_all(piece);
        if *world == "d" {
            let _gone = stream.flush();
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

struct Stage {
    proxy: Proxy,
    _store: RawStore,
}

impl Stage {
    fn set() -> Self {
        let store = RawStore::start(answer);
        let proxy = Proxy::start(&POLICY.replace("@STORE@", &store.address.to_string()));
        Self { proxy, _store: store }
    }

    /// The answer as it came, but for the hour.
    fn raw(&self, who: &str, method: &str, target: &str) -> Vec<u8> {
        // Lines go on when they come: of a feed the bytes are compared and not the pieces.
        let version = if target.contains("feed") { "1.0" } else { "1.1" };
        let head = format!(
            "{method} {target} HTTP/{version}\r\nHost: test\r\nX-Remote-User: {who}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        );
        let answer = self.proxy.exchange(head.as_bytes());
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
        let mut kept = lines.collect::<Vec<_>>().join("\n").into_bytes();
        kept.extend_from_slice(&answer[end..]);
        kept
    }

    fn get(&self, who: &str, target: &str) -> String {
        String::from_utf8_lossy(&self.raw(who, "GET", target)).into_owned()
    }
}

#[test]
fn each_role_reads_the_records_of_its_regions() {
    let stage = Stage::set();
    let answer = stage.get("alice", "/b/users");
    assert!(answer.contains("\"ip\":\"203.0.113.0/24\"") && answer.contains("\"total\":null"), "{answer}");
    assert!(answer.contains("\"page\":3") && answer.contains("\"latest\":{\"ip\":null}"), "{answer}");
    assert!(!answer.contains("US") && !answer.contains("198.51") && !answer.contains("x-total"), "{answer}");
    assert_eq!(answer.matches("user_id").count(), 2);
    let answer = stage.get("sue", "/b/users");
    assert_eq!(answer.matches("{\"user_id\":null,\"ip\":null,\"country\":null").count(), 6, "{answer}");
    assert_eq!(answer.matches("203.0.113.0/24").count(), 2, "{answer}");
    let answer = stage.get("carl", "/b/users");
    assert_eq!(answer.matches("\"ip\":\"198.51.0.0/16\",\"country\":\"US\"").count(), 6, "{answer}");
    assert_eq!(answer.matches("203.0.113.0/24").count(), 2, "{answer}");
    let answer = stage.get("bob", "/b/users");
    assert_eq!(answer.matches("198.51.0.0/16").count(), 7, "{answer}");
    assert!(answer.contains("\"total\":8"), "{answer}");
    assert!(stage.get("mallory", "/b/users").contains("\"items\":[]"));
    assert_eq!(stage.get("alice", "/c/feed").matches("203.0.113.0/24").count(), 2);
    for who in ["alice", "sue", "carl", "mallory"] {
        assert!(stage.get(who, "/b/closed").contains("unknown-route"), "{who}");
        assert!(stage.get(who, "/b/countries").starts_with("HTTP/1.1 200"), "{who}");
        assert!(
            stage.get(who, "/b/table").contains(if who == "alice" || who == "mallory" {
                "not-there"
            } else {
                "no-records"
            }),
            "{who}"
        );
    }
    assert!(stage.get("bob", "/b/closed").starts_with("HTTP/1.1 200"));
    assert!(stage.get("alice", "/b/users/1").contains("203.0.113.0/24"));
    assert!(stage.get("bob", "/b/users/2").contains("198.51.0.0/16"));
}

#[test]
fn what_is_withheld_changes_nothing() {
    let stage = Stage::set();
    for who in ["alice", "mallory"] {
        for (method, target) in [
            ("GET", "users"),
            ("GET", "users?coding=gzip"),
            ("HEAD", "users"),
            ("GET", "feed"),
            ("GET", "feed?coding=gzip"),
            ("GET", "users/1"),
            ("GET", "users/2"),
            ("GET", "users/3"),
            ("GET", "users/4"),
            ("GET", "users/5"),
            ("HEAD", "users/1"),
            ("HEAD", "users/2"),
        ] {
            let first = stage.raw(who, method, &format!("/a/{target}"));
            for world in ["b", "c", "d"] {
                let other = stage.raw(who, method, &format!("/{world}/{target}"));
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                assert!(
                    first == other,
                    "{who} {method} {target}: {}\n{world}: {}",
                    text(&first),
                    text(&other)
                );
            }
        }
    }
}
