//! Identities that end at the proxy: names and passwords of its own, or certificates, in front of one service account.

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
#[path = "support/pki.rs"]
mod pki;
mod support;

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use cluster::Cluster;
use pki::Pki;
use support::Proxy;

const POLICY: &str = r#"
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
upstream_tls = { ca = "@PKI@/ca.pem" }
tls = { certificate = "@PKI@/server.pem", key = "@PKI@/server.key"@CLIENTS@ }
[stores.login]
@LOGIN@
service = { user = "sfumato", password = { file = "@PKI@/service.password" } }
[stores.fields]
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[[roles]]
name = "trust-and-safety"
members = ["alice", "oncall-*", "unit:Safety", "email:carol@example.com", "group:analysts"]
[roles.fields.app]
"public.logins.ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
"#;

const VERIFIERS: &str = "verifiers = \"@PKI@/employees.passwd\"";

/// A server that admits the service account only, and only over TLS.
struct Stage {
    cluster: Cluster,
    pki: Pki,
}

impl Stage {
    fn set() -> Option<Self> {
        let pki = Pki::new();
        let cluster = Cluster::start_with("password_encryption = 'scram-sha-256'\n")?;
        cluster.psql(
            "CREATE TABLE logins (id int PRIMARY KEY, ip inet); INSERT INTO logins VALUES (1, '203.0.113.7');
             CREATE ROLE sfumato LOGIN PASSWORD 'of the service'; GRANT SELECT ON logins TO sfumato;",
        );
        let data = cluster.data();
        for (from, to) in [("server.pem", "server.crt"), ("server.key", "server.key")] {
            std::fs::copy(pki.file(from), data.join(to)).unwrap();
            let like = std::fs::metadata(&data).unwrap();
            chown(data.join(to), Some(like.uid()), Some(like.gid())).unwrap();
        }
        let admitted = "local all all trust\nhost all postgres 127.0.0.1/32 trust\n\
                        hostssl all sfumato 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), admitted).unwrap();
        cluster.psql("ALTER SYSTEM SET ssl = on");
        cluster.control("reload");
        std::thread::sleep(Duration::from_millis(300));
        pki.write("service.password", "of the service\n");
        let stage = Self { cluster, pki };
        for (name, password) in [("alice", "sesame"), ("bob", "sesame"), ("oncall-7", "s\u{e9}same \u{2603}")]
        {
            let output = stage.passwd(name, password);
            assert!(output.status.success(), "{}", texts(&output).1);
        }
        Some(stage)
    }

