//! HTTP over TLS, and who asks: by certificate, or by the word of a peer that may speak for others. Asked with curl.

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

#[path = "support/pki.rs"]
mod pki;
mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pki::Pki;
use support::{Proxy, RawStore, has_program};

const POLICY: &str = r#"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "@UPSTREAM@"
@MORE@
[stores.fields]
"$.ip" = { truncate = { ipv4 = 16, ipv6 = 32 } }
[[stores.routes]]
path = "/login"
[[roles]]
name = "trust-and-safety"
members = ["alice", "oncall-*", "group:analysts", "unit:Safety", "email:carol@example.com", "uri:spiffe://example.com/tns/*"]
[roles.fields.events]
"$.ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
"#;

const TLS: &str = r#"tls = { certificate = "@PKI@/server.pem", key = "@PKI@/server.key", client_ca = "@PKI@/ca.pem", clients = "ask" }"#;

struct Stage {
    pki: Pki,
    store: RawStore,
}

impl Stage {
    fn set() -> Option<Self> {
        if !has_program("curl") {
            eprintln!("no curl here: nothing tested");
            return None;
        }
        let store = RawStore::start(|_, stream| {
            let body = br#"{"ip":"203.0.113.7"}"#;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: public, max-age=60\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _gone = stream.write_all(&[head.as_bytes(), body].concat());
        });
        Some(Self { pki: Pki::new(), store })
    }

    fn proxy(&self, more: &str) -> Proxy {
        self.before(&format!("http://{}", self.store.address), more)
    }

    fn before(&self, upstream: &str, more: &str) -> Proxy {
        Proxy::start(&self.pki.fill(&POLICY.replace("@UPSTREAM@", upstream).replace("@MORE@", more)))
    }

    /// What curl prints: the body and the status; and how it ended.
    fn curl(&self, proxy: &Proxy, scheme: &str, arguments: &[&str]) -> (String, bool) {
        let url = format!("{scheme}://localhost:{}/login", proxy.address().port());
        let output = Command::new("curl")
            .args(["-sS", "-4", "--max-time", "10", "-w", " %{http_code}", "--cacert"])
            .arg(self.pki.file("ca.pem"))
            .args(arguments)
            .arg(url)
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }

    fn with(&self, proxy: &Proxy, certificate: &str) -> (String, bool) {
        let (file, key) =
            (self.pki.path(&format!("{certificate}.pem")), self.pki.path(&format!("{certificate}.key")));
        self.curl(proxy, "https", &["--cert", &file, "--key", &key])
    }
}

const COARSE: &str = r#"{"ip":"203.0.0.0/16"} 200"#;
const FINE: &str = r#"{"ip":"203.0.113.0/24"} 200"#;

