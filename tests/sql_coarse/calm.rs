//! What may fail on a row is told from what never does. Where something may, a subquery of which a single row would be
//! enough is read to its end, so that whether an error comes does not hang on which row was read first.

use std::collections::BTreeMap;
use std::sync::Arc;

use sfumato::policy::{FieldRule, NamedTreatment, SqlPolicy, SqlTreatment};
use sfumato::sql::{Planner, SessionView};

use crate::lab::{Lab, coarse_ip};

/// Conditions on a row of `logins` that fail on some row that could be there.
const MAY_FAIL: &[&str] = &[
    "1 / (l.id - 5) = 1",
    "l.app::int = 1",
    // What the server converts by itself.
    "'1'::float8 < (CASE WHEN l.id > 0 THEN 1e400 ELSE 1 END)",
    "l.wait < l.amount",
    "l.wait IN (l.amount)",
    "l.wait IS DISTINCT FROM l.amount",
    "l.wait BETWEEN 0 AND l.amount",
    "l.wait = ANY (ARRAY[l.amount])",
    "NULLIF(l.wait, l.amount) > 0",
    "(CASE l.wait WHEN l.amount THEN 1 END) IS NULL",
    "COALESCE(l.amount, l.wait) > 0",
    "GREATEST(l.amount, l.wait) > 0",
    "(CASE WHEN l.id > 0 THEN l.amount ELSE l.wait END) > 0",
    "sign(COALESCE(l.amount, '1'::float8)) = 1",
    "'5'::oid = l.big",
    "'5'::regclass = l.big",
    "'pg_class'::regclass = (CASE WHEN l.id > 0 THEN l.app END)",
    "'pg_class'::regclass = (SELECT s.a FROM (SELECT 'x' AS a) s)",
    "timestamp '2024-01-01' = COALESCE(l.day, timestamp '2024-01-01')",
    "(ARRAY[1,2])[l.big] IS NULL",
    "ARRAY[ARRAY[1], l.tags] IS NULL",
    // Longest numbers, rounded up.
    "ceil(l.amount) > 0",
    "round(l.amount) > 0",
    // Two collations.
    "l.app < l.posix",
    "upper(l.posix || l.app) = 'x'",
    "(l.app || current_user) < 'm'",
    "l.app IN (l.posix)",
    "GREATEST(l.app, l.posix) = 'x'",
    "EXISTS (SELECT 1 FROM (SELECT app COLLATE \"C\" AS c FROM free) f WHERE f.c < l.app)",
    // Values that hold others.
    "ARRAY[l.place] = ARRAY[l.place]",
    "ROW(l.id, l.place) IN (SELECT f.id, f.place FROM free f)",
    "GREATEST(l.tags, l.tags) IS NULL",
    // Types that are read.
    "uuid(l.app) IS NULL",
    "json_populate_record(NULL::pair, l.doc::json) IS NULL",
    "xmlparse(content l.app) IS NULL",
    "l.app ~ l.app",
    // Numbers of rows, below zero or too great.
    "EXISTS (SELECT 1 FROM free f LIMIT l.small)",
    "EXISTS (SELECT 1 FROM free f OFFSET l.small)",
    "EXISTS (SELECT 1 FROM free f LIMIT l.amount)",
    "l.id = 1 OR EXISTS (SELECT 1 FROM free f LIMIT -1)",
    "l.id = 1 OR EXISTS (SELECT 1 FROM free f OFFSET $1)",
    // What makes long values of short ones.
    "replace(l.app, 'a', 'bbbb') <> ''",
    "l.app || l.app || l.app || l.app || l.app || l.app || l.app || l.app || l.app || l.app <> ''",
    "concat(l.app, l.app, l.app, l.app, l.app, l.app, l.app, l.app, l.app, l.app) <> ''",
    "(SELECT e.t || e.t || e.t FROM (SELECT d.t || d.t || d.t AS t FROM (SELECT c.t || c.t || c.t AS t FROM \
     (SELECT b.t || b.t || b.t AS t FROM (SELECT a.t || a.t || a.t AS t FROM (SELECT l.app AS t) a) b) c) d) e) <> ''",
    "to_json(to_json(to_json(to_json(to_json(to_json(to_json(to_json(to_json(l.app)::text)::text)::text)::text)::text)::text)::text)::text)::text <> ''",
    "quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(l.app))))))))) <> ''",
    "(WITH RECURSIVE w(t, n) AS (SELECT l.app, 1 UNION ALL SELECT w.t || w.t, w.n FROM w WHERE w.n < 2) SELECT count(*) FROM w) > 0",
    "(SELECT string_agg(CASE WHEN f.id > 0 THEN l.app END, 'x') FROM free f) <> ''",
    "ROW(ROW(ROW(l.app, l.app, l.app), l.app, l.app, l.app), l.app, l.app, l.app, l.app)::text <> ''",
    "(WITH RECURSIVE w(t) AS (SELECT l.app UNION ALL SELECT w.t || 'x' FROM w WHERE length(w.t) < 9) SELECT count(*) FROM w) > 0",
    "EXISTS (WITH RECURSIVE w(t) AS (SELECT l.app UNION ALL SELECT f.app FROM free f JOIN w ON f.app > w.t) SEARCH DEPTH FIRST BY t SET o \
     SELECT 1 FROM w)",
    "concat_ws(l.app, '', '', '', '') <> ''",
    "concat_ws(',', VARIADIC l.tags) <> ''",
    "upper(upper(upper(upper(upper(l.app))))) <> ''",
    "translate(lower(initcap(l.app || l.app || l.app || l.app)), 'a', 'b') <> ''",
    "ROW(ROW(ROW(ROW(ROW(ROW(ROW(ROW(ROW(l.app)))))))))::text <> ''",
    "ARRAY(SELECT l.app FROM free f) IS NULL",
    "EXISTS (SELECT 1 FROM (SELECT DISTINCT s.a, s.a AS b, s.a AS c, s.a AS d, s.a AS e FROM (SELECT l.app || l.app || l.app || l.app || l.app || l.app || l.app AS a) s) t)",
    "jsonb_pretty(l.doc) <> ''",
    // Rows that are sorted by many long values.
    "1 IN (SELECT count(*) OVER(PARTITION BY @KEYS@) FROM free f)",
    "1 IN (SELECT count(*) OVER(ORDER BY @KEYS@) FROM free f)",
    "(SELECT bit_and(f.id ORDER BY @KEYS@) FROM free f) = 1",
    // Numbers of a few bytes and many digits.
    "ARRAY[l.amount, l.amount, l.amount, l.amount, l.amount, l.amount, l.amount, l.amount, l.amount, l.amount]::text <> ''",
    "('' || l.amount || l.amount || l.amount || l.amount || l.amount || l.amount || l.amount || l.amount || l.amount || l.amount) <> ''",
    "ROW(1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, l.id)::text <> ''",
    "(CASE WHEN l.id > 0 THEN $1::numeric[] END)::text <> ''",
    "concat(CASE WHEN l.id > 0 THEN $1::numeric[] END) <> ''",
    "(CASE WHEN l.id > 0 THEN $1::nummultirange END)::text <> ''",
    "('[1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071, 1e131071]'::jsonb -> l.id)::text <> ''",
    // Depths at which whoever walks through values runs out of stack.
    "(CASE WHEN l.id > 0 THEN '@DEEP@'::jsonb END) @> '@DEEP@'",
    "l.id = 1 AND 'a'::tsvector @@ !!(CASE WHEN l.id > 0 THEN 'a'::tsquery END)",
    // Shares, seeds and ends of frames.
    "EXISTS (SELECT 1 FROM free f TABLESAMPLE BERNOULLI (l.small))",
    "EXISTS (SELECT 1 FROM free f TABLESAMPLE SYSTEM (101))",
    "EXISTS (SELECT 1 FROM free f TABLESAMPLE SYSTEM (10) REPEATABLE (l.wait))",
    "1 IN (SELECT count(*) OVER(ROWS l.small PRECEDING) FROM free f)",
    "1 IN (SELECT count(*) OVER w FROM free f WINDOW w AS (ORDER BY f.id GROUPS BETWEEN 1 PRECEDING AND -1 FOLLOWING))",
    // What has places and no slices.
    "l.place[0:1] IS NULL",
    "('x'::name)[0:l.small] IS NULL",
    // Strings of bits of several lengths.
    "(SELECT bit_and(v.b) FROM (VALUES (l.bits), (l.bits)) v (b)) IS NULL",
    "(SELECT bit_or(v.b) FROM (VALUES (l.bits), (l.bits)) v (b)) IS NULL",
    // Several rows for one that is an aggregate.
    "(SELECT unnest(ARRAY[min(f.id), max(f.id)]) FROM free f) = 1",
    // The values of a subquery are converted one by one.
    "l.wait IN (SELECT f.amount FROM free f)",
    "l.wait < ALL (SELECT f.amount FROM free f)",
    // Collations of attributes.
    "EXISTS (SELECT FROM unnest(l.named) AS u (a, b) WHERE u.b < l.app)",
    "(SELECT count(*) FROM unnest(l.named) AS u WHERE strpos(u.b, 'x') = 1) = 1",
    // Rows of which nobody knows whether they can be compared.
    "EXISTS (SELECT count(*) FROM free f GROUP BY ROW(l.place, f.place))",
    "EXISTS (SELECT DISTINCT ROW(l.place, f.place) FROM free f)",
    "EXISTS (SELECT ROW(f.place) FROM free f INTERSECT SELECT ROW(l.place))",
    "EXISTS (SELECT rank() OVER (PARTITION BY ROW(f.place)) FROM free f WHERE f.id = l.id)",
    "sum(l.id) OVER (ORDER BY l.day RANGE BETWEEN '1000 years' PRECEDING AND CURRENT ROW) > 0",
];

