//! Order is data: two stores that differ in their identifiers, renamed one-to-one, and in hosts below the cell, answer
//! the same bytes where the server could have let the order of raw values choose among values that are equal and look
//! different, or the order in which aggregates see their rows.
//!
//! What is chosen in its stead changes no honest answer: where equal values look alike, the proxy says what the server
//! says.

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
    CREATE TYPE pair AS (a numeric, b int);
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE people (number bigint PRIMARY KEY, name text, city text);
    CREATE TABLE pals (id int PRIMARY KEY, friends bigint[]);
    CREATE TABLE logins (id int PRIMARY KEY, number bigint, ip inet, kind text, amount numeric, price numeric(8,2),
        wait float8, span interval, tag text, doc jsonb, p int, code char(4), at timestamptz);
    INSERT INTO people SELECT @RAW@, 'n' || n, 'c' || n % 3 FROM generate_series(1, 200) n;
    INSERT INTO pals SELECT 1, array_agg(@RAW@ ORDER BY n) FROM generate_series(1, 200) n;
    INSERT INTO logins SELECT id, @RAW@, inet '203.0.113.0' + (@RAW@ * 7919 % 200)::int, 'k' || id % 3,
        CASE WHEN id % 2 = 0 THEN (n % 5)::numeric(9,1) ELSE (n % 5)::numeric(9,3) END, n % 7,
        CASE WHEN id % 2 = 0 THEN -(n % 3)::float8 ELSE (n % 3)::float8 END,
        CASE WHEN id % 2 = 0 THEN n % 3 * interval '1 day' ELSE n % 3 * interval '24 hours' END,
        CASE WHEN id % 2 = 0 THEN 'A' || n % 4 ELSE 'a' || n % 4 END,
        jsonb_build_object('v', CASE WHEN id % 2 = 0 THEN (n % 5)::numeric(9,1) ELSE (n % 5)::numeric(9,3) END),
        n % 6, 'x' || n % 3, timestamptz '2026-03-14 18:00+00' + n * interval '1 minute'
        FROM (SELECT id, 1 + (id * 37) % 200 AS n FROM generate_series(1, 4000) id) q;
    CREATE INDEX ON logins (kind, ip);
    CREATE INDEX ON logins (amount, ip);
    CREATE INDEX ON logins (wait, number);
    CREATE INDEX ON logins (number);
    CREATE VIEW spent AS SELECT number, amount, kind FROM logins WHERE p > 0;
    ANALYZE;";

/// How the two worlds number the same people.
const WORLDS: [(&str, &str); 2] =
    [("one", "(7770000::bigint + n)"), ("two", "(7770000::bigint + n * 89 % 211)")];

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
"public.people.number" = "token"
"public.pals.friends" = "token"
"public.logins.number" = "token"
"public.logins.ip" = "coarse-ip"
"#;

/// The server goes by the order of an index wherever it can.
fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start_with("enable_seqscan = off\nenable_bitmapscan = off\njit = off\n")?;
    for (world, raw) in WORLDS {
        cluster.psql(&format!("CREATE DATABASE {world}"));
        direct(&cluster, world, &SCHEMA.replace("@RAW@", raw)).unwrap();
    }
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

fn direct(cluster: &Cluster, world: &str, statement: &str) -> Result<String, String> {
    asked(cluster, cluster.port, world, statement)
}

/// What psql prints; what it complains of, if it does.
fn asked(cluster: &Cluster, port: u16, world: &str, statement: &str) -> Result<String, String> {
    let mut psql = cluster.client("psql", port);
    psql.env("PGDATABASE", world).args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement]);
    let output = psql.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Asks both worlds, and fails where they differ or complain.