#[test]
fn a_certificate_names_who_asks() {
    let Some(stage) = Stage::set() else { return };
    let proxy = stage.proxy(&format!("{TLS}\nidentity = {{ certificates = \"accept\" }}"));
    assert_eq!(stage.with(&proxy, "alice").0, FINE);
    assert_eq!(stage.with(&proxy, "oncall").0, FINE);
    for version in ["--http1.1", "--http2", "--tlsv1.3"] {
        assert_eq!(stage.curl(&proxy, "https", &[version]).0, COARSE, "{version}");
    }
    assert_eq!(stage.curl(&proxy, "https", &["--tls-max", "1.2"]).0, COARSE);
    assert_eq!(stage.with(&proxy, "two").0, COARSE, "two names are none");
    // A name in a header is nothing here, and none of the store's business.
    assert_eq!(stage.curl(&proxy, "https", &["-H", "X-Remote-User: alice"]).0, COARSE);
    assert!(!stage.store.received().to_lowercase().contains("alice"));
    for wrong in ["expired", "mallory", "server"] {
        let (out, is_fine) = stage.with(&proxy, wrong);
        assert!(!is_fine && !out.contains("ip"), "{wrong}: {out}");
    }
    let (out, is_fine) = stage.curl(&proxy, "http", &[]);
    assert!(!is_fine && !out.contains("ip"), "in clear: {out}");
    let (out, is_fine) = stage.curl(&proxy, "https", &["--cacert", &stage.pki.path("foreign.pem")]);
    assert!(!is_fine && !out.contains("ip"), "{out}");
    // A cache would not know that it depends on who asks.
    let head = stage.curl(&proxy, "https", &["-D", "-"]).0.to_lowercase();
    assert!(head.contains("cache-control: private, no-store") && !head.contains("public"), "{head}");

    let strict =
        stage.proxy(&format!("{TLS}\nidentity = {{ certificates = \"accept\", unknown = \"refuse\" }}"));
    assert_eq!(stage.with(&strict, "alice").0, FINE);
    assert_eq!(stage.with(&strict, "bob").0, r#"{"ip":"203.0.0.0/16"} 200"#, "a name without a role");
    let (out, _) = stage.curl(&strict, "https", &[]);
    assert!(out.contains("urn:sfumato:refusal:unidentified") && out.ends_with(" 401"), "{out}");
}

#[test]
fn a_header_names_who_asks_if_the_peer_may_say_so() {
    let Some(stage) = Stage::set() else { return };
    let header = |from: &str| {
        stage.proxy(&format!("identity = {{ header = \"X-Remote-User\", from = [\"{from}\"] }}"))
    };
    let (near, far) = (header("127.0.0.0/8"), header("10.0.0.0/8"));
    let ask = |proxy: &Proxy, lines: &[&str]| {
        let arguments: Vec<&str> = lines.iter().flat_map(|line| ["-H", line]).collect();
        stage.curl(proxy, "http", &arguments).0
    };
    assert_eq!(ask(&near, &["X-Remote-User: alice"]), FINE);
    assert_eq!(ask(&near, &["x-remote-user: oncall-3"]), FINE);
    assert_eq!(ask(&near, &["X-Remote-User: bob"]), COARSE);
    assert_eq!(ask(&near, &["X-Remote-User: CN=bob,OU=Safety"]), COARSE);
    assert_eq!(ask(&near, &[]), COARSE);
    assert_eq!(ask(&far, &[]), COARSE);
    for (proxy, lines, reason) in [
        (&far, &["X-Remote-User: alice"][..], "forged-identity"),
        (&far, &["X-Remote-User: alice", "X-Forwarded-For: 10.0.0.1"], "forged-identity"),
        (&near, &["X-Remote-User: alice", "X-Remote-User: bob"], "ambiguous-identity"),
        (&near, &["X-Remote-User: oncall-3, bob"], "ambiguous-identity"),
        (&near, &["X-Remote-User: oncall-3,CN=bob"], "ambiguous-identity"),
    ] {
        let out = ask(proxy, lines);
        assert!(out.contains(reason) && !out.contains("ip"), "{lines:?}: {out}");
    }
    let received = stage.store.received().to_lowercase();
    assert!(!received.contains("alice") && !received.contains("x-remote-user"), "{received}");
}

#[test]
fn a_store_over_tls_is_verified() {
    let Some(stage) = Stage::set() else { return };
    let own = TLS.replace(", clients = \"ask\"", "");
    // Another proxy is the store: it asks for a certificate, and passes on what it gets.
    let store = stage.proxy(&own);
    let url = format!("https://localhost:{}", store.address().port());
    let shown = r#"certificate = "@PKI@/alice.pem", key = "@PKI@/alice.key""#;
    let right = stage.before(&url, &format!("upstream_tls = {{ ca = \"@PKI@/ca.pem\", {shown} }}"));
    let (out, _) = stage.curl(&right, "http", &[]);
    assert_eq!(out, COARSE);
    for wrong in [
        "upstream_tls = { ca = \"@PKI@/ca.pem\" }".to_owned(),
        format!("upstream_tls = {{ ca = \"@PKI@/foreign.pem\", {shown} }}"),
        format!("upstream_tls = {{ ca = \"@PKI@/ca.pem\", server_name = \"other.example.com\", {shown} }}"),
        format!("upstream_tls = {{ pin = \"{}\", {shown} }}", "ab".repeat(32)),
        String::new(),
    ] {
        let proxy = stage.before(&url, &wrong);
        let (out, _) = stage.curl(&proxy, "http", &[]);
        assert!(out.ends_with(" 502") && !out.contains("ip"), "{wrong}: {out}");
    }
}

#[test]
fn certificates_and_roles_are_changed_without_a_restart() {
    let Some(stage) = Stage::set() else { return };
    let proxy = stage.proxy(&format!("{TLS}\nidentity = {{ certificates = \"accept\" }}"));
    assert_eq!(stage.with(&proxy, "alice").0, FINE);
    let file = proxy.folder().join("sfumato.toml");
    let policy = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, policy.replace("\"alice\", ", "")).unwrap();
    proxy.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(stage.with(&proxy, "alice").0, COARSE);
    std::fs::write(&file, &policy).unwrap();
    stage.pki.write("ca.pem", &std::fs::read_to_string(stage.pki.file("foreign.pem")).unwrap());
    proxy.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    let foreign = |certificate: &str| {
        let (file, key) =
            (stage.pki.path(&format!("{certificate}.pem")), stage.pki.path(&format!("{certificate}.key")));
        stage.curl(&proxy, "https", &["-k", "--cert", &file, "--key", &key])
    };
    assert_eq!(foreign("mallory").0, FINE, "the operator has chosen another authority");
    assert!(!foreign("alice").1);
}