/// Conditions that fail on no row, as people write them.
const NEVER_FAIL: &[&str] = &[
    "l.id = 5",
    "l.big = 5",
    "l.big = l.id",
    "l.small < l.big",
    "l.id = $1",
    "l.app = $1 AND l.big > $2",
    "l.app = 'web' AND l.day >= '2024-01-01'",
    "l.app IN ('web', 'app') OR l.id NOT IN (1, 2, 3)",
    "l.app <> 'web' AND lower(l.app) = 'x' AND length(l.app) > 3 AND l.app || '!' < 'm'",
    "l.app || ', ' || l.app || ' (' || l.app || ')' <> ''",
    "concat(l.app, ' of ', l.id, ' at ', l.at) <> ''",
    "l.app = ANY (ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'])",
    "l.code = 'x'",
    "l.id BETWEEN 1 AND 5",
    "l.at > now() - interval '7 days'",
    "l.at >= '2024-01-01' AND l.at < '2024-01-02'",
    "l.at > l.day",
    "l.amount > 5 AND l.amount = l.id AND abs(l.amount) < 1.5",
    "l.wait > 5 AND l.wait = l.id AND l.wait < 0.5",
    "l.ip <<= '203.0.0.0/16' AND l.ip = '203.0.0.0/16'",
    "l.doc ->> 'a' = 'x' AND l.doc @> '{}' AND l.doc ? 'a'",
    "l.person = (SELECT f.person FROM free f WHERE false LIMIT 1) OR l.person IS NULL",
    "l.person IN (SELECT person FROM free)",
    "l.tags[1] = 5 AND cardinality(l.tags) > 1",
    "COALESCE(l.app, 'none') = 'x' AND COALESCE(l.big, l.id, 0) = 0",
    "(CASE WHEN l.id > 5 THEN 'a' ELSE l.app END) = 'a'",
    "GREATEST(l.id, l.big, 5) = 5",
    "NOT l.ok AND l.ok IS NOT TRUE AND l.ok = true",
    "l.app IS DISTINCT FROM 'web' AND NULLIF(l.app, '') IS NOT NULL",
    "l.mood = 'good' AND l.mood <> 'bad'",
    "EXISTS (SELECT 1 FROM free f WHERE f.id = l.id LIMIT 1)",
    "l.tags[1:2] IS NULL",
    "EXISTS (SELECT 1 FROM free f TABLESAMPLE SYSTEM (10) REPEATABLE (7))",
    "1 IN (SELECT count(*) OVER(ROWS BETWEEN 6 PRECEDING AND 1 FOLLOWING) FROM free f)",
    "concat_ws(', ', l.app, l.amount, l.code, l.day) <> ''",
    "(l.app || ' ' || l.amount || ' ' || l.code) <> ''",
    "l.doc @> '{\"a\": [1, 2, 3e10]}' AND l.doc @> $1",
    "EXISTS (SELECT f.app, f.amount, f.id FROM free f WHERE f.id = l.id)",
    "l.id IN (SELECT f.id FROM free f) AND (SELECT bit_and(f.id) FROM free f) = 1",
];

