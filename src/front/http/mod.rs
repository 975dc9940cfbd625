//! HTTP between clients, a [`Gate`] and a store, over hyper.
//!
//! Invariant: every answer is one of the gate's, or a refusal. Lengths, chunking and connection headers are
//! hyper's own on both sides, so that no framing of one side reaches the other.

mod arrival;
mod issuer;
mod minimised;
mod on_record;
mod upstream;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

pub use issuer::{Issuer, KeySource};
pub use minimised::{Cut, Minimised, Outgoing, Timed};
pub use on_record::Recorded;
pub use upstream::{Upstream, UpstreamError};

use arrival::{Arrival, Caller};
use on_record::OnRecord;

use super::allowance::{Allowances, Permit};
use super::audit::AuditLog;
use super::door::Door;
use super::drain::Drain;
use super::metrics::StoreMetrics;
use super::stall::Stalling;
use super::tls::{ListenerTls, handshake_fault};
use super::turned_away::{INTERVAL, TurnedAway};
use super::workers::Workers;
use crate::body::{BodyError, Fault, Tally};
use crate::policy::Member;
use crate::session::http::{AnswerRules, BodyAction, Gate, Gates, Refusal};

/// How long and how much.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The head of a request, in all.
    pub max_header_bytes: usize,
    /// A body of either side, as it comes.
    pub max_body_bytes: u64,
    /// From a client's connection until it has asked something that it may ask, TLS and all.
    pub login_timeout: Duration,
    /// A client sending a head, or idle between two requests.
    pub header_timeout: Duration,
    /// A store until its head, and between two pieces of a body of either side.
    pub upstream_timeout: Duration,
    /// A client that takes no byte.
    pub write_timeout: Duration,
}

/// One store, ready to serve.
#[derive(Debug)]
pub struct Store {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The rules; replaced whole when the policy is loaded again.
    pub rules: ArcSwap<Rules>,
    /// Where they stand who have not asked anything yet.
    pub door: Arc<Door>,
    /// What each name may still ask for.
    pub allowances: Arc<Allowances>,
    /// What each worker has of its own.
    pub seats: Vec<Arc<Seat>>,
    /// How long and how much.
    pub limits: Limits,
    /// Who was not let in.
    pub turned_away: TurnedAway,
    /// What is counted.
    pub metrics: Arc<StoreMetrics>,
}

/// What a policy says of who comes in and what they see.
#[derive(Debug)]
pub struct Rules {
    /// What we show of ourselves, if clients come over TLS.
    pub tls: Option<ListenerTls>,
    /// Who goes through which gate.
    pub gates: Gates,
    /// The keys of who signs tokens, where they are fetched.
    pub issuer: Option<Issuer>,
}

/// What a worker has of its own, so that its exchanges wake no other.
#[derive(Debug)]
pub struct Seat {
    /// The way to the store.
    pub upstream: Upstream,
    /// Where exchanges are put on record.
    pub audit: AuditLog,
}

/// Serves until the drain begins, then lets the open connections end.
pub async fn serve(listener: TcpListener, store: Arc<Store>, workers: Arc<Workers>, mut drain: Drain) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener) => accepted,
            _ = ticks.tick() => {
                store.turned_away.tell();
                continue;
            }
            () = drain.stopping() => return store.turned_away.tell(),
        };
        let (Some((stream, peer)), Some(worker)) = (accepted, workers.next()) else { continue };
        let (store, drain) = (Arc::clone(&store), drain.clone());
        let (knock, pushed) = store.door.knock(peer.ip());
        worker.handle.spawn(async move {
            let _open = store.metrics.open();
            if let (Ok(stream), Some(seat)) = (TcpStream::from_std(stream), store.seats.get(worker.index)) {
                let _only_slower = stream.set_nodelay(true);
                let arrival = Arc::new(Arrival::new(knock));
                let turned_away = tokio::select! {
                    biased;
                    () = visit(stream, peer, &arrival, &store, seat, drain) => return,
                    () = arrival.is_late(store.limits.login_timeout) => "login-timeout",
                    () = pushed.out() => "too-many-logins",
                };
                store.turned_away.note(turned_away, peer.ip(), None);
            }
        });
    }
}

