//! Plans that sessions find instead of having them made: never one of another catalogue, nor one with another's salt.
//! The binary in front of a real server.

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
    CREATE TABLE people (id int PRIMARY KEY, ip inet, free text, friends uuid[]);
    INSERT INTO people SELECT n, inet '203.0.113.0' + n, 'free',
        (SELECT array_agg(md5((n * 100 + m)::text)::uuid) FROM generate_series(1, 30) m) FROM generate_series(1, 3) n;
    CREATE ROLE employee LOGIN;
    CREATE ROLE colleague LOGIN;
    GRANT SELECT ON people TO employee, colleague;";

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
"public.people.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"public.people.friends" = { pseudonymize = { domain = "person" } }
"#;

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    cluster.psql(SCHEMA);
    let proxy = Proxy::start(&POLICY.replace("@PORT@", &cluster.port.to_string()));
    Some((cluster, proxy))
}

/// What a session of its own is told.
fn ask(cluster: &Cluster, proxy: &Proxy, user: &str, statement: &str) -> String {
    let mut psql = cluster.client("psql", proxy.address().port());
    let output = psql.env("PGUSER", user).args(["-X", "-At", "-c", statement]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_order_of_identifiers_is_another_one_in_each_session() {
    let Some((cluster, proxy)) = start() else { return };
    let statement = "SELECT DISTINCT unnest(friends) FROM people WHERE id = 1";
    let orders: Vec<String> = (0..3).map(|_| ask(&cluster, &proxy, "employee", statement)).collect();
    let sorted = |order: &str| {
        let mut lines: Vec<_> = order.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    for order in &orders {
        assert_eq!(order.lines().count(), 30, "{order}");
        assert_eq!(sorted(order), sorted(&orders[0]));
        assert_eq!(orders.iter().filter(|other| *other == order).count(), 1, "{order}");
    }
}

#[test]
fn a_session_that_begins_after_a_change_of_tables_finds_no_plan_of_before() {
    let Some((cluster, proxy)) = start() else { return };
    let statement = "SELECT free FROM people WHERE id = 1";
    for user in ["employee", "employee", "colleague", "employee"] {
        assert_eq!(ask(&cluster, &proxy, user, statement), "free\n");
    }
    // A protected column takes the name of a free one.
    cluster.psql("ALTER TABLE people RENAME free TO was; ALTER TABLE people RENAME ip TO free");
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    for user in ["employee", "colleague", "employee"] {
        let said = ask(&cluster, &proxy, user, statement);
        assert!(said.contains("ERROR") && !said.contains("203.0.113"), "{user}: {said}");
    }
}
