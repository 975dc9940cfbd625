//! Bad input from either side of an HTTP store: a clear refusal or a cut answer, and nothing raw.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, may be a long table, and shares its support"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::{Proxy, RawStore};

/// What must never reach the client or the log, whatever happens.
const CANARIES: [&str; 4] = ["203.0.113.77", "113.77", "b7c1f3a0-1111-4222-8333-444455556666", "13.40512"];

const RECORD: &str =
    r#"{"ip":"203.0.113.77","user_id":"b7c1f3a0-1111-4222-8333-444455556666","lat":13.40512}"#;

fn config(store: &RawStore) -> String {
    format!(
        r#"
[keys]
current = "test"
[keys.ring]
"test" = {{ file = "@KEY@" }}
[treatments]
coarse-ip = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
person = {{ pseudonymize = {{ domain = "person" }} }}
area = {{ grid = {{ degrees = 0.1 }} }}
[timeouts]
header_timeout_ms = 700
upstream_timeout_ms = 900
[limits]
max_header_bytes = 16384
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://{}"
[stores.fields]
"$..ip" = "coarse-ip"
"$..user_id" = "person"
"$..lat" = "area"
[[stores.routes]]
methods = ["GET", "HEAD"]
path = "/{{case}}"
params = {{ case = "pass", ip = "coarse-ip" }}
[[stores.routes]]
methods = ["POST"]
path = "/in"
body = "treat"
"#,
        store.address
    )
}

