//! What is read from a certificate that has been verified already: whose it is, and its hash for channel
//! binding.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{Any, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Tag, Tagged as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::policy::{AttributeKind, Member};

/// Whom a client's certificate names: the common name of the subject, if there is exactly one and it is plain text, and
/// the organisational units, e-mail address, URI and DNS names beside it.
///
/// A subject with two names has two readers who take different ones; it has none here. Two e-mail addresses or two URIs are
/// likewise none, while somebody may well belong to two units, or have two DNS names. An attribute that cannot be read could
/// be one by which a role is withheld: the certificate names nobody then.
pub(super) fn client(der: &[u8]) -> Option<Member> {
    let certificate = Certificate::from_der(der).ok()?;
    let certificate = certificate.tbs_certificate();
    let of_subject = |oid: ObjectIdentifier| {
        certificate.subject().iter().filter(move |part| part.oid == oid).map(|part| text_of(&part.value))
    };
    let mut names = of_subject(COMMON_NAME);
    let (Some(name), None) = (names.next(), names.next()) else { return None };
    let units = of_subject(UNIT).map(|unit| Some((AttributeKind::Unit, unit?)));
    // Fails where the extension is malformed, or there twice.
    let alternative = certificate.get_extension::<SubjectAltName>().ok()?;
    let alternative = alternative.iter().flat_map(|(_, names)| &names.0).filter_map(|name| match name {
        GeneralName::Rfc822Name(text) => Some((AttributeKind::Email, text)),
        GeneralName::UniformResourceIdentifier(text) => Some((AttributeKind::Uri, text)),
        GeneralName::DnsName(text) => Some((AttributeKind::Dns, text)),
        _ => None,
    });
    let alternative = alternative.map(|(kind, text)| Some((kind, plain(text.as_str())?)));
    let mut found: Vec<_> = units.chain(alternative).collect::<Option<_>>()?;
    for single in [AttributeKind::Email, AttributeKind::Uri] {
        if found.iter().filter(|(kind, _)| *kind == single).count() > 1 {
            found.retain(|(kind, _)| *kind != single);
        }
    }
    Some(Member { name: name?, attributes: found.into_iter().collect() })
}

fn text_of(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => plain(value.decode_as::<Utf8StringRef<'_>>().ok()?.as_str()),
        Tag::PrintableString => plain(value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str()),
        _ => None,
    }
}

fn plain(text: &str) -> Option<String> {
    let is_plain = !text.is_empty() && !text.chars().any(char::is_control);
    is_plain.then(|| text.to_owned())
}

/// The channel binding `tls-server-end-point` of a server's certificate (RFC 5929 section 4): its hash by the
/// hash of its own signature, SHA-256 in place of MD5 and SHA-1. `None` where the signature has no such hash.
pub(in crate::front) fn server_end_point(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let algorithm = certificate.signature_algorithm().oid;
    let known = SIGNATURES.iter().find(|(oid, _)| *oid == algorithm);
    known.map(|(_, hash)| match hash {
        Hash::Sha256 => Sha256::digest(der).to_vec(),
        Hash::Sha384 => Sha384::digest(der).to_vec(),
        Hash::Sha512 => Sha512::digest(der).to_vec(),
    })
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Signatures that have one hash (RFC 4055, RFC 5758). RSASSA-PSS and EdDSA are not among them.
const SIGNATURES: [(ObjectIdentifier, Hash); 8] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), Hash::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), Hash::Sha512),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), Hash::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), Hash::Sha512),
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    use super::*;
    use crate::policy::MemberPattern;

    fn made(names: &[&str], algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        for name in names {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        let key = KeyPair::generate_for(algorithm).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn one_plain_name_is_an_identity() {
        let made = |names: &[&str]| client(&made(names, &rcgen::PKCS_ECDSA_P256_SHA256));
        let name = |names: &[&str]| made(names).map(|client| client.name);
        assert_eq!(name(&["alice"]).as_deref(), Some("alice"));
        assert_eq!(name(&["Zoë Müller"]).as_deref(), Some("Zoë Müller"));
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[""]), None);
        assert_eq!(name(&["alice\0.example.com"]), None);
        assert_eq!(client(b"0\x03abc"), None);
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let lengths = |algorithm| server_end_point(&made(&["x"], algorithm)).map(|hash| hash.len());
        assert_eq!(lengths(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
        assert_eq!(lengths(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
        assert_eq!(lengths(&rcgen::PKCS_ED25519), None);
    }

    #[test]
    fn what_stands_beside_the_name_has_one_reading() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "alice");
        params.distinguished_name.push(DnType::OrganizationalUnitName, "Support");
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 11]), "EU");
        let ia5 = |text: &str| text.try_into().unwrap();
        let email = |text| SanType::Rfc822Name(ia5(text));
        let uri = |text| SanType::URI(ia5(text));
        let dns = |text| SanType::DnsName(ia5(text));
        let read = |names: Vec<SanType>, unit: Option<DnValue>| {
            let mut params = params.clone();
            params.subject_alt_names = names;
            if let Some(unit) = unit {
                params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 11]), unit);
            }
            client(params.self_signed(&key).unwrap().der())
        };
        let has = |member: &Option<Member>, pattern: &str| {
            let Member { name, attributes } = member.as_ref().unwrap();
            MemberPattern::new(pattern).unwrap().matches(name, attributes)
        };
        let one = read(
            vec![email("alice@example.com"), uri("spiffe://example.com/alice"), dns("a.example.com")],
            None,
        );
        for pattern in
            ["unit:Support", "unit:EU", "email:alice@example.com", "uri:spiffe://*", "dns:a.*", "alice"]
        {
            assert!(has(&one, pattern), "{pattern}");
        }
        for pattern in ["unit:support", "email:alice", "group:Support", "dns:alice@example.com"] {
            assert!(!has(&one, pattern), "{pattern}");
        }
        let two = read(
            vec![
                email("alice@example.com"),
                email("bob@example.com"),
                dns("a.example.com"),
                dns("b.example.com"),
            ],
            None,
        );
        assert!(!has(&two, "email:*") && has(&two, "dns:b.*") && has(&two, "alice"));
        for unread in [DnValue::BmpString("EU".try_into().unwrap()), DnValue::Utf8String("E\0U".into())] {
            assert_eq!(read(vec![], Some(unread)), None);
        }
        assert_eq!(read(vec![email("alice@example.com\0.example.org")], None), None);
    }
}
