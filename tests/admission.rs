//! Which stores and routes a role uses: whoever may not ask is told so, in either protocol, also when that changes under a
//! running session, and sees nothing.

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

use std::io::Write as _;
use std::process::{Command, Stdio};

use cluster::Cluster;
use support::{Proxy, RawStore, has_program};

const STORES: &str = r#"
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
"public.logins.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://@UPSTREAM@"
identity = { header = "X-Remote-User", from = ["127.0.0.0/8"] }
[stores.fields]
"$.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[[stores.routes]]
path = "/logins"
[[stores.routes]]
path = "/people/{id}"
params = { id = "pass" }
"#;

const ROLES: &str = r#"
[[roles]]
name = "analysts"
members = ["alice"]
stores = ["app"]
[[roles]]
name = "support"
members = ["bob"]
stores = ["events"]
routes = { events = ["/people/{id}"] }
[[roles]]
name = "oncall"
members = ["carol"]
"#;

const REFUSED: &str = "this store is none of those that you may use";

struct Stage {
    cluster: Cluster,
    store: RawStore,
}

impl Stage {
    fn set() -> Option<Self> {
        if !has_program("curl") {
            eprintln!("no curl here: nothing tested");
            return None;
        }
        let cluster = Cluster::start()?;
        cluster.psql(
            "CREATE TABLE logins (id int PRIMARY KEY, ip inet); INSERT INTO logins VALUES (1, '203.0.113.7');
             CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE carol LOGIN; CREATE ROLE dave LOGIN;
             GRANT SELECT ON logins TO public;",
        );
        let store = RawStore::start(|_, stream| {
            let body = r#"{"ip":"203.0.113.7"}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 20\r\n\r\n";
            let _gone = stream.write_all(format!("{head}{body}").as_bytes());
        });
        Some(Self { cluster, store })
    }

    fn policy(&self, roles: &str) -> String {
        let stores = STORES.replace("@PORT@", &self.cluster.port.to_string());
        stores.replace("@UPSTREAM@", &self.store.address.to_string()) + roles
    }

    /// What psql says as `name`, on either stream.
    fn sql(&self, proxy: &Proxy, name: &str) -> String {
        let mut psql = self.cluster.client("psql", proxy.listeners[0].1.port());
        let output =
            psql.env("PGUSER", name).args(["-X", "-At", "-c", "SELECT ip FROM logins"]).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// The status of an answer to `name`.
    fn http(&self, proxy: &Proxy, name: &str, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", proxy.listeners[1].1.port());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}"]);
        if !name.is_empty() {
            curl.args(["-H", &format!("X-Remote-User: {name}")]);
        }
        String::from_utf8(curl.arg(url).output().unwrap().stdout).unwrap()
    }
}

#[test]
fn a_role_uses_the_stores_and_routes_that_it_names() {
    let Some(stage) = Stage::set() else { return };
    let proxy = Proxy::start(&stage.policy(ROLES));
    for (name, may) in [("alice", true), ("bob", false), ("carol", true), ("dave", false)] {
        let said = stage.sql(&proxy, name);
        assert_eq!(said == "203.0.0.0/16\n", may, "{name}: {said}");
        assert_eq!(said.contains(REFUSED), !may, "{name}: {said}");
    }
    for (name, logins, people) in [
        ("alice", "404", "404"),
        ("bob", "404", "200"),
        ("carol", "200", "200"),
        ("dave", "404", "404"),
        ("", "404", "404"),
    ] {
        let seen = ["/logins", "/people/7"].map(|path| stage.http(&proxy, name, path));
        assert_eq!(seen, [logins, people], "{name}");
    }
}

#[test]
fn what_a_role_uses_may_change_under_a_session() {
    let Some(stage) = Stage::set() else { return };
    let open = ROLES.replace("stores = [\"app\"]\n", "");
    let proxy = Proxy::start(&stage.policy(&open));
    let mut psql = stage.cluster.client("psql", proxy.listeners[0].1.port());
    psql.env("PGUSER", "alice").args(["-X", "-At"]).stdin(Stdio::piped());
    let mut child = psql.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut says = child.stdin.take().unwrap();
    says.write_all(b"PREPARE p AS SELECT ip FROM logins;\nEXECUTE p;\n\\! sleep 1.5\nEXECUTE p;\nSELECT ip FROM logins;\n").unwrap();
    drop(says);
    std::thread::sleep(std::time::Duration::from_millis(700));
    let policy = std::fs::read_to_string(proxy.config()).unwrap();
    let elsewhere = policy.replace("members = [\"alice\"]", "members = [\"alice\"]\nstores = [\"events\"]");
    std::fs::write(proxy.config(), elsewhere).unwrap();
    proxy.signal("HUP");
    let output = child.wait_with_output().unwrap();
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(out, "PREPARE\n203.0.0.0/16\n", "{error}");
    assert!(error.contains(REFUSED), "{error}");
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sfumato.toml");
    let checked = |roles: &str| {
        let policy = STORES.replace("@PORT@", "5432").replace("@UPSTREAM@", "127.0.0.1:9000");
        std::fs::write(&file, policy + roles).unwrap();
        let output = support::sfumato(&["check", "--config", &file.to_string_lossy()]);
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let role = "[[roles]]\nname = \"support\"\nmembers = [\"bob\"]\n";
    for (line, said) in [
        ("stores = [\"ap\"]", "unknown store `ap`"),
        ("routes = { event = [\"/logins\"] }", "unknown store `event`"),
        ("routes = { events = [\"/login\"] }", "unknown route `/login`"),
        ("routes = { app = [\"/logins\"] }", "unknown route `/logins`"),
    ] {
        let out = checked(&format!("{role}{line}\n"));
        assert!(out.contains(said), "{line}: {out}");
    }
}