fn assert_same(statements: &[&str]) {
    let Some((cluster, proxy)) = start() else { return };
    let port = proxy.address().port();
    let mut wrong = Vec::new();
    for statement in statements {
        let [one, two] = WORLDS.map(|(world, _)| asked(&cluster, port, world, statement));
        if one.is_err() || one != two {
            let start =
                |answer: &Result<String, String>| format!("{answer:?}").chars().take(300).collect::<String>();
            wrong.push(format!("{statement}\n  {}\n  {}", start(&one), start(&two)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Hole 28: which of several equal values is shown for a group.
#[test]
fn what_stands_for_a_group_does_not_tell_how_rows_were_sorted() {
    assert_same(&[
        "SELECT amount, count(*) FROM (SELECT number, amount FROM logins GROUP BY number, amount) q GROUP BY amount",
        "SELECT amount, count(*) FROM logins GROUP BY amount ORDER BY 2, 1",
        "SELECT amount, count(*) FROM logins WHERE kind = 'k1' GROUP BY amount",
        "SELECT CASE WHEN id % 5 = 0 THEN 1.0 ELSE 1.00 END AS x, count(*) FROM logins GROUP BY number, x ORDER BY x, 2",
        "SELECT CASE WHEN id % 5 = 0 THEN 1.0 ELSE 1.00 END, count(*) FROM logins GROUP BY number, 1",
        "SELECT amount || '!', count(*) FROM logins GROUP BY number, amount HAVING amount::text <> '1.000'",
        "SELECT amount, wait, GROUPING(amount), count(*) FROM logins GROUP BY ROLLUP (number, amount, wait)",
        "SELECT span, tag, doc, count(*) FROM (SELECT number, span, tag COLLATE loose AS tag, doc FROM logins \
         GROUP BY 1, 2, 3, 4) q GROUP BY 1, 2, 3",
        "SELECT ARRAY[amount], (amount, p)::pair, ROW(amount), numrange(amount, 9) FROM logins \
         GROUP BY number, ARRAY[amount], (amount, p)::pair, ROW(amount), numrange(amount, 9)",
        "SELECT amount, rank() OVER (ORDER BY amount DESC), (SELECT max(v.a + logins.amount) FROM (VALUES (0)) v(a)) \
         FROM logins GROUP BY amount",
        "SELECT s.amount, p.city FROM spent s JOIN people p USING (number) GROUP BY s.number, s.amount, p.city",
        "SELECT q.amount FROM people p, LATERAL (SELECT amount FROM logins l WHERE l.number = p.number GROUP BY 1) q",
        "WITH w AS (SELECT number, amount FROM logins GROUP BY 1, 2) SELECT string_agg(amount::text, ',') FROM w",
        "SELECT v, count(*) FROM (SELECT unnest(ARRAY[wait, -0.0]) AS v FROM logins) q GROUP BY v",
    ]);
}

#[test]
fn nor_does_what_is_left_of_several_rows() {
    assert_same(&[
        "SELECT DISTINCT amount, wait, span, doc FROM logins",
        "SELECT DISTINCT l.amount FROM logins l JOIN people p ON l.number = p.number",
        "SELECT amount FROM (SELECT DISTINCT number, amount FROM logins) q",
        "SELECT DISTINCT tag COLLATE loose, code::bpchar FROM logins WHERE p = 1 ORDER BY 1 LIMIT 2",
        "SELECT amount FROM logins UNION SELECT price FROM logins",
        "SELECT amount FROM logins WHERE p < 3 INTERSECT SELECT amount FROM logins WHERE p > 1",
        "SELECT amount FROM logins WHERE p < 3 INTERSECT ALL SELECT amount FROM logins WHERE p > 1",
        "SELECT amount FROM logins WHERE p < 3 EXCEPT ALL (SELECT amount FROM logins WHERE p > 3 UNION ALL VALUES (1.0))",
        "SELECT amount FROM logins WHERE p < 3 EXCEPT SELECT 1.0",
        "SELECT amount FROM (SELECT number, amount FROM logins WHERE p < 3 UNION SELECT number, amount FROM logins) q",
    ]);
}

#[test]
fn nor_does_what_an_aggregate_picks() {
    assert_same(&[
        "SELECT array_agg(DISTINCT amount), sum(DISTINCT amount), array_agg(DISTINCT wait) FROM logins",
        "SELECT p, array_agg(DISTINCT span ORDER BY span DESC), json_agg(DISTINCT doc) FROM logins GROUP BY p",
        "SELECT mode() WITHIN GROUP (ORDER BY amount), percentile_disc(0.5) WITHIN GROUP (ORDER BY amount DESC), \
         percentile_cont(0.4) WITHIN GROUP (ORDER BY span), percentile_cont(0.4) WITHIN GROUP (ORDER BY wait) FROM logins",
        "SELECT min(amount), max(wait), min(span), min(DISTINCT amount) FROM logins",
        "SELECT min(amount) FROM logins",
        "SELECT max(amount) FROM logins",
        "SELECT id, min(wait) OVER (ORDER BY p) FROM logins ORDER BY id",
    ]);
}

/// Hole 50: the type of what is brought together was guessed from the first argument.
#[test]
fn what_is_converted_to_a_type_of_several_values_counts_as_of_that() {
    assert_same(&[
        "SELECT DISTINCT array_append(ARRAY[1], l.amount) FROM logins l JOIN people p ON l.number = p.number",
        "SELECT array_prepend(7, ARRAY[l.amount]), count(*) FROM logins l JOIN people USING (number) GROUP BY 1",
        "SELECT array_cat(ARRAY[1], ARRAY[l.amount]) FROM logins l JOIN people USING (number) UNION SELECT ARRAY[9]",
        "SELECT DISTINCT ARRAY[p] || amount, p || ARRAY[amount] FROM logins",
        "SELECT DISTINCT x + 0.5 FROM (SELECT number, percentile_disc(0.5) WITHIN GROUP (ORDER BY wait) AS x FROM logins GROUP BY 1) q",
    ]);
}

/// Hole 29: from version 16 on the server sorts rows for one aggregate, and the others see them so.
#[test]
fn rows_that_are_sorted_for_one_aggregate_are_not_seen_so_by_another() {
    assert_same(&[
        "SELECT array_agg(id), count(DISTINCT number) FROM logins",
        "SELECT array_agg(id), (SELECT count(DISTINCT logins.number)) FROM logins",
        "SELECT string_agg(id::text, ','), array_agg(p ORDER BY kind), sum(wait) FROM logins",
    ]);
}

/// Hole 30: the rows that one row is made into have one key, and their identifiers came as they were hashed.
#[test]
fn elements_of_one_array_have_no_order_of_their_own() {
    let Some((cluster, proxy)) = start() else { return };
    for statement in [
        "EXPLAIN SELECT DISTINCT unnest(friends) FROM pals LIMIT 6",
        "EXPLAIN SELECT unnest(friends), count(*) FROM pals GROUP BY 1 LIMIT 6",
    ] {
        let said = asked(&cluster, proxy.address().port(), "one", statement).unwrap();
        assert!(said.contains("ORDER BY sha256("), "{said}");
    }
}

/// Hole 63: rows that nothing tells apart are numbered by windows, each of which sorts them as it likes.
#[test]
fn nor_do_numbers_of_rows_that_are_the_same() {
    let twice = "logins l JOIN (VALUES (1), (1), (2), (2)) q(p) ON l.p = q.p";
    assert_same(&[
        &format!(
            "SELECT l.p, row_number() OVER (PARTITION BY l.number ORDER BY l.p) AS a FROM {twice} ORDER BY l.p LIMIT 50"
        ),
        &format!(
            "SELECT string_agg(a::text, ',') FROM (SELECT l.p, l.number, row_number() OVER (PARTITION BY l.number ORDER BY l.p) AS a FROM {twice}) s"
        ),
        "SELECT p, kind, row_number() OVER (PARTITION BY kind ORDER BY p) AS a, row_number() OVER (PARTITION BY p ORDER BY kind) AS b \
         FROM (SELECT l.kind, l.p FROM logins l JOIN people USING (number) UNION ALL SELECT kind, p FROM logins) q",
        "SELECT p, lag(g) OVER (PARTITION BY number ORDER BY p) AS a, ntile(3) OVER (PARTITION BY kind ORDER BY p) AS b \
         FROM logins, generate_series(1, 2) g WHERE id < 99",
        "SELECT p, kind, count(*), row_number() OVER (PARTITION BY p) AS a, row_number() OVER (ORDER BY p) AS b FROM logins \
         GROUP BY ROLLUP (p, kind)",
    ]);
    let Some((cluster, proxy)) = start() else { return };
    let recursive = "WITH RECURSIVE w(v, p, n) AS (SELECT ip, p, 1 FROM logins UNION ALL SELECT v, p, n + 1 FROM w WHERE n < 2)";
    let windows = "row_number() OVER (PARTITION BY l.number ORDER BY l.p) AS a, row_number() OVER (PARTITION BY l.kind ORDER BY l.p) AS b";
    for statement in [
        format!("SELECT l.p, {windows} FROM {twice}"),
        format!("SELECT l.p, {windows} FROM {twice} ORDER BY 1"),
        format!("{recursive} SELECT l.p, {windows} FROM w JOIN logins l ON l.id = w.p"),
    ] {
        let said = asked(&cluster, proxy.address().port(), "one", &statement).unwrap_err();
        assert!(said.contains("rows that nothing tells apart"), "{statement}: {said}");
    }
}

/// What the server answers by itself, in any order.
#[test]
fn where_equal_values_look_alike_nothing_changes() {
    let Some((cluster, proxy)) = start() else { return };
    let uniform = "(SELECT id, p, kind, trim_scale(amount) AS amount, abs(wait) + 0.5 AS wait, price, code, tag, \
                   justify_hours(span) AS span, jsonb_build_object('v', p) AS doc FROM logins) AS l";
    let mut wrong = Vec::new();
    for statement in [
        "SELECT amount, wait, span, doc, price, code, count(*) FROM @L@ GROUP BY 1, 2, 3, 4, 5, 6",
        "SELECT amount + 1, span * 2, doc->'v', pg_typeof(span) FROM @L@ GROUP BY amount, span, doc",
        "SELECT amount, span, GROUPING(span), count(*) FROM @L@ GROUP BY CUBE (amount, span)",
        "SELECT nullif(amount, 2), nullif(span, interval '1 day'), count(*) FROM @L@ GROUP BY 1, 2",
        "SELECT nullif(amount, 2) AS a, max(p) FROM @L@ GROUP BY ROLLUP (a) ORDER BY a NULLS FIRST",
        "SELECT DISTINCT amount, wait, span, doc, ROW(p), ARRAY[amount] FROM @L@",
        "SELECT amount FROM @L@ WHERE p < 2 UNION SELECT NULL UNION SELECT 17.25",
        "SELECT amount, span FROM @L@ WHERE p < 3 INTERSECT ALL SELECT amount, span FROM @L@ WHERE p > 0",
        "SELECT amount, span FROM @L@ EXCEPT ALL SELECT amount, span FROM @L@ WHERE id % 3 = 0",
        "SELECT nullif(amount, 2) FROM @L@ EXCEPT SELECT 1",
        "SELECT p, sum(DISTINCT amount), array_agg(DISTINCT nullif(amount, 2)), count(DISTINCT span) FROM @L@ GROUP BY p",
        "SELECT string_agg(DISTINCT tag, ',' ORDER BY tag DESC), avg(DISTINCT amount) FILTER (WHERE p > 2) FROM @L@",
        "SELECT percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY span) \
         FROM @L@",
        "SELECT sum(DISTINCT amount), mode() WITHIN GROUP (ORDER BY amount) FROM @L@ WHERE false",
        "SELECT (SELECT max(trim_scale(i.amount)) FROM logins i WHERE i.p = l.p) AS m, p.*, count(*) FROM @L@, (SELECT 1 AS one) p \
         GROUP BY 1, 2 HAVING count(*) > 1",
        "SELECT CASE WHEN amount > 1 THEN amount ELSE 0 END AS x, string_agg(DISTINCT tag, ',') FROM @L@ GROUP BY x",
        "SELECT amount, max(wait) FROM @L@ GROUP BY amount HAVING sum(amount) > 1 ORDER BY min(amount), max(amount + p)",
        "SELECT array_agg(DISTINCT ROW(p, id % 3)), count(DISTINCT l) FROM @L@",
        "SELECT json_agg(DISTINCT q) FROM (SELECT to_jsonb(p) AS p, to_jsonb(r) AS r FROM @L@, (SELECT 1.5 AS one) r) q (q, r)",
        "SELECT (array_agg(DISTINCT v.*))[2] FROM @L@, LATERAL (SELECT p, id % 3) v",
        "SELECT ARRAY[p] || ARRAY[id % 2], ARRAY[kind] || tag, p || ARRAY[p] FROM @L@ GROUP BY 1, 2, 3",
        "SELECT p, ARRAY[amount] || ARRAY[amount] || '{1}' FROM @L@ EXCEPT ALL SELECT p, '{1}' || ARRAY[amount] FROM @L@",
        "SELECT DISTINCT 'NaN'::numeric, 'NaN'::float8 + wait, amount / 3 FROM @L@",
        "SELECT DISTINCT ARRAY['x', doc ->> 'v'], ARRAY['2', doc -> 'v'] FROM @L@",
        "SELECT amount, (amount IS NULL) AS none, nullif(amount, 2) IS NULL, GROUPING(amount), count(*) FROM @L@ \
         GROUP BY GROUPING SETS ((amount, (amount IS NULL), nullif(amount, 2) IS NULL), (), (amount))",
        "SELECT DISTINCT x + 0.5, y + interval '1 day', z + 1 FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS x, \
         percentile_disc(0.4) WITHIN GROUP (ORDER BY timestamptz '2026-03-14' + span) AS y, rank(2) WITHIN GROUP (ORDER BY p) AS z \
         FROM @L@ GROUP BY p) q",
        "SELECT ARRAY[kind::varchar(9)] || ARRAY[tag] FROM @L@ UNION SELECT ARRAY['x']",
        "SELECT ARRAY[doc #>> '{v}', 'x'] FROM @L@ UNION SELECT ARRAY['y', NULL]",
    ] {
        let statement = statement.replace("@L@", uniform);
        let sorted = |answer: Result<String, String>| {
            answer.map(|text| {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            })
        };
        let seen = sorted(asked(&cluster, proxy.address().port(), "one", &statement));
        if seen.is_err() || seen != sorted(direct(&cluster, "one", &statement)) {
            wrong.push(format!("{statement}: {seen:.300?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns_that_hang_on_a_key_in_every_grouping_set() {
    let Some((cluster, proxy)) = start() else { return };
    for statement in [
        "SELECT name, city, count(*) FROM people GROUP BY number, ROLLUP (city) ORDER BY name, city",
        "SELECT name, city FROM people GROUP BY GROUPING SETS ((number, city), (number)) ORDER BY name, city",
        "SELECT id, amount, kind, wait FROM logins GROUP BY id, CUBE (kind) ORDER BY id, kind LIMIT 9",
    ] {
        let seen = asked(&cluster, proxy.address().port(), "one", statement);
        assert_eq!(seen, direct(&cluster, "one", statement), "{statement}");
    }
}

#[test]
fn a_column_that_nobody_reads_is_not_computed() {
    let Some((cluster, proxy)) = start() else { return };
    for statement in [
        "SELECT id FROM (SELECT id, 1 / (id - 5) AS x FROM logins WHERE p >= 0) s ORDER BY id LIMIT 9",
        "SELECT id FROM (SELECT id, 1 / (id - 5) AS x FROM logins WHERE p >= 0) s LIMIT 1",
        "WITH s AS (SELECT id, 1 / (id - 5) AS x FROM logins WHERE p >= 0) SELECT max(id), sum(p) FROM s JOIN logins USING (id)",
        "SELECT count(s), max(s.id) FROM (SELECT id, 1 / (id + 5) AS x FROM logins WHERE p >= 0) s",
        "SELECT row_to_json(s) FROM (SELECT id, 1 / (id + 5) AS x FROM logins WHERE p >= 0) s ORDER BY id LIMIT 2",
    ] {
        let seen = asked(&cluster, proxy.address().port(), "one", statement);
        assert_eq!(seen, direct(&cluster, "one", statement), "{statement}");
    }
}
