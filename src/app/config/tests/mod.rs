//! Files that are wrong in many ways at once, and what is said of them.

use std::io;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::front::audit::{Fsync, OnFailure};
use crate::kernel::Treatment;
use crate::policy::{ColumnRule, Rule};

/// Base64 of 32 times the letter `A`, and of 32 times `B`.
const KEY_A: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n";
const KEY_B: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n";

/// A machine of files (path, mode, content) and variables.
struct Invented(Vec<(&'static str, u32, &'static str)>, Vec<(&'static str, &'static str)>);

impl World for Invented {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        let found = self.0.iter().find(|(name, _, _)| Path::new(name) == path);
        let (_, mode, text) = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(FileContent { bytes: Zeroizing::new(text.as_bytes().to_vec()), mode: *mode })
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let found = self.1.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| Zeroizing::new((*value).to_owned()))
    }
}

fn machine() -> Invented {
    let files = vec![
        ("/etc/sfumato/a.key", 0o600, KEY_A),
        ("/etc/sfumato/read-only.key", 0o400, KEY_B),
        ("/etc/sfumato/twin.key", 0o600, KEY_A),
        ("/etc/sfumato/open.key", 0o644, KEY_A),
        ("/etc/sfumato/short.key", 0o600, "QUFB\n"),
    ];
    Invented(files, vec![("SFUMATO_KEY", KEY_B)])
}

fn parse(text: &str) -> Result<Config, Report> {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    Config::parse(&source, Path::new("/etc/sfumato"), &machine())
}

/// `LINE:COLUMN message` of every problem.
fn problems(text: &str) -> Vec<String> {
    let Err(report) = parse(text) else { return Vec::new() };
    let shown = report.problems().iter().map(|problem| {
        let place = report.place(problem).map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        format!("{place} {}", problem.message)
    });
    shown.collect()
}

const STORE: &str = r#"
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:9000"
"#;

#[test]
fn the_example_of_the_manual_is_right() {
    let config = parse(include_str!("manual.toml")).unwrap();
    let StoreKind::Postgres(app) = &config.stores[0].kind else { panic!("a postgres store") };
    let plans = app.plans.of(None);
    let Some(ColumnRule::Scalar(ip)) = plans.column("any", "public", "logins", "ip") else {
        panic!("a rule")
    };
    assert_eq!((&*ip.treatment_name, &ip.rule), ("coarse-ip", &Rule::Fields));
    assert!(matches!(plans.column("any", "public", "logins", "fix"), Some(ColumnRule::Composite(_))));
    assert!(matches!(plans.column("any", "public", "logins", "payload"), Some(ColumnRule::Json(_))));
    assert!(plans.column("any", "public", "logins", "country").is_none());
    assert_eq!(plans.table("any", "public", "users").len(), 2);
    let plans = app.plans.of(Some("trust-and-safety"));
    let Some(ColumnRule::Scalar(ip)) = plans.column("any", "public", "logins", "ip") else {
        panic!("a rule")
    };
    assert_eq!(&*ip.treatment_name, "truncate /24 /48");
    assert_eq!(app.upstream, PostgresUpstream::Tcp { host: "127.0.0.1".to_owned(), port: 5432 });

    let StoreKind::Http(events) = &config.stores[1].kind else { panic!("an http store") };
    let found = events.plans.of(None).find("GET", "/v1/logins/42").unwrap();
    assert_eq!(found.plan.params.len(), 3);
    let body = &found.plan.document.body;
    let ip = body.ruling(body.member(body.element(body.root(), 3), b"ip")).unwrap();
    assert!(matches!(*ip.treatment, Treatment::Truncate(_)));
    assert_eq!(&*body.unlisted().treatment_name, "scrub");
    assert_eq!(config.admin.map(|admin| admin.listen), Some("127.0.0.1:9464".parse().unwrap()));
    let audit = config.audit.unwrap();
    assert_eq!(audit.file, Path::new("/etc/sfumato/audit.jsonl"));
    assert_eq!(audit.fsync, Fsync::Interval(Duration::from_secs(1)));
    assert_eq!(audit.on_failure, OnFailure::Refuse);
    assert_eq!(config.mac_keys.len(), 1);
}

#[test]
fn one_mistake_never_hides_another() {
    let found = problems(include_str!("wrong.toml"));
    let wanted: Vec<&str> = include_str!("wrong.txt").lines().collect();
    assert_eq!(found, wanted, "\n{}", found.join("\n"));
}

