//! Certificates made for one test: an authority, servers, people, and what is wrong with some of them.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// A folder of certificates (`NAME.pem`) and keys (`NAME.key`).
pub struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    /// An authority `ca` that has signed `server` (for localhost and 127.0.0.1), `elsewhere` (for other.example.com), `alice`,
    /// and `expired` (which was alice's); and an authority `foreign` that has signed `mallory`, who says that she is alice.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pki = Self { folder };
        let (ca, foreign) = (pki.authority("ca"), pki.authority("foreign"));
        let server = ExtendedKeyUsagePurpose::ServerAuth;
        pki.signed("server", "db", &["localhost", "127.0.0.1"], &ca, |params| {
            params.extended_key_usages = vec![server];
        });
        pki.signed("elsewhere", "db", &["other.example.com"], &ca, |_| {});
        pki.signed("stranger", "db", &["localhost", "127.0.0.1"], &foreign, |_| {});
        pki.signed("alice", "alice", &[], &ca, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        pki.signed("bob", "bob", &[], &ca, |_| {});
        pki.signed("oncall", "oncall-7", &[], &ca, |_| {});
        pki.signed("expired", "alice", &[], &ca, |params| params.not_after = date_time_ymd(2024, 1, 1));
        pki.signed("two", "alice", &[], &ca, |params| {
            // The same attribute, once more: rcgen keeps one of each type that it knows by name.
            params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "bob");
        });
        pki.signed("mallory", "alice", &[], &foreign, |_| {});
        pki
    }

    /// The file of that name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same, as a text.
    pub fn path(&self, name: &str) -> String {
        self.file(name).to_string_lossy().into_owned()
    }

    /// Puts another text into a file.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        std::fs::write(&file, text).expect("a file");
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, mode).expect("a mode");
    }

    /// `@PKI@` in a policy stands for the folder.
    pub fn fill(&self, policy: &str) -> String {
        policy.replace("@PKI@", &self.folder.path().to_string_lossy())
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A certificate for clients made by openssl, signed by an authority of the same make; false if there is no openssl.
    pub fn with_openssl(&self, authority: &str, file: &str, subject: &str, names: &str) -> bool {
        let openssl = |arguments: &[&str]| {
            let output = std::process::Command::new("openssl").args(arguments).output().ok()?;
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(())
        };
        let path = |suffix: &str| self.path(&format!("{file}{suffix}"));
        let (ca, ca_key) = (self.path(&format!("{authority}.pem")), self.path(&format!("{authority}.key")));
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let make = || {
            if !self.file(&format!("{authority}.pem")).exists() {
                let own = ["-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", &ca_key, "-out", &ca];
                openssl(&[&["req"], &key[..], &own].concat())?;
            }
            let own = ["-subj", subject, "-keyout", &path(".key"), "-out", &path(".csr")];
            openssl(&[&["req"], &key[..], &own].concat())?;
            let more = if names.is_empty() { String::new() } else { format!("subjectAltName={names}\n") };
            self.write(&format!("{file}.ext"), &format!("extendedKeyUsage=clientAuth\n{more}"));
            let (csr, pem, ext) = (path(".csr"), path(".pem"), path(".ext"));
            let sign = ["x509", "-req", "-days", "2", "-in", &csr, "-out", &pem, "-extfile", &ext];
            openssl(&[&sign[..], &["-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"]].concat())
        };
        make().is_some()
    }

    fn authority(&self, name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        self.write(&format!("{name}.pem"), &issuer.pem());
        issuer
    }

    fn signed(
        &self,
        file: &str,
        common_name: &str,
        hosts: &[&str],
        issuer: &CertifiedIssuer<'static, KeyPair>,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("names");
        params.distinguished_name = named(common_name);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, issuer).expect("a certificate");
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
