//! Indexes of the store behind the proxy: that they serve conditions on coarse values, tokens and public columns, in a
//! table of a million rows; and that nothing in an answer tells of it.
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

#[path = "postgres_indexes/both.rs"]
mod both;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "postgres_indexes/parameters.rs"]
mod parameters;
mod support;
#[path = "postgres_indexes/worlds.rs"]
mod worlds;

use std::process::Command;

use cluster::Cluster;
use support::Proxy;

/// A million logins: a thousand hours, 250 networks, 20,000 people, and rows in no order of any of them.
const SCHEMA: &str = "
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, number bigint, ip inet, at timestamptz, lat float8, bytes int,
        place text, said text);
    INSERT INTO logins SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad((n * 7919 % 20000)::text, 12, '0')),
        7770000 + n * 7919 % 20000, inet '10.0.0.0' + (n * 104729 % 250) * 65536 + n * 31 % 65536,
        timestamptz '2026-03-01 00:00+00' + (n * 15485863 % 3600000) * interval '1 second',
        (n * 32452843 % 1800000) / 1e4 - 90, n * 611 % 1000000, 'place ' || n % 5000, host(inet '10.7.0.0' + n)
        FROM generate_series(1::bigint, 1000000) n;
    CREATE TABLE users (user_id uuid PRIMARY KEY, number bigint UNIQUE, country text);
    INSERT INTO users SELECT uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 7770000 + n, 'c' || n % 2000
        FROM generate_series(0, 19999) n;
    CREATE INDEX ON logins (user_id); CREATE INDEX ON logins (number); CREATE INDEX ON logins (ip);
    CREATE INDEX ON logins (at); CREATE INDEX ON logins (lat); CREATE INDEX ON logins (bytes);
    CREATE INDEX ON logins (place); CREATE INDEX ON users (country);
    CREATE VIEW seen AS SELECT id AS login, at AS moment, ip AS address, place FROM logins;
    CREATE ROLE employee LOGIN;
    GRANT SELECT ON logins, users, seen TO employee;
    VACUUM ANALYZE logins, users;";

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
[stores.fields]
"public.users.user_id" = { pseudonymize = { domain = "person" } }
"public.users.number" = { tokenize = { domain = "number" } }
"public.logins.user_id" = { pseudonymize = { domain = "person" } }
"public.logins.number" = { tokenize = { domain = "number" } }
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.at" = { floor = { to = "hour" } }
"public.logins.lat" = { grid = { degrees = 0.1 } }
"public.logins.said" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.bytes" = { bucket = { width = 1000 } }
"#;

/// Conditions on public columns and tokens, and joins of identifiers. `$1` stands for a token.
const SERVED: &[(&str, &str)] = &[
    // Public columns.
    ("SELECT * FROM logins WHERE id = 5", "id"),
    ("SELECT id, ip FROM logins WHERE place = 'place 17'", "place"),
    ("SELECT count(*) FROM logins l WHERE l.id BETWEEN 5 AND 500 AND l.place LIKE 'place%'", "id"),
    // By token, and joins by user.
    ("SELECT * FROM logins WHERE number = $1", "number"),
    ("SELECT id, said FROM logins WHERE number IN ($1, $2, $3)", "number"),
    ("SELECT count(*) FROM logins WHERE number = ANY (ARRAY[$1, $2]::bigint[])", "number"),
    ("SELECT count(*) FROM users u JOIN logins l USING (user_id) WHERE u.country = 'c17'", "user_id"),
    (
        "SELECT u.country, l.ip FROM users u, logins l WHERE u.user_id = l.user_id AND u.country = 'c17'",
        "user_id",
    ),
    ("SELECT l.id FROM users u LEFT JOIN logins l ON l.number = u.number WHERE u.number = $1", "number"),
    (
        "SELECT count(*) FROM users WHERE country = 'c17' AND user_id IN (SELECT user_id FROM logins WHERE place = 'place 9')",
        "place",
    ),
];

