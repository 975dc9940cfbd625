//! Statements on record: every one of them, before its answer ends, and nothing raw.

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

use std::fs;

use cluster::Cluster;
use serde_json::Value;
use support::{Proxy, sfumato};

const SCHEMA: &str = "
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, number bigint, ip inet);
    INSERT INTO logins SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 7770000 + n,
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
token = { tokenize = { domain = "number" } }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"public.logins.user_id" = "person"
"public.logins.number" = "token"
"public.logins.ip" = "coarse-ip"
[[roles]]
name = "analysts"
members = ["al*"]
[audit]
file = "audit.jsonl"
@MORE@
"#;

/// What must not be in the trail, though the store has it or the client said it.
const CANARIES: &[&str] = &["203.0.113.", "0b6b51c2", "77700", "my-alias", "secret words"];

fn start(more: &str) -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let config = POLICY.replace("@PORT@", &cluster.port.to_string()).replace("@MORE@", more);
    Some((cluster, Proxy::start(&config)))
}

fn psql(cluster: &Cluster, proxy: &Proxy, statements: &[&str]) -> (String, String) {
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.env("PGUSER", "alice").args(["-X", "-At"]);
    for statement in statements {
        psql.args(["-c", statement]);
    }
    let output = psql.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn statements(proxy: &Proxy) -> Vec<Value> {
    let trail = fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap();
    let lines: Vec<Value> = trail.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let mut said = line.clone();
        // Among thousands of digests some hold the digits of a short canary.
        for digest in ["hash", "mac", "prev", "policy"] {
            said.as_object_mut().unwrap().remove(digest);
        }
        let said = said.to_string();
        for canary in CANARIES {
            assert!(!said.contains(canary), "{canary} in {said}");
        }
    }
    lines.into_iter().filter(|line| line["kind"] == "statement").collect()
}

fn holds(proxy: &Proxy) -> bool {
    let trail = proxy.folder().join("audit.jsonl");
    sfumato(&["audit", "verify", trail.to_str().unwrap()]).status.success()
}

#[test]
fn every_statement_is_on_record_without_a_raw_value() {
    let Some((cluster, proxy)) = start("") else { return };
    let (token, _) = psql(&cluster, &proxy, &["SELECT number FROM logins WHERE id = 7"]);
    let token = token.trim();
    let asked = [
        "SELECT ip AS \"my-alias\", count(*) FROM logins WHERE ip = '203.0.113.7' GROUP BY 1 -- secret words",
        &format!("SELECT id FROM logins WHERE number IN ('{token}', '{token}')"),
        "SELECT id FROM logins WHERE user_id = '0b6b51c2-5a5a-4a5a-8a5a-000000000007'",
        "COPY (SELECT ip FROM logins) TO STDOUT",
        "SELECT 1 / (id - 7) FROM logins",
        "SELECT 'secret words",
        "PREPARE p AS SELECT user_id FROM logins",
    ];
    for statement in asked {
        psql(&cluster, &proxy, &[statement]);
    }
    psql(&cluster, &proxy, &["PREPARE p AS SELECT user_id, ip FROM logins", "EXECUTE p"]);
    let mut lines = statements(&proxy);
    // Where the store's answer comes in two pieces, it is on record as begun.
    lines.retain(|line| line["decision"] != "begun");
    let told: Vec<(&str, &str, Option<u64>)> = lines
        .iter()
        .map(|line| {
            let text = |member: &str| line[member].as_str().unwrap_or_default();
            (text("shape"), text("decision"), line["rows"].as_u64())
        })
        .collect();
    let expected = [
        ("SELECT number FROM logins WHERE id = ?", "answered", Some(1)),
        ("SELECT ip AS ? , count ( * ) FROM logins WHERE ip = ? GROUP BY ?", "answered", Some(0)),
        ("SELECT id FROM logins WHERE number IN ( ? )", "answered", Some(1)),
        ("SELECT id FROM logins WHERE user_id = ?", "refused", Some(0)),
        ("COPY ( SELECT ip FROM logins ) TO STDOUT", "answered", Some(50)),
        ("SELECT ? / ( id - ? ) FROM logins", "cut", Some(6)),
        ("", "refused", Some(0)),
        ("PREPARE ? AS SELECT user_id FROM logins", "answered", Some(0)),
        ("PREPARE ? AS SELECT user_id , ip FROM logins", "answered", Some(0)),
        ("EXECUTE ?", "answered", Some(50)),
    ];
    assert_eq!(told, expected, "{lines:#?}");
    assert!(lines.iter().all(|line| line["who"] == "alice" && line["role"] == "analysts"), "{lines:?}");
    let fields = |line: &Value| line["fields"].as_array().map_or(0, Vec::len);
    assert_eq!(lines.iter().map(fields).collect::<Vec<_>>(), [1, 1, 1, 0, 1, 0, 0, 1, 2, 2], "{lines:#?}");
    assert_eq!(lines[2]["subjects"][0]["token"], token, "{lines:#?}");
    assert_eq!(lines[3]["reason"], "42501");
    assert!(holds(&proxy));
}

