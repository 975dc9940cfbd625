//! What is treated on its way to the client is what the store would have made of it: every statement is asked of two
//! stores of one policy, of which one is `statements = "plain"` and has nothing late; as rows, of a cursor, of a prepared
//! statement and as a copy.
//!
//! Where no server binaries are found, these tests say so and are skipped.

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

/// Texts and addresses of every kind, put together by chance that is the same each time.
const SCHEMA: &str = r#"
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, ip inet, net cidr, at timestamptz, note text, said text, place text, hops inet[], nets cidr[]);
    CREATE TABLE pieces (k serial, piece text);
    INSERT INTO pieces (piece) VALUES ('203.0.113.7'), ('from '), (' '), ('2001:db8:1::7'), ('::ffff:203.0.113.7'), ('/24'), ('/'), (':443'),
        ('00:1a:2b:3c:4d:5e'), ('001a.2b3c.4d5e'), ('52.5200, 13.4050'), ('a@example.com'), ('12:30:45'), ('std::vector'), ('ä€🙂'), (E'\n'),
        ('256.1.1.1'), ('1.2.3'), ('1.2.3.4.5'), ('.'), (','), ('%eth0'), ('[2001:db8::1]'), (''), ('::'), ('fe80::1'), ('10.0.0.1'),
        ('x'), ('=203.0.113.99;'), ('"'), ('\'), ('{'), ('48.85840,2.29450'), ('v1.2.3.4-rc'), ('0.0.0.0'), ('::1'), ('(8.8.8.8)');
    INSERT INTO logins SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad((n % 50)::text, 12, '0')), a, network(a),
        timestamptz '2026-03-01 00:00+00' + n * interval '777 seconds', CASE WHEN n % 11 > 0 THEN t END,
        CASE n % 3 WHEN 0 THEN host(a) WHEN 1 THEN a::text ELSE t END, 'place ' || n % 7,
        CASE n % 9 WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN ARRAY[[a, NULL], [NULL, a]] WHEN 3 THEN ('[2:3]={NULL,' || a || '}')::inet[] ELSE ARRAY[a, inet '10.9.0.0' + n] END,
        ARRAY[network(a), network(set_masklen(inet '2001:db8::' + n, n % 129))]
        FROM (SELECT n, CASE n % 13 WHEN 0 THEN NULL WHEN 1 THEN inet '2001:db8::' + n * 7919 % 100000 WHEN 2 THEN set_masklen(inet '::ffff:10.7.0.0' + n, 97 + n % 32)
            WHEN 3 THEN inet '64:ff9b::10.7.0.0' + n WHEN 4 THEN inet '2002:a07::' + n WHEN 5 THEN set_masklen(inet '10.1.2.3' + n, n % 33)
            WHEN 6 THEN set_masklen(inet '2001:db8:5:6:7:8:9:a' + n, n % 129) WHEN 7 THEN inet '::' + n * 65537 WHEN 8 THEN inet '2001:0:cb00::' + n
            ELSE inet '10.0.0.0' + n * 104729 % 16000000 END AS a,
            (SELECT string_agg(piece, '' ORDER BY m) FROM generate_series(1, 1 + n % 5) m JOIN pieces p ON p.k = 1 + (n * 31 + m * (n + 7) * 13) % 37) AS t
            FROM generate_series(1, 800) n) l;
    CREATE TABLE users (user_id uuid PRIMARY KEY, country text, contact text);
    INSERT INTO users SELECT uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 'c' || n % 5, 'at 203.0.113.' || n
        FROM generate_series(0, 59) n;
    CREATE VIEW seen AS SELECT id AS login, ip AS address, note, said AS told FROM logins WHERE place <> 'place 1';
    CREATE VIEW seen_twice AS SELECT told, login FROM seen UNION ALL SELECT said, id FROM logins WHERE id < 100;
    CREATE TABLE archive (id int, said text, hops inet[]);
    INSERT INTO archive SELECT id + 1000, said, hops FROM logins WHERE id < 60;
    CREATE ROLE employee LOGIN;
    GRANT SELECT ON logins, users, seen, seen_twice, archive TO employee;
    ANALYZE;"#;

const KEYS: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "@KEY@" }
"#;

const STORE: &str = r#"
[[stores]]
name = "@NAME@"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "scan"
statements = "@NAME@"
[stores.fields]
"public.users.user_id" = { pseudonymize = { domain = "person" } }
"public.logins.user_id" = { pseudonymize = { domain = "person" } }
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.net" = { truncate = { ipv4 = 20, ipv6 = 104 } }
"public.logins.at" = { floor = { to = "hour" } }
"public.logins.hops" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.nets" = { truncate = { ipv4 = 20, ipv6 = 104 } }
"public.logins.said" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.archive.said" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.archive.hops" = { truncate = { ipv4 = 24, ipv6 = 32 } }
"#;