/// Tokens signed by a library that others wrote (pyjwt), as an identity provider would.
#[test]
fn a_token_names_who_asks() {
    let Some(stage) = Stage::set() else { return };
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let script = r#"
import json, sys, time
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
folder = sys.argv[1]
rs, es, ed = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
foreign = rsa.generate_private_key(65537, 2048)
names = {"RS256": ("r", rs, jwt.algorithms.RSAAlgorithm), "ES256": ("e", es, jwt.algorithms.ECAlgorithm), "EdDSA": ("d", ed, jwt.algorithms.OKPAlgorithm)}
keys = [dict(json.loads(maker.to_jwk(key.public_key())), kid=kid) for kid, key, maker in names.values()]
json.dump({"keys": keys}, open(folder + "/jwks.json", "w"))
def claims(**more):
    return {"iss": "https://id.example.com", "aud": "sfumato", "exp": int(time.time()) + 60, "sub": "alice", **more}
for name, (kid, key, _) in names.items():
    print(jwt.encode(claims(), key, name, headers={"kid": kid}))
print(jwt.encode(claims(), rs, "PS256", headers={"kid": "r"}))
print(jwt.encode(claims(), foreign, "RS256", headers={"kid": "r"}))
print(jwt.encode(claims(), None, "none"))
print(jwt.encode(claims(exp=int(time.time()) - 60), rs, "RS256", headers={"kid": "r"}))
print(jwt.encode(claims(aud="other"), rs, "RS256", headers={"kid": "r"}))
print(jwt.encode(claims(iss="https://id.example.org"), rs, "RS256", headers={"kid": "r"}))
# The public key as a secret: the oldest trick.
import base64, hashlib, hmac
public = rs.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
signed = part({"alg": "HS256", "kid": "r"}) + b"." + part(claims())
print((signed + b"." + base64.urlsafe_b64encode(hmac.new(public, signed, hashlib.sha256).digest()).rstrip(b"=")).decode())
"#;
    let made = Command::new(python).args(["-c", script]).arg(stage.pki.folder()).output();
    let Ok(made) = made else {
        eprintln!("no Python in target/peers: nothing tested");
        return;
    };
    let error = String::from_utf8(made.stderr).unwrap();
    if error.contains("ModuleNotFoundError") {
        eprintln!("no pyjwt in target/peers: nothing tested");
        return;
    }
    assert!(made.status.success(), "{error}");
    let tokens: Vec<String> = String::from_utf8(made.stdout).unwrap().lines().map(str::to_owned).collect();
    let proxy = stage.proxy(
        r#"[stores.identity]
bearer = { jwks = "@PKI@/jwks.json", issuer = "https://id.example.com", audience = "sfumato", algorithms = ["RS256", "ES256", "EdDSA"] }"#,
    );
    let ask = |token: &str| {
        stage
            .curl(
                &proxy,
                "http",
                &["-H", &format!("Authorization: Bearer {token}"), "-H", "X-Remote-User: alice"],
            )
            .0
    };
    let (right, wrong) = tokens.split_at(3);
    for token in right {
        assert_eq!(ask(token), FINE);
    }
    assert_eq!(wrong.len(), 7);
    for token in wrong {
        let out = ask(token);
        assert!(out.contains("bearer-token") && out.ends_with(" 401") && !out.contains("\"ip\""), "{out}");
    }
    assert_eq!(stage.curl(&proxy, "http", &["-H", "X-Remote-User: alice"]).0, COARSE);
}

