//! Who stands at the door, and who comes in: silent and slow connections shut nobody out.

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
#[path = "support/pki.rs"]
mod pki;
mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use cluster::Cluster;
use pki::Pki;
use support::{Proxy, RawStore};

const POSTGRES: &str = r#"
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
@MORE@
[stores.fields]
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[admin]
listen = "127.0.0.1:@ADMIN@"
"#;

fn postgres(cluster: &Cluster, more: &str) -> Proxy {
    Proxy::start(
        &POSTGRES
            .replace("@PORT@", &cluster.port.to_string())
            .replace("@MORE@", more)
            .replace("@ADMIN@", "0"),
    )
}

fn psql(cluster: &Cluster, proxy: &Proxy, user: &str) -> (String, String) {
    let mut psql = cluster.client("psql", proxy.address().port());
    let output = psql.env("PGUSER", user).args(["-X", "-At", "-c", "SELECT 1"]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _reset = stream.read_to_end(&mut all);
    all.escape_ascii().to_string()
}

/// A session that stays.
fn session(proxy: &Proxy, user: &str) -> (TcpStream, String) {
    let mut stream = connect(proxy.address());
    let body = format!("\0\x03\0\0user\0{user}\0database\0postgres\0\0");
    stream.write_all(&u32::try_from(body.len() + 4).unwrap().to_be_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    while !said.ends_with(b"Z\0\0\0\x05I") {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => said.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    (stream, said.escape_ascii().to_string())
}

/// More silent connections than there are places, at the door and inside, and psql comes in at once.
#[test]
fn half_open_connections_shut_nobody_out() {
    let Some(cluster) = Cluster::start() else { return };
    let proxy =
        postgres(&cluster, "limits = { max_connections = 2, max_logins = 4, max_logins_per_source = 4 }");
    let mut silent: Vec<TcpStream> = (0..20).map(|_| connect(proxy.address())).collect();
    let start = Instant::now();
    assert_eq!(psql(&cluster, &proxy, "postgres").0, "1\n");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let told = rest(&mut silent[0]);
    assert!(told.contains("C53300") && told.contains("too many clients are logging in"), "{told}");
}

#[test]
fn who_is_in_is_counted_in_all_and_by_name() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql("CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE carol LOGIN");
    let proxy = postgres(&cluster, "limits = { max_connections = 3, max_connections_per_identity = 2 }");
    let (alice, _first) = (session(&proxy, "alice"), session(&proxy, "alice"));
    let (_, told) = session(&proxy, "alice");
    assert!(told.contains("C53300") && told.contains("too many connections of this name"), "{told}");
    let _bob = session(&proxy, "bob");
    let (out, err) = psql(&cluster, &proxy, "carol");
    assert!(out.is_empty() && err.contains("too many clients already"), "{out}{err}");
    drop(alice);
    let start = Instant::now();
    while psql(&cluster, &proxy, "carol").0 != "1\n" {
        assert!(start.elapsed() < Duration::from_secs(20), "the place is given back");
    }
}

/// The deadline is for the whole way in: neither bytes that trickle in nor a handshake move it.
#[test]
fn the_way_in_has_one_deadline() {
    let Some(cluster) = Cluster::start() else { return };
    let pki = Pki::new();
    let more = "timeouts = { login_timeout_ms = 1500 }\n\
                tls = { mode = \"allow\", certificate = \"@PKI@/server.pem\", key = \"@PKI@/server.key\" }";
    let proxy = postgres(&cluster, &pki.fill(more));
    let address = proxy.address();
    // The head of a TLS record that says it is 512 bytes long, and of a start-up message of 100.
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    let asked = [b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec(), tls.clone()].concat();
    let startup = b"\0\0\0\x64\0\x03\0\0user\0alice\0database\0".to_vec();
    let slow = [Vec::new(), tls, asked, startup].map(|bytes| {
        std::thread::spawn(move || {
            let (mut stream, start) = (connect(address), Instant::now());
            for byte in bytes {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            let told = rest(&mut stream);
            (start.elapsed(), told)
        })
    });
    for one in slow {
        let (took, told) = one.join().unwrap();
        let in_time = Duration::from_millis(1_400)..Duration::from_millis(4_500);
        assert!(in_time.contains(&took), "{took:?} {told}");
    }
    assert_eq!(psql(&cluster, &proxy, "postgres").0, "1\n");
}

const HTTP: &str = r#"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@UPSTREAM@"
timeouts = { login_timeout_ms = 1500 }
limits = { @LIMITS@ }
[stores.fields]
"$..ip" = "suppress"
[[stores.routes]]
path = "/"
"#;

fn http(limits: &str) -> (RawStore, Proxy) {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let store = RawStore::start(move |_, stream| stream.write_all(answer).unwrap());
    let proxy =
        Proxy::start(&HTTP.replace("@UPSTREAM@", &store.address.to_string()).replace("@LIMITS@", limits));
    (store, proxy)
}

/// A connection that is kept, and its first answer.
fn asks(proxy: &Proxy) -> (TcpStream, String) {
    let mut stream = connect(proxy.address());
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut head = [0; 2048];
    let count = stream.read(&mut head).unwrap();
    (stream, String::from_utf8_lossy(&head[..count]).into_owned())
}

#[test]
fn a_silent_http_connection_is_closed_and_shuts_nobody_out() {
    let (_store, proxy) = http("max_connections = 2, max_logins = 2, max_logins_per_source = 2");
    // What looks like the beginning of HTTP/2 is read by nobody who keeps time.
    let mut silent: Vec<TcpStream> = (0..6).map(|_| connect(proxy.address())).collect();
    let start = Instant::now();
    for (stream, bytes) in silent.iter_mut().zip([&b""[..], b"P", b"PRI * HTTP/2.0", b"", b"PRI", b"GET / H"])
    {
        let _pushed_out = stream.write_all(bytes);
    }
    assert!(proxy.get("/").starts_with("HTTP/1.1 200"));
    assert!(start.elapsed() < Duration::from_millis(1_200), "{:?}", start.elapsed());
    for mut stream in silent {
        rest(&mut stream);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn http_connections_are_counted_too() {
    let (_store, proxy) = http("max_connections = 2");
    let both = [asks(&proxy), asks(&proxy)];
    assert!(both.iter().all(|(_, answer)| answer.starts_with("HTTP/1.1 200")), "{both:?}");
    let third = proxy.get("/");
    assert!(third.starts_with("HTTP/1.1 503") && third.contains("too-many-connections"), "{third}");
    // Who is in is not asked for more within the deadline.
    std::thread::sleep(Duration::from_millis(2_000));
    let [(mut first, _), _second] = both;
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert!(rest(&mut first).contains("200 OK"));

    let (_store, proxy) = http("max_connections_per_identity = 1");
    let _first = asks(&proxy);
    let second = proxy.get("/");
    assert!(second.starts_with("HTTP/1.1 429") && second.contains("too-many-of-one-name"), "{second}");
}

/// Who is not let in is on record: the first at once, the others as a count, and no word that a stranger typed.
#[test]
fn a_flood_of_wrong_passwords_is_a_few_lines() {
    let Some(cluster) = Cluster::start() else { return };
    let pki = Pki::new();
    let verifiers = pki.path("employees.passwd");
    let mut passwd = std::process::Command::new(env!("CARGO_BIN_EXE_sfumato"))
        .args(["passwd", &verifiers, "alice"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    passwd.stdin.take().unwrap().write_all(b"sesame\n").unwrap();
    assert!(passwd.wait().unwrap().success());
    let more = "tls = { certificate = \"@PKI@/server.pem\", key = \"@PKI@/server.key\", client_ca = \"@PKI@/ca.pem\", clients = \"ask\" }\n\
                login = { verifiers = \"@PKI@/employees.passwd\", service = { user = \"postgres\" } }";
    let policy = POSTGRES.replace("@PORT@", &cluster.port.to_string()).replace("@MORE@", &pki.fill(more));
    let mut proxy =
        Proxy::start(&format!("{policy}[audit]\nfile = \"audit.jsonl\"\n").replace("@ADMIN@", "0"));
    let asks = |user: &str, password: &str, settings: &[(&str, &str)]| {
        let mut psql = cluster.client("psql", proxy.address().port());
        psql.env("PGUSER", user).env("PGPASSWORD", password).env("PGSSLMODE", "require");
        psql.envs(settings.iter().copied());
        psql.args(["-X", "-At", "-c", "SELECT 1"]).output().unwrap().status.success()
    };
    assert!(asks("alice", "sesame", &[]));
    for _ in 0..5 {
        assert!(!asks("alice", "wrong", &[]) && !asks("my-other-password", "x", &[]));
    }
    let mallory = (pki.path("mallory.pem"), pki.path("mallory.key"));
    assert!(!asks("alice", "sesame", &[("PGSSLCERT", &mallory.0), ("PGSSLKEY", &mallory.1)]));
    let expired = (pki.path("expired.pem"), pki.path("expired.key"));
    assert!(!asks("alice", "sesame", &[("PGSSLCERT", &expired.0), ("PGSSLKEY", &expired.1)]));
    assert!(!asks("alice", "sesame", &[("PGSSLMODE", "disable")]));
    assert!(!asks("alice", "sesame", &[("PGOPTIONS", "-c row_security=off")]));
    proxy.signal("TERM");
    assert!(proxy.wait().success());
    let trail = proxy.folder().join("audit.jsonl");
    let text = std::fs::read_to_string(&trail).unwrap();
    assert!(!text.contains("my-other-password"), "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut told: Vec<(&str, &str, u64)> = lines
        .iter()
        .filter(|line| line["kind"] == "login")
        .map(|line| {
            assert!(line["decision"] == "refused" && line["from"] == "127.0.0.1", "{line}");
            let text = |name: &str| line[name].as_str().unwrap_or_default();
            (text("reason"), text("claimed"), line["count"].as_u64().unwrap())
        })
        .collect();
    told.sort_unstable();
    let expected = [
        ("42501", "", 1),
        ("certificate-expired", "", 1),
        ("certificate-untrusted", "", 1),
        ("plain-line", "", 1),
        ("wrong-password", "", 1),
        ("wrong-password", "", 4),
        ("wrong-password", "alice", 1),
        ("wrong-password", "alice", 4),
    ];
    assert_eq!(told, expected, "{text}");
    let trail = trail.to_str().unwrap();
    assert!(support::sfumato(&["audit", "verify", trail]).status.success());
    let shown = support::sfumato(&["audit", "show", trail, "--who", "127.0.0.1", "--decision", "refused"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("wrong-password  as if alice  4 logins"), "{shown}");
}

#[test]
fn health_and_metrics_are_told_over_tls() {
    if !support::has_program("curl") {
        eprintln!("no curl: nothing tested");
        return;
    }
    let pki = Pki::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let tls = "\ntls = { certificate = \"@PKI@/server.pem\", key = \"@PKI@/server.key\", client_ca = \"@PKI@/ca.pem\" }\n";
    let policy =
        POSTGRES.replace("@PORT@", "1").replace("@MORE@", "").replace("@ADMIN@", &port) + &pki.fill(tls);
    let _proxy = Proxy::start(&policy);
    let curl = |url: &str, more: &[&str]| {
        let mut curl = std::process::Command::new("curl");
        let output = curl.args(["-sS", "--cacert", &pki.path("ca.pem"), url]).args(more).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (url, plain) =
        (format!("https://localhost:{port}/metrics"), format!("http://localhost:{port}/metrics"));
    let own = ["--cert", &pki.path("alice.pem"), "--key", &pki.path("alice.key")];
    assert!(curl(&url, &own).contains("sfumato_connections"));
    assert_eq!((curl(&url, &[]).as_str(), curl(&plain, &own).as_str()), ("", ""));
}
