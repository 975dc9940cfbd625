//! PostgreSQL over TLS on both sides, with clients and a server that nobody here wrote.

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

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Output};
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
@MORE@
[stores.fields]
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
"#;

const TLS: &str = r#"tls = { certificate = "@PKI@/server.pem", key = "@PKI@/server.key" }"#;

/// A server that takes TLS connections only, and the certificates for both sides.
struct Stage {
    cluster: Cluster,
    pki: Pki,
}

impl Stage {
    fn set(server: &str) -> Option<Self> {
        let pki = Pki::new();
        let cluster = Cluster::start_with("password_encryption = 'scram-sha-256'\n")?;
        cluster.psql(
            "CREATE TABLE logins (id int PRIMARY KEY, ip inet); INSERT INTO logins VALUES (1, '203.0.113.7');
             CREATE ROLE employee LOGIN PASSWORD 'sesame'; GRANT SELECT ON logins TO employee;",
        );
        let stage = Self { cluster, pki };
        stage.show(server);
        Some(stage)
    }

    /// Has the server show this certificate, and take nothing but TLS from anybody but the superuser.
    fn show(&self, certificate: &str) {
        let data = self.cluster.data();
        for (from, to) in [(".pem", "server.crt"), (".key", "server.key")] {
            let to = data.join(to);
            std::fs::copy(self.pki.file(&format!("{certificate}{from}")), &to).unwrap();
            own_as(&to, &data);
        }
        std::fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        self.cluster.psql("ALTER SYSTEM SET ssl = on");
        self.cluster.control("reload");
        std::thread::sleep(Duration::from_millis(300));
    }

    fn proxy(&self, more: &str) -> Proxy {
        let policy = POLICY.replace("@PORT@", &self.cluster.port.to_string()).replace("@MORE@", more);
        Proxy::start(&self.pki.fill(&policy))
    }

    /// psql as the employee, who verifies what the proxy shows.
    fn psql(&self, proxy: &Proxy, settings: &[(&str, &str)]) -> Command {
        let mut psql = self.cluster.client("psql", proxy.address().port());
        psql.env("PGUSER", "employee").env("PGPASSWORD", "sesame").env("PGSSLMODE", "verify-full");
        psql.env("PGSSLROOTCERT", self.pki.file("ca.pem")).env("PGHOST", "localhost");
        psql.envs(settings.iter().copied());
        psql.args(["-X", "-At", "-c", "SELECT ip FROM logins"]);
        psql
    }

    fn asks(&self, proxy: &Proxy, settings: &[(&str, &str)]) -> (String, String) {
        texts(&self.psql(proxy, settings).output().unwrap())
    }
}