#[test]
fn keys_are_private_whole_and_different() {
    let ring = |entries: &str| format!("keys.current = \"a\"\n[keys.ring]\n{entries}\n{STORE}");
    assert!(problems(&ring("a = { file = \"a.key\" }\nb = { file = \"read-only.key\" }")).is_empty());
    assert!(problems(&ring("a = { env = \"SFUMATO_KEY\" }")).is_empty());
    let cases = [
        (
            "a = { file = \"none.key\" }",
            "3:14 the key file `/etc/sfumato/none.key` cannot be read: entity not found",
        ),
        ("a = { file = \"open.key\" }", "3:14 the key file `/etc/sfumato/open.key` has mode 0644"),
        ("a = { file = \"short.key\" }", "3:14 a key is the base64 text of 32 bytes"),
        ("a = { env = \"NOWHERE\" }", "3:13 the environment variable `NOWHERE` is not set"),
        (
            "a = { file = \"a.key\" }\nb = { file = \"twin.key\" }",
            "4:1 epoch `b` has the same key as epoch `a`",
        ),
        ("a = {}", "3:1 a key is in a `file` or in an `env` variable, one of the two"),
        ("b = { file = \"a.key\" }", "1:16 the current epoch `a` is not in the ring"),
    ];
    for (entries, wanted) in cases {
        assert_eq!(problems(&ring(entries)), [wanted], "{entries}");
    }
}

#[test]
fn a_treatment_that_needs_a_key_says_so_where_there_is_none() {
    let text = format!("{STORE}[stores.fields]\n\"$.id\" = {{ tokenize = {{ domain = \"person\" }} }}\n");
    assert_eq!(problems(&text), ["8:10 this treatment needs a key, and the file has no `[keys]`"]);
}

#[test]
fn numbers_and_defaults_go_from_file_to_store() {
    let text = format!("[timeouts]\nidle_timeout_ms = 7\n{STORE}timeouts = {{ header_timeout_ms = 9 }}\n");
    let store = &parse(&text).unwrap().stores[0];
    let wanted = Timeouts { idle_timeout_ms: 7, header_timeout_ms: 9, ..Timeouts::default() };
    assert_eq!((store.timeouts, store.limits), (wanted, Limits::default()));
}

#[test]
fn paths_that_multiply_are_refused_by_name() {
    let text = format!("{STORE}[stores.fields]\n\"$..a{}\" = \"pass\"\n", ".*".repeat(20));
    let found = problems(&text);
    assert!(found[0].contains("together need more states than a plan may have"), "{found:?}");
}

#[test]
fn tls_is_right_or_says_all_that_is_wrong() {
    let pki = |key: &rcgen::KeyPair| {
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.self_signed(key).unwrap().pem()
    };
    let (one, two) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let files: &'static [(&str, u32, String)] = Box::leak(Box::new([
        ("/etc/sfumato/one.pem", 0o644, pki(&one)),
        ("/etc/sfumato/one.key", 0o600, one.serialize_pem()),
        ("/etc/sfumato/two.key", 0o600, two.serialize_pem()),
        ("/etc/sfumato/open.key", 0o644, one.serialize_pem()),
        ("/etc/sfumato/text.pem", 0o644, "no certificate\n".to_owned()),
        ("/etc/sfumato/cut.pem", 0o644, pki(&one).get(..80).unwrap_or_default().to_owned()),
    ]));
    let world =
        Invented(files.iter().map(|(name, mode, text)| (*name, *mode, text.as_str())).collect(), vec![]);
    let found = |tls: &str| {
        let source = Source { name: "test.toml".to_owned(), text: format!("{STORE}{tls}\n") };
        match Config::parse(&source, Path::new("/etc/sfumato"), &world) {
            Ok(_) => Vec::new(),
            Err(report) => report.problems().iter().map(|it| format!("{}: {}", it.key, it.message)).collect(),
        }
    };
    let cases: &[(&str, &[&str])] = &[
        ("tls = { certificate = \"one.pem\", key = \"one.key\" }", &[]),
        (
            "tls = { certificate = \"one.pem\", key = \"one.key\", client_ca = \"one.pem\", clients = \"ask\" }",
            &[],
        ),
        (
            "tls = { certificate = \"one.pem\", key = \"two.key\" }",
            &["stores[0].tls.key: the key is not that of the first certificate"],
        ),
        (
            "tls = { certificate = \"text.pem\", key = \"open.key\", client_ca = \"cut.pem\", clients = \"ask\" }",
            &[
                "stores[0].tls.key: the file `/etc/sfumato/open.key` has mode 0644",
                "stores[0].tls.client_ca: this is no PEM text",
            ],
        ),
        (
            "tls = { certificate = \"text.pem\", key = \"one.pem\" }",
            &["stores[0].tls.key: the file `/etc/sfumato/one.pem` has mode 0644"],
        ),
        (
            "tls = { certificate = \"text.pem\", key = \"one.key\", clients = \"ask\" }",
            &[
                "stores[0].tls.certificate: there is no certificate in it",
                "stores[0].tls.clients: `clients` speaks of certificates, and there is no `client_ca`",
            ],
        ),
        (
            "tls = { mode = \"allow\", certificate = \"one.pem\", key = \"one.key\" }",
            &["stores[0].tls: an http listener speaks either TLS or not"],
        ),
        (
            "upstream_tls = { ca = \"one.pem\", pin = \"12:34\", key = \"one.key\" }",
            &[
                "stores[0].upstream_tls: `upstream_tls` is for stores that are reached by `https://`",
                "stores[0].upstream_tls.ca: a pinned certificate is known by itself, and this would not be looked at",
                "stores[0].upstream_tls.pin: a pin is the SHA-256 of a certificate: 64 hexadecimal digits",
                "stores[0].upstream_tls.key: `certificate` and `key` go together",
            ],
        ),
    ];
    for (tls, wanted) in cases {
        assert_eq!(found(tls), *wanted, "{tls}");
    }
}

