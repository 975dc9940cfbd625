//! Parameters: that what is added for indexes changes neither their types nor when a plan can use them.

use crate::both::Both;
use crate::cluster::Cluster;

const SCHEMA: &str = "
    CREATE TABLE logins (id int PRIMARY KEY, ip inet, net cidr, at timestamptz(3), day date, local timestamp, lat float8,
        lon real, small int2, bytes int, large int8, amount numeric(12,2));
    INSERT INTO logins SELECT n, inet '10.0.0.0' + n * 7, network(inet '10.0.0.0' + n * 7),
        timestamptz '2026-03-01' + n * interval '7 seconds', date '2020-01-01' + n / 50, timestamp '2026-03-01' + n * interval '7 seconds',
        n / 500.0 - 90, n / 500.0 - 90, n % 30000, n, n, n / 10.0 FROM generate_series(1, 90000) n;
    CREATE INDEX ON logins (ip); CREATE INDEX ON logins (net); CREATE INDEX ON logins (at); CREATE INDEX ON logins (day);
    CREATE INDEX ON logins (local); CREATE INDEX ON logins (lat); CREATE INDEX ON logins (lon); CREATE INDEX ON logins (small);
    CREATE INDEX ON logins (bytes); CREATE INDEX ON logins (large); CREATE INDEX ON logins (amount);
    ANALYZE logins;";

const FIELDS: &str = r#"
"public.logins.ip" = { truncate = { ipv4 = 24, ipv6 = 32 } }
"public.logins.net" = { truncate = { ipv4 = 24, ipv6 = 32 } }
"public.logins.at" = { floor = { to = "hour" } }
"public.logins.day" = { floor = { to = "month" } }
"public.logins.local" = { floor = { to = "hour" } }
"public.logins.lat" = { grid = { degrees = 0.1 } }
"public.logins.lon" = { grid = { degrees = 0.1 } }
"public.logins.small" = { bucket = { width = 100 } }
"public.logins.bytes" = { bucket = { width = 100 } }
"public.logins.large" = { bucket = { width = 100 } }
"public.logins.amount" = { bucket = { width = 10 } }
"#;

/// A condition with one or two parameters, and values for them that a cell has.
const CONDITIONS: &[(&str, &str)] = &[
    ("ip = $1", "'10.1.3.0/24'"),
    ("ip IN ($1, $2)", "'10.1.3.0/24', '10.1.9.0/24'"),
    ("ip <<= $1", "'10.1.3.0/24'"),
    ("ip = $1::inet", "'10.1.3.0/24'"),
    ("net = $1", "'10.1.3.0/24'"),
    ("at = $1", "'2026-03-03 10:00+00'"),
    ("at BETWEEN $1 AND $2", "'2026-03-03 10:00+00', '2026-03-03 12:00+00'"),
    ("$1 = at", "'2026-03-03 10:00+00'"),
    ("at = $1::timestamptz", "'2026-03-03 10:00+00'"),
    ("day = $1", "'2020-03-01'"),
    ("local = $1", "'2026-03-03 10:00'"),
    ("lat = $1", "45.5"),
    ("lon = $1", "45.5"),
    ("small = $1", "500"),
    ("bytes = $1", "500"),
    ("large = $1", "500"),
    ("large BETWEEN $1 AND $2", "500, 700"),
    ("amount = $1", "500"),
];

#[test]
fn parameters_keep_their_types_and_are_served() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql(SCHEMA);
    let statements: Vec<String> = CONDITIONS
        .iter()
        .map(|(condition, _)| format!("SELECT count(*) FROM logins WHERE {condition}"))
        .collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let both = Both::of(FIELDS, cluster.port, "postgres", &statements);
    for (((condition, values), fast), plain) in CONDITIONS.iter().zip(&both.fast).zip(&both.plain) {
        let answer = cluster.psql(&format!(
            "SET plan_cache_mode = force_generic_plan; SET TimeZone = 'Asia/Kolkata'; PREPARE fast AS {fast}; \
             PREPARE plain AS {plain}; SELECT count(DISTINCT parameter_types::text) FROM pg_prepared_statements; \
             EXECUTE fast({values}); EXECUTE plain({values}); EXPLAIN EXECUTE fast({values})"
        ));
        let mut lines = answer.lines();
        assert_eq!(lines.next(), Some("1"), "{condition}: other types");
        let (fast, plain) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(fast == plain && fast != "0", "{condition}: {fast} and {plain}");
        // Behind the proxy such scans read the table too; here is only asked whether an index is used.
        assert!(!answer.contains("Seq Scan"), "{condition}: {answer}");
    }
    // A parameter that stands elsewhere too may have got its type there.
    let twice =
        ["SELECT $1::text FROM logins WHERE at = $1", "SELECT id FROM logins WHERE at >= $1 AND at < $1"];
    assert_eq!(Both::of(FIELDS, cluster.port, "postgres", &twice).differing(), 0);
}
