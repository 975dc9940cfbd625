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

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
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
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
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

const KEEPING: &str = r#"
import psycopg, sys
from psycopg.pq import DiagnosticField
def connect():
    return psycopg.connect(host="127.0.0.1", port=sys.argv[1], user="postgres", dbname="postgres", autocommit=True, prepare_threshold=None)
con, other = connect(), connect()
text = b"SELECT 1, " + b", ".join(b"'%030d'" % n for n in range(28))
def prepare(name):
    return con.pgconn.prepare(name, text)
def failed(results):
    return {result.error_field(DiagnosticField.SQLSTATE).decode() for result in results if result.error_message}
results = [prepare(b"p%d" % n) for n in range(5000)]
kept = sum(not result.error_message for result in results)
print("kept", 50 < kept < 500, failed(results), "DEALLOCATE" in results[-1].error_field(DiagnosticField.MESSAGE_HINT).decode())
print("goes on", con.execute("SELECT 'so'").fetchone(), con.pgconn.exec_prepared(b"p1", []).ntuples)
print("other", other.execute("SELECT 'so'").fetchone(), other.pgconn.prepare(b"p", text).error_message)
# A statement that takes the place of another one, and PREPARE in SQL.
print("sql", failed([con.pgconn.exec_(b"PREPARE q%d AS " % n + text) for n in range(20)]))
con.pgconn.exec_prepared(b"p1", [])
con.execute("DEALLOCATE p1"); con.execute("DEALLOCATE p2")
print("room", failed([prepare(b"new")]))
con.execute("DEALLOCATE ALL")
results = [prepare(b"r%d" % n) for n in range(5000)]
print("again", sum(not result.error_message for result in results) in (kept, kept + 1))
con.execute("DISCARD ALL")
# Portals and cursors that ended with their transactions hold nothing.
for n in range(40):
    with con.transaction():
        for m in range(20):
            con.execute(f"DECLARE c{n}_{m} CURSOR FOR " + text.decode())
            con.execute(f"CLOSE c{n}_{m}")
print("cursors", con.execute("SELECT 'so'").fetchone())
"#;

#[test]
fn what_is_prepared_has_its_measure() {
    let Some(cluster) = Cluster::start() else { return };
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let (proxy, _) = of_one_name(&cluster, "max_session_bytes = 1048576");
    let port = proxy.address().port().to_string();
    let Ok(output) = Command::new(python).args(["-c", KEEPING]).arg(port).output() else {
        eprintln!("no Python in target/peers: nothing tested");
        return;
    };
    let expected = "kept True {'53200'} True\ngoes on ('so',) 1\nother ('so',) b''\nsql {'53200'}\nroom set()\nagain True\ncursors ('so',)\n";
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out, expected, "{error}");
}

/// A port that is free now, for the admin listener.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The value of a metric whose line begins so.
fn metric(port: u16, line: &str) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let found = text.lines().find_map(|found| found.strip_prefix(line));
    found.map_or(0, |count| count.trim().parse().unwrap())
}

/// Decisions and reasons in the trail, of what was not answered.
fn not_answered(proxy: &Proxy) -> Vec<String> {
    let trail = std::fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap();
    let lines = trail.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    lines.filter(|line| line["reason"].is_string()).map(|line| word(&line["reason"])).collect()
}

const OF_ONE_NAME: &str = r#"
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
limits = { @LIMITS@ }
[audit]
file = "audit.jsonl"
[admin]
listen = "127.0.0.1:@ADMIN@"
"#;

fn of_one_name(cluster: &Cluster, limits: &str) -> (Proxy, u16) {
    let admin = free_port();
    let policy = OF_ONE_NAME.replace("@PORT@", &cluster.port.to_string());
    (Proxy::start(&policy.replace("@LIMITS@", limits).replace("@ADMIN@", &admin.to_string())), admin)
}

#[test]
fn an_hour_has_its_rows() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql("CREATE ROLE bob LOGIN");
    let (proxy, admin) = of_one_name(&cluster, "max_rows_per_hour = 1500");
    let psql = |user: &str, statements: &[&str]| {
        let mut psql = cluster.client("psql", proxy.address().port());
        psql.env("PGUSER", user).args(["-X", "-At", "-v", "VERBOSITY=verbose"]);
        let output = psql.args(statements.iter().flat_map(|one| ["-c", one])).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let thousand = "SELECT n FROM generate_series(1, 1000) n";
    let (out, error) = psql(
        "postgres",
        &[
            thousand,
            "BEGIN",
            "PREPARE p AS SELECT 1",
            "COPY (SELECT generate_series(1, 600)) TO STDOUT",
            "EXECUTE p",
            "ROLLBACK",
            "SHOW search_path",
            thousand,
        ],
    );
    // What has begun is given to its end.
    assert_eq!(out.lines().filter(|line| line.parse::<u64>().is_ok()).count(), 1600, "{out}");
    assert_eq!(error.matches("53400").count(), 2, "{error}");
    assert!(out.contains("ROLLBACK\n\"$user\", public"), "{out}");
    assert!(error.contains("HINT:") && error.contains("try again later"), "{error}");
    let (out, error) = psql("postgres", &["SELECT 'another session'"]);
    assert!(out.is_empty() && error.contains("53400"), "{out} {error}");
    let (out, error) = psql("bob", &["SELECT 'another name'"]);
    assert!(out.contains("another name") && error.is_empty(), "{out} {error}");
    let (refused, name) = (not_answered(&proxy), "too-many-rows-per-hour");
    assert_eq!(refused, [name; 3]);
    assert_eq!(metric(admin, &format!("sfumato_refused_total{{store=\"app\",reason=\"{name}\"}}")), 3);
}