/// Each with what is late in it.
const LATE: &[(&str, &[&str])] = &[
    ("SELECT * FROM logins", &["hops", "nets", "said"]),
    ("SELECT id, hops AS ways, upper(note) FROM logins", &["hops"]),
    (
        "SELECT l.said, l.hops, l.hops FROM logins l WHERE l.ip <<= '10.0.0.0/8' AND l.note LIKE '%x%'",
        &["said", "hops"],
    ),
    ("SELECT said FROM logins WHERE said LIKE '10.%' AND hops IS NOT NULL", &["said"]),
    ("SELECT said, note FROM logins ORDER BY id LIMIT 50", &["said"]),
    ("SELECT nets, said FROM logins WHERE place = 'place 3' LIMIT 40", &["nets", "said"]),
    ("SELECT u.contact, l.said, l.user_id FROM users u JOIN logins l USING (user_id)", &["said"]),
    (
        "SELECT u.country, l.hops, l.note FROM users u LEFT JOIN logins l ON l.user_id = u.user_id AND l.id < 9",
        &["hops"],
    ),
    (
        "SELECT l.hops, u.contact FROM logins l FULL JOIN users u ON l.user_id = u.user_id AND l.id < 40 AND u.country = 'c1'",
        &["hops"],
    ),
    ("SELECT a.said, b.said FROM logins a, logins b WHERE a.id = b.id + 1 AND a.id < 300", &["said"]),
    ("SELECT l.a, l.b, l.c FROM logins AS l (x, y, b, d, e, f, a, g, c)", &["said", "hops"]),
    (
        "SELECT said, (SELECT count(*) FROM logins m WHERE m.said = l.said) FROM logins l WHERE id < 30",
        &["said"],
    ),
    (
        "SELECT hops FROM logins WHERE said IN (SELECT said FROM logins WHERE id < 40) AND user_id IS NOT NULL",
        &["hops"],
    ),
    (
        "WITH u AS (SELECT * FROM users) SELECT l.said, u.contact FROM logins l JOIN u ON u.user_id = l.user_id",
        &["said"],
    ),
    ("SELECT said FROM (SELECT id, said FROM logins OFFSET 0) l WHERE id < 30", &["said"]),
    ("SELECT x.s, x.place FROM (SELECT said AS s, place FROM logins ORDER BY id LIMIT 25) x (s)", &["said"]),
    (
        "SELECT s FROM (SELECT said AS s, id FROM (SELECT said, id FROM logins WHERE said IS NOT NULL) a) b WHERE id % 3 = 0",
        &["said"],
    ),
    ("SELECT told, login FROM seen WHERE login < 200", &["said"]),
    (
        "SELECT s.told, l.hops FROM seen s JOIN logins l ON l.id = s.login WHERE s.told LIKE '10.%'",
        &["said", "hops"],
    ),
    (
        "SELECT a.told, b.told FROM seen a LEFT JOIN seen b ON b.login = a.login + 1 WHERE a.login < 90",
        &["said"],
    ),
    (
        "WITH w AS (SELECT id, said, hops FROM logins) SELECT hops, said FROM w WHERE id < 70",
        &["said", "hops"],
    ),
    (
        "WITH w (a, b) AS MATERIALIZED (SELECT id, said FROM logins) SELECT one.b, two.b FROM w one JOIN w two ON two.a = one.a + 1 WHERE one.b <> two.b",
        &["said"],
    ),
    (
        "WITH v AS (SELECT id, said FROM logins), w AS (SELECT said, id AS n FROM v WHERE id < 50) SELECT w.said, v.said FROM w, v WHERE v.id = w.n + 2",
        &["said"],
    ),
    (
        "SELECT l.said FROM logins l, (WITH logins AS (SELECT 5 AS id, 'x' AS said) SELECT * FROM logins) x WHERE l.id > x.id",
        &["said"],
    ),
    (
        "SELECT said FROM (SELECT id, said FROM logins UNION ALL SELECT id, said FROM archive) b WHERE id % 2 = 0",
        &["said"],
    ),
    ("SELECT told, login FROM seen_twice WHERE login < 50", &["said"]),
    (
        "SELECT u.country, b.s FROM users u JOIN (SELECT user_id, said AS s FROM logins UNION ALL SELECT NULL, said FROM archive) b USING (user_id)",
        &["said"],
    ),
];