fn own_as(file: &Path, like: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    let like = std::fs::metadata(like).unwrap();
    chown(file, Some(like.uid()), Some(like.gid())).unwrap();
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// What comes back for some bytes, to the end of the connection.
fn exchange(proxy: &Proxy, parts: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    for part in parts {
        let _closed = stream.write_all(part);
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    answer
}

const COARSE: &str = "203.0.0.0/16\n";

const TLS_REQUEST: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";

/// A start-up message of the superuser, whom the server trusts.
const STARTUP: &[u8] = b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0";

#[test]
fn both_sides_are_encrypted_and_verified() {
    let Some(stage) = Stage::set("server") else { return };
    let upstream = |more: &str| stage.proxy(&format!("{TLS}\n{more}"));
    let proxy = upstream(r#"upstream_tls = { ca = "@PKI@/ca.pem" }"#);
    // The server offers a binding that cannot be passed on; a client that could bind says so, which the server takes
    // for a downgrade. Told not to bind, it comes in.
    let unbound = &[("PGCHANNELBINDING", "disable")];
    let (out, error) = stage.asks(&proxy, unbound);
    assert_eq!((out.as_str(), error.as_str()), (COARSE, ""));
    let (out, error) = stage.asks(&proxy, &[]);
    assert!(out.is_empty() && error.contains("channel_binding=disable"), "{out} {error}");
    // A cancel request goes the same way.
    let mut sleeper = stage.psql(&proxy, unbound);
    sleeper.args(["-c", "SELECT count(*) FROM generate_series(1, 100000000000)"]);
    let mut sleeper =
        sleeper.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    Command::new("kill").args(["-INT", &sleeper.id().to_string()]).status().unwrap();
    let mut error = String::new();
    sleeper.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    sleeper.wait().unwrap();
    assert!(error.contains("cancel"), "{error}");

    let pin = {
        let script = format!(
            "openssl x509 -in {} -outform DER | sha256sum | cut -d' ' -f1",
            stage.pki.path("server.pem")
        );
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let pinned = upstream(&format!("upstream_tls = {{ pin = \"{pin}\" }}"));
    assert_eq!(stage.asks(&pinned, unbound).0, COARSE);
    let other = upstream(&format!("upstream_tls = {{ pin = \"{}\" }}", "00".repeat(32)));
    for (proxy, why) in [
        (other, "another certificate is pinned"),
        (upstream(r#"upstream_tls = { ca = "@PKI@/foreign.pem" }"#), "another authority"),
        (upstream("upstream_tls = {}"), "the system knows no such authority"),
        (
            upstream(r#"upstream_tls = { ca = "@PKI@/ca.pem", server_name = "db.example.com" }"#),
            "another name",
        ),
    ] {
        let (out, error) = stage.asks(&proxy, unbound);
        assert!(out.is_empty() && error.contains("the store cannot be reached"), "{why}: {out} {error}");
    }
    // A server that declines is not spoken to in clear.
    stage.cluster.psql("ALTER SYSTEM SET ssl = off");
    stage.cluster.control("reload");
    std::thread::sleep(Duration::from_millis(300));
    let (out, error) = stage.asks(&proxy, &[("PGUSER", "postgres"), ("PGCHANNELBINDING", "disable")]);
    assert!(out.is_empty() && error.contains("the store cannot be reached"), "{out} {error}");
}

#[test]
fn what_is_not_encrypted_is_refused() {
    let Some(stage) = Stage::set("server") else { return };
    let proxy = stage.proxy(TLS);
    let superuser = |mode: &str, ca: &str| {
        let ca = stage.pki.path(ca);
        stage.asks(&proxy, &[("PGUSER", "postgres"), ("PGSSLMODE", mode), ("PGSSLROOTCERT", &ca)])
    };
    assert_eq!(superuser("verify-full", "ca.pem").0, COARSE);
    let (out, error) = superuser("disable", "ca.pem");
    assert!(out.is_empty() && error.contains("over TLS only"), "{out} {error}");
    let (out, error) = superuser("verify-full", "foreign.pem");
    assert!(out.is_empty() && error.contains("certificate verify failed"), "{out} {error}");

    let refused = |parts: &[&[u8]]| {
        let answer = exchange(&proxy, parts);
        assert!(!answer.contains(&b'R') || answer.starts_with(b"E"), "{}", answer.escape_ascii());
        answer
    };
    let plain = refused(&[STARTUP]);
    assert!(plain.windows(5).any(|window| window == b"28000"), "{}", plain.escape_ascii());
    // Stuffed behind the request, in the same segment and in the next.
    let stuffed = refused(&[&[TLS_REQUEST, STARTUP].concat()]);
    assert!(stuffed.starts_with(b"E"), "{}", stuffed.escape_ascii());
    let later = refused(&[TLS_REQUEST, STARTUP]);
    assert!(later.starts_with(b"S"), "{}", later.escape_ascii());
    assert!(!later.windows(8).any(|window| window == b"R\0\0\0\x08\0\0\0"), "{}", later.escape_ascii());
    // Twice, and behind the other kind.
    refused(&[b"\0\0\0\x08\x04\xd2\x16\x30", b"\0\0\0\x08\x04\xd2\x16\x30"]);
    refused(&[b"\x16\x03\x01\0\x05hello"]);

    let allowing = stage.proxy(&TLS.replace("tls = {", "tls = { mode = \"allow\","));
    for mode in ["disable", "verify-full"] {
        let (out, error) = stage.asks(&allowing, &[("PGUSER", "postgres"), ("PGSSLMODE", mode)]);
        assert_eq!((out.as_str(), error.as_str()), (COARSE, ""), "{mode}");
    }
}

/// A client that begins with TLS says in the handshake what it will speak; a web browser's does not do.
#[test]
fn a_client_may_begin_with_tls() {
    let Some(stage) = Stage::set("server") else { return };
    let proxy = stage.proxy(TLS);
    let begin = |protocol: &str| {
        let script = format!(
            "printf '\\000\\000\\000\\027\\000\\003\\000\\000user\\000postgres\\000\\000' | timeout 5 openssl s_client -quiet \
             -connect {} -CAfile {} -verify_return_error {protocol} 2>/dev/null",
            proxy.address(),
            stage.pki.path("ca.pem"),
        );
        Command::new("sh").args(["-c", &script]).output().unwrap().stdout
    };
    let answer = begin("-alpn postgresql");
    assert!(answer.starts_with(b"R\0\0\0\x08\0\0\0\0"), "{}", answer.escape_ascii());
    let answer = begin("");
    assert!(!answer.contains(&b'R') || answer.starts_with(b"E"), "{}", answer.escape_ascii());
    assert!(begin("-alpn h2").is_empty());
}

/// Certificates that clients show, for now only looked at.
#[test]
fn a_certificate_of_a_client_is_verified() {
    let Some(stage) = Stage::set("server") else { return };
    let proxy = stage.proxy(&TLS.replace(" }", ", client_ca = \"@PKI@/ca.pem\" }"));
    let with = |certificate: &str| {
        let (file, key) =
            (stage.pki.path(&format!("{certificate}.pem")), stage.pki.path(&format!("{certificate}.key")));
        stage.asks(&proxy, &[("PGUSER", "postgres"), ("PGSSLCERT", &file), ("PGSSLKEY", &key)])
    };
    assert_eq!(with("alice").0, COARSE);
    for wrong in ["expired", "mallory", "server", "none"] {
        let (out, error) = with(wrong);
        assert!(out.is_empty() && !error.is_empty(), "{wrong}: {out} {error}");
    }
}

#[test]
fn certificates_are_changed_without_a_restart() {
    let Some(stage) = Stage::set("server") else { return };
    let proxy = stage.proxy(TLS);
    let superuser =
        |ca: &str| stage.asks(&proxy, &[("PGUSER", "postgres"), ("PGSSLROOTCERT", &stage.pki.path(ca))]).0;
    assert_eq!((superuser("ca.pem").as_str(), superuser("foreign.pem").as_str()), (COARSE, ""));
    let read = |name: &str| std::fs::read_to_string(stage.pki.file(name)).unwrap();
    let own_key = read("server.key");
    // Half a change is none.
    stage.pki.write("server.key", &read("stranger.key"));
    proxy.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((superuser("ca.pem").as_str(), superuser("foreign.pem").as_str()), (COARSE, ""));
    assert!(proxy.log.lock().unwrap().contains("the key is not that of the first certificate"));
    assert_ne!(own_key, read("server.key"));
    stage.pki.write("server.pem", &read("stranger.pem"));
    proxy.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((superuser("ca.pem").as_str(), superuser("foreign.pem").as_str()), ("", COARSE));
}