/// What was sent before the rows were counted is not given either.
#[test]
fn a_pipeline_does_not_get_ahead_of_the_count() {
    let Some(cluster) = Cluster::start() else { return };
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let (proxy, _) = of_one_name(&cluster, "max_rows_per_hour = 500");
    let script = r#"
import psycopg, sys
con = psycopg.connect(host="127.0.0.1", port=sys.argv[1], user="postgres", dbname="postgres", autocommit=True)
cursors = [con.cursor() for _ in range(20)]
try:
    with con.pipeline():
        for cursor in cursors:
            cursor.execute("SELECT n FROM generate_series(1, 100) n")
except psycopg.Error as error:
    print(type(error).__name__)
print(sum(cursor.rowcount for cursor in cursors if cursor.pgresult and cursor.rowcount > 0))
"#;
    let Ok(output) =
        Command::new(python).args(["-c", script]).arg(proxy.address().port().to_string()).output()
    else {
        eprintln!("no Python in target/peers: nothing tested");
        return;
    };
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(out, "OperationalError\n500\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn one_name_has_so_many_statements_under_way() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql("CREATE ROLE bob LOGIN");
    let (proxy, admin) = of_one_name(&cluster, "max_statements_per_identity = 2");
    let psql = |user: &str| {
        let mut psql = cluster.client("psql", proxy.address().port());
        psql.env("PGUSER", user).args(["-X", "-At", "-v", "VERBOSITY=verbose"]);
        psql
    };
    let busy = "SELECT count(*) FROM generate_series(1, 2000000000)";
    let mut working: Vec<_> =
        (0..2).map(|_| psql("postgres").args(["-c", busy]).stderr(Stdio::null()).spawn().unwrap()).collect();
    let start = Instant::now();
    while cluster.psql("SELECT count(*) FROM pg_stat_activity WHERE query ~ '2000000000' AND state = 'active' AND pid <> pg_backend_pid()").trim() != "2" {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    let third = |user: &str| {
        let output =
            psql(user).args(["-c", "BEGIN", "-c", "SELECT 'third'", "-c", "ROLLBACK"]).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (out, error) = third("postgres");
    assert!(error.contains("53400") && error.contains("wait for one of them to end"), "{error}");
    assert_eq!(out, "BEGIN\nROLLBACK\n");
    assert_eq!(third("bob").0, "BEGIN\nthird\nROLLBACK\n");
    for one in &mut working {
        one.kill().unwrap();
        one.wait().unwrap();
    }
    let start = Instant::now();
    while !third("postgres").1.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "its place is given back");
        std::thread::sleep(Duration::from_millis(50));
    }
    let name = "too-many-statements-of-one-name";
    assert!(not_answered(&proxy).iter().any(|reason| reason == name));
    assert!(metric(admin, &format!("sfumato_refused_total{{store=\"app\",reason=\"{name}\"}}")) > 0);
}

#[test]
fn requests_and_their_records_are_counted_by_name() {
    let config = r#"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@UPSTREAM@"
identity = { header = "X-Remote-User", from = ["127.0.0.0/8"] }
limits = { max_rows_per_hour = 25, max_statements_per_identity = 1 }
[stores.fields]
"$..ip" = "suppress"
[[stores.routes]]
path = "/{what}"
params = { what = "pass" }
[audit]
file = "audit.jsonl"
"#;
    let store = RawStore::start(|target, stream| {
        if target == "/slow" {
            std::thread::sleep(Duration::from_secs(2));
        }
        let body = format!("{{\"rows\":[{}]}}", [r#"{"ip":"203.0.113.7","tags":["a","b"]}"#; 10].join(","));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    });
    let proxy = Proxy::start(&config.replace("@UPSTREAM@", &store.address.to_string()));
    let ask = |target: &str, name: &str| {
        let who = if name.is_empty() { String::new() } else { format!("X-Remote-User: {name}\r\n") };
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{who}Connection: close\r\n\r\n");
        String::from_utf8_lossy(&proxy.exchange(head.as_bytes())).into_owned()
    };
    for _ in 0..3 {
        assert!(ask("/x", "alice").starts_with("HTTP/1.1 200"));
    }
    let answer = ask("/x", "alice");
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("too-many-rows-per-hour"), "{answer}");
    assert!(answer.contains("try again later"), "{answer}");
    for name in ["bob", ""] {
        assert!(ask("/x", name).starts_with("HTTP/1.1 200"), "{name} has rows of their own");
    }
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| ask("/slow", "bob"));
        std::thread::sleep(Duration::from_millis(700));
        let answer = ask("/x", "bob");
        assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("too-many-statements"), "{answer}");
        assert!(slow.join().unwrap().starts_with("HTTP/1.1 200"));
    });
    assert!(ask("/x", "bob").starts_with("HTTP/1.1 200"), "its place is given back");
    assert_eq!(not_answered(&proxy), ["too-many-rows-per-hour", "too-many-statements-of-one-name"]);
}
