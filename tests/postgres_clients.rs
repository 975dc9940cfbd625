//! Clients that nobody here wrote, each through all that it does with a database: what it prints through the proxy is
//! what it prints of a database that is physically coarse.
//!
//! Two databases hold one fixture in which canaries stand in every protected column. One is reached through the
//! proxy; the other was coarsened by hand-written SQL, with the pseudonyms and tokens that psql had seen through the
//! proxy, and is reached directly. All log in with SCRAM. Drivers come from `target/peers` (`scripts/setup`), and are
//! skipped, with a word on standard error, where they are not.

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

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cluster::Cluster;
use support::{Proxy, has_program};

const CANARIES: &[&str] = &[
    "203.0.113.",
    "2001:db8:77",
    "0b6b51c2-5a5a",
    "777000777",
    "anary",
    "48.8584",
    "18:01",
    "18:59:59",
    "5e:00:53",
];

/// In binary copies: the same, as the server sends it.
const RAW: &[&[u8]] = &[b"\xcb\x00\x71", b"\x0b\x6b\x51\xc2\x5a\x5a", b"\x20\x01\x0d\xb8\x00\x77", b"anary"];

const LOGINS: &str =
    "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// The raw database `app` behind the proxy, and the coarse one `plain`.
struct Stage {
    cluster: Cluster,
    proxy: Proxy,
}

impl Stage {
    fn set() -> Option<Self> {
        let cluster = Cluster::start_with("password_encryption = 'scram-sha-256'\n")?;
        std::fs::write(cluster.data().join("pg_hba.conf"), LOGINS).unwrap();
        cluster.control("reload");
        cluster.psql("CREATE ROLE employee LOGIN PASSWORD 'sesame'");
        let fixture = include_str!("postgres_clients/fixture.sql");
        for database in ["app", "plain"] {
            cluster.psql(&format!("CREATE DATABASE {database}"));
            run_script(
                &cluster,
                database,
                &format!("{fixture}GRANT SELECT ON ALL TABLES IN SCHEMA public TO employee;"),
            );
        }
        let policy = include_str!("postgres_clients/policy.toml");
        let stage =
            Self { proxy: Proxy::start(&policy.replace("@PORT@", &cluster.port.to_string())), cluster };
        stage.coarsen();
        Some(stage)
    }

    /// Makes `plain` what `app` has to look like.
    fn coarsen(&self) {
        let seen = |table: &str, columns: &str| {
            let copy = format!("COPY (SELECT {columns} FROM {table}) TO STDOUT");
            let output = self.psql("app").args(["-c", &copy]).output().unwrap();
            format!("COPY seen_{table} FROM STDIN;\n{}\\.\n", texts(&output, "psql"))
        };
        let script = [
            "CREATE TABLE seen_people (seat int, person uuid, number bigint, mail text);",
            "CREATE TABLE seen_logins (id int, person uuid, friends uuid[], number bigint, mail text);",
            &seen("people", "seat, person, number, mail"),
            &seen("logins", "id, person, friends, number, mail"),
            include_str!("postgres_clients/coarse.sql"),
        ];
        run_script(&self.cluster, "plain", &script.join("\n"));
    }

    /// psql as the employee: through the proxy for `app`, directly for `plain`.
    fn psql(&self, database: &str) -> Command {
        let mut psql = self.cluster.client("psql", self.port(database));
        psql.env("PGUSER", "employee").env("PGPASSWORD", "sesame").env("PGDATABASE", database);
        psql.args(["-X", "-At"]);
        psql
    }

    fn port(&self, database: &str) -> u16 {
        if database == "app" { self.proxy.address().port() } else { self.cluster.port }
    }

    /// Runs a client against both databases and compares what it prints.
    fn compare(&self, name: &str, client: impl Fn() -> Command) {
        let printed = |database: &str| {
            let mut command = client();
            command.args([&self.port(database).to_string(), database]);
            command.args((database == "app").then_some("proxied"));
            texts(&command.output().unwrap(), name)
        };
        let (proxied, direct) = (printed("app"), printed("plain"));
        for (number, (proxied, direct)) in proxied.lines().zip(direct.lines()).enumerate() {
            assert_eq!(proxied, direct, "{name}, line {number}");
        }
        assert_eq!(proxied.lines().count(), direct.lines().count(), "{name}");
        assert!(proxied.lines().count() > 20, "{name} saw next to nothing: {proxied}");
        assert_clean(&proxied);
        assert_clean(&self.proxy.log.lock().unwrap());
    }
}

fn run_script(cluster: &Cluster, database: &str, script: &str) {
    let file = cluster.folder().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let mut psql = cluster.client("psql", cluster.port);
    psql.env("PGDATABASE", database).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file);
    texts(&psql.output().unwrap(), "a script");
}