#[test]
fn what_may_fail_is_known() {
    Lab::run(&[conditions]);
}

fn conditions(lab: &mut Lab) {
    lab.client.rows(
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE pair AS (a int, b int);
         CREATE TYPE named AS (a int, b text COLLATE \"POSIX\");
         CREATE TABLE free (id int PRIMARY KEY, app text, place point, person uuid, amount numeric);
         CREATE TABLE logins (id int PRIMARY KEY, person uuid, ip inet, app text, posix text COLLATE \"POSIX\", code char(4),
             small int2, big int8, amount numeric, wait float8, day date, at timestamptz, tags int[], doc jsonb, place point,
             ok bool, mood mood, bits varbit, named named[]);",
    );
    let named = |treatment| NamedTreatment { name: "rule".into(), treatment: Arc::new(treatment) };
    let written = "public.logins.ip".to_owned();
    let treatment = SqlTreatment::Scalar(named(coarse_ip()));
    let field = FieldRule { field: written.parse().unwrap(), written, treatment, span: 0..0 };
    let unlisted = named(sfumato::kernel::Treatment::Pass);
    let policy = SqlPolicy { unlisted, fields: vec![field], roles: BTreeMap::new() };
    let planner = Planner::new(Arc::new(lab.loaded()), policy.decide(None).unwrap());
    let session = SessionView { search_path: None, user: "postgres", role: None, salt: &[7; 16] };
    let deep = format!("{}1{}", "[".repeat(1_001), "]".repeat(1_001));
    let keys: Vec<String> = (0..300).map(|number| format!("concat(l.app, '{number}')")).collect();
    let keys = keys.join(", ");
    let is_read_whole = |condition: &str| {
        let condition = &condition.replace("@DEEP@", &deep).replace("@KEYS@", &keys);
        let text = format!("SELECT EXISTS (SELECT FROM logins l WHERE {condition})");
        // A window may not stand in a condition.
        let text = if condition.contains(" OVER ") {
            format!("SELECT EXISTS (SELECT {condition} FROM logins l)")
        } else {
            text
        };
        let planned = planner.plan(&text, &session, &[]).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        planned.into_iter().next().unwrap().sql.contains("\"count\"(*) OVER ()")
    };
    let wrong: Vec<&&str> = MAY_FAIL.iter().filter(|condition| !is_read_whole(condition)).collect();
    assert!(wrong.is_empty(), "may fail, and is not counted: {wrong:#?}");
    let wrong: Vec<&&str> = NEVER_FAIL.iter().filter(|condition| is_read_whole(condition)).collect();
    assert!(wrong.is_empty(), "never fails, and is counted: {wrong:#?}");
}