fn started(script: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> (RawStore, Proxy) {
    let store = RawStore::start(script);
    let proxy = Proxy::start(&config(&store));
    (store, proxy)
}

fn clean(proxy: &Proxy, case: &str, answer: &[u8]) {
    let answer = String::from_utf8_lossy(answer);
    let log = proxy.log.lock().unwrap();
    for canary in CANARIES {
        assert!(!answer.contains(canary), "{case}: `{canary}` in the answer: {answer}");
        assert!(!log.contains(canary), "{case}: `{canary}` in the log: {log}");
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

fn whole(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn answers_of_a_hostile_store() {
    let json = "200 OK\r\nContent-Type: application/json";
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("good", whole(json, RECORD), "200"),
        ("garbage", format!("ready {RECORD}\r\n\r\n").into_bytes(), "502"),
        ("no-head", RECORD.into(), "502"),
        ("short", format!("HTTP/1.1 {json}\r\nContent-Length: 5000\r\n\r\n{RECORD}").into_bytes(), "502"),
        ("long", format!("HTTP/1.1 {json}\r\nContent-Length: 2\r\n\r\n{{}}{RECORD}").into_bytes(), "200"),
        ("two-lengths", format!("HTTP/1.1 {json}\r\nContent-Length: 2\r\nContent-Length: 300\r\n\r\n{{}}{RECORD}").into_bytes(), "502"),
        ("invalid", whole(json, &format!("[{RECORD},]")), "502"),
        ("truncated", whole(json, &format!("[{RECORD}")), "502"),
        ("twice", whole(json, r#"{"ip":"198.51.100.1","\u0069p":"203.0.113.77"}"#), "502"),
        ("escaped-first", whole(json, r#"{"\u0069p":"203.0.113.77","ip":"198.51.100.1"}"#), "502"),
        ("escaped", whole(json, r#"{"\u0069p":"203.0.113.77"}"#), "200"),
        ("escaped-value", whole(json, r#"{"ip":"203.0.\u0031\u00313.77"}"#), "200"),
        ("bad-utf8", [&whole(json, "")[..0], b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"a\":\"\xff\",\"b\":\"113.77\"}\n"].concat(), "502"),
        ("deep", whole(json, &format!("{}{RECORD}{}", "[".repeat(5000), "]".repeat(5000))), "502"),
        ("html", whole("200 OK\r\nContent-Type: text/html", RECORD), "502"),
        ("html-404", whole("404 Not Found\r\nContent-Type: text/html", RECORD), "404"),
        ("no-type", whole("200 OK", RECORD), "502"),
        ("two-types", whole("200 OK\r\nContent-Type: application/json\r\nContent-Type: text/html", RECORD), "502"),
        ("latin1", whole("200 OK\r\nContent-Type: application/json; charset=latin1", RECORD), "502"),
        ("not-gzip", whole(&format!("{json}\r\nContent-Encoding: gzip"), RECORD), "502"),
        ("stacked", whole(&format!("{json}\r\nContent-Encoding: gzip, gzip"), RECORD), "502"),
        ("odd-coding", whole(&format!("{json}\r\nContent-Encoding: x-raw"), RECORD), "502"),
        ("partial", whole("206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 0-5/9", RECORD), "502"),
        ("switch", whole("101 Switching Protocols\r\nUpgrade: raw", RECORD), "502"),
        ("headers", whole(&format!("{json}\r\nETag: \"203.0.113.77\"\r\nX-Real-IP: 203.0.113.77\r\nSet-Cookie: ip=203.0.113.77\r\nLink: <http://203.0.113.77>\r\nServer: 203.0.113.77"), "{}"), "200"),
        ("words", whole("200 OK\r\nContent-Type: application/json; name=\"203.0.113.77\"\r\nWWW-Authenticate: Bearer error_description=\"203.0.113.77\"\r\nCache-Control: private, ip=\"203.0.113.77\"\r\nVary: 203.0.113.77\r\nAllow: 203.0.113.77\r\nContent-Language: 203.0.113.77\r\nRetry-After: 203.0.113.77\r\nAccess-Control-Allow-Origin: http://203.0.113.77\r\nAccess-Control-Allow-Headers: 203.0.113.77", "{}"), "200"),
        ("reason", whole("200 203.0.113.77\r\nContent-Type: application/json", "{}"), "200"),
        ("trailers", format!("HTTP/1.1 {json}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nX-Ip: 203.0.113.77\r\n\r\n").into_bytes(), "200"),
        ("huge-header", format!("HTTP/1.1 {json}\r\nX-Big: {}\r\n\r\n{RECORD}", "203.0.113.77 ".repeat(90_000)).into_bytes(), "502"),
        ("csv-wide", whole("200 OK\r\nContent-Type: text/csv", "ip,user_id\r\n203.0.113.77,7,203.0.113.77\r\n"), "502"),
        ("csv-spaces", whole("200 OK\r\nContent-Type: text/csv", "id, user_id\r\n1,b7c1f3a0-1111-4222-8333-444455556666\r\n"), "502"),
        ("csv-semicolons", whole("200 OK\r\nContent-Type: text/csv", "id;user_id\r\n1;b7c1f3a0-1111-4222-8333-444455556666\r\n"), "502"),
        ("csv-directive", whole("200 OK\r\nContent-Type: text/csv", "sep=,\r\nuser_id\r\nb7c1f3a0-1111-4222-8333-444455556666\r\n"), "502"),
        ("huge-number", whole(json, &format!("{{\"lat\":{}}}", "9".repeat(100_000))), "200"),
    ];
    let answers: Vec<(String, Vec<u8>)> =
        table.iter().map(|(case, bytes, _)| (format!("/{case}"), bytes.clone())).collect();
    let (_store, proxy) = started(move |target, stream| {
        let answer = answers.iter().find(|(case, _)| case == target).map(|(_, bytes)| bytes);
        let _client_gone = stream.write_all(answer.map_or(&b""[..], Vec::as_slice));
    });
    for (case, _, expected) in &table {
        let answer = proxy.get(&format!("/{case}"));
        clean(&proxy, case, answer.as_bytes());
        assert_eq!(status(&answer), *expected, "{case}: {answer}");
        let is_problem = answer.contains("application/problem+json");
        assert_eq!(is_problem, *expected != "200", "{case}: {answer}");
    }
    assert!(proxy.get("/good").contains(r#""ip":"203.0.0.0/16""#), "{}", proxy.get("/good"));
    assert!(proxy.get("/escaped").contains("203.0.0.0/16"));
}

#[test]
fn a_long_answer_that_goes_wrong_is_cut() {
    let (_store, proxy) = started(|target, stream| {
        let rows = format!("{RECORD}\n").repeat(5_000);
        let mut send = |bytes: &[u8]| {
            let _client_gone = stream.write_all(bytes);
        };
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n");
        match target {
            "/invalid" => send(format!("\r\n{rows}{{\"ip\":203.0.113.77}}\n{rows}").as_bytes()),
            "/half" => {
                let length = rows.len() * 2;
                send(format!("Content-Length: {length}\r\n\r\n{rows}").as_bytes());
            }
            "/chunk" => send(
                format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{rows}\r\nzz\r\n{rows}", rows.len())
                    .as_bytes(),
            ),
            "/stall" => {
                send(format!("Content-Length: 99999999\r\n\r\n{rows}").as_bytes());
                std::thread::sleep(Duration::from_secs(4));
            }
            _ => send(format!("\r\n{rows}").as_bytes()),
        }
    });
    let good = proxy.get("/good");
    clean(&proxy, "good", good.as_bytes());
    assert!(good.ends_with("\r\n0\r\n\r\n"), "a whole answer ends in the last chunk");
    for case in ["invalid", "half", "chunk", "stall"] {
        let answer = proxy.get(&format!("/{case}"));
        clean(&proxy, case, answer.as_bytes());
        assert_eq!(status(&answer), "200", "{case}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{case}: a cut answer must not look whole");
    }
}

#[test]
fn a_store_that_is_silent_or_gone() {
    let (store, proxy) = started(|_, _| std::thread::sleep(Duration::from_secs(4)));
    let begin = Instant::now();
    let answer = proxy.get("/silent");
    assert_eq!(status(&answer), "504", "{answer}");
    assert!(begin.elapsed() < Duration::from_secs(3));
    drop((store, proxy));

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = RawStore { address: gone.local_addr().unwrap(), received: std::sync::Arc::default() };
    drop(gone);
    let proxy = Proxy::start(&config(&store));
    assert_eq!(status(&proxy.get("/gone")), "502");
}

#[test]
fn requests_of_a_hostile_client() {
    let (store, proxy) = started(|_, stream| {
        let _client_gone = stream.write_all(&whole("200 OK\r\nContent-Type: application/json", RECORD));
    });
    let table: &[(&str, &str, &str)] = &[
        (
            "two lengths",
            "POST /in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
            "400",
        ),
        (
            "chunked twice",
            "POST /in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "odd chunked",
            "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        ("chunked in 1.0", "POST /in HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("space before colon", "GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "400"),
        ("folded", "GET /a HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n GET /b HTTP/1.1\r\n\r\n", "400"),
        ("body on a GET", "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "400"),
        ("connect", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n", "501"),
        ("trace", "TRACE /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "501"),
        (
            "upgrade",
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n",
            "501",
        ),
        ("other method", "DELETE /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        ("other route", "GET /a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("dots", "GET /a/../b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"),
        ("encoded dots", "GET /%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"),
        ("other parameter", "GET /a?ips=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"),
        (
            "finer than the cell",
            "GET /a?ip=203.0.113.77 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "403",
        ),
        (
            "finer, encoded",
            "GET /a?%69p=203%2e0.113.77 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "403",
        ),
        (
            "finer, second",
            "GET /a?ip=203.0.0.0/16&ip=203.0.113.77 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "403",
        ),
        ("at the cell", "GET /a?ip=203.0.0.0/16 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
        (
            "not JSON",
            "POST /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{a}",
            "400",
        ),
        (
            "not a known type",
            "POST /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n{a}",
            "415",
        ),
    ];
    for (case, request, expected) in table {
        let before = store.received().len();
        let answer = proxy.exchange(request.as_bytes());
        let text = String::from_utf8_lossy(&answer);
        assert_eq!(status(&text), *expected, "{case}: {text}");
        clean(&proxy, case, &answer);
        if !matches!(*expected, "200") && *case != "not JSON" {
            assert_eq!(store.received().len(), before, "{case}: something reached the store");
        }
    }
    for canary in CANARIES {
        assert!(!store.received().contains(canary), "`{canary}` reached the store");
    }
}

#[test]
fn a_request_with_two_framings_has_one_meaning() {
    let (store, proxy) = started(|_, stream| {
        let _client_gone = stream.write_all(&whole("200 OK\r\nContent-Type: application/json", "{}"));
    });
    // RFC 9112 section 6.1: chunked decides, and the connection ends. The smuggled request is never one.
    let request = "POST /in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\
                   Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = String::from_utf8_lossy(&proxy.exchange(request.as_bytes())).into_owned();
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(!store.received().contains("smuggled"));
    assert!(!store.received().to_lowercase().contains("content-length: 60"));
}

#[test]
fn request_bodies_are_minimised_at_the_door() {
    let (store, proxy) = started(|_, stream| {
        let _client_gone = stream.write_all(&whole("200 OK\r\nContent-Type: application/json", "{}"));
    });
    let head = "POST /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Forwarded-For: 203.0.113.77\r\n";
    let answer = proxy.exchange(format!("{head}Content-Length: {}\r\n\r\n{RECORD}", RECORD.len()).as_bytes());
    assert_eq!(status(&String::from_utf8_lossy(&answer)), "200");
    std::thread::sleep(Duration::from_millis(100));
    let received = store.received();
    assert!(received.contains("203.0.0.0/16"), "{received}");
    for canary in CANARIES {
        assert!(!received.contains(canary), "`{canary}` reached the store: {received}");
    }
}

#[test]
fn slow_and_oversized_clients_are_let_go() {
    let (_store, proxy) = started(|_, stream| {
        let _client_gone = stream.write_all(&whole("200 OK\r\nContent-Type: application/json", RECORD));
    });
    let mut slow = TcpStream::connect(proxy.address()).unwrap();
    slow.write_all(b"GET /a HTTP/1.1\r\nHo").unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let begin = Instant::now();
    let mut rest = Vec::new();
    let _reset = slow.read_to_end(&mut rest);
    assert!(begin.elapsed() < Duration::from_secs(5), "a head that does not come is not waited for");

    let big = format!("GET /a HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "203.0.113.77 ".repeat(80_000));
    let answer = proxy.exchange(big.as_bytes());
    clean(&proxy, "1 MB header", &answer);
    let text = String::from_utf8_lossy(&answer);
    assert!(matches!(status(&text), "431" | "none"), "{text}");

    let idle: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(proxy.address()).unwrap()).collect();
    assert_eq!(status(&proxy.get("/a")), "200");
    drop(idle);
}

#[test]
fn signals_reload_and_stop() {
    let (_store, mut proxy) = started(|_, stream| {
        let _client_gone = stream.write_all(&whole("200 OK\r\nContent-Type: application/json", RECORD));
    });
    assert_eq!(status(&proxy.get("/a")), "200");
    proxy.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(status(&proxy.get("/a")), "200");
    proxy.signal("TERM");
    assert!(proxy.wait().success());
}