/// Conditions on coarse columns, likewise.
const SERVED_BY_CELL: &[(&str, &str)] = &[
    // By prefix.
    ("SELECT id, ip FROM logins WHERE ip = '10.7.0.0/16'", "ip"),
    (
        "SELECT ip, count(*), sum(bytes) FROM logins WHERE ip IN ('10.7.0.0/16', '10.9.0.0/16') GROUP BY ip",
        "ip",
    ),
    ("SELECT count(*) FROM logins WHERE ip <<= '10.7.0.0/16'::inet AND bytes > 5", "ip"),
    ("SELECT count(*) FROM logins WHERE ip << inet '10.16.0.0/14'", "ip"),
    ("SELECT count(*) FROM logins WHERE cidr '10.7.0.0/16' >>= ip", "ip"),
    ("SELECT count(*) FROM logins WHERE ip = '2001:db8::/32'", "ip"),
    ("SELECT count(*) FROM logins WHERE (ip = '10.7.0.0/16' OR ip = '10.9.0.0/16') AND place <> 'x'", "ip"),
    ("SELECT id, said FROM logins WHERE ip = '10.7.0.0/16' AND said IS NOT NULL", "ip"),
    // By hour.
    ("SELECT id FROM logins WHERE at = '2026-03-05 10:00+00'", "at"),
    (
        "SELECT at, count(*) FROM logins WHERE at >= '2026-03-05 10:00+00' AND at < '2026-03-05 14:00+00' GROUP BY at",
        "at",
    ),
    (
        "SELECT * FROM logins WHERE at BETWEEN '2026-03-05 10:00+00' AND timestamptz '2026-03-05 12:00+00'",
        "at",
    ),
    ("SELECT count(*) FROM logins WHERE at > now() - interval '7 days'", "at"),
    ("SELECT count(*) FROM logins WHERE at >= date_trunc('day', now()) AND at <= CURRENT_DATE + 1", "at"),
    (
        "SELECT date_trunc('day', at), count(*) FROM logins WHERE at > '2026-04-10' GROUP BY 1 ORDER BY 1",
        "at",
    ),
    // By cell and bucket.
    ("SELECT count(*) FROM logins WHERE lat = 48.8", "lat"),
    ("SELECT count(*) FROM logins WHERE lat BETWEEN -12.5 AND -12.3", "lat"),
    ("SELECT count(*) FROM logins WHERE bytes = 5000", "bytes"),
    ("SELECT max(bytes) FROM logins WHERE bytes >= 998000", "bytes"),
    // Through subqueries, views, common table expressions and joins.
    ("SELECT login FROM seen WHERE address = '10.7.0.0/16'", "ip"),
    (
        "SELECT count(*) FROM seen s JOIN users u ON u.country = s.place WHERE s.moment = '2026-03-05 10:00+00'",
        "at",
    ),
    (
        "WITH few AS (SELECT * FROM logins WHERE at = '2026-03-05 10:00+00') SELECT ip, count(*) FROM few GROUP BY ip",
        "at",
    ),
    (
        "SELECT a.id FROM (SELECT id, ip FROM logins UNION ALL SELECT id, ip FROM logins) a WHERE a.ip = '10.7.0.0/16'",
        "ip",
    ),
    (
        "SELECT u.country, l.id FROM users u LEFT JOIN logins l ON l.user_id = u.user_id AND l.at = '2026-03-05 10:00+00' WHERE u.country = 'c1'",
        "at",
    ),
    (
        "SELECT place, row_number() OVER (ORDER BY id) FROM logins WHERE at = '2026-03-05 10:00+00' ORDER BY id LIMIT 3",
        "at",
    ),
    ("SELECT EXISTS (SELECT FROM logins WHERE ip = '10.7.0.0/16')", "ip"),
];

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start_with("autovacuum = off\nshared_buffers = 256MB\n")?;
    for statement in SCHEMA.split_inclusive(';') {
        cluster.psql(statement);
    }
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

/// What is sent to the store for each of some statements.
fn sent(proxy: &Proxy, statements: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    command.args(["explain", "--json", "--config", proxy.config().to_str().unwrap(), "--store", "app"]);
    command.args(["--database", "postgres", &statements.join(";\n")]).env("PGUSER", "employee");
    let output = command.output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let explained = json["statements"].as_array().unwrap_or_else(|| panic!("{json}"));
    explained.iter().map(|one| one["statement"].as_str().unwrap().to_owned()).collect()
}

/// The store's plan for a statement that was sent to it.
fn plan(cluster: &Cluster, sent: &str) -> String {
    let parameters = (1..9).take_while(|number| sent.contains(&format!("${number}"))).count();
    if parameters > 0 {
        let values = vec!["'7770042'"; parameters].join(", ");
        return cluster.psql(&format!("PREPARE sent AS {sent}; EXPLAIN EXECUTE sent({values})"));
    }
    cluster.psql(&format!("EXPLAIN {sent}"))
}

/// Fails where a statement does not find its rows by the index of the column, or reads the whole table.
fn assert_served(served: &[(&str, &str)]) {
    let Some((cluster, proxy)) = start() else { return };
    let statements: Vec<&str> = served.iter().map(|(statement, _)| *statement).collect();
    let mut missed = Vec::new();
    for ((statement, column), sent) in served.iter().zip(sent(&proxy, &statements)) {
        let plan = plan(&cluster, &sent);
        let names_it = |condition: &str| {
            condition.contains(&format!("({column} ")) || condition.contains(&format!("({column})"))
        };
        let is_found = plan
            .lines()
            .filter_map(|line| line.split_once("Index Cond: "))
            .any(|(_, condition)| names_it(condition));
        if !is_found || plan.contains("Seq Scan on logins") {
            missed.push(format!("{statement}\n{sent}\n{plan}"));
        }
    }
    assert!(missed.is_empty(), "{}: {}", missed.len(), missed.join("\n"));
}

#[test]
fn indexes_serve_public_columns_tokens_and_joins() {
    assert_served(SERVED);
}

#[test]
fn indexes_serve_what_is_asked_of_coarse_values() {
    assert_served(SERVED_BY_CELL);
}
