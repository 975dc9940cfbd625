//! The promise over HTTP: two stores that differ only below the policy's cells give the same bytes.
//!
//! Worlds `a` and `b` agree at and above the cells and differ in every value below them, in length too;
//! world `c` is `a` with other identifiers, one for one.

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

use std::io::Write;

use support::{Proxy, RawStore};

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { pseudonymize = { domain = "person" } }
account = { tokenize = { domain = "account" } }
area = { grid = { degrees = 0.1 } }
hour = { floor = { to = "hour" } }
ten = { bucket = { width = 10 } }
[[stores]]
name = "worlds"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@STORE@"
[stores.fields]
"$..ip" = "coarse-ip"
"$..ip6" = "coarse-ip"
"$..hops[*]" = "coarse-ip"
"$..user_id" = "person"
"$..account" = "account"
"$..lat" = "area"
"$..lon" = "area"
"$..at" = "hour"
"$..age" = "ten"
"$..mail" = "suppress"
"$..name" = { redact = { with = "someone" } }
"header:x-client-ip" = "coarse-ip"
[[stores.routes]]
methods = ["GET", "HEAD"]
path = "/{world}/{form}/{coding}/{rows}"
params = { world = "pass", form = "pass", coding = "pass", rows = "pass" }
[audit]
file = "audit.jsonl"
"#;

/// Row `n` of a world. What differs between `a` and `b` differs below the cell, and in width.
struct Row {
    user_id: String,
    account: u64,
    ip: String,
    ip6: String,
    hops: Vec<String>,
    lat: String,
    lon: String,
    at: String,
    age: u64,
    mail: String,
    name: String,
    note: String,
    bssid: String,
}

fn row(world: char, n: u64) -> Row {
    let b = u64::from(world == 'b');
    let renamed = u64::from(world == 'c') * 5_000_000;
    let host = |m: u64| {
        if b == 1 {
            format!("{}.{}", 100 + m % 100, 200 + m % 50)
        } else {
            format!("{}.{}", m % 10, 1 + m % 9)
        }
    };
    let net = n % 200;
    Row {
        user_id: format!("00000000-0000-4000-8000-{:012x}", n % 37 + renamed),
        account: 1000 + n % 37 + renamed,
        ip: format!("198.{}.{}", net % 2 + 18, host(n)),
        ip6: if b == 1 {
            format!("2001:db8:{:x}::{:x}", n % 9999 + 4096, n)
        } else {
            format!("2001:DB8::{:x}", n % 16)
        },
        hops: (0..n % 4).map(|hop| format!("10.{hop}.{}", host(n + hop))).collect(),
        lat: if b == 1 { format!("52.4{}999", n % 10) } else { "52.4".to_owned() },
        lon: if b == 1 { format!("-13.3{}5", n % 10) } else { "-13.4".to_owned() },
        at: format!(
            "2026-11-0{}T1{}:{:02}:{:02}{}",
            n % 9 + 1,
            n % 10,
            if b == 1 { 59 - n % 60 } else { 0 },
            n % 60,
            if b == 1 { ".123456Z" } else { "Z" }
        ),
        age: 30 + if b == 1 { n % 10 } else { 0 },
        mail: format!("{}@example.com", if b == 1 { "someone.with.a.long.name" } else { "x" }),
        name: if b == 1 { "Q".repeat(usize::try_from(1 + n % 30).unwrap()) } else { "Z".to_owned() },
        note: format!(
            "seen from 203.0.{} near {}, again",
            host(n),
            if b == 1 { "52.51636, 13.37777" } else { "48.85837, 2.29448" }
        ),
        bssid: if b == 1 {
            format!("00:00:5e:00:53:{:02x}", n % 256)
        } else {
            "02:00:5E:10:00:01".to_owned()
        },
    }
}

fn json(row: &Row) -> String {
    let hops: Vec<String> = row.hops.iter().map(|hop| format!("\"{hop}\"")).collect();
    format!(
        r#"{{"user_id": "{}","account":{},"ip" : "{}","ip6":"{}","hops":[{}],"geo":{{"lat":{},"lon":{}}},"at":"{}","age":{},"mail":"{}","name":"{}","note":"{}","bssid":"{}","n":1.50}}"#,
        row.user_id,
        row.account,
        row.ip,
        row.ip6,
        hops.join(","),
        row.lat,
        row.lon,
        row.at,
        row.age,
        row.mail,
        row.name,
        row.note,
        row.bssid
    )
}

fn table(row: &Row, delimiter: &str) -> String {
    let note = format!("\"{}\"", row.note);
    [&row.user_id, &row.ip, &row.ip6, &row.lat, &row.at, &row.mail, &note, &row.bssid]
        .map(String::as_str)
        .join(delimiter)
}

fn body(world: char, form: &str, rows: u64) -> (&'static str, Vec<u8>) {
    let rows = (0..rows).map(|n| row(world, n));
    let columns = ["user_id", "ip", "ip6", "lat", "at", "mail", "note", "bssid"];
    let text = match form {
        "json" => format!("[{}]", rows.map(|row| json(&row)).collect::<Vec<_>>().join(", ")),
        "ndjson" => rows.map(|row| json(&row) + "\n").collect(),
        "csv" => columns.join(",") + "\r\n" + &rows.map(|row| table(&row, ",") + "\r\n").collect::<String>(),
        "tsv" => columns.join("\t") + "\n" + &rows.map(|row| table(&row, "\t") + "\n").collect::<String>(),
        other => panic!("no form {other}"),
    };
    let media_type = match form {
        "json" => "application/json",
        "ndjson" => "application/x-ndjson",
        "csv" => "text/csv",
        _ => "text/tab-separated-values",
    };
    (media_type, text.into_bytes())
}