/// Groups in tokens of a library that others wrote.
#[test]
fn a_group_in_a_token_is_a_member() {
    let Some(stage) = Stage::set() else { return };
    let script = r#"
import json, sys, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
json.dump({"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))]}, open(sys.argv[1] + "/jwks.json", "w"))
for more in ({"groups": ["staff", "analysts"]}, {"groups": "analysts"},
             {}, {"groups": []}, {"groups": ["Analysts"]}, {"groups": ["\u0430nalysts"]}, {"groups": ["analysts2"]}, {"roles": ["analysts"]},
             {"sub": "group:analysts"},
             {"groups": "staff,analysts"}, {"groups": "staff analysts"}, {"groups": {"analysts": 1}}, {"groups": [["analysts"]]},
             {"groups": ["g%d" % i for i in range(300)] + ["analysts"]}, {"_claim_names": {"groups": "src"}}):
    claims = {"iss": "https://id.example.com", "aud": "sfumato", "exp": int(time.time()) + 60, "sub": "dora", **more}
    print(jwt.encode(claims, key, "ES256"))
"#;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let Ok(made) = Command::new(python).args(["-c", script]).arg(stage.pki.folder()).output() else {
        eprintln!("no Python in target/peers: nothing tested");
        return;
    };
    let error = String::from_utf8(made.stderr).unwrap();
    if error.contains("ModuleNotFoundError") {
        eprintln!("no pyjwt in target/peers: nothing tested");
        return;
    }
    assert!(made.status.success(), "{error}");
    let tokens = String::from_utf8(made.stdout).unwrap();
    let tokens: Vec<&str> = tokens.lines().collect();
    let proxy = |more: &str| {
        stage.proxy(&format!(
            "[stores.identity]\nbearer = {{ jwks = \"@PKI@/jwks.json\", issuer = \"https://id.example.com\", \
             audience = \"sfumato\", algorithms = [\"ES256\"]{more} }}"
        ))
    };
    let (with, without) = (proxy(", groups_claim = \"groups\""), proxy(""));
    let ask = |proxy: &Proxy, token: &str| {
        stage.curl(proxy, "http", &["-H", &format!("Authorization: Bearer {token}")]).0
    };
    assert_eq!(tokens.len(), 15);
    for (index, token) in tokens.iter().enumerate() {
        match index {
            0..2 => assert_eq!(ask(&with, token), FINE, "{index}"),
            2..9 => assert_eq!(ask(&with, token), COARSE, "{index}"),
            _ => {
                let out = ask(&with, token);
                assert!(out.contains("bearer-token") && out.ends_with(" 401"), "{index}: {out}");
            }
        }
        assert_eq!(ask(&without, token), COARSE, "{index}");
    }
}

/// Certificates of openssl, with what an authority of employees writes into them.
#[test]
fn what_a_certificate_says_beside_the_name_is_a_member() {
    let Some(stage) = Stage::set() else { return };
    let proxy = |stage: &Stage| {
        let tls = TLS.replace("/ca.pem", "/people.pem");
        stage.proxy(&format!("{tls}\nidentity = {{ certificates = \"accept\" }}"))
    };
    for (file, subject, names, wanted) in [
        ("c1", "/OU=Safety/CN=carol", "", FINE),
        ("c2", "/OU=Support/OU=Safety/CN=carol", "", FINE),
        ("c3", "/CN=carol", "email:carol@example.com", FINE),
        ("c4", "/CN=carol", "URI:spiffe://example.com/tns/carol", FINE),
        (
            "c5",
            "/OU=safety/CN=carol",
            "email:Carol@example.com,URI:spiffe://example.com/support/carol",
            COARSE,
        ),
        ("c6", "/CN=carol", "email:carol@example.com,email:dave@example.com", COARSE),
        ("c7", "/CN=carol/CN=dave", "email:carol@example.com", COARSE),
        ("c8", "/OU=Safety", "email:carol@example.com", COARSE),
        ("c9", "/O=Safety/CN=unit:Safety", "DNS:carol.example.com", COARSE),
    ] {
        if !stage.pki.with_openssl("people", file, subject, names) {
            eprintln!("no openssl here: nothing tested");
            return;
        }
        assert_eq!(stage.with(&proxy(&stage), file).0, wanted, "{subject} {names}");
    }
}

/// Two sets of keys, a token by each, and one that nobody has signed who counts.
fn two_sets(folder: &Path) -> Option<[String; 3]> {
    let script = r#"
import json, sys, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
claims = {"iss": "https://id.example.com", "aud": "sfumato", "exp": int(time.time()) + 600, "sub": "alice"}
for kid in "ab":
    key = ec.generate_private_key(ec.SECP256R1())
    public = dict(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), kid=kid)
    json.dump({"keys": [public]}, open(sys.argv[1] + "/jwks-%s.json" % kid, "w"))
    print(jwt.encode(claims, key, "ES256", headers={"kid": kid}))
print(jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "forged"}))
"#;
    let made = Command::new(python()).args(["-c", script]).arg(folder).output().ok()?;
    let tokens = String::from_utf8(made.stdout).unwrap();
    let tokens: Vec<String> = tokens.lines().map(str::to_owned).collect();
    let tokens = tokens.try_into().ok();
    if tokens.is_none() {
        eprintln!("no pyjwt in target/peers: nothing tested");
    }
    tokens
}

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python")
}