    fn passwd(&self, name: &str, password: &str) -> Output {
        let mut passwd = Command::new(env!("CARGO_BIN_EXE_sfumato"))
            .args(["passwd", &self.pki.path("employees.passwd"), name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        passwd.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        passwd.wait_with_output().unwrap()
    }

    fn proxy(&self, login: &str, clients: &str) -> Proxy {
        let policy = POLICY.replace("@LOGIN@", login).replace("@CLIENTS@", clients);
        Proxy::start(&self.pki.fill(&policy.replace("@PORT@", &self.cluster.port.to_string())))
    }

    fn asks(
        &self,
        proxy: &Proxy,
        name: &str,
        settings: &[(&str, &str)],
        statement: &str,
    ) -> (String, String) {
        let mut psql = self.cluster.client("psql", proxy.address().port());
        psql.env("PGUSER", name).env("PGPASSWORD", "sesame").env("PGSSLMODE", "verify-full");
        psql.env("PGSSLROOTCERT", self.pki.file("ca.pem")).env("PGHOST", "localhost");
        psql.env("PGCHANNELBINDING", "require").envs(settings.iter().copied());
        texts(&psql.args(["-X", "-At", "-c", statement]).output().unwrap())
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

const IP: &str = "SELECT ip FROM logins";

#[test]
fn names_end_here_and_one_account_stands_for_all() {
    let Some(stage) = Stage::set() else { return };
    let proxy = stage.proxy(VERIFIERS, "");
    let ip = |name: &str, settings: &[(&str, &str)]| stage.asks(&proxy, name, settings, IP);
    assert_eq!(ip("bob", &[]), ("203.0.0.0/16\n".into(), String::new()));
    assert_eq!(ip("alice", &[]).0, "203.0.113.0/24\n");
    assert_eq!(ip("oncall-7", &[("PGPASSWORD", "s\u{e9}same \u{2603}")]).0, "203.0.113.0/24\n");
    assert_eq!(ip("bob", &[("PGCHANNELBINDING", "disable")]).0, "203.0.0.0/16\n");
    assert_eq!(stage.asks(&proxy, "alice", &[], "SELECT current_user").0, "sfumato\n");

    let mut errors = Vec::new();
    for (name, settings) in [
        ("bob", &[("PGPASSWORD", "Sesame")][..]),
        ("nobody", &[]),
        ("sfumato", &[("PGPASSWORD", "of the service")]),
        ("postgres", &[]),
        ("Bob", &[]),
    ] {
        let (out, error) = ip(name, settings);
        assert!(
            out.is_empty() && error.contains("the name or the password is wrong"),
            "{name}: {out} {error}"
        );
        errors.push(error);
    }
    errors.dedup();
    assert_eq!(errors.len(), 1, "{errors:?}");
    // The names of roles are no way in, and the store's own users are none.
    let log = proxy.log.lock().unwrap().clone();
    assert!(!log.contains("sesame") && !log.contains("of the service"), "{log}");
}

#[test]
fn verifiers_are_read_again_all_or_nothing() {
    let Some(stage) = Stage::set() else { return };
    let proxy = stage.proxy(VERIFIERS, "");
    let ip = |password: &str| stage.asks(&proxy, "bob", &[("PGPASSWORD", password)], IP).0;
    // Whose snapshot it is does not matter; whose role it is does.
    assert_eq!(
        (ip("sesame").as_str(), stage.asks(&proxy, "alice", &[], IP).0.as_str()),
        ("203.0.0.0/16\n", "203.0.113.0/24\n")
    );
    let reload = || {
        proxy.signal("HUP");
        std::thread::sleep(Duration::from_millis(500));
    };
    assert!(stage.passwd("bob", "changed").status.success());
    assert_eq!((ip("sesame").as_str(), ip("changed").as_str()), ("203.0.0.0/16\n", ""));
    reload();
    assert_eq!((ip("sesame").as_str(), ip("changed").as_str()), ("", "203.0.0.0/16\n"));
    let policy = proxy.folder().join("sfumato.toml");
    let written = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, written.replace("\"alice\"", "\"bob\"")).unwrap();
    reload();
    let both = (ip("changed"), stage.asks(&proxy, "alice", &[], IP).0);
    assert_eq!((both.0.as_str(), both.1.as_str()), ("203.0.113.0/24\n", "203.0.0.0/16\n"));
    std::fs::write(&policy, written).unwrap();
    reload();
    let file = stage.pki.file("employees.passwd");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let whole = std::fs::read_to_string(&file).unwrap();
    for broken in [whole.get(..whole.len() - 20).unwrap(), "bob\n"] {
        stage.pki.write("employees.passwd", broken);
        reload();
        assert_eq!(ip("changed"), "203.0.0.0/16\n");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    reload();
    assert!(proxy.log.lock().unwrap().contains("mode 0644"));
    // Nothing is changed by a name that cannot be, nor without a password, nor while another changes the file.
    stage.pki.write("employees.passwd", &whole);
    for (name, password) in [("", "x"), ("a\nb", "x"), ("#a", "x"), ("carol", ""), (&"x".repeat(64), "x")] {
        assert!(!stage.passwd(name, password).status.success(), "{name:?}");
    }
    stage.pki.write("employees.passwd.new", "");
    assert!(!stage.passwd("bob", "x").status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
}

#[test]
fn a_certificate_is_proof_of_the_name_in_it() {
    let Some(stage) = Stage::set() else { return };
    let clients = ", client_ca = \"@PKI@/ca.pem\"";
    let by_certificate = stage.proxy("certificates = \"accept\"", clients);
    let either = stage
        .proxy(&format!("certificates = \"accept\"\n{VERIFIERS}"), &format!("{clients}, clients = \"ask\""));
    let both = stage.proxy(VERIFIERS, clients);
    let ip = |proxy: &Proxy, name: &str, certificate: &str| {
        let (file, key) =
            (stage.pki.path(&format!("{certificate}.pem")), stage.pki.path(&format!("{certificate}.key")));
        let settings = &[
            ("PGSSLCERT", file.as_str()),
            ("PGSSLKEY", &key),
            ("PGCHANNELBINDING", "prefer"),
            ("PGPASSWORD", "sesame"),
        ];
        stage.asks(proxy, name, settings, IP)
    };
    let (fine, coarse) = ("203.0.113.0/24\n", "203.0.0.0/16\n");
    assert_eq!(ip(&by_certificate, "alice", "alice").0, fine);
    assert_eq!(ip(&by_certificate, "oncall-7", "oncall").0, fine);
    assert_eq!(ip(&either, "alice", "alice").0, fine);
    assert_eq!(ip(&either, "bob", "none").0, coarse);
    assert_eq!(ip(&both, "bob", "alice").0, coarse, "the certificate opens the line, the password is bob's");
    for (proxy, name, certificate) in [
        (&by_certificate, "bob", "alice"),
        (&by_certificate, "alice", "none"),
        (&by_certificate, "alice", "mallory"),
        (&by_certificate, "alice", "expired"),
        (&by_certificate, "alice", "two"),
        (&either, "bob", "alice"),
        (&both, "bob", "none"),
    ] {
        let (out, error) = ip(proxy, name, certificate);
        assert!(out.is_empty() && !error.is_empty(), "{name} with {certificate}: {out} {error}");
    }
}

#[test]
fn what_a_certificate_says_beside_the_name_is_a_member() {
    let Some(stage) = Stage::set() else { return };
    let clients = ", client_ca = \"@PKI@/people.pem\"";
    for (file, subject, names) in [
        ("c1", "/OU=Safety/CN=bob", ""),
        ("c2", "/CN=bob", "email:carol@example.com"),
        ("c3", "/OU=Support/CN=bob", "email:bob@example.com"),
        ("c4", "/CN=group:analysts", ""),
    ] {
        if !stage.pki.with_openssl("people", file, subject, names) {
            eprintln!("no openssl here: nothing tested");
            return;
        }
    }
    let proves = stage.proxy("certificates = \"accept\"", clients);
    // Here it opens the line only, and the password proves the name.
    let opens = stage.proxy(VERIFIERS, clients);
    let ip = |proxy: &Proxy, name: &str, certificate: &str| {
        let (file, key) =
            (stage.pki.path(&format!("{certificate}.pem")), stage.pki.path(&format!("{certificate}.key")));
        let settings = &[("PGSSLCERT", file.as_str()), ("PGSSLKEY", &key), ("PGCHANNELBINDING", "prefer")];
        stage.asks(proxy, name, settings, IP).0
    };
    let (fine, coarse) = ("203.0.113.0/24\n", "203.0.0.0/16\n");
    assert_eq!(ip(&proves, "bob", "c1"), fine);
    assert_eq!(ip(&proves, "bob", "c2"), fine);
    assert_eq!(ip(&proves, "bob", "c3"), coarse);
    assert_eq!(ip(&proves, "group:analysts", "c4"), coarse, "a name is no group");
    assert_eq!(ip(&opens, "bob", "c1"), coarse);
}

#[test]
fn drivers_come_in_too() {
    let Some(stage) = Stage::set() else { return };
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    if !python.exists() {
        eprintln!("no drivers in target/peers: nothing tested");
        return;
    }
    let proxy = stage.proxy(VERIFIERS, "");
    let script = r#"
import asyncio, ssl, sys
port, ca = sys.argv[1:3]
import psycopg
for binding in ("require", "prefer", "disable"):
    with psycopg.connect(host="localhost", port=port, user="alice", password="sesame", dbname="postgres",
                         sslmode="verify-full", sslrootcert=ca, channel_binding=binding) as c:
        print(c.execute("SELECT ip::text FROM logins WHERE id = %s", [1]).fetchone()[0])
        try:
            psycopg.connect(host="localhost", port=port, user="alice", password="wrong", dbname="postgres",
                            sslmode="verify-full", sslrootcert=ca, channel_binding=binding)
        except psycopg.OperationalError as error:
            assert "password is wrong" in str(error), error
import asyncpg
async def main():
    c = await asyncpg.connect(host="localhost", port=int(port), user="bob", password="sesame", database="postgres",
                              ssl=ssl.create_default_context(cafile=ca))
    print(await c.fetchval("SELECT ip::text FROM logins"))
asyncio.run(main())
"#;
    let output = Command::new(python)
        .args(["-c", script, &proxy.address().port().to_string(), &stage.pki.path("ca.pem")])
        .output()
        .unwrap();
    let (out, error) = texts(&output);
    assert_eq!(out, "203.0.113.0/24\n203.0.113.0/24\n203.0.113.0/24\n203.0.0.0/16\n", "{error}");
}
