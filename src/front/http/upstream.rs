//! The way to an HTTP store: pooled connections, HTTP/1.1 or HTTP/2, plain or TLS.

use std::error::Error as _;
use std::time::Duration;

use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::minimised::{Cut, Outgoing};
use crate::body::Fault;
use crate::front::tls::StoreTls;
use crate::session::http::Refusal;

/// A pool of connections to one store.
#[derive(Clone, Debug)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
    client: Client<HttpsConnector<HttpConnector>, Outgoing>,
}

/// The way to the store cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The URL has no scheme or no authority.
    #[error("the upstream is not a URL with a scheme and an authority")]
    NotAUrl,
    /// The system's certificate roots cannot be read.
    #[error("the system's certificate roots cannot be read: {0}")]
    Roots(std::io::Error),
}

impl Upstream {
    /// A pool for `url` (scheme and authority), whose server is known by `tls`, or by the system's authorities. `https` agrees on HTTP/2 or HTTP/1.1 by ALPN; `h2c` speaks
    /// HTTP/2 without TLS from the first byte (RFC 9113 section 3.3).
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn new(url: &Uri, tls: Option<&StoreTls>, connect_timeout: Duration) -> Result<Self, UpstreamError> {
        let (Some(scheme), Some(authority)) = (url.scheme().cloned(), url.authority().cloned()) else {
            return Err(UpstreamError::NotAUrl);
        };
        let is_h2c = scheme.as_str() == "h2c";
        let scheme = if is_h2c { Scheme::HTTP } else { scheme };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        let builder = HttpsConnectorBuilder::new();
        let builder = if let Some(tls) = tls {
            builder.with_tls_config(tls.config())
        } else if scheme == Scheme::HTTPS {
            builder.with_native_roots().map_err(UpstreamError::Roots)?
        } else {
            let roots = rustls::RootCertStore::empty();
            let provider = rustls::crypto::ring::default_provider();
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(|error| UpstreamError::Roots(std::io::Error::other(error)))?
                .with_root_certificates(roots)
                .with_no_client_auth();
            builder.with_tls_config(config)
        };
        let builder =
            if url.scheme() == Some(&Scheme::HTTPS) { builder.https_only() } else { builder.https_or_http() };
        let builder = match tls {
            Some(tls) => builder.with_server_name_resolver(FixedServerNameResolver::new(tls.name().clone())),
            None => builder,
        };
        let connector = builder.enable_http1().enable_http2().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .http2_only(is_h2c)
            .http1_max_buf_size(256 * 1024)
            .build(connector);
        Ok(Self { scheme, authority, client })
    }

    /// The URL for a path and query that the gate printed.
    #[must_use]
    pub fn uri(&self, target: &str) -> Option<Uri> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn request(&self, request: Request<Outgoing>) -> Result<Response<Incoming>, SendError> {
        self.client.request(request).await.map_err(|error| {
            let mut cause = error.source();
            while let Some(inner) = cause {
                if let Some(cut) = inner.downcast_ref::<Cut>() {
                    return SendError::from(cut);
                }
                cause = inner.source();
            }
            if error.is_connect() { SendError::Unreachable } else { SendError::Broken }
        })
    }
}

/// Why there is no head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// No connection.
    Unreachable,
    /// The store broke off or did not speak HTTP.
    Broken,
    /// The request body was refused by its pipeline, for this reason.
    Refused(Fault),
    /// The request body is longer than allowed.
    TooLong,
    /// The client broke off or was silent while sending its body.
    Client,
}

impl From<&Cut> for SendError {
    fn from(cut: &Cut) -> Self {
        match cut {
            Cut::Refused(error) => Self::Refused(error.fault),
            Cut::TooLong => Self::TooLong,
            Cut::Broken | Cut::Silent | Cut::Unrecorded => Self::Client,
        }
    }
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unreachable => Self::StoreUnreachable,
            SendError::Broken => Self::StoreBroken,
            SendError::Refused(what) => Self::MalformedRequestBody(what),
            SendError::TooLong => Self::RequestTooLong,
            SendError::Client => Self::ClientBroken,
        }
    }
}