/// A connection, from its first byte on.
async fn visit(
    stream: TcpStream,
    peer: SocketAddr,
    arrival: &Arc<Arrival>,
    store: &Arc<Store>,
    seat: &Arc<Seat>,
    drain: Drain,
) {
    let tls = store.rules.load().tls.clone();
    match tls {
        None => {
            let caller = Arc::new(Caller::new(peer, None, arrival));
            connection(stream, store, seat, &caller, drain).await;
        }
        Some(tls) => {
            if let Some((stream, name)) = secured(stream, peer, &tls, store).await {
                let caller = Arc::new(Caller::new(peer, name, arrival));
                connection(stream, store, seat, &caller, drain).await;
            }
        }
    }
}

/// The next connection, free of this thread's poller.
pub(in crate::front) async fn accept(listener: &TcpListener) -> Option<(std::net::TcpStream, SocketAddr)> {
    match listener.accept().await.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of file descriptors: trying again at once would only burn the processor.
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}

/// Shakes hands.
async fn secured(
    stream: TcpStream,
    peer: SocketAddr,
    tls: &ListenerTls,
    store: &Store,
) -> Option<(TlsStream<TcpStream>, Option<Member>)> {
    match tls.accept(stream).await {
        Ok((stream, channel)) => Some((stream, channel.client)),
        Err(error) => {
            store.turned_away.note(handshake_fault(&error), peer.ip(), None);
            None
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    store: &Arc<Store>,
    seat: &Arc<Seat>,
    caller: &Arc<Caller>,
    mut drain: Drain,
) {
    let io = TokioIo::new(Stalling::new(stream, store.limits.write_timeout));
    let service = service_fn(|request| {
        let (store, seat, caller) = (Arc::clone(store), Arc::clone(seat), Arc::clone(caller));
        async move { Ok::<_, Infallible>(exchange(&store, &seat, &caller, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(store.limits.header_timeout)
        .max_buf_size(store.limits.max_header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(store.limits.max_header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(store.limits.header_timeout)
        .keep_alive_timeout(store.limits.header_timeout);
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        tracing::debug!(store = &*store.name, "a client connection broke off");
    }
}

async fn exchange(
    store: &Store,
    seat: &Seat,
    caller: &Caller,
    request: Request<Incoming>,
) -> Response<Outgoing> {
    let since = Instant::now();
    let rules = store.rules.load_full();
    let shown = issuer::shown(&rules, caller, request.headers()).await;
    let shown = shown.and_then(|shown| caller.come_in(&rules.gates, &shown).map(|()| shown));
    let asker = shown.as_ref().map_or_else(|_| Arc::clone(&caller.nobody), |shown| caller.asker(shown));
    let gate = shown.as_ref().map_or_else(|_| rules.gates.for_everybody(), |shown| &shown.gate);
    let mut record = OnRecord::new(&seat.audit, &store.name, &asker);
    record.ask(gate, request.method(), request.uri());
    let begun = shown.and_then(|shown| Ok((caller.begin(&store.allowances, &shown)?, shown.gate)));
    let done = match begun {
        Ok(begun) => answered(store, &seat.upstream, begun, request, &mut record).await,
        Err(refusal) => Err(refusal),
    };
    let refusal = match done {
        Ok(mut response) => {
            store.metrics.answered.inc();
            store.metrics.exchange(since.elapsed(), response.status(), None);
            if rules.gates.tell_people_apart() {
                // A cache between us and two people would show one of them what is the other's.
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            }
            return response;
        }
        Err(refusal) => record.refused(&refusal).await.map_or_else(Refusal::from, |()| refusal),
    };
    let reason = refusal.reason();
    tracing::info!(store = &*store.name, reason, "refused");
    store.metrics.refused(reason);
    store.metrics.exchange(since.elapsed(), refusal.problem().status, Some(reason));
    refused(&refusal)
}

async fn answered(
    store: &Store,
    upstream: &Upstream,
    (permit, gate): (Option<Permit>, Arc<Gate>),
    request: Request<Incoming>,
    record: &mut OnRecord,
) -> Result<Response<Outgoing>, Refusal> {
    let (head, body) = request.into_parts();
    let admitted = gate.admit(&head.method, &head.uri, &head.headers, !body.is_end_stream())?;
    let rules = admitted.answer_rules();
    let timed = Timed::new(body, store.limits.upstream_timeout, store.limits.max_body_bytes);
    let outgoing = outgoing(store, admitted.body, timed);
    let mut request = Request::new(outgoing);
    *request.method_mut() = head.method;
    *request.headers_mut() = admitted.headers;
    *request.uri_mut() = upstream.uri(&admitted.target).ok_or(Refusal::AmbiguousPath)?;
    let since = Instant::now();
    let sent = tokio::time::timeout(store.limits.upstream_timeout, upstream.request(request)).await;
    store.metrics.store_wait.observe(since.elapsed());
    let response = sent.map_err(|_| Refusal::StoreTimeout)?.map_err(Refusal::from)?;
    minimised(store, (&rules, permit), response, record).await
}

fn outgoing(store: &Store, action: BodyAction, timed: Timed) -> Outgoing {
    match action {
        BodyAction::Empty => Outgoing::empty(),
        BodyAction::Pass => Outgoing::Passing(timed),
        BodyAction::Rewrite(pipeline) => {
            let metrics = Arc::clone(&store.metrics);
            Outgoing::Streaming(Box::new(Minimised::new(timed, *pipeline, metrics)))
        }
    }
}

async fn minimised(
    store: &Store,
    (rules, permit): (&AnswerRules, Option<Permit>),
    response: Response<Incoming>,
    record: &mut OnRecord,
) -> Result<Response<Outgoing>, Refusal> {
    let (head, body) = response.into_parts();
    let answer = rules.answer(head.status, &head.headers)?;
    let timed = Timed::new(body, store.limits.upstream_timeout, store.limits.max_body_bytes);
    let body = match outgoing(store, answer.body, timed) {
        Outgoing::Streaming(mut minimised) => {
            minimised.counts_for(permit);
            match settled(&mut minimised, answer.is_awaited).await? {
                Some(whole) => {
                    record.answered(answer.status, whole.len(), minimised.tally()).await?;
                    Outgoing::Whole(Full::new(whole))
                }
                None => record.streaming(answer.status, minimised).await?,
            }
        }
        body => {
            record.answered(answer.status, 0, &Tally::default()).await?;
            body
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// All of a body that is short and said so.
async fn settled(minimised: &mut Minimised, has_length: bool) -> Result<Option<Bytes>, Refusal> {
    if !has_length {
        return Ok(None);
    }
    Ok(minimised.settled().await?)
}

fn refused(refusal: &Refusal) -> Response<Outgoing> {
    let problem = refusal.problem();
    let mut response = Response::new(Outgoing::Whole(Full::new(Bytes::from(problem.to_json()))));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if matches!(
        refusal,
        Refusal::Framing
            | Refusal::ClientBroken
            | Refusal::UnexpectedBody
            | Refusal::Busy
            | Refusal::TooManyOfOneName
    ) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl From<Cut> for Refusal {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Refused(BodyError { fault: Fault::OtherRegion, .. }) => Self::NotThere,
            Cut::Refused(error) => Self::MalformedAnswer(error.fault),
            Cut::Broken => Self::StoreBroken,
            Cut::TooLong => Self::AnswerTooLong,
            Cut::Silent => Self::StoreTimeout,
            Cut::Unrecorded => Self::Unrecorded,
        }
    }
}
