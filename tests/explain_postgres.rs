//! `sfumato explain` of SQL against a live server, and `EXPLAIN` through the proxy: snapshots of both.
//!
//! Each `tests/explanations/*.sql` has its answer beside it; `BLESS=1 cargo test` writes the answers anew. Where no
//! server binaries are found, this test says so and is skipped.

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
use std::path::{Path, PathBuf};
use std::process::Command;

use cluster::Cluster;
use support::Proxy;

const SCHEMA: &str = "
    CREATE TABLE users (user_id uuid PRIMARY KEY, number bigint UNIQUE, name text);
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, number bigint, ip inet, lat float8, at timestamptz,
        note text, payload jsonb);
    CREATE VIEW recent AS SELECT at AS seen, user_id AS friend FROM logins WHERE at > '2026-01-01';
    INSERT INTO logins (id, ip, note) VALUES (1, '203.0.113.7', 'from 203.0.113.7');
    CREATE ROLE employee LOGIN PASSWORD 'open sesame';
    CREATE ROLE alice LOGIN;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO employee, alice;";

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
[stores.fields]
"public.users.user_id" = "person"
"public.users.name" = "suppress"
"public.logins.user_id" = "person"
"public.logins.number" = { tokenize = { domain = "number" } }
"public.logins.ip" = "coarse-ip"
"public.logins.lat" = { grid = { degrees = 0.1 } }
"public.logins.at" = { floor = { to = "hour" } }
"public.logins.payload" = { json = { "$.ip" = "coarse-ip" } }
[[roles]]
name = "safety"
members = ["alice"]
[roles.fields.app]
"public.logins.ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
"#;

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

/// Exit code, standard output and standard error of `sfumato explain`.
fn explain(proxy: &Proxy, password: Option<&str>, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    command.args(["explain", "--config", proxy.config().to_str().unwrap(), "--store", "app"]);
    command.args(["--database", "postgres"]).args(args).env_remove("PGPASSWORD").env("PGUSER", "employee");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let folder = format!("{}/", proxy.folder().display());
    (output.status.code().unwrap(), text(&output.stdout).replace(&folder, ""), text(&output.stderr))
}

fn statements() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explanations");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files
}

#[test]
fn explanations_are_as_they_were() {
    let Some((_cluster, proxy)) = start() else { return };
    let bless = std::env::var_os("BLESS").is_some();
    for file in statements() {
        let statement = fs::read_to_string(&file).unwrap();
        let (code, output, errors) = explain(&proxy, None, &[statement.trim_end()]);
        assert_eq!(errors, "", "{}", file.display());
        let answer = format!("{output}exit code {code}\n");
        let snapshot = file.with_extension("txt");
        if bless {
            fs::write(&snapshot, &answer).unwrap();
        }
        let known = fs::read_to_string(&snapshot).unwrap_or_default();
        assert_eq!(answer, known, "{}", snapshot.display());
        assert!(!answer.contains("203.0.113") && !answer.contains("7366756d61746f"), "{answer}");
    }
}

#[test]
fn explain_over_the_wire_says_the_same() {
    let Some((cluster, proxy)) = start() else { return };
    let statement = "SELECT user_id FROM logins INTERSECT ALL SELECT user_id FROM users";
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.env("PGUSER", "employee").args(["-X", "-At", "-c", &format!("EXPLAIN {statement}")]);
    let over_the_wire = String::from_utf8(psql.output().unwrap().stdout).unwrap();
    let (_, output, _) = explain(&proxy, None, &[statement]);
    let wanted: Vec<String> = output
        .lines()
        .skip_while(|line| *line != "Columns")
        .map(|line| line.replace(": truncate /16 /32", "").replace(": pseudonymize (person)", ""))
        .map(|line| line.split(", sfumato.toml:").next().unwrap().to_owned())
        .collect();
    assert_eq!(over_the_wire.lines().collect::<Vec<_>>(), wanted);
    assert!(over_the_wire.contains("person") && !over_the_wire.contains("7366756d61746f"), "{over_the_wire}");
}

#[test]
fn json_roles_and_logins() {
    let Some((cluster, proxy)) = start() else { return };
    let (code, output, _) = explain(&proxy, None, &["--json", "SELECT ip, user_id FROM logins"]);
    let json: serde_json::Value = serde_json::from_str(&output).unwrap();
    let statement = &json["statements"][0];
    assert_eq!((code, &statement["columns"][0]["from"][0]), (0, &"public.logins.ip".into()));
    assert_eq!(statement["columns"][1]["edge"], "person");
    assert_eq!(statement["decisions"][0]["summary"], "truncate /16 /32");
    assert!(statement["statement"].as_str().unwrap().starts_with("SELECT "), "{output}");
    let (code, output, _) = explain(&proxy, None, &["--json", "SELECT pg_sleep(1)"]);
    let json: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(
        (code, &json["refusal"]["sqlstate"], &json["refusal"]["position"]),
        (1, &"42501".into(), &8.into())
    );

    for args in [["--user", "alice", "TABLE logins"], ["--role", "safety", "TABLE logins"]] {
        let (_, output, _) = explain(&proxy, None, &args);
        assert!(output.contains("as `safety`") && output.contains("truncate /24 /48"), "{output}");
    }
    let hba = "local all all trust\nhost all postgres all trust\nhost all employee all @METHOD@\n";
    for (method, encryption) in [("scram-sha-256", "scram-sha-256"), ("md5", "md5"), ("password", "md5")] {
        cluster.psql(&format!(
            "SET password_encryption = '{encryption}'; ALTER ROLE employee PASSWORD 'open sesame'"
        ));
        fs::write(cluster.data().join("pg_hba.conf"), hba.replace("@METHOD@", method)).unwrap();
        cluster.control("reload");
        std::thread::sleep(std::time::Duration::from_millis(300));
        let (code, _, errors) = explain(&proxy, Some("open sesame"), &["SELECT 1"]);
        assert_eq!((code, errors.as_str()), (0, ""), "{method}");
        let (code, _, errors) = explain(&proxy, Some("simsalabim"), &["SELECT 1"]);
        assert!(code == 1 && errors.contains("password authentication failed"), "{method}: {errors}");
        let (code, _, errors) = explain(&proxy, None, &["SELECT 1"]);
        assert!(code == 1 && errors.contains("asks for a password"), "{method}: {errors}");
    }
}
