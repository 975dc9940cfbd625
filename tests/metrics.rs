//! What the built binary counts in front of a PostgreSQL server and an HTTP store, as somebody reads it who scrapes it, and
//! what it tells a collector of spans.

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

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use cluster::Cluster;
use serde_json::{Value, json};
use support::{Proxy, RawStore};

const SCHEMA: &str = "
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, ip inet);
    INSERT INTO logins SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')),
        inet '203.0.113.0' + n FROM generate_series(1, 50) n;
    CREATE ROLE alice LOGIN;
    GRANT SELECT ON logins TO alice;";

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { pseudonymize = { domain = "person" } }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"public.logins.user_id" = "person"
"public.logins.ip" = "coarse-ip"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@STORE@"
[stores.fields]
"$..ip" = "coarse-ip"
[[stores.routes]]
methods = ["GET"]
path = "/v1/{kind}"
params = { kind = "pass" }
[admin]
listen = "127.0.0.1:@ADMIN@"
[audit]
file = "audit.jsonl"
"#;

/// What the stores hold and the clients say.
const CANARIES: &[&str] = &["203.0.113.", "0b6b51c2", "my-alias", "secret words", "no-such-route", "alice"];

/// Families of which this test gives no occasion.
const QUIET: &[&str] =
    &["sfumato_jwks_fetched", "sfumato_jwks_failed", "sfumato_audit_lost", "sfumato_audit_waiting"];

/// Answers `/v1/short` whole, and `/v1/long` with an end that is no JSON.
fn store() -> RawStore {
    RawStore::start(|target, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
        let record = r#"{"ip":"203.0.113.7"}"#;
        let body = match target {
            "/v1/long" => format!("[{} and nothing more", format!("{record},").repeat(100_000)),
            _ => record.to_owned(),
        };
        let _cut_by_the_proxy = stream.write_all((head.to_owned() + &body).as_bytes());
    })
}

fn get(address: impl std::net::ToSocketAddrs, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _cut = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn psql(cluster: &Cluster, proxy: &Proxy, statement: &str) {
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.env("PGUSER", "alice").args(["-X", "-At", "-c", statement]).output().unwrap();
}

/// The families of a scrape: `# TYPE name type`.
fn families(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<String> = types.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let families: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(families.len(), names.len(), "a family comes twice: {names:?}");
    families
}

/// The families in the table of the documentation.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../docs/metrics.md");
    let first = page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    first
        .flat_map(|cell| cell.split('`').filter(|word| word.starts_with("sfumato_")))
        .map(str::to_owned)
        .collect()
}

/// The sum of a family's samples (of a histogram: how many were counted) that hold `label`.
fn sum(text: &str, family: &str, label: &str) -> u64 {
    let samples =
        text.lines().filter_map(|line| line.strip_prefix(family)).filter(|line| line.contains(label));
    let counts = samples.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let name = name.split('{').next()?;
        matches!(name, "" | "_total" | "_count").then(|| value.parse::<u64>().unwrap())
    });
    counts.sum()
}

fn a_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn policy(cluster: &Cluster, store: &RawStore, admin: u16) -> String {
    POLICY
        .replace("@PORT@", &cluster.port.to_string())
        .replace("@STORE@", &store.address.to_string())
        .replace("@ADMIN@", &admin.to_string())
}

/// Statements and exchanges: answered, refused, failed and cut.
fn ask(cluster: &Cluster, proxy: &Proxy) {
    for statement in [
        "SELECT user_id, ip AS \"my-alias\" FROM logins ORDER BY id -- secret words",
        "SELECT user_id, ip AS \"my-alias\" FROM logins ORDER BY id -- secret words",
        "COPY (SELECT ip FROM logins) TO STDOUT",
        "SELECT 1 / (id - 7) FROM logins",
        "SELECT id FROM logins WHERE user_id = '0b6b51c2-5a5a-4a5a-8a5a-000000000007'",
    ] {
        psql(cluster, proxy, statement);
    }
    for target in ["/v1/short", "/v1/long", "/no-such-route"] {
        get(proxy.listeners[1].1, target);
    }
}

/// A collector that Python runs, ended when this is dropped.
struct Collector {
    child: Child,
    port: u16,
    told: Option<BufReader<ChildStdout>>,
}

