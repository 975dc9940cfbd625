//! What a session is told to be, and what happens around it: its search path, tables that change under it, clients that
//! vanish. The binary in front of a real server, beside the same server asked directly.

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
    CREATE SCHEMA shop;
    CREATE SCHEMA other;
    CREATE SCHEMA trap;
    CREATE TYPE shop.mood AS ENUM ('good', 'bad');
    CREATE TABLE shop.visits (id int PRIMARY KEY, ip inet, mood shop.mood DEFAULT 'good', free text);
    INSERT INTO shop.visits SELECT n, inet '203.0.113.0' + n, 'bad', 'f' || n FROM generate_series(1, 9) n;
    CREATE TABLE shop.orders (id int, visit int REFERENCES shop.visits, CHECK (id > 0));
    CREATE VIEW shop.recent AS SELECT id, ip, mood FROM shop.visits;
    CREATE FUNCTION shop.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
    CREATE TABLE other.visits (id int, told text);
    INSERT INTO other.visits VALUES (7, 'other');
    CREATE TABLE public.plain (a int);
    CREATE TABLE public.visits (b int);
    CREATE FUNCTION trap.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION trap.crossed(int, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.equal);
    CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = text, FUNCTION = trap.crossed);
    CREATE TABLE trap.pg_class (relname text);
    CREATE ROLE employee LOGIN;
    CREATE ROLE shopper LOGIN;
    ALTER ROLE shopper SET search_path = shop, public;
    GRANT USAGE ON SCHEMA shop, other, trap TO employee, shopper;
    GRANT SELECT ON ALL TABLES IN SCHEMA shop, other, public, trap TO employee, shopper;";

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"shop.visits.ip" = "coarse-ip"
"#;

fn start() -> Option<(Cluster, Proxy)> {
    start_with("", "")
}

/// With more lines for the store, and for its fields.
fn start_with(more: &str, fields: &str) -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let policy = POLICY.replace("unlisted", &format!("{more}\nunlisted"));
    let proxy = Proxy::start(&format!("{}{fields}\n", policy.replace("@PORT@", &cluster.port.to_string())));
    Some((cluster, proxy))
}

