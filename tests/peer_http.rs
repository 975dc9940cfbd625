//! The binary in front of a real HTTP store that nobody here wrote, asked with clients that nobody here wrote.
//!
//! The store is datasette over an SQLite file, the clients are curl and Python's urllib. Canaries stand in every slot
//! of an exchange: path, parameter, header, body, error, log line, metric. `scripts/setup` installs datasette
//! into `target/peers`; where it cannot be had, these tests say so and are skipped.

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

mod support;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{Proxy, has_program};

/// Logins of eight people, one in the database for each number.
const ROWS: usize = 60;

/// What no answer, log line or metric may hold: of each row, what is finer than its cells.
fn canaries() -> Vec<String> {
    let mut canaries: Vec<String> = (1..=ROWS).map(|row| format!("203.0.113.{row}")).collect();
    canaries.extend((0..8).map(|person| format!("0b6b51c2-5a5a-4a5a-8a5a-00000000000{person}")));
    canaries.extend((0..8).map(|person| format!("person-{person}@example.com")));
    canaries.extend((1..=ROWS).map(|row| format!("T18:{:02}:37", row % 60)));
    canaries.extend(["48.858", "2.294", "02:00:5e:", "2001:db8:7:"].map(String::from));
    // What only clients say: nothing of it may be echoed or logged.
    canaries.extend(["198.51.100.", "0b6b51c2-ffff"].map(String::from));
    canaries
}

const MAKE_DATABASE: &str = r#"
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("create table people(user_id text primary key, email text)")
db.execute("create table logins(id integer primary key, user_id text, ip text, ip6 text, at text, lat real, lon real, bssid text, note text)")
uid = lambda n: "0b6b51c2-5a5a-4a5a-8a5a-%012d" % n
for n in range(8):
    db.execute("insert into people values(?,?)", (uid(n), "person-%d@example.com" % n))
for n in range(1, int(sys.argv[2]) + 1):
    db.execute("insert into logins values(?,?,?,?,?,?,?,?,?)", (n, uid(n % 8), "203.0.113.%d" % n, "2001:db8:7:%x::%x" % (n, n),
        "2026-03-14T18:%02d:37Z" % (n % 60), 48.8584 + n / 1e6, 2.2944 + n / 1e6, "02:00:5e:00:00:%02x" % n,
        "from 203.0.113.%d and [2001:db8:7:%x::%x], mail to person-%d@example.com, at 48.8584%d, 2.2944%d" % (n, n, n, n % 8, n, n)))
db.commit()
"#;

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { tokenize = { domain = "person" } }
mailbox = { pseudonymize = { domain = "mailbox" } }
area = { grid = { degrees = 0.1 } }
hour = { floor = { to = "hour" } }
[admin]
listen = "127.0.0.1:@ADMIN@"
[[stores]]
name = "datasette"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "@STORE@"
unlisted = "scan"
[stores.fields]
"$..ip" = "coarse-ip"
"$..ip6" = "coarse-ip"
"$..user_id" = "person"
"$..email" = "mailbox"
"$..lat" = "area"
"$..lon" = "area"
"$..at" = "hour"
"$..bssid" = "suppress"
# The page's own shape: rows are arrays, in the order of the table's columns.
"$.rows[*][1]" = "person"
"$.rows[*][2]" = "coarse-ip"
"$.rows[*][3]" = "coarse-ip"
"$.rows[*][4]" = "hour"
"$.rows[*][5]" = "area"
"$.rows[*][6]" = "area"
"$.rows[*][7]" = "suppress"
[[stores.routes]]
methods = ["GET"]
path = "/peers/logins.json"
params = { _shape = "pass", _size = "pass", _next = "pass", user_id = "person", ip = "coarse-ip" }
[[stores.routes]]
methods = ["GET"]
path = "/peers/logins.csv"
params = { _dl = "pass", _stream = "pass" }
[[stores.routes]]
methods = ["GET"]
path = "/peers/people/{user_id}"
params = { user_id = "person" }
[[stores.routes]]
methods = ["GET"]
path = "/peers/{table}"
params = { table = "pass" }
"#;

