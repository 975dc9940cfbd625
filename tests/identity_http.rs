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

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

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
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: public, max-age=60\r\nContent-Length: {}\r\n\r\n",
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
    assert_eq!(ask(&near, &[]), COARSE);
    assert_eq!(ask(&far, &[]), COARSE);
    for (proxy, lines, reason) in [
        (&far, &["X-Remote-User: alice"][..], "forged-identity"),
        (&far, &["X-Remote-User: alice", "X-Forwarded-For: 10.0.0.1"], "forged-identity"),
        (&near, &["X-Remote-User: alice", "X-Remote-User: bob"], "ambiguous-identity"),
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

/// The issuer changes its keys while tokens that name any key come in.
#[test]
fn keys_are_fetched_when_they_change_and_seldom() {
    let Some(stage) = Stage::set() else { return };
    let script = r#"
import json, sys, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
claims = {"iss": "https://id.example.com", "aud": "sfumato", "exp": int(time.time()) + 60, "sub": "alice"}
for kid in "ab":
    key = ec.generate_private_key(ec.SECP256R1())
    public = dict(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), kid=kid)
    json.dump({"keys": [public]}, open(sys.argv[1] + "/jwks-%s.json" % kid, "w"))
    print(jwt.encode(claims, key, "ES256", headers={"kid": kid}))
print(jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "forged"}))
"#;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let Ok(made) = Command::new(python).args(["-c", script]).arg(stage.pki.folder()).output() else {
        eprintln!("no Python in target/peers: nothing tested");
        return;
    };
    let tokens = String::from_utf8(made.stdout).unwrap();
    let [first, second, forged] = tokens.lines().collect::<Vec<_>>()[..] else {
        eprintln!("no pyjwt in target/peers: nothing tested");
        return;
    };
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
    assert!(ask(first).contains("bearer-token"), "nothing is believed before there are keys");
    publish("jwks-a.json");
    std::thread::sleep(Duration::from_secs(11));
    assert_eq!(ask(first), FINE);
    publish("jwks-b.json");
    for _ in 0..20 {
        assert!(ask(forged).contains("bearer-token"));
    }
    assert_eq!(fetches(), 2, "forged tokens do not make us ask more often");
    std::thread::sleep(Duration::from_secs(11));
    assert_eq!(ask(second), FINE);
    assert!(ask(first).contains("bearer-token"));
    assert_eq!(fetches(), 3);
    std::fs::remove_file(&set).unwrap();
    std::thread::sleep(Duration::from_secs(11));
    assert!(ask(forged).contains("bearer-token"));
    assert_eq!((ask(second).as_str(), fetches()), (FINE, 4), "the last good set is kept");
}