/// What must not be late.
const NOT_LATE: &[&str] = &[
    "SELECT DISTINCT said FROM logins",
    "SELECT DISTINCT ON (said) said, id FROM logins ORDER BY said, id",
    "SELECT said, count(*) FROM logins GROUP BY said",
    "SELECT said FROM logins ORDER BY said, id",
    "SELECT said, note FROM logins ORDER BY logins.said, id DESC",
    "SELECT said, row_number() OVER (ORDER BY said, id) FROM logins",
    "SELECT said FROM logins ORDER BY 1, id",
    "SELECT said AS x FROM logins ORDER BY x, id",
    "SELECT said FROM logins ORDER BY said FETCH FIRST 5 ROWS WITH TIES",
    "SELECT said FROM logins UNION SELECT said FROM logins",
    "SELECT said FROM logins UNION ALL SELECT '203.0.113.7'",
    "SELECT upper(said), hops::text, COALESCE(said, 'x'), ARRAY[said], hops[1] FROM logins",
    "SELECT to_jsonb(l), l.said FROM logins l",
    "SELECT max(said) FROM logins",
    "SELECT said FROM (SELECT DISTINCT said FROM logins) l",
    "SELECT said FROM (SELECT said, count(*) FROM logins GROUP BY said) l",
    "SELECT said FROM (SELECT said, row_number() OVER (ORDER BY id) FROM logins) l",
    "SELECT hops FROM (SELECT id, hops FROM logins UNION ALL SELECT id, hops FROM archive) b",
    "SELECT said FROM (SELECT id, said FROM logins UNION SELECT id, said FROM archive) b",
    "SELECT said FROM (SELECT id, said FROM logins EXCEPT ALL SELECT id, said FROM archive) b",
    "SELECT said FROM (SELECT id, said FROM logins UNION ALL SELECT 1, '203.0.113.7') b",
    "SELECT s FROM (SELECT upper(said) AS s FROM logins) l",
    "WITH RECURSIVE w AS (SELECT id, said FROM logins WHERE id = 1 UNION ALL SELECT l.id, l.said FROM w JOIN logins l ON l.id = w.id + 1 WHERE l.id < 9) SELECT said FROM w",
    "WITH w AS (SELECT id, said FROM logins WHERE id < 50) SELECT to_jsonb(w), said FROM w",
    "SELECT at, note, ip, net FROM logins",
    "EXPLAIN SELECT count(*) FROM logins",
];

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let store = |name| STORE.replace("@NAME@", name).replace("@PORT@", &cluster.port.to_string());
    let proxy = Proxy::start(&[KEYS, &store("fast"), &store("plain")].concat());
    Some((cluster, proxy))
}

fn port(proxy: &Proxy, store: &str) -> u16 {
    let (_, address) = proxy.listeners.iter().find(|(name, _)| name == store).unwrap();
    address.port()
}

/// What is sent for each of some statements.
fn sent(proxy: &Proxy, store: &str, statements: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    command.args(["explain", "--json", "--config", proxy.config().to_str().unwrap(), "--store", store]);
    let asked = statements.join(";\n");
    let output = command.args(["--database", "postgres", &asked]).env("PGUSER", "employee").output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let explained = json["statements"].as_array().unwrap();
    assert_eq!(explained.len(), statements.len(), "{json}");
    explained.iter().map(|one| one["statement"].as_str().unwrap().to_owned()).collect()
}

/// What begins each answer.
const MARK: &str = "--next--";

/// The answers to some scripts, in one session.
fn answers(cluster: &Cluster, port: u16, scripts: &[Vec<String>]) -> Vec<String> {
    let mut psql = cluster.client("psql", port);
    psql.env("PGUSER", "employee").args(["-X", "-At", "-q", "-P", "null=(null)"]);
    for script in scripts {
        psql.args(["-c", &format!("\\echo {MARK}")]);
        for statement in script {
            psql.args(["-c", statement]);
        }
    }
    let output = psql.output().unwrap();
    assert!(output.stderr.is_empty(), "{scripts:?}: {}", String::from_utf8_lossy(&output.stderr));
    let answered = String::from_utf8(output.stdout).unwrap();
    answered.split(MARK).skip(1).map(str::to_owned).collect()
}

/// Ways to ask for the rows of a statement.
const WAYS: &[&[&str]] = &[
    &["@"],
    &["BEGIN", "DECLARE c CURSOR FOR @", "FETCH 7 FROM c; FETCH ALL FROM c", "COMMIT"],
    &[
        "BEGIN",
        "DECLARE c SCROLL CURSOR WITH HOLD FOR @",
        "FETCH ALL FROM c; COMMIT; FETCH BACKWARD 9 FROM c; CLOSE c",
    ],
    &["PREPARE p AS @", "EXECUTE p; EXECUTE p", "DEALLOCATE p"],
    &["COPY (@) TO STDOUT"],
    &["COPY (@) TO STDOUT (FORMAT text, NULL '10.0.0.0/16', DELIMITER '|')"],
    &["COPY (@) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *, NULL '(none)')"],
];

