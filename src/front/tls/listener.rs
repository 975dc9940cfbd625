//! The side that clients see.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::{client, server_end_point};
use super::{Credentials, TlsError, provider};
use crate::policy::Member;

/// TLS towards clients.
#[derive(Clone)]
pub struct ListenerTls {
    acceptor: TlsAcceptor,
    end_point: Option<Arc<[u8]>>,
}

/// Why a handshake with a client failed, as it is counted and put on record.
pub(in crate::front) fn handshake_fault(error: &io::Error) -> &'static str {
    use rustls::{CertificateError, Error};
    match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented) => "no-certificate",
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "certificate-expired",
        Some(Error::InvalidCertificate(_)) => "certificate-untrusted",
        _ => "tls-handshake",
    }
}

/// What is known of an encrypted line once it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The binding `tls-server-end-point`, where our certificate has one.
    pub end_point: Option<Arc<[u8]>>,
    /// Whom the client's certificate names, if it showed one that our authorities have signed.
    pub client: Option<Member>,
    /// The protocol that both agreed on.
    pub protocol: Option<Vec<u8>>,
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerTls").finish_non_exhaustive()
    }
}

impl ListenerTls {
    /// Shows `own` to clients. With `clients`, certificates signed by these authorities are asked for, and are
    /// required if the second says so. `protocols` are offered by ALPN, the best first.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(
        own: &Credentials,
        clients: Option<(RootCertStore, bool)>,
        protocols: &[&[u8]],
    ) -> Result<Self, TlsError> {
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some((authorities, is_required)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider());
                let verifier = if is_required { verifier } else { verifier.allow_unauthenticated() };
                builder.with_client_cert_verifier(verifier.build().map_err(|_| TlsError::BadCertificate)?)
            }
        };
        let mut config = builder.with_single_cert(own.chain.clone(), own.key.clone_key())?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let end_point = own.chain.first().and_then(|own| server_end_point(own)).map(Arc::from);
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), end_point })
    }

    /// True if clients can bind what they prove to this channel: our certificate has a hash of its own for that.
    #[must_use]
    pub const fn can_be_bound(&self) -> bool {
        self.end_point.is_some()
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// What the socket or TLS says.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<(TlsStream<S>, Channel)> {
        let stream = self.acceptor.accept(stream).await?;
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let channel = Channel {
            end_point: self.end_point.clone(),
            client: certificate.and_then(|certificate| client(certificate)),
            protocol: session.alpn_protocol().map(<[u8]>::to_vec),
        };
        Ok((stream, channel))
    }
}