/// The issuer changes its keys while tokens that name any key come in.
#[test]
fn keys_are_fetched_when_they_change_and_seldom() {
    let Some(stage) = Stage::set() else { return };
    let Some([first, second, forged]) = two_sets(stage.pki.folder()) else { return };
    let set = stage.pki.file("set.json");
    let published = set.clone();
    let publish = |name: &str| std::fs::copy(stage.pki.file(name), &set).unwrap();
    let issuer = RawStore::start(move |_, stream| {
        let body = std::fs::read_to_string(&published).unwrap_or_default();
        let status = if body.is_empty() { "500 Broken" } else { "200 OK" };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        let _gone = stream.write_all(format!("{head}{body}").as_bytes());
    });
    let proxy = stage.proxy(&format!(
        "[stores.identity]\nbearer = {{ jwks = {{ url = \"http://{}/keys\" }}, issuer = \"https://id.example.com\", \
         audience = \"sfumato\", algorithms = [\"ES256\"] }}",
        issuer.address
    ));
    let ask = |token: &str| stage.curl(&proxy, "http", &["-H", &format!("Authorization: Bearer {token}")]).0;
    let fetches = || issuer.received().matches("GET /keys").count();
    let answer = ask(&first);
    assert!(answer.contains("issuer-keys") && answer.ends_with(" 503"), "no token is believed yet: {answer}");
    publish("jwks-a.json");
    assert_eq!(ask(&first), FINE);
    publish("jwks-b.json");
    // A flood of forged tokens neither makes us a burden nor keeps the new key away.
    let (before, start) = (fetches(), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| (0..3).for_each(|_| assert!(ask(&forged).contains("bearer-token"))));
        }
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        assert_eq!(ask(&second), FINE);
        assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    });
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(fetches() - before <= seconds + 2, "{} in {seconds} s", fetches() - before);
    assert!(ask(&first).contains("bearer-token"));
    std::fs::remove_file(&set).unwrap();
    assert!(ask(&forged).contains("bearer-token"));
    assert_eq!(ask(&second), FINE, "the last good set is kept");
}

