//! An exchange on its way to the audit trail, and a body that ends only when its end is on record.
//!
//! Invariant: what a client receives is on record first. An answer that is here as a whole is recorded
//! before it is sent; one that streams is recorded when it begins and again before it ends. Whatever ends
//! otherwise (a client that goes away) is recorded as cut.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use http_body_util::Full;

use super::minimised::{Cut, Minimised, Outgoing};
use crate::audit::{Asked, Asker, Decision, Entry, Outcome, Protocol};
use crate::body::Tally;
use crate::front::audit::{AuditLog, Recording, Unrecorded};
use crate::session::http::{Gate, Refusal};

/// An exchange on its way; nothing where there is no trail.
#[derive(Debug)]
pub(super) struct OnRecord(Option<Box<Exchange>>);

#[derive(Debug)]
struct Exchange {
    log: AuditLog,
    store: Arc<str>,
    asker: Arc<Asker>,
    asked: Asked,
    begun: Option<u64>,
    status: Option<u16>,
    bytes: u64,
    is_ended: bool,
}

impl OnRecord {
    /// An exchange begins.
    pub(super) fn new(log: &AuditLog, store: &Arc<str>, asker: &Arc<Asker>) -> Self {
        let exchange = log.is_on().then(|| Exchange {
            log: log.clone(),
            store: Arc::clone(store),
            asker: Arc::clone(asker),
            asked: Asked::default(),
            begun: None,
            status: None,
            bytes: 0,
            is_ended: false,
        });
        Self(exchange.map(Box::new))
    }

    /// Takes note of what is asked.
    pub(super) fn ask(&mut self, gate: &Gate, method: &Method, uri: &Uri) {
        if let Some(exchange) = &mut self.0 {
            exchange.asked = gate.asked(method, uri);
        }
    }

    /// The answer is here as a whole, `bytes` long.
    pub(super) async fn answered(
        &mut self,
        status: StatusCode,
        bytes: usize,
        tally: &Tally,
    ) -> Result<(), Unrecorded> {
        let Some(exchange) = &mut self.0 else { return Ok(()) };
        exchange.status = Some(status.as_u16());
        exchange.bytes = bytes as u64;
        exchange.end(Decision::Answered, tally).await.map(drop)
    }

    /// The exchange is refused.
    pub(super) async fn refused(&mut self, refusal: &Refusal) -> Result<(), Unrecorded> {
        let Some(exchange) = &mut self.0 else { return Ok(()) };
        exchange.status = Some(refusal.problem().status.as_u16());
        exchange.end(Decision::Refused(refusal.reason()), &Tally::default()).await.map(drop)
    }

    /// The answer is going to stream: records its beginning, and sees that its end will be.
    pub(super) async fn streaming(
        &mut self,
        status: StatusCode,
        body: Box<Minimised>,
    ) -> Result<Outgoing, Unrecorded> {
        let Some(exchange) = &mut self.0 else { return Ok(Outgoing::Streaming(body)) };
        exchange.status = Some(status.as_u16());
        exchange.begun = exchange.record(Decision::Begun, &Tally::default()).await?;
        let exchange = self.0.take();
        Ok(match exchange {
            Some(exchange) => Outgoing::Recorded(Box::new(Recorded { body, exchange, ending: None })),
            None => Outgoing::Whole(Full::default()),
        })
    }
}

impl Exchange {
    fn record(&self, decision: Decision, tally: &Tally) -> Recording {
        let treated: Vec<(&str, u64)> = tally.iter().collect();
        let outcome = Outcome {
            begun: self.begun,
            status: self.status,
            bytes: self.bytes,
            treated: &treated,
            ..Outcome::of(decision)
        };
        self.log.record(&Entry {
            store: &self.store,
            protocol: Protocol::Http,
            asker: &self.asker,
            asked: &self.asked,
            outcome,
        })
    }

    fn end(&mut self, decision: Decision, tally: &Tally) -> Recording {
        self.is_ended = true;
        self.record(decision, tally)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_ended {
            drop(self.end(Decision::Cut("client-gone"), &Tally::default()));
        }
    }
}

/// A streaming answer whose end is on record before the client learns of it.
pub struct Recorded {
    body: Box<Minimised>,
    exchange: Box<Exchange>,
    ending: Option<(Recording, Option<Cut>)>,
}

impl Recorded {
    pub(super) fn poll_rewritten(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        if self.ending.is_none() && !self.exchange.is_ended {
            let (decision, cut) = match ready!(self.body.poll_rewritten(cx)) {
                Some(Ok(piece)) => {
                    self.exchange.bytes = self.exchange.bytes.saturating_add(piece.len() as u64);
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Err(cut)) => (Decision::Cut(cut.reason()), Some(cut)),
                None => (Decision::Answered, None),
            };
            self.ending = Some((self.exchange.end(decision, self.body.tally()), cut));
        }
        let Some((recording, cut)) = &mut self.ending else { return Poll::Ready(None) };
        let recorded = ready!(Pin::new(recording).poll(cx));
        let cut = cut.take().or_else(|| recorded.err().map(|_| Cut::Unrecorded));
        self.ending = None;
        Poll::Ready(cut.map(Err))
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if !self.exchange.is_ended {
            drop(self.exchange.end(Decision::Cut("client-gone"), self.body.tally()));
        }
    }
}

impl From<Unrecorded> for Refusal {
    fn from(_: Unrecorded) -> Self {
        Self::Unrecorded
    }
}
