//! The binary in front of a real PostgreSQL server, asked in bytes that no driver would send.

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
use std::net::TcpStream;
use std::time::Duration;

use cluster::Cluster;
use support::Proxy;

const SCHEMA: &str = "
    CREATE TABLE users (user_id uuid PRIMARY KEY, number bigint UNIQUE, ip inet);
    INSERT INTO users SELECT uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 7770000 + n, inet '203.0.113.0' + n
        FROM generate_series(1, 8) n;
    CREATE ROLE employee LOGIN;
    GRANT SELECT ON users TO employee;";

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"public.users.user_id" = { pseudonymize = { domain = "person" } }
"public.users.number" = { tokenize = { domain = "number" } }
"public.users.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"#;

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

struct Line(TcpStream);

impl Line {
    fn open(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut line = Self(stream);
        line.say(&untagged(b"\0\x03\0\0user\0employee\0database\0postgres\0\0"));
        let welcome = line.hears(1);
        assert!(welcome.ends_with(READY), "{}", welcome.escape_ascii());
        line
    }

    fn say(&mut self, bytes: &[u8]) {
        // It may be closed before all is sent.
        let _gone = self.0.write_all(bytes);
    }

    /// What comes, up to so many ReadyForQuery or the end.
    fn hears(&mut self, ready: usize) -> Vec<u8> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 65_536]);
        while heard.windows(READY.len()).filter(|window| *window == READY).count() < ready {
            match self.0.read(&mut buffer) {
                Ok(count @ 1..) => heard.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        heard
    }

    fn asks(&mut self, messages: &[Vec<u8>], ready: usize) -> String {
        self.say(&messages.concat());
        self.hears(ready).escape_ascii().to_string()
    }
}

const READY: &[u8] = b"Z\0\0\0\x05I";

fn untagged(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat()
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag][..], &untagged(body)].concat()
}

fn query(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes())
}

fn parse(name: &str, text: &str) -> Vec<u8> {
    message(b'P', format!("{name}\0{text}\0\0\0").as_bytes())
}

fn close(name: &str) -> Vec<u8> {
    message(b'C', format!("S{name}\0").as_bytes())
}

/// A portal of a statement without parameters, run.
fn run(name: &str) -> Vec<u8> {
    [message(b'B', format!("\0{name}\0\0\0\0\0\0\0").as_bytes()), message(b'E', b"\0\0\0\0\0")].concat()
}

fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// Somebody who knows a raw identifier learns neither whether it is there nor under which pseudonym.
#[test]
fn a_raw_value_does_not_stand_in_for_a_token_behind_a_parse_that_fails() {
    let Some((_cluster, proxy)) = start() else { return };
    let asks_for_a_token = parse("p", "SELECT user_id FROM users WHERE number = $1");
    let raw = query("EXECUTE p(7770003)");
    let in_a_portal = [parse("e", "EXECUTE p(7770003)"), run("e"), sync()].concat();
    let fails = [parse("f", "SELECT 1/0"), run("f")].concat();
    let attacks: [(&str, Vec<u8>); 4] = [
        ("a Parse of a name that is taken", [parse("p", "SELECT $1::bigint"), sync()].concat()),
        ("a Close that is skipped", [fails.clone(), close("p"), sync()].concat()),
        ("both", [fails.clone(), parse("p", "SELECT $1::bigint"), close("p"), sync()].concat()),
        ("nothing", sync()),
    ];
    for (how, behind) in &attacks {
        for asks in [&raw, &in_a_portal] {
            let mut line = Line::open(&proxy);
            line.asks(&[asks_for_a_token.clone(), sync()], 1);
            let heard = line.asks(&[behind.clone(), asks.clone()], 2);
            assert!(heard.contains("C0A000"), "{how}: {heard}");
            assert!(!heard.contains("SELECT 1") && !heard.contains("user_id"), "{how}: {heard}");
            assert!(line.asks(&[query("SELECT 'goes on'")], 1).contains("goes on"), "{how}");
        }
    }
}

