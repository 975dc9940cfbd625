//! TLS 1.2 and 1.3 on both sides, by rustls with its default ciphers.
//!
//! Invariant: an error here shows nothing of a key. A store that was asked for TLS and does not speak it is not
//! spoken to.
//! Not here: reading files and the words of the configuration (`app`), and who may come in (`session`).

mod certificate;
mod listener;
mod store;

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(super) use certificate::server_end_point;
pub(super) use listener::handshake_fault;
pub use listener::{Channel, ListenerTls};
pub use store::{PIN_BYTES, StoreTls, StoreTlsParts};

/// Why there is no TLS to be had from what was given.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is not PEM, or breaks off.
    #[error("this is no PEM text")]
    NotPem,
    /// The text has no certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// The text has no private key.
    #[error("there is no private key in it")]
    NoKey,
    /// A certificate is none.
    #[error("a certificate in it cannot be read")]
    BadCertificate,
    /// The key belongs to another certificate.
    #[error("the key is not that of the first certificate")]
    WrongKey,
    /// The name of a store is neither a DNS name nor an address.
    #[error("this is neither a DNS name nor an address")]
    BadName,
    /// The system's roots cannot be read.
    #[error("the system's certificate roots cannot be read")]
    NoRoots,
    /// What else rustls says.
    #[error("{0}")]
    Other(rustls::Error),
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::WrongKey,
            rustls::Error::InvalidCertificate(_) => Self::BadCertificate,
            other => Self::Other(other),
        }
    }
}

/// A certificate with its key: what one shows of oneself.
pub struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for Credentials {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Credentials {
    /// Takes a chain, its own certificate first, and the key of that, both as PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let credentials = Self { chain: certificates(chain)?, key: private_key(key)? };
        // It is said here whether the two belong together, and not when the first client comes.
        rustls::sign::CertifiedKey::from_der(
            credentials.chain.clone(),
            credentials.key.clone_key(),
            &provider(),
        )?;
        Ok(credentials)
    }
}

/// All certificates of a PEM text.
///
/// # Errors
/// [`TlsError`]; also where there is none.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| TlsError::NotPem)?;
    if found.is_empty() { Err(TlsError::NoCertificate) } else { Ok(found) }
}

/// The first private key of a PEM text: PKCS#8, PKCS#1 or SEC1.
///
/// # Errors
/// [`TlsError`].
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => TlsError::NoKey,
        _ => TlsError::NotPem,
    })
}

/// The authorities of a PEM text.
///
/// # Errors
/// [`TlsError`].
pub fn authorities(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|_| TlsError::BadCertificate)?;
    }
    Ok(roots)
}

/// The authorities that the system trusts.
///
/// # Errors
/// [`TlsError::NoRoots`] if there is none.
pub fn system_authorities() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Some that cannot be read leave the others good.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
