//! What is read from a certificate that has been verified already: whose it is, and its hash for channel
//! binding.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{Any, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Tag, Tagged as _};

/// The common name of the subject, if there is exactly one and it is plain text.
///
/// A subject with two names has two readers who take different ones; it has none here.
pub(super) fn common_name(der: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(der).ok()?;
    let is_name = |oid: &ObjectIdentifier| *oid == COMMON_NAME;
    let mut names = certificate.tbs_certificate().subject().iter().filter(|part| is_name(&part.oid));
    let (Some(name), None) = (names.next(), names.next()) else { return None };
    let text = text_of(&name.value)?;
    let is_plain = !text.is_empty() && !text.chars().any(char::is_control);
    is_plain.then(|| text.to_owned())
}

fn text_of(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.as_str()),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.as_str()),
        _ => None,
    }
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
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

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
        let name = |names: &[&str]| common_name(&made(names, &rcgen::PKCS_ECDSA_P256_SHA256));
        assert_eq!(name(&["alice"]).as_deref(), Some("alice"));
        assert_eq!(name(&["Zoë Müller"]).as_deref(), Some("Zoë Müller"));
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[""]), None);
        assert_eq!(name(&["alice\0.example.com"]), None);
        assert_eq!(common_name(b"0\x03abc"), None);
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let lengths = |algorithm| server_end_point(&made(&["x"], algorithm)).map(|hash| hash.len());
        assert_eq!(lengths(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
        assert_eq!(lengths(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
        assert_eq!(lengths(&rcgen::PKCS_ED25519), None);
    }
}