/// A stream is on record when its first part leaves, and again before its end does.
#[test]
fn a_stream_that_is_broken_off_is_on_record() {
    let Some((cluster, proxy)) = start("") else { return };
    let endless = "SELECT l.ip, g FROM logins l, generate_series(1, 400000) g";
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.env("PGUSER", "alice").args(["-X", "-At", "-c", &format!("COPY ({endless}) TO STDOUT")]);
    let mut child = psql.stdout(std::process::Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    let decisions = |proxy: &Proxy| {
        let lines = statements(proxy);
        lines.iter().map(|line| line["decision"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    while decisions(&proxy).is_empty() {
        assert!(begun.elapsed().as_secs() < 30, "no line");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while decisions(&proxy).len() < 2 {
        assert!(begun.elapsed().as_secs() < 60, "no second line");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(decisions(&proxy), ["begun", "cut"]);
    let lines = statements(&proxy);
    assert_eq!(lines[1]["begun"], lines[0]["seq"], "{lines:?}");
    assert!(lines[1]["rows"].as_u64() > lines[0]["rows"].as_u64(), "{lines:?}");
    assert!(holds(&proxy));
}

/// Where a line cannot be written nothing is answered.
#[test]
fn without_a_line_there_is_no_answer() {
    let Some((cluster, proxy)) = start("") else { return };
    assert_eq!(psql(&cluster, &proxy, &["SELECT 1"]).0, "1\n");
    // The trail is cut under the proxy's feet: it does not write on until the file is as it was.
    let trail = proxy.folder().join("audit.jsonl");
    let whole = fs::read(&trail).unwrap();
    fs::write(&trail, &whole[..whole.len() - 1]).unwrap();
    let (out, err) = psql(&cluster, &proxy, &["SELECT ip FROM logins"]);
    assert!(out.is_empty() && !err.is_empty(), "{out}{err}");
    fs::write(&trail, &whole).unwrap();
    assert_eq!(psql(&cluster, &proxy, &["SELECT 2"]).0, "2\n");
    assert!(holds(&proxy));
}

/// A busy proxy is killed at moments that nobody chose: the trail holds up to its last line, and what was answered is on it.
fn survives(kills: u64) {
    let Some((cluster, mut proxy)) = start("") else { return };
    let config = proxy.config();
    let trail = proxy.folder().join("audit.jsonl");
    let mut answers = 0;
    for round in 0..kills {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let mut psql = cluster.client("psql", proxy.address().port());
                psql.env("PGUSER", "alice")
                    .args(["-X", "-At", "-f", "-"])
                    .stdin(std::process::Stdio::piped());
                psql.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
                let mut child = psql.spawn().unwrap();
                let mut input = child.stdin.take().unwrap();
                std::thread::spawn(move || {
                    use std::io::Write as _;
                    while input.write_all(b"SELECT count(*) FROM logins WHERE ip << '203.0.0.0/8';\n").is_ok()
                    {
                    }
                });
                child
            })
            .collect();
        // Not at the same distance from anything.
        std::thread::sleep(std::time::Duration::from_millis(200 + round * 7_919 % 331));
        proxy.kill();
        for client in clients {
            let answer = client.wait_with_output().unwrap();
            answers += String::from_utf8(answer.stdout).unwrap().lines().count();
        }
        assert!(holds(&proxy), "{}", fs::read_to_string(&trail).unwrap());
        proxy.restart(&config);
    }
    let recorded = statements(&proxy).iter().filter(|line| line["decision"] == "answered").count();
    assert!(answers > 0 && recorded >= answers, "{answers} answers, {recorded} on record");
}

#[test]
fn killed_at_any_moment_the_trail_holds() {
    survives(3);
}

#[test]
#[ignore = "long: soak"]
fn soak_killed_at_any_moment_the_trail_holds() {
    survives(20);
}

/// Prepared statements live through a new policy that says the same of them, and obey one that does not.
#[test]
fn a_reload_fails_no_statement() {
    let Some((cluster, proxy)) = start("") else { return };
    let written = fs::read_to_string(proxy.config()).unwrap();
    let script = proxy.folder().join("point.sql");
    fs::write(&script, "\\set id random(1, 50)\nSELECT ip, user_id FROM logins WHERE id = :id;\n").unwrap();
    for mode in ["simple", "prepared"] {
        let mut pgbench = cluster.client("pgbench", proxy.address().port());
        pgbench.env("PGUSER", "alice").args(["-n", "-T3", "-c32", "-M", mode, "-f"]).arg(&script);
        let mut child = pgbench.stdout(std::process::Stdio::piped()).spawn().unwrap();
        for round in 0.. {
            // Another text, another policy; and another role each time.
            let members = ["al*", "bob"][round % 2];
            fs::write(proxy.config(), format!("{written}# {mode} {round}\n").replace("al*", members))
                .unwrap();
            proxy.signal("HUP");
            std::thread::sleep(std::time::Duration::from_millis(150));
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("failed transactions: 0 "), "{mode}: {text}");
    }
    assert!(proxy.log.lock().unwrap().matches("the new policy is in force").count() > 20);
    assert!(holds(&proxy));
}
