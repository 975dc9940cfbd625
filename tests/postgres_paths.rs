//! Statements behind a change of the `search_path` in the same query or batch: they run along the path that they were planned
//! for, or not at all. The binary in front of a real server, beside the same server asked directly.

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

use cluster::Cluster;
use support::Proxy;

const SCHEMA: &str = "
    CREATE SCHEMA a;
    CREATE SCHEMA b;
    CREATE SCHEMA trap;
    CREATE TABLE t (told text);
    CREATE TABLE a.t (told text);
    CREATE TABLE b.t (told text);
    INSERT INTO t VALUES ('public');
    INSERT INTO a.t VALUES ('a');
    INSERT INTO b.t VALUES ('b');
    CREATE TABLE trap.t (told text, ip inet);
    INSERT INTO trap.t VALUES ('trap', '203.0.113.7');
    CREATE FUNCTION trap.crossed(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = text, FUNCTION = trap.crossed);
    CREATE ROLE employee LOGIN;
    GRANT USAGE ON SCHEMA a, b, trap TO employee;
    GRANT SELECT ON ALL TABLES IN SCHEMA a, b, public, trap TO employee;";

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
@MORE@
[stores.fields]
"trap.t.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"#;

fn start_with(more: &str) -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let policy = POLICY.replace("@MORE@", more).replace("@PORT@", &cluster.port.to_string());
    let proxy = Proxy::start(&policy);
    Some((cluster, proxy))
}