/// What a program printed that ended well.
fn texts(output: &Output, name: &str) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{name}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn assert_clean(out: &str) {
    for canary in CANARIES {
        let line = out.lines().find(|line| line.contains(canary));
        assert!(line.is_none(), "{canary} in {}", line.unwrap_or_default());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program under `tests/postgres_clients`.
fn client_file(name: &str) -> PathBuf {
    root().join("tests/postgres_clients").join(name)
}

/// `target/peers`' Python, if it has these modules.
fn python(modules: &str) -> Option<PathBuf> {
    let python = root().join("target/peers/bin/python");
    let has = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("no {modules} in target/peers: nothing tested");
    None
}

fn in_python(modules: &str, file: &str) {
    let Some(python) = python(modules) else { return };
    let Some(stage) = Stage::set() else { return };
    stage.compare(file, || {
        let mut command = Command::new(&python);
        command.arg(client_file(file)).env("TZ", "UTC");
        command
    });
}

#[test]
fn psycopg() {
    in_python("psycopg", "psycopg_client.py");
}

#[test]
fn asyncpg() {
    in_python("asyncpg", "asyncpg_client.py");
}

#[test]
fn sqlalchemy_and_pandas() {
    in_python("sqlalchemy, pandas, psycopg, psycopg2", "sqlalchemy_client.py");
}

#[test]
fn node_postgres() {
    let modules = root().join("target/peers/node/node_modules");
    if !has_program("node") || !modules.join("pg").is_dir() {
        eprintln!("no node or no node-postgres in target/peers: nothing tested");
        return;
    }
    let Some(stage) = Stage::set() else { return };
    stage.compare("node-postgres", || {
        let mut command = Command::new("node");
        command.arg(client_file("node_client.js")).env("NODE_PATH", &modules).env("TZ", "UTC");
        command
    });
}

#[test]
fn jdbc() {
    let driver = Path::new("/usr/share/java/postgresql.jar");
    if !has_program("javac") || !driver.exists() {
        eprintln!("no JDK or no libpostgresql-jdbc-java: nothing tested");
        return;
    }
    let Some(stage) = Stage::set() else { return };
    let mut compiler = Command::new("javac");
    compiler.arg("-cp").arg(driver).arg("-d").arg(stage.cluster.folder()).arg(client_file("JdbcClient.java"));
    texts(&compiler.output().unwrap(), "javac");
    let path = format!("{}:{}", driver.display(), stage.cluster.folder().display());
    stage.compare("JDBC", || {
        let mut command = Command::new("java");
        command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", &path, "JdbcClient"]);
        command
    });
}

#[test]
fn psql_describes_both_alike() {
    let Some(stage) = Stage::set() else { return };
    stage.compare("psql", || {
        let script = r#"exec "$PSQL" -X -h 127.0.0.1 -p "$1" -U employee -d "$2" -f "$FILE" 2>&1"#;
        let mut command = Command::new("sh");
        command.env("PSQL", stage.cluster.client("psql", 0).get_program());
        command.env("FILE", client_file("psql_client.psql")).env("PGPASSWORD", "sesame");
        command.args(["-c", script, "sh"]);
        command
    });
    let copied = stage.psql("app").args(["-c", "COPY logins TO STDOUT (FORMAT binary)"]).output().unwrap();
    assert!(copied.status.success() && copied.stdout.starts_with(b"PGCOPY"));
    for raw in RAW {
        assert!(!copied.stdout.windows(raw.len()).any(|window| window == *raw), "{}", raw.escape_ascii());
    }
}

/// pgbench asks for rows of a table with protected columns, in each protocol and by many clients at once.
#[test]
fn pgbench() {
    let Some(stage) = Stage::set() else { return };
    let file = stage.cluster.folder().join("pgbench.sql");
    let script = "\\set id random(1, 41)\nSELECT ip, person, mail FROM logins WHERE id = :id;\n\
        BEGIN;\nSELECT count(*) FROM logins WHERE ip = '203.0.0.0/16' AND id <> :id;\nEND;\n";
    std::fs::write(&file, script).unwrap();
    for protocol in ["simple", "extended", "prepared"] {
        let mut pgbench = stage.cluster.client("pgbench", stage.port("app"));
        pgbench.env("PGUSER", "employee").env("PGPASSWORD", "sesame").env("PGDATABASE", "app");
        pgbench.args(["-n", "-c", "8", "-j", "2", "-t", "50", "-M", protocol, "-f"]).arg(&file);
        let out = texts(&pgbench.output().unwrap(), "pgbench");
        assert!(out.contains("400/400") && !out.contains("failed transactions: 1"), "{out}");
    }
}

#[test]
fn what_tools_ask_is_answered_as_directly() {
    let Some(stage) = Stage::set() else { return };
    let asked = |port: u16, statement: &str| {
        let mut psql = stage.cluster.client("psql", port);
        psql.env("PGUSER", "employee").env("PGPASSWORD", "sesame").env("PGDATABASE", "app");
        let output = psql.args(["-X", "-At", "-c", statement]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let script = include_str!("postgres_clients/tools.sql");
    let plain: String =
        script.lines().filter(|line| !line.starts_with("--")).map(|line| format!("{line}\n")).collect();
    let mut differences = String::new();
    for statement in plain
        .replace("; --~\n", "--~;\n")
        .replace("; --!\n", "--!;\n")
        .split(";\n")
        .filter(|statement| !statement.is_empty())
    {
        let (proxied, direct) = (asked(stage.port("app"), statement), asked(stage.cluster.port, statement));
        assert!(direct.1.is_empty(), "{statement}: {}", direct.1);
        let is_alike = match statement.split_at(statement.len() - 3).1 {
            "--~" => proxied.1.is_empty() && proxied.0.lines().count() == direct.0.lines().count(),
            "--!" => proxied.0.is_empty() && proxied.1.contains("ERROR"),
            _ => proxied == direct,
        };
        if !is_alike {
            differences.push_str(&format!("{statement}\n== {}{}== {}\n", proxied.0, proxied.1, direct.0));
        }
        assert_clean(&proxied.0);
    }
    assert!(differences.is_empty(), "{differences}");
}