#[test]
fn rows_are_what_the_store_would_have_made_of_them() {
    let Some((cluster, proxy)) = start() else { return };
    let statements: Vec<&str> = LATE.iter().map(|(statement, _)| *statement).collect();
    for way in WAYS {
        let script = |statement: &&str| way.iter().map(|part| part.replace('@', statement)).collect();
        let scripts: Vec<Vec<String>> = statements.iter().map(script).collect();
        let fast = answers(&cluster, port(&proxy, "fast"), &scripts);
        let slow = answers(&cluster, port(&proxy, "plain"), &scripts);
        assert_eq!((fast.len(), slow.len()), (scripts.len(), scripts.len()));
        for ((fast, slow), script) in fast.iter().zip(&slow).zip(&scripts) {
            assert!(slow.trim().len() > 20 && !fast.contains("203.0.113."), "{script:?}");
            for (slow, fast) in slow.lines().zip(fast.lines()) {
                assert_eq!(slow, fast, "{script:?}");
            }
            assert_eq!(slow.len(), fast.len(), "{script:?}");
        }
    }
}

#[test]
fn what_only_goes_to_the_client_is_late() {
    let Some((_cluster, proxy)) = start() else { return };
    let statements: Vec<&str> = LATE.iter().map(|(statement, _)| *statement).collect();
    for ((statement, late), sent) in LATE.iter().zip(sent(&proxy, "fast", &statements)) {
        for column in *late {
            let raw = format!("COALESCE(\"raw\".\"{column}\")");
            assert!(sent.contains(&raw), "{statement}: {column} in {sent}");
        }
    }
    let never = sent(&proxy, "fast", NOT_LATE).into_iter().chain(sent(&proxy, "plain", &statements));
    for (statement, sent) in NOT_LATE.iter().chain(&statements).zip(never) {
        assert!(!sent.contains("sfumato_late_"), "{statement}: {sent}");
    }
}

/// What a driver is told of the columns, and what it reads in text and in binary.
const DRIVER: &str = r#"
import sys, psycopg
statements = sys.stdin.read().split("\n")
def told(session, statement, binary):
    ask = lambda text, binary: session.pgconn.exec_params(text.encode(), None, result_format=binary)
    def rows(result):
        wide = range(result.nfields)
        columns = [(result.fname(i), result.ftype(i), result.fmod(i), result.fsize(i), result.fformat(i), result.ftable(i), result.ftablecol(i)) for i in wide]
        return columns, [[result.get_value(row, i) for i in wide] for row in range(result.ntuples)], result.error_message
    asked = rows(ask(statement, binary))
    ask(("DECLARE c BINARY CURSOR FOR " if binary else "DECLARE c CURSOR FOR ") + statement, 0)
    fetched = rows(ask("FETCH ALL FROM c", binary))
    ask("CLOSE c", 0)
    with session.cursor().copy(f"COPY ({statement}) TO STDOUT (FORMAT {'binary' if binary else 'csv'})") as copy:
        copied = b"".join(bytes(piece) for piece in copy)
    return asked, fetched, copied
fast, plain = (psycopg.connect(host="127.0.0.1", port=int(port), user="employee", dbname="postgres") for port in sys.argv[1:])
with fast, plain:
    for session in (fast, plain): session.execute("SELECT 1")
    for statement in statements:
        for binary in (0, 1):
            ways = [told(session, statement, binary) for session in (fast, plain)]
            if not ways[0][0][1]: print("no rows of", statement, binary, ways[0][0][2])
            for way, one, two in zip(("asked", "fetched", "copied"), *ways):
                if one != two: print(way, statement, binary, str(one)[:500], str(two)[:500])
            if ways[0][0] != ways[0][1]: print("a cursor differs", statement, binary)
print("done")
"#;

#[test]
fn drivers_are_told_the_same_in_text_and_binary() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: no drivers in target/peers");
        return;
    }
    let Some((_cluster, proxy)) = start() else { return };
    let mut driver = Command::new(python);
    driver.args(["-c", DRIVER]).args(["fast", "plain"].map(|store| port(&proxy, store).to_string()));
    let statements: Vec<&str> = LATE.iter().map(|(statement, _)| *statement).collect();
    let input = proxy.folder().join("statements.sql");
    std::fs::write(&input, statements.join("\n")).unwrap();
    let output = driver.stdin(std::fs::File::open(input).unwrap()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "done\n", "{told}{}", String::from_utf8_lossy(&output.stderr));
}