/// What psql prints for queries of one session, errors behind.
fn psql(cluster: &Cluster, port: u16, queries: &[&str]) -> String {
    let mut psql = cluster.client("psql", port);
    psql.env("PGUSER", "employee").args(["-X", "-At"]);
    for query in queries {
        psql.args(["-c", query]);
    }
    let output = psql.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Queries as people send them, one session each.
const ANSWERED: &[&[&str]] = &[
    &["SET search_path TO a; SELECT told FROM t"],
    &["SET search_path TO a; SELECT told FROM t", "SELECT told FROM t"],
    &["SET search_path = a, public; SET search_path = b; SELECT told FROM t; SHOW search_path"],
    &["SET LOCAL search_path TO b; SELECT told FROM t", "SELECT told FROM t"],
    &["SET LOCAL search_path TO 'nowhere', \"B\", b; SELECT told FROM t; SELECT current_schemas(false)"],
    &[
        "BEGIN; SET LOCAL search_path TO a; SELECT told FROM t; COMMIT; SELECT told FROM t",
        "SELECT told FROM t",
    ],
    &["BEGIN; SET search_path TO a; SELECT told FROM t; ROLLBACK; SELECT told FROM t"],
    &[
        "BEGIN; SET search_path TO a; SET LOCAL search_path = b; SELECT told FROM t; COMMIT; SELECT told FROM t",
    ],
    &["SET search_path = a; BEGIN; ROLLBACK; SELECT told FROM t"],
    &["SET search_path = a; COMMIT; SELECT told FROM t; SET search_path = b; ROLLBACK; SELECT told FROM t"],
    &[
        "BEGIN",
        "SET LOCAL search_path = b; SELECT told FROM t",
        "SELECT told FROM t",
        "COMMIT",
        "SELECT told FROM t",
    ],
    &["BEGIN; SET search_path = a; SAVEPOINT s; SET search_path = b; RELEASE s; SELECT told FROM t; COMMIT"],
    &["SET SCHEMA 'b'; COPY (SELECT told FROM t) TO STDOUT; EXPLAIN SELECT 1"],
    &["SET search_path = a; PREPARE p AS SELECT told FROM t", "EXECUTE p"],
    &["SET search_path = a; SELECT told FROM t; SELECT 1/0; SELECT told FROM t", "SELECT told FROM t"],
    &["SET search_path = trap; SELECT told FROM t WHERE told IN ('trap', 'a')"],
];

#[test]
fn what_stands_behind_a_change_of_the_path_is_planned_for_it() {
    for more in ["", "catalogue = \"strict\""] {
        let Some((cluster, proxy)) = start_with(more) else { return };
        for queries in ANSWERED {
            let ends = queries
                .iter()
                .any(|query| query.contains("COMMIT; SELECT") || query.contains("ROLLBACK; SELECT"));
            if !more.is_empty() && ends {
                // Its locks would be gone.
                continue;
            }
            let told = |port| {
                let said = psql(&cluster, port, queries);
                let told = |line: &&str| ["a", "b", "public", "trap", "t", "f", "{a}", "{b}"].contains(line);
                (said.lines().filter(told).map(str::to_owned).collect::<Vec<_>>(), said)
            };
            let ((direct, _), (through, proxied)) = (told(cluster.port), told(proxy.address().port()));
            assert_eq!(through, direct, "{queries:?}: {proxied}");
            assert!(!direct.is_empty(), "{queries:?}");
            assert!(!proxied.contains("search_path is refused"), "{queries:?}: {proxied}");
        }
    }
}

/// Hole 37, and what else would run something along a path that it was not planned for.
#[test]
fn what_is_not_certain_is_refused() {
    for more in ["", "catalogue = \"strict\""] {
        let Some((cluster, proxy)) = start_with(more) else { return };
        for (queries, refused) in [
            (
                &["SET search_path = a; RESET search_path; SELECT told FROM t"][..],
                "may change the search_path",
            ),
            (&["SET search_path TO DEFAULT; SELECT told FROM t"], "may change the search_path"),
            (&["RESET ALL; SELECT told FROM t"], "may change the search_path"),
            (
                &["BEGIN; SAVEPOINT s; SET search_path = a; ROLLBACK TO s; SELECT told FROM t"],
                "may change the search_path",
            ),
            (
                &["BEGIN", "SET search_path = a; SELECT 1/0", "ROLLBACK; SELECT told FROM t"],
                "may change the search_path",
            ),
            (
                &[
                    "BEGIN",
                    "SAVEPOINT s",
                    "SET search_path = a; SELECT 1/0",
                    "ROLLBACK TO s; SELECT told FROM t",
                ],
                "may change the search_path",
            ),
            (
                &["SET search_path = a; PREPARE p AS SELECT told FROM t; SET search_path = b; EXECUTE p"],
                "may change the search_path",
            ),
            (
                &["SET search_path = a; PREPARE p AS SELECT told FROM t", "SET search_path = b", "EXECUTE p"],
                "cached plan",
            ),
            (&["SET search_path = trap; SELECT 1 = 'b'::text"], "operator = is refused"),
            (&["SET search_path = trap; SELECT 1 IN ('b'::text)"], "operator = is refused"),
            (&["BEGIN; SET LOCAL search_path = trap; SELECT 1 = 'b'::text; COMMIT"], "operator = is refused"),
        ] {
            let proxied = psql(&cluster, proxy.address().port(), queries);
            assert!(proxied.contains(refused), "{queries:?}: {proxied}");
        }
        let long = format!("SET search_path = '{}', a; SELECT told FROM t", "x".repeat(64));
        assert!(psql(&cluster, proxy.address().port(), &[&long]).contains("longer than 63"));
    }
}

/// Queries and pipelines drawn at random: the same answers as from the store, or a refusal.
#[test]
fn drawn_at_random_nothing_runs_along_another_path() {
    let python = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !python.exists() {
        eprintln!("no drivers here: nothing tested");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres_paths/lockstep.py");
    let rounds = std::env::var("SFUMATO_PATH_ROUNDS").unwrap_or_else(|_| "40".to_owned());
    let Some((cluster, proxy)) = start_with("") else { return };
    let output = std::process::Command::new(&python)
        .arg(script)
        .args([proxy.address().port(), cluster.port].map(|port| port.to_string()))
        .arg(&rounds)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("answered ") && said.lines().count() == 1, "{said}");
    eprintln!("{said}");
}
