//! The server's own client programs through the proxy.

use std::process::{Command, Output};

use super::super::Upstream;
use super::passing::Proxy;
use crate::cluster::Cluster;

fn start() -> Option<(Cluster, Proxy)> {
    let cluster = Cluster::start()?;
    let proxy = Proxy::start(Upstream::Unix(cluster.socket()), |_| {});
    Some((cluster, proxy))
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn psql(cluster: &Cluster, port: u16, statements: &[&str]) -> (String, String) {
    let mut psql = cluster.client("psql", port);
    psql.args(["-X", "-At"]);
    for statement in statements {
        psql.args(["-c", statement]);
    }
    texts(&psql.output().unwrap())
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout
}

#[test]
fn psql_asks_and_is_answered() {
    let Some((cluster, proxy)) = start() else { return };
    let (out, err) =
        psql(&cluster, proxy.port, &["SELECT 1 AS a; SELECT 'x', NULL, 2.5", ";", "TABLE nowhere"]);
    assert_eq!(out, "1\nx||2.5\n");
    assert!(err.contains("relation does not exist") && !err.contains("nowhere"), "{err}");
    let script = "SELECT g FROM generate_series(1, 100000) g";
    assert!(psql(&cluster, proxy.port, &[script]) == psql(&cluster, cluster.port, &[script]));
}

#[test]
fn refusals_keep_transactions_honest() {
    let Some((cluster, proxy)) = start() else { return };
    let (out, err) = psql(
        &cluster,
        proxy.port,
        &["BEGIN", "SELECT 1", "SELECT forbidden", "SELECT 2", "ROLLBACK", "SELECT 3"],
    );
    assert_eq!(out, "BEGIN\n1\nROLLBACK\n3\n");
    assert!(err.contains("forbidden is not supported here") && err.contains("LINE 1"), "{err}");
    assert!(err.contains("current transaction is aborted"), "{err}");
    // All or nothing: no statement of a string runs if one is refused.
    let (out, _) = psql(&cluster, proxy.port, &["CREATE TABLE t (); SELECT forbidden", "TABLE t"]);
    assert_eq!(out, "");
}

#[test]
fn pgbench_in_every_protocol() {
    let Some((cluster, proxy)) = start() else { return };
    succeeds(cluster.client("pgbench", cluster.port).args(["-i", "-q", "-s", "1"]));
    for protocol in ["simple", "extended", "prepared"] {
        let mut pgbench = cluster.client("pgbench", proxy.port);
        let out = succeeds(pgbench.args(["-S", "-n", "-c", "4", "-j", "2", "-t", "200", "-M", protocol]));
        assert!(out.contains("processed: 800/800") && out.contains("failed transactions: 0"), "{out}");
    }
}

#[test]
fn a_query_is_cancelled_with_a_key_of_ours() {
    let Some((cluster, proxy)) = start() else { return };
    let mut psql = cluster.client("psql", proxy.port);
    let child =
        psql.args(["-X", "-c", "SELECT pg_sleep(60)"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
    let (_, err) = texts(&child.wait_with_output().unwrap());
    assert!(err.contains("canceling statement"), "{err}");
}

#[test]
fn passwords_pass_through() {
    let Some((cluster, proxy)) = start() else { return };
    cluster.psql("CREATE ROLE s PASSWORD 'geheim' LOGIN");
    cluster.psql("SET password_encryption = md5; CREATE ROLE m PASSWORD 'geheim' LOGIN");
    let rules = "local all postgres trust\nhost all postgres all trust\nlocal all s scram-sha-256\n\
                 local all m md5\n";
    std::fs::write(cluster.data().join("pg_hba.conf"), rules).unwrap();
    cluster.control("reload");
    for (user, password, answer) in
        [("s", "geheim", "s\n"), ("m", "geheim", "m\n"), ("s", "x", ""), ("m", "x", "")]
    {
        let mut psql = cluster.client("psql", proxy.port);
        psql.env("PGUSER", user).env("PGPASSWORD", password).args(["-X", "-At", "-c", "SELECT current_user"]);
        let (out, err) = texts(&psql.output().unwrap());
        assert_eq!(out, answer, "{user} {err}");
        assert_eq!(err.contains("password authentication failed"), password == "x", "{err}");
    }
}
