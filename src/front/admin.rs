//! The admin listener: liveness, readiness and metrics.
//!
//! Invariant: it shows names of the policy and counts, never a value; it changes nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::drain::Drain;
use super::http as http_front;
use super::metrics::Metrics;
use super::stall::Stalling;
use super::tls::ListenerTls;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 100;

/// For a handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has to be there before clients can be served.
#[derive(Clone, Debug, Default)]
pub struct Ready(pub Arc<[Arc<http_front::Store>]>);

impl Ready {
    /// A store that cannot know anybody yet.
    fn not_yet(&self) -> Option<Arc<str>> {
        let lacks_keys = |store: &&Arc<http_front::Store>| {
            store.rules.load().issuer.as_ref().is_some_and(|issuer| !issuer.has_keys())
        };
        self.0.iter().find(lacks_keys).map(|store| Arc::clone(&store.name))
    }
}

/// Serves until the drain begins, over TLS if there is some at the time.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ArcSwapOption<ListenerTls>>,
    shown: (Arc<Metrics>, Ready),
    mut drain: Drain,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
            () = drain.stopping() => return,
        };
        let (shown, tls) = (shown.clone(), tls.load_full());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, &shown).await,
                Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                    Ok(Ok((stream, _))) => connection(stream, &shown).await,
                    Ok(Err(_)) | Err(_) => tracing::info!("a TLS handshake with the admin listener failed"),
                },
            }
            drop(place);
        });
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(_) => {
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shown: &(Arc<Metrics>, Ready)) {
    let service = service_fn(|request| {
        let answer = answer(&request, shown);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(Stalling::new(stream, PATIENCE)), service);
    if connection.await.is_err() {
        tracing::debug!("an admin connection broke off");
    }
}

fn answer(request: &Request<Incoming>, (metrics, ready): &(Arc<Metrics>, Ready)) -> Response<Full<Bytes>> {
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let not_yet = ready.not_yet();
    let (status, content_type, text) = match request.uri().path() {
        _ if !is_read => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".into()),
        "/readyz" if not_yet.is_some() => {
            let store = not_yet.unwrap_or_default();
            let text = format!("the keys of the issuer of store `{store}` are not here yet\n");
            (StatusCode::SERVICE_UNAVAILABLE, "text/plain", text)
        }
        "/healthz" | "/readyz" => (StatusCode::OK, "text/plain", "ok\n".into()),
        "/metrics" => (StatusCode::OK, OPEN_METRICS, metrics.text()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "/healthz /readyz /metrics\n".into()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