fn coded(body: &[u8], coding: &str) -> Vec<u8> {
    match coding {
        "identity" => body.to_vec(),
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &body[..], &mut out, &brotli::enc::BrotliEncoderParams::default())
                .unwrap();
            out
        }
        "zstd" => zstd::encode_all(body, 1).unwrap(),
        other => panic!("no coding {other}"),
    }
}

fn store() -> RawStore {
    RawStore::start(|target, stream| {
        let parts: Vec<&str> = target.trim_start_matches('/').split('/').collect();
        let world = parts[0].chars().next().unwrap();
        let (media_type, body) = body(world, parts[1], parts[3].parse().unwrap());
        let body = coded(&body, parts[2]);
        let coding = if parts[2] == "identity" {
            String::new()
        } else {
            format!("Content-Encoding: {}\r\n", parts[2])
        };
        let ip = row(world, 7).ip;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{coding}X-Client-Ip: {ip}\r\nETag: \"{world}\"\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _client_gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    })
}

fn exchange(proxy: &Proxy, world: char, form: &str, coding: &str, rows: u64) -> (String, Vec<u8>) {
    let request =
        format!("GET /{world}/{form}/{coding}/{rows} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = proxy.exchange(request.as_bytes());
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head: Vec<String> = String::from_utf8_lossy(&answer[..end])
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("date:"))
        .map(str::to_owned)
        .collect();
    assert!(head[0].contains("200"), "{form} {coding}: {}", String::from_utf8_lossy(&answer));
    (head.join("\n"), answer[end..].to_vec())
}

#[test]
fn worlds_that_differ_below_the_cells_give_the_same_bytes() {
    let store = store();
    let proxy = Proxy::start(&POLICY.replace("@STORE@", &store.address.to_string()));
    for form in ["json", "ndjson", "csv", "tsv"] {
        for coding in ["identity", "gzip", "deflate", "br", "zstd"] {
            for rows in [1, 40] {
                let a = exchange(&proxy, 'a', form, coding, rows);
                let b = exchange(&proxy, 'b', form, coding, rows);
                assert_eq!(a.0, b.0, "{form} {coding}: heads differ");
                assert_eq!(String::from_utf8_lossy(&a.1), String::from_utf8_lossy(&b.1), "{form} {coding}");
                assert_eq!(a.1, b.1, "{form} {coding}");
            }
        }
        // Streams: the framing depends on time, the content does not.
        let contents = ['a', 'b'].map(|world| dechunked(&exchange(&proxy, world, form, "identity", 4_000).1));
        assert_eq!(contents[0], contents[1], "{form}");
    }
    let trail = proxy.folder().join("audit.jsonl");
    let [a, b] = ['a', 'b'].map(|world| entries(&trail, world));
    assert_eq!(a.len(), 4 * (5 * 2 + 2));
    assert_eq!(a, b, "the trail tells of something below the cells");
}

/// What the trail says of one world, which was asked in turn with the other: all but places in the trail.
fn entries(trail: &std::path::Path, world: char) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(trail).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let exchanges: Vec<_> = lines.filter(|line| line["kind"] == "exchange").collect();
    let (mut found, mut turn) = (Vec::new(), 'a');
    for mut exchange in exchanges {
        let is_streaming = exchange["decision"] == "begun";
        let members = exchange.as_object_mut().unwrap();
        members.retain(|name, _| !["seq", "time", "from", "begun", "hash", "mac"].contains(&name.as_str()));
        if turn == world {
            found.push(exchange);
        }
        if !is_streaming {
            turn = if turn == 'a' { 'b' } else { 'a' };
        }
    }
    found
}

#[test]
fn other_identifiers_give_other_pseudonyms_one_for_one() {
    let store = store();
    let proxy = Proxy::start(&POLICY.replace("@STORE@", &store.address.to_string()));
    let [a, c] = ['a', 'c'].map(|world| {
        let (_, body) = exchange(&proxy, world, "ndjson", "identity", 100);
        let rows: Vec<serde_json::Value> = String::from_utf8(body)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        rows
    });
    for name in ["user_id", "account"] {
        let mut renaming = std::collections::HashMap::new();
        for (left, right) in a.iter().zip(&c) {
            let known = renaming.entry(left[name].to_string()).or_insert_with(|| right[name].to_string());
            assert_eq!(*known, right[name].to_string(), "{name} is renamed one for one");
        }
        assert_eq!(renaming.len(), 37);
    }
    for (left, right) in a.iter().zip(&c) {
        for (name, value) in left.as_object().unwrap() {
            if name != "user_id" && name != "account" {
                assert_eq!(*value, right[name], "{name}");
            }
        }
    }
    let first = &a[0];
    assert_eq!(first["ip"], "198.18.0.0/16");
    assert_eq!(first["ip6"], "2001:db8::/32");
    assert_eq!(first["geo"]["lat"], 52.4);
    assert_eq!(first["at"], "2026-11-01T10:00:00Z");
    assert_eq!(first["age"], 30);
    assert_eq!(first["mail"], serde_json::Value::Null);
    assert_eq!(first["name"], "someone");
    assert!(
        first["note"].as_str().unwrap().starts_with("seen from 203.0.0.0/16 near [geo]"),
        "{}",
        first["note"]
    );
    assert_eq!(first["bssid"], "[mac]");
    assert_eq!(first["n"].to_string(), "1.5");
}

/// The content of a chunked body.
fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").expect("a chunk size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}
