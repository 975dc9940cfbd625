//! The policy files that come with the program, and the schema that editors read.

use std::path::Path;

use sfumato::app::config::{self, Config, FileContent, Machine, World};
use zeroize::Zeroizing;

/// The real files, with invented keys.
struct WithKeys;

/// Base64 of 32 times one letter.
const KEYS: [&str; 2] =
    ["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="];

impl World for WithKeys {
    fn read(&self, path: &Path) -> std::io::Result<FileContent> {
        if path.extension().is_some_and(|extension| extension == "key") {
            return Ok(FileContent { bytes: Zeroizing::new(KEYS[0].as_bytes().to_vec()), mode: 0o600 });
        }
        Machine.read(path)
    }

    fn variable(&self, _: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(KEYS[1].to_owned()))
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"))
}

#[test]
fn every_policy_that_we_ship_is_right_and_has_no_findings() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let loaded = Config::load(&path, &WithKeys);
            let report = match &loaded {
                Ok(config) => sfumato::app::lint(config),
                Err(config::LoadError::Invalid(report)) => report.clone(),
                Err(other) => panic!("{other}"),
            };
            let bad = report.problems().iter().filter(|problem| problem.severity != config::Severity::Note);
            let bad: Vec<&str> = bad.map(|problem| problem.message.as_str()).collect();
            assert!(bad.is_empty(), "{}: {bad:#?}", path.display());
        }
    }
}

/// A key that is in the schema is in the reference, so that nobody has to read the schema.
#[test]
fn the_reference_has_every_key() {
    let schema: serde_json::Value = serde_json::from_str(&config::schema()).unwrap();
    let reference = std::fs::read_to_string(folder().join("reference.toml")).unwrap();
    let tables = std::iter::once(&schema).chain(schema["$defs"].as_object().unwrap().values());
    let keys = tables.filter_map(|table| table["properties"].as_object()).flat_map(|table| table.keys());
    let missing: Vec<&String> = keys.filter(|key| !reference.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are not in config/reference.toml");
}

/// `UPDATE=1 cargo test --test config` writes the file anew.
#[test]
fn the_schema_is_current() {
    let path = folder().join("schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, config::schema()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == config::schema(), "{} is not current: run the tests with UPDATE=1", path.display());
}

#[test]
fn lines_and_names_that_are_worth_little_are_found() {
    let found = |listen: &str, more: &str| {
        let text = format!(
            "[[stores]]\nname = \"a\"\nprotocol = \"http\"\nlisten = \"{listen}\"\nupstream = \"http://127.0.0.1:9\"\n{more}\n\
             [stores.fields]\n\"$.ip\" = \"suppress\"\n[[stores.routes]]\npath = \"/\"\n\
             [[roles]]\nname = \"r\"\nmembers = [\"x\"]\n[roles.fields.a]\n\"$.ip\" = \"scrub\"\n"
        );
        let source = config::Source { name: "test".into(), text };
        let config = Config::parse(&source, Path::new(""), &Machine).unwrap();
        let report = sfumato::app::lint(&config);
        let messages = report.problems().iter().map(|problem| problem.message.clone());
        messages.filter(|message| message.starts_with("store ")).collect::<Vec<_>>()
    };
    let header = |from: &str| format!("identity = {{ header = \"X-User\", from = [\"{from}\"] }}");
    assert!(found("127.0.0.1:0", &header("10.0.0.0/8")).is_empty());
    for (listen, more, wanted) in [
        ("0.0.0.0:0", header("10.0.0.0/8"), "store `a` takes plain connections from other machines"),
        ("127.0.0.1:0", header("::/0"), "store `a` believes a header of anybody"),
        ("127.0.0.1:0", String::new(), "store `a` has fields for roles, and nobody there has a name"),
    ] {
        assert_eq!(found(listen, &more), [wanted]);
    }
}

/// Clients that insist on channel binding cannot come in where the certificate has no hash for it.
#[test]
fn a_certificate_without_a_binding_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    write(
        "passwd",
        "a SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    );
    let found = |algorithm: &'static rcgen::SignatureAlgorithm| {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let params = rcgen::CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        write("own.pem", &params.self_signed(&key).unwrap().pem());
        write("own.key", &key.serialize_pem());
        let text = "[[stores]]\nname = \"a\"\nprotocol = \"postgres\"\nlisten = \"127.0.0.1:0\"\nupstream = \"127.0.0.1:9\"\n\
                    tls = { certificate = \"own.pem\", key = \"own.key\" }\n\
                    login = { verifiers = \"passwd\", service = { user = \"s\" } }\n\
                    [stores.fields]\n\"public.t.c\" = \"suppress\"\n";
        let source = config::Source { name: "test".into(), text: text.to_owned() };
        let config = Config::parse(&source, folder.path(), &Machine).unwrap();
        sfumato::app::lint(&config)
            .problems()
            .iter()
            .any(|problem| problem.message.contains("channel binding"))
    };
    assert!(found(&rcgen::PKCS_ED25519));
    assert!(!found(&rcgen::PKCS_ECDSA_P256_SHA256));
}