/// Python's view: counts, groups and a join, over what the proxy answers.
const ANALYSE: &str = r#"
import csv, io, json, sys, urllib.error, urllib.request
base = sys.argv[1]
def get(path, **headers):
    return urllib.request.urlopen(urllib.request.Request(base + path, headers=headers)).read().decode()
rows = json.loads(get("/peers/logins.json?_shape=array&_size=1000"))
table = list(csv.DictReader(io.StringIO(get("/peers/logins.csv?_stream=1&_dl=1"))))
assert [r["user_id"] for r in rows] == [r["user_id"] for r in table], "one person, one token, in JSON and CSV"
assert [r["ip"] for r in rows] == [r["ip"] for r in table]
one = rows[0]["user_id"]
theirs = json.loads(get("/peers/logins.json?_shape=array&_size=1000&user_id=" + one))
try:
    get("/peers/logins.json?_shape=array&ip=198.51.100.1", **{"X-Forwarded-For": "198.51.100.2"})
    refused = "answered"
except urllib.error.HTTPError as error:
    refused = "%d %s" % (error.code, error.headers["content-type"])
    sys.stderr.write(error.read().decode())
print(json.dumps({"rows": rows, "people": len({r["user_id"] for r in rows}), "networks": sorted({r["ip"] for r in rows}),
    "theirs": theirs, "expected": [r for r in rows if r["user_id"] == one], "refused": refused}))
"#;

struct Peer {
    store: Child,
    proxy: Proxy,
    admin_port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.store.kill();
        let _gone = self.store.wait();
    }
}