impl Collector {
    fn start() -> Option<Self> {
        if !support::has_program("python3") {
            eprintln!("no python3: nothing tested");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/collector.py");
        let mut child = Command::new("python3").arg(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        told.read_line(&mut port).unwrap();
        Some(Self { child, port: port.trim().parse().unwrap(), told: Some(told) })
    }

    /// Ends it, and tells all that it was sent.
    fn spans(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.told.take().unwrap().lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn statements_and_exchanges_become_spans_without_a_raw_value() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(collector) = Collector::start() else { return };
    cluster.psql(SCHEMA);
    let (store, admin) = (store(), a_port());
    let telemetry = format!("[telemetry]\notlp = \"http://127.0.0.1:{}\"\n", collector.port);
    let mut proxy = Proxy::start(&(policy(&cluster, &store, admin) + &telemetry));
    ask(&cluster, &proxy);
    // What waits to be sent is sent before the proxy ends.
    proxy.signal("TERM");
    proxy.wait();
    let spans = collector.spans();
    for span in &spans {
        let said = span.to_string();
        for canary in CANARIES {
            assert!(!said.contains(canary), "`{canary}` in {said}");
        }
        assert_eq!(span["path"], "/v1/traces", "{said}");
        assert_eq!(span["type"], "application/x-protobuf", "{said}");
        assert_eq!(span["service"]["service.name"], "sfumato", "{said}");
        assert!(span["took_ns"].as_u64().unwrap() > 0, "{said}");
    }
    let of = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let statements = of("statement");
    let rows = |span: &&&Value| span["says"]["db.response.returned_rows"] == 50;
    assert_eq!(statements.iter().filter(rows).count(), 3, "{statements:#?}");
    assert!(statements.iter().all(|span| span["says"]["sfumato.store"] == "app"), "{statements:#?}");
    assert_eq!(statements.iter().filter(|span| span["failed"] == true).count(), 2, "{statements:#?}");
    let refused = |span: &&&Value| span["failed"] == true && span["says"]["error.type"] == "42501";
    assert_eq!(statements.iter().filter(refused).count(), 1, "{statements:#?}");
    let exchanges = of("exchange").into_iter();
    let told: Vec<Value> = exchanges.map(|span| span["says"].clone()).collect();
    let expected = [
        json!({"sfumato.store": "events", "http.response.status_code": 200}),
        json!({"sfumato.store": "events", "http.response.status_code": 200}),
        json!({"sfumato.store": "events", "http.response.status_code": 404, "error.type": "unknown-route"}),
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_family_is_documented_and_counts() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql(SCHEMA);
    let (store, admin) = (store(), a_port());
    let proxy = Proxy::start(&policy(&cluster, &store, admin));
    let _knocks = TcpStream::connect(proxy.address()).unwrap();
    ask(&cluster, &proxy);

    let scraped = get(("127.0.0.1", admin), "/metrics");
    let (head, text) = scraped.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
    for canary in CANARIES {
        assert!(!text.contains(canary), "`{canary}` in {text}");
    }
    assert_eq!(families(text), documented(), "{text}");
    for family in families(text) {
        let is_quiet = QUIET.contains(&family.as_str());
        assert_eq!(sum(text, &family, "") == 0, is_quiet, "{family} in {text}");
    }

    for (family, label, count) in [
        ("sfumato_rows", "app", 156),
        ("sfumato_failed", "app", 1),
        ("sfumato_plans_found", "app", 1),
        ("sfumato_first_row_seconds", "app", 4),
        ("sfumato_rulings", "pseudonymize", 2),
        ("sfumato_rulings", "truncate", 3),
        ("sfumato_refused", "42501", 1),
        ("sfumato_store_wait_seconds", "events", 2),
        ("sfumato_exchange_seconds", "events", 3),
        ("sfumato_cut", "events", 1),
    ] {
        assert_eq!(sum(text, family, label), count, "{family} of {label} in {text}");
    }
    for store in ["app", "events"] {
        for family in ["sfumato_read_bytes", "sfumato_sent_bytes"] {
            assert!(sum(text, family, store) > 0, "{family} of {store} in {text}");
        }
    }
}
