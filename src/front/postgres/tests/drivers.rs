//! Drivers that nobody here wrote: what they print through the proxy is what they print without it.

use std::path::Path;
use std::process::Command;

use super::super::Upstream;
use super::passing::Proxy;
use crate::cluster::Cluster;

#[test]
fn psycopg_and_asyncpg() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let has_drivers =
        Command::new(&python).args(["-c", "import psycopg, asyncpg"]).status().is_ok_and(|s| s.success());
    let Some(cluster) = Cluster::start().filter(|_| has_drivers) else {
        eprintln!("no drivers in target/peers: nothing tested");
        return;
    };
    let proxy = Proxy::start(Upstream::Tcp { host: "127.0.0.1".into(), port: cluster.port }, |_| {});
    let printed = |port: u16| {
        let mut command = Command::new(&python);
        command.args(["-c", include_str!("clients.py"), "127.0.0.1", &port.to_string()]);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{}{}", text(output.stdout), text(output.stderr));
        text(output.stdout)
    };
    let (direct, proxied) = (printed(cluster.port), printed(proxy.port));
    for (line, (direct, proxied)) in direct.lines().zip(proxied.lines()).enumerate() {
        assert_eq!(proxied, direct, "line {line}");
    }
    assert_eq!(direct.len(), proxied.len());
}