impl Peer {
    /// `None`, said loudly, where datasette or a client is missing.
    fn start() -> Option<Self> {
        let Some(bin) = peers().filter(|_| has_program("curl")) else {
            eprintln!("SKIPPED: datasette or curl is missing; `scripts/setup test` installs them");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("peers.db");
        python(&bin, MAKE_DATABASE, &[&database.to_string_lossy(), &ROWS.to_string()]);
        let mut store = Command::new(bin.join("datasette"))
            .args(["serve", "--port", "0"])
            .arg(&database)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(store.stderr.take().unwrap()).lines().map_while(Result::ok);
        let upstream = said
            .filter_map(|line| Some(line.split_once("running on ")?.1.split_once(' ')?.0.to_owned()))
            .next()
            .expect("datasette says where it runs");
        let admin_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let policy = POLICY.replace("@STORE@", &upstream).replace("@ADMIN@", &admin_port.to_string());
        Some(Self { store, proxy: Proxy::start(&policy), admin_port, _folder: folder })
    }

    fn url(&self) -> String {
        format!("http://{}", self.proxy.address())
    }

    /// Headers and body, as curl prints them.
    fn curl(&self, path: &str, extra: &[&str]) -> String {
        let mut command = Command::new("curl");
        command.args(["-sS", "-i", "--max-time", "20"]).args(extra).arg(self.url() + path);
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }

    fn metrics(&self) -> String {
        let url = format!("http://127.0.0.1:{}/metrics", self.admin_port);
        let output = Command::new("curl").args(["-sS", "--max-time", "20", &url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// No canary in `seen`, in the log or in the metrics.
    fn clean(&self, case: &str, seen: &str) {
        let log = self.proxy.log.lock().unwrap().clone();
        let metrics = self.metrics();
        for stage in ["store_wait", "exchange"] {
            let count = format!("sfumato_{stage}_seconds_count{{");
            let mut lines = metrics.lines().filter(|line| line.starts_with(&count));
            assert!(lines.any(|line| !line.ends_with(" 0")), "`{stage}` was timed: {metrics}");
        }
        for canary in canaries() {
            for (place, text) in [("answer", seen), ("log", &log), ("metrics", &metrics)] {
                assert!(!text.contains(&canary), "{case}: `{canary}` in the {place}: {text}");
            }
        }
    }
}

fn peers() -> Option<PathBuf> {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin");
    bin.join("datasette").is_file().then_some(bin)
}

fn python(bin: &Path, script: &str, args: &[&str]) -> (String, String) {
    let output = Command::new(bin.join("python3")).arg("-c").arg(script).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "python: {err}");
    (out, err)
}

#[test]
fn a_notebook_counts_groups_and_joins_what_is_coarse() {
    let Some(peer) = Peer::start() else { return };
    let (out, err) = python(&peers().unwrap(), ANALYSE, &[&peer.url()]);
    peer.clean("python", &(out.clone() + &err));
    let seen: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(seen["rows"].as_array().unwrap().len(), ROWS);
    assert_eq!(seen["people"], 8);
    assert_eq!(seen["networks"], serde_json::json!(["203.0.0.0/16"]));
    let first = &seen["rows"][0];
    assert_eq!(first["ip6"], "2001:db8::/32");
    assert_eq!(first["at"], "2026-03-14T18:00:00Z");
    assert_eq!((&first["lat"], &first["lon"]), (&serde_json::json!(48.8), &serde_json::json!(2.2)));
    assert_eq!(first["bssid"], Value::Null);
    assert_eq!(seen["theirs"], seen["expected"], "a token selects its person, and nobody else");
    assert_eq!(seen["refused"], "403 application/problem+json");
}

#[test]
fn nothing_raw_in_any_slot_of_an_exchange() {
    let Some(peer) = Peer::start() else { return };
    let cases: &[(&str, &str, &[&str])] = &[
        ("rows as arrays", "/peers/logins.json?_size=5", &[]),
        ("csv", "/peers/logins.csv?_stream=1&_dl=1", &[]),
        ("next page", "/peers/logins.json?_shape=array&_size=2&_next=2", &[]),
        ("accepts anything", "/peers/logins.json?_shape=array", &["--compressed"]),
        ("table that is not", "/peers/nothing.json", &[]),
        ("error of the store", "/peers/logins.json?_shape=198.51.100.9", &[]),
        ("finer than the cell", "/peers/logins.json?ip=198.51.100.1", &[]),
        ("raw id in a parameter", "/peers/logins.json?user_id=0b6b51c2-ffff-4000-8000-000000000001", &[]),
        ("raw id in the path", "/peers/people/0b6b51c2-ffff-4000-8000-000000000001", &[]),
        ("canary in the path", "/198.51.100.3/logins.json", &[]),
        ("undeclared parameter", "/peers/logins.json?q=198.51.100.4", &[]),
        ("sorting by a field", "/peers/logins.json?_shape=array&_sort=ip&_size=3", &[]),
        (
            "forwarded headers",
            "/peers/logins.json",
            &["-H", "X-Forwarded-For: 198.51.100.5", "-H", "Forwarded: for=198.51.100.6"],
        ),
        ("range", "/peers/logins.json?_shape=array", &["-H", "Range: bytes=0-40"]),
        ("a page", "/peers/logins", &[]),
        ("free sql", "/peers.json?sql=select+ip+from+logins", &[]),
        ("wrong method", "/peers/logins.json", &["-X", "DELETE"]),
        ("a body", "/peers/logins.json", &["-X", "POST", "-d", "ip=198.51.100.7"]),
    ];
    for (case, path, extra) in cases {
        peer.clean(case, &peer.curl(path, extra));
    }
}

/// The store repeats what it was asked: in `query.params`, in a sentence, in links. A token that was turned back on its
/// way in must not come out that way.
#[test]
fn a_store_that_echoes_the_question() {
    let Some(peer) = Peer::start() else { return };
    let rows = peer.curl("/peers/logins.json?_shape=array&_size=1", &[]);
    let row: Value = serde_json::from_str(rows.rsplit("\r\n\r\n").next().unwrap()).unwrap();
    let token = row[0]["user_id"].as_str().unwrap();
    for shape in ["arrays", "objects", "object", "arrayfirst", "array"] {
        let answer = peer.curl(&format!("/peers/logins.json?_shape={shape}&user_id={token}"), &[]);
        peer.clean(shape, &answer);
    }
    let page = peer.curl(&format!("/peers/logins.json?user_id={token}"), &[]);
    assert!(page.contains(&format!(r#"where user_id = \"{token}\""#)), "{page}");
    // This store answers with a page of HTML here, in which the raw id stands.
    let row = peer.curl(&format!("/peers/people/{token}"), &[]);
    peer.clean("a row", &row);
    assert!(row.contains("unsupported-answer-type"), "{row}");
}
