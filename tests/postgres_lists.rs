//! What clients ask in passing is answered, and what could tell of raw values, of storage, of the order of reading or
//! of other sessions is not: the binary in front of a real server, asked with psql and with drivers.

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

use std::path::Path;
use std::process::Command;

use cluster::Cluster;
use support::Proxy;

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
token = { tokenize = { domain = "number" } }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"shop.visits.ip" = "coarse-ip"
"shop.orders.visit" = "token"
"shop.orders_1.visit" = "token"
"#;

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    let has_contrib =
        cluster.psql("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'");
    let fixture = include_str!("postgres_lists/fixture.sql");
    let plain = fixture.lines().filter(|line| has_contrib.trim() == "1" || !line.ends_with("-- contrib"));
    cluster.psql(&plain.collect::<Vec<_>>().join("\n"));
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

/// What psql prints for some statements, one session for all: rows, and errors with their SQLSTATE.
fn psql(cluster: &Cluster, proxy: &Proxy, statements: &[&str]) -> (String, String) {
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.args(["-X", "-At", "-v", "VERBOSITY=verbose"]);
    for statement in statements {
        psql.args(["-c", statement]);
    }
    let output = psql.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn script(cluster: &Cluster, proxy: &Proxy, text: &str) -> String {
    let file = cluster.folder().join("script.sql");
    std::fs::write(&file, text).unwrap();
    let mut psql = cluster.client("psql", proxy.address().port());
    let output = psql.args(["-X", "-q", "-f"]).arg(&file).output().unwrap();
    // A psql that is older than the server asks for columns that are gone.
    let complaints = String::from_utf8(output.stderr).unwrap();
    let failed = complaints.lines().filter(|line| line.contains("ERROR") && !line.contains("does not exist"));
    failed.collect::<Vec<_>>().join("\n")
}

#[test]
fn psql_describes_everything() {
    let Some((cluster, proxy)) = start() else { return };
    assert_eq!(script(&cluster, &proxy, include_str!("postgres_lists/describe.psql")), "");
}

#[test]
fn tools_find_what_they_ask_of_the_catalogue() {
    let Some((cluster, proxy)) = start() else { return };
    assert_eq!(script(&cluster, &proxy, include_str!("postgres_lists/tools.sql")), "");
}

/// Each in a session of its own, with a question behind it.
#[test]
fn what_pools_and_drivers_say_in_passing() {
    let Some((cluster, proxy)) = start() else { return };
    let lines = include_str!("postgres_lists/passing.sql").lines().filter(|line| !line.starts_with("--"));
    let failed = lines.filter_map(|line| {
        let (out, err) = psql(&cluster, &proxy, &[line, "SELECT 'still ' || 'here'"]);
        (!err.is_empty() || !out.ends_with("still here\n")).then(|| format!("{line}: {err}"))
    });
    assert_eq!(failed.collect::<Vec<_>>().join("\n"), "");
}

/// `SQLSTATE statement`: the error, and the session goes on.
#[test]
fn what_could_tell_something_is_refused_and_the_session_goes_on() {
    let Some((cluster, proxy)) = start() else { return };
    let lines = include_str!("postgres_lists/refused.sql").lines().filter(|line| !line.starts_with("--"));
    let failed = lines.filter_map(|line| {
        let (sqlstate, statement) = line.split_once(' ').unwrap();
        let (out, err) = psql(&cluster, &proxy, &[statement, "SELECT 'still ' || 'here'"]);
        let is_refused = err.starts_with(&format!("ERROR:  {sqlstate}: ")) && out == "still here\n";
        (!is_refused).then(|| format!("{line}: {out}{err}"))
    });
    assert_eq!(failed.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn sizes_counters_and_estimates_are_withheld() {
    let Some((cluster, proxy)) = start() else { return };
    cluster.psql("INSERT INTO shop.visits (ip) VALUES ('203.0.113.7'), ('203.0.113.8'); ANALYZE shop.visits");
    cluster.psql("ALTER TABLE shop.visits ADD extra int DEFAULT 7; SELECT nextval('shop.tickets')");
    for question in [
        "SELECT DISTINCT relpages, reltuples, relallvisible, relfrozenxid FROM pg_class",
        "SELECT count(attmissingval) FROM pg_attribute",
        "SELECT count(last_value) FROM pg_sequences",
        "SELECT pg_relation_size('shop.visits'), pg_total_relation_size(c.oid), pg_database_size(current_database()), \
         pg_stat_get_numscans(c.oid), pg_sequence_last_value('shop.tickets'), pg_relation_filepath(c.oid) \
         FROM pg_class c WHERE relname = 'visits'",
        "SELECT n_live_tup, n_tup_ins, seq_scan, last_analyze FROM pg_stat_user_tables WHERE relname = 'visits'",
        "SELECT count(setting) FROM pg_settings WHERE name IN ('data_directory', 'hba_file', 'shared_preload_libraries')",
        "SELECT count(*) FROM pg_roles WHERE rolpassword <> '********'",
        "SELECT current_setting(name) FROM (VALUES ('data_directory'), ('hba_file')) v(name)",
    ] {
        let (out, err) = psql(&cluster, &proxy, &[question]);
        assert_eq!(err, "", "{question}");
        let blank = |c: char| matches!(c, '0' | '|' | '\n') || (c == '-' || c == '1');
        assert!(out.replace("-1", "").chars().all(blank), "{question}: {out}");
    }
}

/// 17 of the threat model: which of two errors comes first.
#[test]
fn errors_that_rows_cause_are_one() {
    let Some((cluster, proxy)) = start() else { return };
    cluster.psql(
        "INSERT INTO shop.visits (ip, label) VALUES ('203.0.113.7', 'a'), ('203.0.113.8', '7'); \
         INSERT INTO shop.orders SELECT n, 1 + n % 2 FROM generate_series(1, 8) n",
    );
    let rows = "FROM shop.visits";
    let hidden = [
        format!("SELECT 1 / (id - 1) {rows}"),
        format!("SELECT label::text::int {rows}"),
        format!("SELECT (SELECT id {rows})"),
        format!("SELECT ('x' || id)::regclass {rows}"),
        format!("SELECT string_to_array(label::text, NULL)::inet[] {rows}"),
        format!("COPY (SELECT 1 / (id - 1) {rows}) TO STDOUT"),
        format!("BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1 / (id - 1) {rows}; COMMIT"),
        format!("BEGIN; DECLARE c CURSOR FOR SELECT 1 / (id - 1) {rows}; FETCH ALL FROM c"),
        format!("BEGIN; DECLARE c CURSOR FOR SELECT 1 / (id - 1) {rows}; MOVE ALL FROM c"),
        format!("PREPARE p AS SELECT 1 / (id - 1) {rows}; EXECUTE p"),
        "SELECT visit FROM shop.orders WHERE 1 / (id - 4) = 0 LIMIT 1".to_owned(),
    ];
    let failed = hidden.iter().filter_map(|statement| {
        let (_, err) = psql(&cluster, &proxy, &[statement]);
        (!err.starts_with("ERROR:  22000: a value in the rows")).then(|| format!("{statement}: {err}"))
    });
    assert_eq!(failed.collect::<Vec<_>>().join("\n"), "");
    for (statement, sqlstate) in [
        ("SELECT 1 / (n - 1) FROM generate_series(1, 3) n", "22012"),
        ("SELECT 'x'::int", "22P02"),
        ("PREPARE p AS SELECT 1 / 0; EXECUTE p", "22012"),
        ("SELECT nothing FROM shop.visits", "42703"),
        ("SELECT nothing(id) FROM shop.visits", "42883"),
    ] {
        let (_, err) = psql(&cluster, &proxy, &[statement]);
        assert!(err.starts_with(&format!("ERROR:  {sqlstate}: ")), "{statement}: {err}");
    }
}

/// 18 of the threat model: whether an error comes at all, where reading stops at the first row that suits.
#[test]
fn what_fails_has_failed_before_the_first_row() {
    let Some((cluster, proxy)) = start() else { return };
    cluster.psql("INSERT INTO shop.visits (label) SELECT n FROM generate_series(1, 4) n");
    cluster.psql("INSERT INTO shop.orders SELECT n, 1 + n % 4 FROM generate_series(1, 8) n");
    let groups = "FROM (SELECT min(id) AS m FROM shop.orders GROUP BY visit) q";
    for first in 1..=4 {
        let fails = format!("1 / (m - {first})");
        for statement in [
            format!("SELECT EXISTS (SELECT 1 {groups} WHERE ({fails}) IS NOT NULL)"),
            // 35: a subquery with two rows.
            format!(
                "SELECT EXISTS (SELECT 1 {groups} WHERE (SELECT o.id FROM shop.orders o WHERE m = {first} OR o.id = m) > 0)"
            ),
            format!("SELECT 9 > ANY (SELECT {fails} {groups})"),
            format!("SELECT NOT 9 < ALL (SELECT {fails} {groups})"),
            format!("SELECT 1 {groups} WHERE ({fails}) IS NOT NULL LIMIT 1"),
            format!("SELECT 1 FROM (SELECT 1 {groups} WHERE ({fails}) IS NOT NULL) q"),
            format!(
                "SELECT 1 FROM (SELECT visit FROM shop.orders GROUP BY visit HAVING (1 / (min(id) - {first})) IS NOT NULL) q"
            ),
        ] {
            let mut psql = cluster.client("psql", proxy.address().port());
            psql.args(["-X", "-At", "-v", "FETCH_COUNT=1", "-c", &statement]);
            let output = psql.output().unwrap();
            let (out, err) = (output.stdout, String::from_utf8(output.stderr).unwrap());
            assert!(
                out.is_empty() && err.contains("does not fit"),
                "{statement}: {}{err}",
                out.escape_ascii()
            );
        }
    }
}

#[test]
fn drivers_and_their_reflection() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let has = Command::new(&python).args(["-c", "import psycopg, psycopg2, asyncpg, sqlalchemy"]).status();
    if !has.is_ok_and(|status| status.success()) {
        eprintln!("no drivers in target/peers: nothing tested");
        return;
    }
    let Some((_cluster, proxy)) = start() else { return };
    let mut command = Command::new(&python);
    command.args(["-c", include_str!("postgres_lists/drivers.py"), &proxy.address().port().to_string()]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        output.stdout.escape_ascii(),
        String::from_utf8(output.stderr).unwrap()
    );
}