/// What psql prints for a script, errors among it.
fn psql(cluster: &Cluster, port: u16, user: &str, options: &str, script: &str) -> String {
    let file = cluster.folder().join(format!("script-{port}-{user}.sql"));
    std::fs::write(&file, script).unwrap();
    let mut psql = cluster.client("psql", port);
    psql.env("PGUSER", user).env("PGOPTIONS", options);
    let output = psql.args(["-X", "-At", "-f"]).arg(&file).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// What depends on the path: what psql describes, and the functions and types that ask the server for it.
const ASKED: &str = r"
\d
\dt
\dv
\df
\dT
\d visits
\d recent
\d orders
\d plain
\sv shop.recent
SELECT relname, pg_table_is_visible(oid) FROM pg_class WHERE relnamespace::regnamespace::text IN ('shop', 'other', 'public') ORDER BY oid;
SELECT proname, pg_function_is_visible(oid) FROM pg_proc WHERE proname = 'twice';
SELECT 'visits'::regclass, 'shop.visits'::regclass, 'visits'::regclass::oid = 'shop.visits'::regclass::oid;
SELECT to_regclass('orders'), to_regtype('mood'), to_regproc('twice'), 'shop.mood'::regtype, 'shop.twice'::regproc;
SELECT current_schema(), current_schema, current_schemas(true), current_schemas(false), current_setting('search_path');
SHOW search_path;
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'shop.visits'::regclass AND attnum > 0 ORDER BY attnum;
SELECT pg_get_viewdef('shop.recent'::regclass), pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'shop.orders'::regclass ORDER BY oid;
SELECT count(*) FROM visits;
";

#[test]
fn what_asks_for_the_search_path_hears_the_clients() {
    let Some((cluster, proxy)) = start() else { return };
    for (user, options, before) in [
        ("employee", "", ""),
        ("employee", "", "SET search_path = shop;"),
        ("employee", "", "SET search_path TO other, shop, \"$user\";"),
        ("employee", "", "SET search_path TO 'nowhere', \"Shop\";"),
        ("employee", "", "SET search_path = '';"),
        ("employee", "", "SET search_path = pg_catalog, shop;"),
        ("employee", "-c search_path=shop,\\ public", ""),
        ("employee", "-c search_path=shop,\\ public", "SET search_path = other; RESET search_path;"),
        ("employee", "-c search_path=shop,\\ public", "SET search_path = other; DISCARD ALL;"),
        ("employee", "-c search_path=shop,\\ public", "SET search_path = other; RESET ALL;"),
        ("employee", "", "SET search_path = other; SET search_path TO DEFAULT;"),
        ("employee", "", "BEGIN; SET LOCAL search_path = shop;"),
        ("employee", "", "BEGIN; SET LOCAL search_path = shop; COMMIT;"),
        ("employee", "", "BEGIN; SET search_path = shop; ROLLBACK;"),
        ("employee", "", "BEGIN; SET search_path = shop; COMMIT;"),
        (
            "employee",
            "",
            "BEGIN; SET search_path = other; SAVEPOINT s; SET search_path = shop; ROLLBACK TO s;",
        ),
        ("employee", "", "BEGIN; SET search_path = shop; SELECT 1/0; ROLLBACK;"),
        ("employee", "", "SET search_path = other\\; SET search_path = shop;"),
        ("shopper", "", ""),
        ("shopper", "", "SET search_path = other; RESET search_path;"),
        ("shopper", "-c search_path=other", "RESET search_path;"),
    ] {
        let ask = |port| psql(&cluster, port, user, options, &format!("{before}{ASKED}"));
        let (direct, proxied) = (ask(cluster.port), ask(proxy.address().port()));
        let changed = |line: &&str| !line.contains("psql:") && !line.contains("LINE") && !line.contains('^');
        for (direct, proxied) in direct.lines().filter(changed).zip(proxied.lines().filter(changed)) {
            assert_eq!(proxied, direct, "{user} {options} {before}");
        }
        assert!(direct.lines().count() > 30, "{direct}");
    }
}

#[test]
fn a_path_puts_nothing_in_the_place_of_what_came_with_the_server() {
    let Some((cluster, proxy)) = start() else { return };
    let asked = |statement: &str| {
        let script = format!("SET search_path = trap, pg_catalog, shop;\n{statement};\n");
        psql(&cluster, proxy.address().port(), "employee", "", &script)
    };
    // The client's own names mean what the client says.
    assert_eq!(asked("SELECT count(*) FROM pg_class"), "SET\n0\n");
    assert_eq!(asked("SHOW search_path"), "SET\ntrap, pg_catalog, shop\n");
    // An operator of a user stands behind what came with the server, and is refused where that has none, spelt out or not.
    for statement in [
        "SELECT @ = 'b'::text",
        "SELECT @ IN ('b'::text)",
        "SELECT @ IN (SELECT 'b'::text)",
        "SELECT NULLIF(@, 'b'::text) IS NULL",
        "SELECT CASE @ WHEN 'b'::text THEN true ELSE false END",
        "SELECT @ IS NOT DISTINCT FROM 'b'::text",
        "SELECT EXISTS (SELECT FROM (SELECT @ AS t) a JOIN (SELECT 'b'::text AS t) b USING (t))",
        "SELECT EXISTS (SELECT FROM (SELECT @ AS t) a NATURAL JOIN (SELECT 'b'::text AS t) b)",
    ] {
        assert_eq!(asked(&statement.replace('@', "'a'::text")), "SET\nf\n", "{statement}");
        let crossed = asked(&statement.replace('@', "1"));
        assert!(
            crossed.contains("ERROR") && crossed.contains("operator = is refused"),
            "{statement}: {crossed}"
        );
    }
}

/// Drives psycopg: each line of a script is done by a session of the proxy (`p`), which sees what comes, or directly by
/// the owner of the tables (`d`), and prints what came.
const DRIVER: &str = r#"
import sys, psycopg
from psycopg import ClientCursor
proxy, store, script = sys.argv[1:4]
def connect(port, user):
    return psycopg.connect(host="127.0.0.1", port=port, user=user, dbname="postgres", autocommit=True)
direct = connect(store, "postgres")
session = connect(proxy, "employee")
for line in script.split("\n"):
    if not line.strip():
        continue
    who, statement = line.strip().split(" ", 1)
    if who == "d":
        direct.execute(statement)
        continue
    for attempt in range(2):
        try:
            if who == "s":
                cursor = ClientCursor(session).execute(statement)
            else:
                cursor = session.execute(statement, prepare=True, binary=(who == "b"))
            print(*(cursor.fetchall() if cursor.description else [cursor.statusmessage]), sep=" ", flush=True)
            break
        except psycopg.Error as error:
            print(error.sqlstate, flush=True)
            if error.sqlstate != "0A000" or session.info.transaction_status == 3:
                break
"#;

fn drive(cluster: &Cluster, proxy: &Proxy, script: &str) -> Option<String> {
    let python = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !python.exists() {
        eprintln!("no drivers here: nothing tested");
        return None;
    }
    let ports = [proxy.address().port(), cluster.port].map(|port| port.to_string());
    let output =
        std::process::Command::new(python).args(["-c", DRIVER]).args(ports).arg(script).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    Some(text(&output.stdout))
}

/// What changes between two statements, and what the next one gives; the first is the same.
const CHANGES: &[(&str, &str)] = &[
    // A protected column takes the name of a free one: the policy's field is gone, and its table refused.
    (
        "ALTER TABLE lab.pairs RENAME note TO was; ALTER TABLE lab.pairs RENAME ip TO note",
        "SELECT note FROM lab.pairs",
    ),
    // A view is over protected rows now.
    ("CREATE OR REPLACE VIEW lab.seen AS SELECT ip AS note FROM lab.pairs", "SELECT note FROM lab.seen"),
    // A table goes, and a view takes its name.
    (
        "ALTER TABLE lab.free RENAME TO gone; CREATE VIEW lab.free AS SELECT ip AS note FROM lab.pairs; GRANT SELECT ON lab.free TO employee",
        "SELECT note FROM lab.free",
    ),
];

#[test]
fn a_strict_store_never_runs_a_plan_of_before() {
    const TABLES: &str = "
        DROP SCHEMA IF EXISTS lab CASCADE; CREATE SCHEMA lab; GRANT USAGE ON SCHEMA lab TO employee;
        CREATE TABLE lab.pairs (ip text, note text); INSERT INTO lab.pairs VALUES ('203.0.113.7', 'free');
        CREATE TABLE lab.free (note text); INSERT INTO lab.free VALUES ('free');
        CREATE VIEW lab.seen AS SELECT note FROM lab.pairs;
        GRANT SELECT ON lab.pairs, lab.free, lab.seen TO employee;";
    let Some((cluster, proxy)) = start_with("catalogue = \"strict\"", "\"lab.pairs.ip\" = \"coarse-ip\"")
    else {
        return;
    };
    for (change, asked) in CHANGES {
        for way in ["s", "p", "b"] {
            for block in [false, true] {
                cluster.psql(TABLES);
                let (before, after) = if block { ("s BEGIN", "s ROLLBACK") } else { ("", "") };
                let script =
                    format!("{way} {asked}\nd {change}\n{before}\n{way} {asked}\n{way} {asked}\n{after}");
                let Some(out) = drive(&cluster, &proxy, &script) else { return };
                assert!(!out.contains("203.0.113.7"), "{way} {change}: {out}");
                assert!(out.starts_with("('free',)\n"), "{out}");
            }
        }
    }
}

const STRICT_SCRIPT: &str = "
        p SELECT 1
        p SELECT count(*) FROM shop.visits
        s SELECT count(*) FROM shop.visits; SELECT max(id) FROM shop.visits
        s SELECT ip FROM shop.visits WHERE id = 1
        b SELECT id FROM shop.recent WHERE id = 2
        s BEGIN
        s DECLARE c CURSOR FOR SELECT id FROM shop.visits ORDER BY id
        s FETCH 2 FROM c
        s SELECT 1 / (id - id) FROM other.visits
        s SELECT id FROM shop.visits
        s ROLLBACK
        s BEGIN; SELECT id FROM other.visits; COMMIT
        s PREPARE two AS SELECT id FROM other.visits
        s EXECUTE two
        s COMMIT; SELECT id FROM other.visits
        s BEGIN ISOLATION LEVEL REPEATABLE READ
        s SELECT id FROM other.visits
        s ROLLBACK
        s SELECT * FROM nowhere
        s SET search_path = other
        s SELECT told FROM visits
        d ALTER TABLE other.visits RENAME told TO said
        s SELECT told FROM visits
        s SELECT said FROM visits
        d DROP TABLE other.visits
        s SELECT said FROM visits
        s SELECT said FROM visits
        s SELECT count(*) FROM shop.visits
        s PREPARE three AS SELECT ip, id FROM shop.visits WHERE id < $1 ORDER BY id
        b EXECUTE three(2)
        s BEGIN
        s DECLARE b BINARY CURSOR FOR SELECT ip, id FROM shop.visits ORDER BY id
        b FETCH 1 FROM b
        p FETCH 1 FROM b
        s ROLLBACK
        p SELECT 1";

const STRICT_ANSWERS: &str = "
        (1,)
        (9,)
        (9,)
        (IPv4Interface('203.0.0.0/16'),)
        (2,)
        BEGIN
        DECLARE CURSOR
        (1,) (2,)
        22012
        25P02
        ROLLBACK
        BEGIN
        PREPARE
        (7,)
        0A000
        0A000
        BEGIN
        0A000
        ROLLBACK
        42P01
        SET
        ('other',)
        42703
        ('other',)
        42P01
        42P01
        (9,)
        PREPARE
        (IPv4Interface('203.0.0.0/16'), 1)
        BEGIN
        DECLARE CURSOR
        (IPv4Interface('203.0.0.0/16'), 1)
        (IPv4Interface('203.0.0.0/16'), 2)
        ROLLBACK
        (1,)";

#[test]
fn a_strict_store_answers_as_another_does() {
    let Some((cluster, proxy)) = start_with("catalogue = \"strict\"", "") else { return };
    let Some(out) = drive(&cluster, &proxy, STRICT_SCRIPT) else { return };
    let lines = |text: &str| {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&out), lines(STRICT_ANSWERS));
}