#[test]
fn logins_have_somebody_who_can_log_in() {
    const VERIFIER: &str = "SCRAM-SHA-256$4096:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let people: &'static str = Box::leak(format!("alice {VERIFIER}\n").into_boxed_str());
    let world = Invented(
        vec![
            ("/etc/sfumato/people", 0o600, people),
            ("/etc/sfumato/open", 0o644, people),
            ("/etc/sfumato/broken", 0o600, "alice\n"),
            ("/etc/sfumato/word", 0o600, "hushhush\n"),
        ],
        vec![("SERVICE", "hushhush")],
    );
    let parse = |login: &str| {
        let store = "[[stores]]\nname = \"app\"\nprotocol = \"postgres\"\nlisten = \"127.0.0.1:0\"\nupstream = \"127.0.0.1:5432\"\n";
        let source =
            Source { name: "test.toml".to_owned(), text: format!("{store}[stores.login]\n{login}\n") };
        Config::parse(&source, Path::new("/etc/sfumato"), &world)
    };
    let right =
        parse("verifiers = \"people\"\nservice = { user = \"proxy\", password = { file = \"word\" } }")
            .unwrap();
    let shown = format!("{right:?}");
    assert!(!shown.contains("hushhush") && !shown.contains("alice"), "{shown}");
    let cases: &[(&str, &[&str])] = &[
        ("verifiers = \"people\"\nservice = { user = \"proxy\", password = { env = \"SERVICE\" } }", &[]),
        ("verifiers = \"people\"\nservice = { user = \"proxy\" }", &[]),
        (
            "service = { user = \"proxy\", password = { env = \"NOWHERE\" } }",
            &[
                "nobody can log in: there are no `verifiers`, and no `certificates` are accepted",
                "the environment variable `NOWHERE` is not set",
            ],
        ),
        (
            "verifiers = \"open\"\ncertificates = \"accept\"\nservice = { user = \"\", password = {} }",
            &[
                "the file `/etc/sfumato/open` has mode 0644",
                "certificates are proof of nothing where no authority vouches for them",
                "a password is in a `file` or in an `env` variable, one of the two",
                "a database user has a name of at most 63 bytes",
            ],
        ),
        (
            "verifiers = \"broken\"\nservice = { user = \"proxy\" }",
            &[
                "the file `/etc/sfumato/broken` has no verifiers that can be used: line 1 is no name with a SCRAM-SHA-256 verifier",
            ],
        ),
    ];
    for (login, wanted) in cases {
        let found: Vec<String> = match parse(login) {
            Ok(_) => Vec::new(),
            Err(report) => report.problems().iter().map(|problem| problem.message.clone()).collect(),
        };
        assert_eq!(found, *wanted, "{login}");
    }
}

#[test]
fn no_key_shows_in_what_is_printed() {
    let config = parse(include_str!("manual.toml")).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("QUFB") && !shown.contains("AAAA") && !shown.contains("65, 65"));
}

#[test]
fn a_file_that_breaks_off_is_an_error_and_never_a_panic() {
    let whole = include_str!("manual.toml");
    for text in (0..whole.len()).step_by(5).filter_map(|end| whole.get(..end)) {
        // A cut between two lines can leave a whole policy.
        let _right_or_wrong = parse(text);
    }
    assert_eq!(problems("stores = 3"), ["1:10 this is an integer, and an array is wanted"]);
    assert_eq!(problems(""), ["- the file names no store"]);
}