/// An issuer of keys over TLS, whose certificate is of an authority of its own; what it answers stands in the file `mode`.
const ISSUER: &str = r#"
import http.server, ssl, sys, time
folder = sys.argv[1]
class Issuer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mode = open(folder + "/mode").read()
        if mode == "moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        self.send_response(500 if mode == "broken" else 200)
        if mode == "slow":
            self.end_headers()
            try:
                for _ in range(100):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.3)
            except OSError:
                pass
            return
        is_set = mode.startswith("jwks")
        body = open(folder + "/" + (mode if is_set else "jwks-a.json"), "rb").read()
        body += b" " * (300_000 if mode == "large" else 0)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn keys_come_over_tls_or_not_at_all() {
    let Some(stage) = Stage::set() else { return };
    let Some([first, second, forged]) = two_sets(stage.pki.folder()) else { return };
    let mode = |mode: &str| std::fs::write(stage.pki.file("mode"), mode).unwrap();
    mode("broken");
    let mut server = Command::new(python());
    let server = server.args(["-c", ISSUER]).arg(stage.pki.folder()).stdout(Stdio::piped()).spawn();
    let mut server = Ended(server.unwrap());
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = stage.proxy(&format!(
        "[stores.identity]\nbearer = {{ jwks = {{ url = \"https://localhost:{}/keys\", ca = \"@PKI@/ca.pem\" }}, \
         issuer = \"https://id.example.com\", audience = \"sfumato\", algorithms = [\"ES256\"] }}\n\
         [admin]\nlisten = \"{admin}\"\n",
        port.trim()
    ));
    let ask = |token: &str| {
        let start = Instant::now();
        let answer = stage.curl(&proxy, "http", &["-H", &format!("Authorization: Bearer {token}")]).0;
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        answer
    };
    let is_ready = || {
        let url = format!("http://{admin}/readyz");
        let output = Command::new("curl").args(["-s", "-w", " %{http_code}", &url]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.ends_with(" 200") || text.contains("keys of the issuer"), "{text}");
        text.ends_with(" 200")
    };
    for bad in ["broken", "slow", "large", "moved"] {
        mode(bad);
        let answer = ask(&first);
        assert!(answer.contains("issuer-keys") && answer.ends_with(" 503"), "{bad}: {answer}");
        assert!(!is_ready(), "{bad}");
    }
    mode("jwks-a.json");
    assert_eq!(ask(&first), FINE);
    assert!(is_ready());
    mode("jwks-b.json");
    assert_eq!(ask(&second), FINE, "a new key is found when a token names it");
    assert!(ask(&first).ends_with(" 401"));
    // The last good set stays, whatever comes of looking for another one.
    for bad in ["slow", "large", "broken"] {
        mode(bad);
        assert!(ask(&forged).ends_with(" 401"), "{bad}");
        assert_eq!(ask(&second), FINE, "{bad}");
    }
    let reload = |text: &str| {
        std::fs::write(proxy.config(), text).unwrap();
        let loaded = || proxy.log.lock().unwrap().matches("the new policy is in force").count();
        let (before, start) = (loaded(), Instant::now());
        proxy.signal("HUP");
        while loaded() == before {
            assert!(start.elapsed() < Duration::from_secs(10), "{}", proxy.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let policy = std::fs::read_to_string(proxy.config()).unwrap();
    reload(&policy);
    assert!(is_ready(), "the same issuer: its keys are kept");
    assert_eq!(ask(&second), FINE);
    // By another authority it is another issuer.
    mode("jwks-b.json");
    reload(&policy.replace("/ca.pem", "/foreign.pem"));
    assert!(!is_ready());
    assert!(ask(&second).ends_with(" 503"));
    reload(&policy);
    assert_eq!(ask(&second), FINE);
    assert!(is_ready());
}