#[test]
fn what_nobody_waits_for_is_cancelled() {
    let Some((cluster, proxy)) = start() else { return };
    let mut psql = cluster.client("psql", proxy.address().port());
    psql.env("PGUSER", "employee").args([
        "-X",
        "-c",
        "SELECT count(*) FROM generate_series(1, 100000000000) AS vanished",
    ]);
    let mut client =
        psql.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let works = || {
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series%vanished%' AND pid <> pg_backend_pid()";
        cluster.psql(asked).trim() == "1"
    };
    let becomes = |wanted: bool| {
        (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            works() == wanted
        })
    };
    assert!(becomes(true), "the statement runs");
    client.kill().unwrap();
    client.wait().unwrap();
    assert!(becomes(false), "the statement was cancelled");
}

#[test]
fn options_of_a_copy_that_no_reader_could_follow_are_refused() {
    let Some((cluster, proxy)) = start() else { return };
    for options in [
        "QUOTE E'\\n'",
        "QUOTE E'\\r'",
        "ESCAPE E'\\n'",
        "DELIMITER E'\\n'",
        "QUOTE ''",
        "QUOTE 'ä'",
        "DELIMITER '\"'",
    ] {
        let script = format!(
            "COPY (SELECT ip, free FROM shop.visits) TO STDOUT (FORMAT csv, {options});\nSELECT 'still here';\n"
        );
        let out = psql(&cluster, proxy.address().port(), "employee", "", &script);
        assert!(
            out.contains("ERROR") && out.contains("still here") && !out.contains("203.0.113"),
            "{options}: {out}"
        );
    }
}
