//! The side that stores see.
//!
//! Invariant: the store's certificate is verified, against authorities and its name, or against the hash of the
//! one that was pinned. There is no third way.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Credentials, TlsError, provider};

/// How long a pin is: SHA-256.
pub const PIN_BYTES: usize = 32;

/// TLS towards a store.
#[derive(Clone)]
pub struct StoreTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// By what a store is known, and what it is shown.
pub struct StoreTlsParts<'a> {
    /// The authorities that may vouch for it.
    pub authorities: RootCertStore,
    /// SHA-256 of its certificate in DER; it stands in place of authorities and name.
    pub pin: Option<[u8; PIN_BYTES]>,
    /// What its certificate must be made out to.
    pub name: &'a str,
    /// What it is shown of us, if it asks.
    pub own: Option<Credentials>,
    /// Offered by ALPN, the best first.
    pub protocols: &'a [&'a [u8]],
}

impl fmt::Debug for StoreTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreTls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl StoreTls {
    /// Takes the parts.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(parts: StoreTlsParts<'_>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(parts.name.to_owned()).map_err(|_| TlsError::BadName)?;
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match parts.pin {
            None => builder.with_root_certificates(parts.authorities),
            Some(pin) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned { pin, provider: provider() })),
        };
        let mut config = match parts.own {
            None => builder.with_no_client_auth(),
            Some(own) => builder.with_client_auth_cert(own.chain, own.key)?,
        };
        config.alpn_protocols = parts.protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Self { config: Arc::new(config), name })
    }

    /// The configuration, for a client that does its own handshakes.
    #[must_use]
    pub fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.config)
    }

    /// What the store's certificate must be made out to.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Shakes hands with a store.
    ///
    /// # Errors
    /// What the socket or TLS says.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
    }
}

/// Knows a store by one certificate and by nothing else.
#[derive(Debug)]
struct Pinned {
    pin: [u8; PIN_BYTES],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_it: bool = Sha256::digest(certificate).as_slice().ct_eq(&self.pin).into();
        if is_it {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
