//! Two worlds of the same cells, asked the same under settings that make the planner do otherwise: every answer is the
//! same, row by row, and the same as without the conditions that are added for indexes.

use std::fmt::Write as _;

use crate::both::Both;
use crate::cluster::Cluster;

/// `@below(n)@` is a number below `n` that differs between the worlds, and mostly goes the other way.
const SCHEMA: &str = "
    CREATE DOMAIN host AS inet;
    CREATE TABLE logins (id int PRIMARY KEY, user_id uuid, ip inet, net cidr, dom host, at timestamptz, minute timestamptz(0),
        day date, local timestamp, lat float8, lon real, bytes int, amount numeric(12,2), place text, note text);
    INSERT INTO logins SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad((n * 7919 % 500)::text, 12, '0')),
        CASE WHEN c < 30 THEN inet '10.0.0.0' + c * 65536 + @65536@
             WHEN c < 33 THEN inet '2001:db8::' + @65536@ + (c - 30) * 256
             WHEN c < 35 THEN set_masklen(inet '::ffff:10.7.0.0' + @65536@, 120)
             WHEN c < 37 THEN inet '64:ff9b::10.7.0.0' + @65536@
             WHEN c < 38 THEN '2002:a07::1' WHEN c < 39 THEN '10.0.0.0/12' END,
        CASE WHEN c < 39 THEN network(set_masklen(inet '10.0.0.0' + c * 65536 + @65536@, 24)) END,
        inet '10.0.0.0' + c * 65536 + @65536@,
        CASE c WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN NULL
            ELSE timestamptz '2026-03-01 00:00+00' + n * 7919 % 211 * interval '1 hour' + @3600@ * interval '1 second' END,
        timestamptz '2026-03-01 00:00+00' + n * 13 % 700 * interval '1 minute' + @60@ * interval '1 second',
        date '2025-01-01' + n % 20 * interval '1 month' + @28@ * interval '1 day',
        timestamp '2026-03-01' + n % 90 * interval '1 day' + @86400@ * interval '1 second',
        CASE c WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE n * 37 % 1799 / 10.0 - 90 + 0.0005 + @97@ / 1000.0 END,
        n % 300 * 0.5 + 0.01 + @97@ / 250.0, n * 611 % 907 * 1000 + @1000@, n % 400 * 2.5 + @249@ / 100.0,
        'place ' || n % 37, 'from 10.1.' || @256@ || '.7'
        FROM (SELECT n, n * 104729 % 40 AS c FROM generate_series(1::bigint, 6000) n) l;
    CREATE TABLE users (user_id uuid PRIMARY KEY, country text);
    INSERT INTO users SELECT uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 'c' || n % 20
        FROM generate_series(0, 499) n;
    CREATE INDEX ON logins (user_id); CREATE INDEX ON logins (ip); CREATE INDEX ON logins (net); CREATE INDEX ON logins (dom);
    CREATE INDEX ON logins (at); CREATE INDEX ON logins (minute); CREATE INDEX ON logins (day); CREATE INDEX ON logins (local);
    CREATE INDEX ON logins (lat); CREATE INDEX ON logins (lon); CREATE INDEX ON logins (bytes); CREATE INDEX ON logins (amount);
    CREATE INDEX ON logins (place, ip); CREATE INDEX ON logins (place, at); CREATE INDEX ON logins (at, id);
    CREATE INDEX ON logins USING gist (ip inet_ops); CREATE INDEX ON users (country);
    CREATE VIEW seen AS SELECT id AS login, at AS moment, ip AS address, place FROM logins WHERE lat IS NOT NULL;
    ANALYZE logins, users;";

const FIELDS: &str = r#"
"public.users.user_id" = { pseudonymize = { domain = "person" } }
"public.logins.user_id" = { pseudonymize = { domain = "person" } }
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.net" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.logins.dom" = "scrub"
"public.logins.at" = { floor = { to = "hour" } }
"public.logins.minute" = { floor = { to = "minute" } }
"public.logins.day" = { floor = { to = "month" } }
"public.logins.local" = { floor = { to = "day" } }
"public.logins.lat" = { grid = { degrees = 0.1 } }
"public.logins.lon" = { grid = { degrees = 0.5 } }
"public.logins.bytes" = { bucket = { width = 1000 } }
"public.logins.amount" = { bucket = { width = 2.5 } }
"public.logins.note" = "scrub"
"#;

/// What the planner is made to do.
const SETTINGS: &[&str] = &[
    "",
    "SET enable_seqscan = off",
    "SET enable_seqscan = off; SET enable_bitmapscan = off",
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET enable_hashjoin = off; SET enable_hashagg = off",
    "SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_nestloop = off",
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET enable_material = off; SET enable_memoize = off",
    "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; \
     SET min_parallel_index_scan_size = 0; SET enable_seqscan = off; SET work_mem = '64kB'",
    "SET jit = off; SET random_page_cost = 0.01; SET enable_bitmapscan = off; SET from_collapse_limit = 1; SET join_collapse_limit = 1",
];

pub const STATEMENTS: &str = include_str!("statements.sql");

fn world(second: bool) -> String {
    let mut schema = String::new();
    for (at, part) in SCHEMA.split('@').enumerate() {
        match (at % 2, second) {
            (0, _) => schema.push_str(part),
            (_, false) => write!(schema, "(n * 31 % {part})").unwrap(),
            (_, true) => write!(schema, "({part} - 1 - n * 31 % {part} * 7 % {part})").unwrap(),
        }
    }
    schema
}

fn statements() -> Vec<&'static str> {
    let lines = STATEMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with("--"));
    lines.collect()
}

#[test]
fn answers_do_not_tell_which_index_served() {
    let Some(cluster) = Cluster::start_with("autovacuum = off\n") else { return };
    let worlds = ["first", "second"];
    for (name, second) in worlds.iter().zip([false, true]) {
        cluster.psql(&format!("CREATE DATABASE {name}"));
        let mut psql = cluster.client("psql", cluster.port);
        psql.env("PGDATABASE", name).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &world(second)]);
        let made = psql.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let statements = statements();
    let both = Both::of(FIELDS, cluster.port, worlds[0], &statements);
    assert!(
        both.differing() * 3 > statements.len() * 2,
        "too few statements were helped: {}",
        both.differing()
    );
    let expected = both.answers(&cluster, worlds[0], "", &both.plain);
    let empty = statements.iter().zip(&expected).filter(|(_, answer)| answer.is_empty());
    let empty: Vec<_> = empty.map(|(statement, _)| statement).collect();
    assert!(empty.is_empty(), "no rows tell nothing: {empty:#?}");
    let mut differing = Vec::new();
    for world in worlds {
        let plain = both.answers(&cluster, world, "", &both.plain);
        differing.extend(both.compare(&format!("{world}, plain"), &expected, &plain));
        for settings in SETTINGS {
            let found = both.answers(&cluster, world, settings, &both.fast);
            differing.extend(both.compare(&format!("{world}, {settings}"), &expected, &found));
        }
    }
    assert!(differing.is_empty(), "{}: {}", differing.len(), differing.join("\n"));
}
