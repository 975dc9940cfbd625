//! How much one may ask for, and for how long: what goes beyond ends with a name, is counted and on record.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

#[path = "support/cluster.rs"]
mod cluster;
mod support;

use std::io::Write as _;
use std::time::{Duration, Instant};

use cluster::Cluster;
use support::{Proxy, RawStore};

const POSTGRES: &str = r#"
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
timeouts = { statement_timeout_ms = 700 }
limits = { max_rows = 1000, max_answer_bytes = 100000, max_statement_bytes = 5000 }
[stores.fields]
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[audit]
file = "audit.jsonl"
"#;

#[test]
fn an_answer_has_its_measure_and_its_time() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql("CREATE TABLE logins (id int PRIMARY KEY, ip inet); INSERT INTO logins SELECT n, '203.0.113.7' FROM generate_series(1, 3000) n");
    let proxy = Proxy::start(&POSTGRES.replace("@PORT@", &cluster.port.to_string()));
    let psql = |statements: &[&str]| {
        let mut psql = cluster.client("psql", proxy.address().port());
        psql.args(["-X", "-At"]).args(statements.iter().flat_map(|statement| ["-c", statement]));
        let start = Instant::now();
        let output = psql.output().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{statements:?} took {:?}", start.elapsed());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    // As much as there may be, rows that are passed on as they are and rows that are treated.
    for table in ["generate_series(1, 1000) id", "logins WHERE id <= 1000"] {
        assert_eq!(psql(&[&format!("SELECT id FROM {table}")]).0.lines().count(), 1000);
        let copy = psql(&[&format!("COPY (SELECT id FROM {table}) TO STDOUT")]);
        assert_eq!(copy.0.lines().count(), 1000, "{copy:?}");
    }
    for (statement, told) in [
        ("SELECT * FROM generate_series(1, 1001)", "more rows"),
        ("SELECT ip FROM logins WHERE id <= 1001", "more rows"),
        ("COPY (SELECT ip FROM logins) TO STDOUT", "more rows"),
        ("SELECT repeat('x', 1000) FROM generate_series(1, 101)", "longer than one may be"),
        ("SELECT repeat('x', 2000000)", "longer than one may be"),
    ] {
        let (_, error) = psql(&[statement]);
        assert!(error.contains("FATAL") && error.contains(told), "{statement}: {error}");
    }
    let (_, error) = psql(&[&format!("SELECT {}1", "1 + ".repeat(2_000))]);
    assert!(error.contains("the statement is longer"), "{error}");
    // What takes too long is cancelled, and the session goes on.
    for endless in ["generate_series(1, 2000000000)", "logins a, logins b, logins c, logins d"] {
        let (out, error) = psql(&[&format!("SELECT count(*) FROM {endless}"), "SELECT 'goes on'"]);
        assert!(out.ends_with("goes on\n") && error.contains("ERROR"), "{endless}: {out} {error}");
    }
    let running =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'sfumato|generate_series'";
    let start = Instant::now();
    while cluster.psql(running).trim() != "1" {
        assert!(start.elapsed() < Duration::from_secs(10), "the store is still at it");
        std::thread::sleep(Duration::from_millis(50));
    }
    let trail = std::fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap();
    let lines = trail.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let cut: Vec<_> =
        lines.filter(|line| line["decision"] == "cut" || line["decision"] == "refused").collect();
    let reasons: Vec<&str> = cut.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["54000", "54000", "54000", "54000", "54000", "54000", "statement-timeout", "statement-timeout"],
        "{trail}"
    );
    assert!(cut.iter().all(|line| line["rows"].as_u64().unwrap() <= 1001), "{trail}");
}

#[test]
fn a_body_has_its_measure() {
    let config = r#"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@UPSTREAM@"
limits = { max_body_bytes = 1000 }
[stores.fields]
"$..ip" = "suppress"
[[stores.routes]]
path = "/{size}"
methods = ["GET", "POST"]
params = { size = "pass" }
body = "treat"
"#;
    let store = RawStore::start(|target, stream| {
        let body =
            format!("\"{}\"", "x".repeat(target.trim_start_matches('/').parse::<usize>().unwrap() - 2));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    });
    let proxy = Proxy::start(&config.replace("@UPSTREAM@", &store.address.to_string()));
    assert!(proxy.get("/1000").starts_with("HTTP/1.1 200"));
    let answer = proxy.get("/1001");
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("answer-too-long"), "{answer}");
    let body = format!("\"{}\"", "x".repeat(2_000));
    let head = "POST /10 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let answer = String::from_utf8_lossy(&proxy.exchange(request.as_bytes())).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("request-too-long"), "{answer}");
}