#[test]
fn bytes_that_no_driver_sends() {
    let Some((_cluster, proxy)) = start() else { return };
    let mut other = Line::open(&proxy);
    let long_name = "n".repeat(1_000_000);
    let nested = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let chain = format!("SELECT 1{}", "+1".repeat(100_000));
    let bind = |rest: &[u8]| {
        [parse("", "SELECT $1::bigint"), message(b'B', &[b"\0\0", rest].concat()), sync()].concat()
    };
    let goes_on: Vec<(&str, Vec<u8>, &str)> = vec![
        ("ten megabytes", query(&format!("SELECT '{}'", "x".repeat(10_000_000))), "C54000"),
        ("nested", query(&nested), "C54"),
        ("a chain", query(&chain), "C54"),
        ("a long name", [parse(&long_name, "SELECT 1"), sync()].concat(), "C42622"),
        ("Bind before Parse", [message(b'B', &[0; 8]), sync()].concat(), "C26000"),
        ("a function call", message(b'F', &[0; 20]), "C0A000"),
        (
            "stray pieces of a copy",
            [message(b'd', &[b'x'; 100_000]), message(b'c', b""), message(b'f', b"x\0"), sync()].concat(),
            "Z",
        ),
        ("no UTF-8", message(b'Q', b"SELECT '\xff'\0"), "C22021"),
        ("too many formats", bind(b"\0\x03\0\0\0\0\0\0\0\x01\0\0\0\x011\0\0"), "C08P01"),
        ("a short binary value", bind(b"\0\x01\0\x01\0\x01\0\0\0\x03abc\0\0"), "C"),
        ("no parameter", bind(b"\0\0\0\0\0\0"), "C08P01"),
    ];
    for (case, bytes, answer) in &goes_on {
        let mut line = Line::open(&proxy);
        let heard = line.asks(std::slice::from_ref(bytes), 1);
        assert!(heard.contains(answer) && heard.ends_with("Z\\x00\\x00\\x00\\x05I"), "{case}: {heard}");
        assert!(line.asks(&[query("SELECT 'goes on'")], 1).contains("goes on"), "{case}");
    }
    let ends: Vec<(&str, Vec<u8>)> = vec![
        ("a negative length", b"Q\xff\xff\xff\xff".to_vec()),
        ("a length of 3", b"Q\0\0\0\x03".to_vec()),
        ("an endless Bind", b"B\x7f\xff\xff\xff".to_vec()),
        ("an unknown type", message(b'y', b"")),
        ("a password", message(b'p', b"secret\0")),
        ("another start-up message", untagged(b"\0\x03\0\0user\0employee\0\0")),
        ("no end of text", message(b'Q', b"SELECT 1")),
        ("two texts", message(b'Q', b"SELECT 1\0SELECT 2\0")),
        ("a target that is none", message(b'D', b"Xp\0")),
        ("a format that is none", bind(b"\0\x01\0\x02\0\x01\0\0\0\x011\0\0")),
        ("a length beyond the message", bind(b"\0\0\0\x01\0\0\0\x091\0\0")),
        ("a length below -1", bind(b"\0\0\0\x01\xff\xff\xff\xfe\0\0")),
        ("a Sync with a body", message(b'S', b"x")),
    ];
    for (case, bytes) in &ends {
        let heard = Line::open(&proxy).asks(std::slice::from_ref(bytes), usize::MAX);
        assert!(heard.contains("FATAL") && heard.contains("C08P01"), "{case}: {heard}");
    }
    assert!(other.asks(&[query("SELECT 'untouched'")], 1).contains("untouched"));
}

/// Messages that do not come to their end must not take the memory of everybody.
#[test]
fn half_sent_messages_of_some_end_nobody_else() {
    let Some((_cluster, proxy)) = start() else { return };
    let mut other = Line::open(&proxy);
    let mut half = message(b'B', &vec![b'x'; 63 << 20]);
    half.truncate(half.len() - 10);
    let mut hogs: Vec<Line> = (0..10).map(|_| Line::open(&proxy)).collect();
    for hog in &mut hogs {
        hog.say(&half);
    }
    // Pieces of a copy that was never asked for are not held at all.
    let mut stray = Line::open(&proxy);
    stray.say(&[b"d".to_vec(), untagged(&half)].concat());
    assert!(stray.asks(&[query("SELECT 'goes on'")], 1).contains("goes on"));
    let heard = other.asks(&[query("SELECT repeat('x', 300000)")], 1);
    assert!(heard.ends_with("SELECT 1\\x00Z\\x00\\x00\\x00\\x05I"), "{} bytes", heard.len());
    let heard = Line::open(&proxy).asks(&[query(&format!("SELECT '{}'", "x".repeat(200_000)))], 1);
    assert!(heard.ends_with("SELECT 1\\x00Z\\x00\\x00\\x00\\x05I"), "{} bytes", heard.len());
}

/// Names of SQL and of the protocol are the same names: what was prepared in SQL is bound by message, without having been
/// described, and what SQL makes the server forget is not the unnamed statement.
#[test]
fn what_sql_prepared_is_run_by_message() {
    let Some((_cluster, proxy)) = start() else { return };
    let mut line = Line::open(&proxy);
    let asked = "SELECT user_id, number, ip FROM users ORDER BY ip, user_id";
    let told = line.asks(&[query(asked)], 1);
    let row = told.split("\\x00\\x03\\x00\\x00\\x00$").nth(1).unwrap().split("C\\x00").next().unwrap();
    line.asks(&[query(&format!("PREPARE p AS {asked}"))], 1);
    let told = line.asks(&[run("p"), sync()], 1);
    assert!(told.contains(row) && !told.contains("0b6b51c2") && !told.contains("777000"), "{told}");
    for forgets in ["DEALLOCATE ALL", "DISCARD ALL"] {
        let told = line.asks(&[parse("", forgets), run(""), run(""), sync()], 1);
        assert!(told.ends_with("Z\\x00\\x00\\x00\\x05I"), "{told}");
        let told = line.asks(&[run("p"), sync()], 1);
        assert!(told.contains("C26000"), "{told}");
    }
}
