//! `sfumato check --store` against a live server: what it finds, and that it says nothing of the data.

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

use std::fs;
use std::process::Command;

use cluster::Cluster;
use support::sfumato;

const SCHEMA: &str = "
    CREATE TABLE users (id bigserial PRIMARY KEY, token uuid DEFAULT gen_random_uuid(), name text, home_lat float8);
    CREATE TABLE logins (id int, user_id bigint, ip inet, remote_addr text, comment text, colour text, said jsonb);
    INSERT INTO users (name, home_lat) SELECT 'Canary ' || n, 48.858412 FROM generate_series(1, 300) n;
    INSERT INTO logins SELECT n, n * 7 % 300, inet '203.0.113.0' + n % 250, 'unknown', 'from 203.0.113.' || n % 250, 'red',
        '{\"mail\": \"canary@example.com\"}' FROM generate_series(1, 300) n;
    CREATE VIEW recent AS SELECT ip FROM logins;
    CREATE MATERIALIZED VIEW frozen AS SELECT ip FROM logins;
    CREATE TABLE tenants (id int, address inet);
    ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
    CREATE VIEW tenant_view AS SELECT * FROM tenants;
    CREATE FUNCTION leak() RETURNS text LANGUAGE sql AS 'SELECT comment FROM logins';
    CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE backup LOGIN REPLICATION; CREATE ROLE bi LOGIN;
    GRANT pg_read_all_data TO bi; CREATE ROLE employee LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO employee;
    ANALYZE;";

const POLICY: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "test.key" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { pseudonymize = { domain = "person" } }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"public.users.id" = "person"
"public.users.token" = "person"
"public.users.nmae" = "suppress"
"public.logins.user_id" = "person"
"public.logins.ip" = "coarse-ip"
"public.logns.ip" = "coarse-ip"
"public.tenants.address" = "coarse-ip"
"#;

const CANARIES: [&str; 5] = ["203.0.113", "anary", "48.858", "red", "unknown"];

/// Exit code and both outputs together.
fn check(folder: &std::path::Path, user: &str, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    command.args(["check", "--config"]).arg(folder.join("policy.toml")).args(["--database", "postgres"]);
    let output = command.args(["--user", user]).args(args).env_remove("PGPASSWORD").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

fn written(cluster: &Cluster, policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(sfumato(&["keygen", folder.path().join("test.key").to_str().unwrap()]).status.success());
    let policy = policy.replace("@PORT@", &cluster.port.to_string());
    fs::write(folder.path().join("policy.toml"), policy).unwrap();
    folder
}

#[test]
fn a_live_database_is_looked_at() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql(SCHEMA);
    let hba = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all 0.0.0.0/0 scram-sha-256\n\
               hostssl other all 10.0.0.0 255.0.0.0 md5\nhost all all all reject\n";
    fs::write(cluster.data().join("pg_hba.conf"), hba).unwrap();
    let folder = written(&cluster, POLICY);
    let (code, output) = check(folder.path(), "postgres", &["--store", "app"]);
    for wanted in [
        "`public.users.nmae` names a column that database `postgres` does not have\n",
        "policy.toml:18:1\n",
        "did you mean `name`?\n",
        "`public.logns.ip` names a table that database `postgres` does not have\n",
        "did you mean `logins`?\n",
        "finding: `public.users.home_lat` has no rule and looks like a position\n",
        "finding: `public.logins.remote_addr` has no rule and looks like an address\n",
        "finding: `public.logins.comment` has no rule and holds IP addresses in 300 of 300 sampled values\n",
        "finding: `public.logins.said` has no rule and holds mail addresses in 300 of 300 sampled values\n",
        "finding: table `public.users` cannot be read through the proxy: ",
        "finding: materialised view `public.frozen` cannot be read through the proxy: ",
        "finding: view `public.tenant_view` cannot be read through the proxy: ",
        "note: 1 function of schema `public` will be refused: leak\n",
        "finding: `public.users.id` is hidden, but its rows lie in the order of this identifier",
        "finding: role `boss` may log in and is a superuser",
        "finding: role `backup` may log in and may replicate",
        "finding: role `bi` may log in and is a member of pg_read_all_data",
        "host  all,replication  boss  all  reject\n",
        "finding: line 3 of `pg_hba.conf` (host all all 0.0.0.0 0.0.0.0) lets others in than the proxy\n",
        "host  postgres  all  127.0.0.1/32  scram-sha-256\n",
        "; database postgres: ",
    ] {
        assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
    }
    for unwanted in [
        "`public.logins.colour`",
        "`public.users.token` is hidden",
        "view `public.recent`",
        "role `employee`",
        "line 4",
        "line 2 of",
    ] {
        assert!(!output.contains(unwanted), "{unwanted:?} is in\n{output}");
    }
    assert!(!CANARIES.iter().any(|canary| output.contains(canary)), "{output}");
    assert_eq!(code, 2);
}

#[test]
fn a_login_with_few_rights_sees_less_and_says_so() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql(SCHEMA);
    cluster.psql("REVOKE SELECT ON users FROM employee");
    let policy = POLICY.replace("unlisted = \"pass\"", "unlisted = \"scan\"").replace("nmae", "name");
    let folder = written(&cluster, policy.split("\"public.logns.ip\"").next().unwrap());
    let (code, output) = check(folder.path(), "employee", &["--store", "app"]);
    for wanted in [
        "note: whether `pg_hba.conf` closes the ways around the proxy cannot be seen with this login\n",
        "note: `public.logins.comment` has no rule and holds IP addresses in 300 of 300 sampled values\n",
        "a sequence numbers it in the order in which its rows are written",
        "finding: `public.users.home_lat` has no rule",
        "note: `public.tenants.address` has no rule and looks like an address\n",
    ] {
        assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
    }
    assert_eq!(code, 2);
    let (code, output) = check(folder.path(), "nobody", &["--store", "app"]);
    assert!(code == 1 && output.contains("role \"nobody\" does not exist"), "{output}");
    let (code, output) = check(folder.path(), "employee", &["--store", "shop"]);
    assert!(code == 1 && output.contains("there is no store `shop`"), "{output}");
    let (code, output) = check(folder.path(), "employee", &[]);
    assert!(code == 0 && output.contains("1 store, 5 fields"), "{output}");
}
