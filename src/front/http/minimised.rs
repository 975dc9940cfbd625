//! A body on its way through a [`Pipeline`].
//!
//! Invariant: what is handed to hyper came out of the pipeline. When the pipeline refuses, the body ends in
//! an error, which cuts the connection (HTTP/1.1) or resets the stream (HTTP/2): a client can tell a cut
//! answer from a whole one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::on_record::Recorded;
use crate::body::{BodyError, Pipeline, Tally};
use crate::front::allowance::Permit;
use crate::front::metrics::StoreMetrics;

/// What leaves at a time.
const BLOCK_BYTES: usize = 16 * 1024;

/// Answers of a known length are waited for up to this many rewritten bytes.
const SHORT_BYTES: usize = 64 * 1024;

/// Why a body was cut.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The pipeline refused what came.
    #[error("{0}")]
    Refused(#[from] BodyError),
    /// The sender broke off.
    #[error("the sender broke off")]
    Broken,
    /// It is longer than a body may be.
    #[error("the body is longer than allowed")]
    TooLong,
    /// The sender was silent for too long.
    #[error("the sender was silent for too long")]
    Silent,
    /// Its end could not be put on record.
    #[error("the audit trail cannot be written")]
    Unrecorded,
}

impl Cut {
    /// The name of the reason: a fixed word for metrics and the audit trail.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Refused(_) => "malformed",
            Self::Broken => "broken",
            Self::TooLong => "too-long",
            Self::Silent => "silent",
            Self::Unrecorded => "unrecorded",
        }
    }
}

/// A body for either side.
pub enum Outgoing {
    /// All of it is here.
    Whole(Full<Bytes>),
    /// It is passed on as it comes (requests of routes that say so).
    Passing(Timed),
    /// It is rewritten as it comes.
    Streaming(Box<Minimised>),
    /// It is rewritten as it comes, and ends when that is on record.
    Recorded(Box<Recorded>),
}

impl Outgoing {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::Whole(Full::default())
    }
}

/// A body whose sender may not be silent for longer than `patience`, nor send more than so many bytes.
#[derive(Debug)]
pub struct Timed {
    inner: Incoming,
    left_bytes: u64,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Timed {
    /// Keeps time over `inner`, and counts.
    #[must_use]
    pub const fn new(inner: Incoming, patience: Duration, max_bytes: u64) -> Self {
        Self { inner, left_bytes: max_bytes, patience, deadline: None, is_waiting: false }
    }

    /// The next bytes; `None` at the end. Trailers are dropped.
    ///
    /// # Errors
    /// [`Cut::Broken`], [`Cut::TooLong`] or [`Cut::Silent`].
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Cut::Broken))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.is_waiting = false;
                    if let Ok(bytes) = frame.into_data() {
                        let Some(left) = self.left_bytes.checked_sub(bytes.len() as u64) else {
                            return Poll::Ready(Some(Err(Cut::TooLong)));
                        };
                        self.left_bytes = left;
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Poll::Pending => {
                    ready!(self.poll_deadline(cx));
                    return Poll::Ready(Some(Err(Cut::Silent)));
                }
            }
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.is_waiting {
            self.is_waiting = true;
            let until = Instant::now().checked_add(patience).unwrap_or_else(Instant::now);
            deadline.as_mut().reset(until);
        }
        deadline.as_mut().poll(cx)
    }
}

/// A body being rewritten.
///
/// What leaves is cut into blocks of [`BLOCK_BYTES`], so that the framing towards the client follows from
/// what is sent and not from where the raw bytes were cut; only waiting for the sender ends a block early.
pub struct Minimised {
    source: Timed,
    pipeline: Pipeline,
    metrics: Arc<StoreMetrics>,
    held: Vec<u8>,
    has_ended: bool,
    is_flushed: bool,
    /// For the answer to somebody whose rows are counted.
    permit: Option<Permit>,
    /// Records that were counted.
    given: u64,
}

impl Minimised {
    /// Rewrites `source`.
    #[must_use]
    pub const fn new(source: Timed, pipeline: Pipeline, metrics: Arc<StoreMetrics>) -> Self {
        Self {
            source,
            pipeline,
            metrics,
            held: Vec::new(),
            has_ended: false,
            is_flushed: true,
            permit: None,
            given: 0,
        }
    }

    /// Counts it as the answer to somebody, and as under way until it is dropped.
    pub(super) fn counts_for(&mut self, permit: Option<Permit>) {
        if permit.as_ref().is_some_and(|permit| permit.allowance().counts_rows()) {
            self.pipeline.count_records();
        }
        self.permit = permit;
    }

    /// Counts what has left; an answer without records is one itself.
    fn give(&mut self, least: u64) {
        let records = self.pipeline.records().max(least);
        if let Some(permit) = &self.permit {
            permit.allowance().give(records.saturating_sub(self.given));
        }
        self.given = records;
    }

    /// The next rewritten bytes, never an empty piece; `None` at the end.
    ///
    /// # Errors
    /// [`Cut`]; after one, the body has ended.
    pub fn poll_rewritten(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        while !self.has_ended && self.held.len() < BLOCK_BYTES {
            let step = match self.source.poll_bytes(cx) {
                Poll::Pending if self.is_flushed => break,
                Poll::Pending => self.flush(),
                Poll::Ready(Some(Ok(bytes))) => self.push(&bytes),
                Poll::Ready(Some(Err(cut))) => Err(cut),
                Poll::Ready(None) => self.finish(),
            };
            if let Err(cut) = step {
                self.has_ended = true;
                self.held.clear();
                self.metrics.cut(&cut);
                return Poll::Ready(Some(Err(cut)));
            }
        }
        match self.next_piece() {
            Some(piece) => {
                self.metrics.sent_bytes.inc_by(piece.len() as u64);
                Poll::Ready(Some(Ok(piece)))
            }
            None if self.has_ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        self.metrics.read_bytes.inc_by(bytes.len() as u64);
        self.is_flushed = false;
        self.held.reserve(bytes.len().saturating_add(64));
        let pushed = self.pipeline.push(bytes, &mut self.held);
        self.give(0);
        Ok(pushed?)
    }

    /// A slow stream: what the encoder holds back would make the client wait.
    fn flush(&mut self) -> Result<(), Cut> {
        self.is_flushed = true;
        Ok(self.pipeline.flush(&mut self.held)?)
    }

    fn finish(&mut self) -> Result<(), Cut> {
        self.has_ended = true;
        Ok(self.pipeline.finish(&mut self.held)?)
    }

    /// Whole blocks if there are any, otherwise all that is held.
    fn next_piece(&mut self) -> Option<Bytes> {
        let mut piece = std::mem::take(&mut self.held);
        let rest = piece.len().checked_rem(BLOCK_BYTES).filter(|&rest| rest < piece.len());
        if let (Some(rest), false) = (rest, self.has_ended) {
            self.held = piece.split_off(piece.len().saturating_sub(rest));
        }
        if piece.is_empty() { None } else { Some(piece.into()) }
    }

    /// Waits for the end if that comes within [`SHORT_BYTES`], so that the answer has a length and a mistake
    /// in it gives a clean refusal; `None` for a longer one, which goes on as a stream.
    ///
    /// # Errors
    /// [`Cut`].
    pub async fn settled(&mut self) -> Result<Option<Bytes>, Cut> {
        let mut collected = Vec::new();
        while collected.len() <= SHORT_BYTES {
            match std::future::poll_fn(|cx| self.poll_rewritten(cx)).await {
                Some(piece) if collected.is_empty() => collected = piece?.into(),
                Some(piece) => collected.extend_from_slice(&piece?),
                None => return Ok(Some(collected.into())),
            }
        }
        self.held.splice(..0, collected);
        Ok(None)
    }

    /// How many values were treated so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        self.pipeline.tally()
    }
}

impl Drop for Minimised {
    fn drop(&mut self) {
        self.give(1);
        self.metrics.treated(self.pipeline.tally());
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = match self.get_mut() {
            Self::Whole(whole) => {
                return Pin::new(whole).poll_frame(cx).map_err(|never| match never {});
            }
            Self::Passing(timed) => ready!(timed.poll_bytes(cx)),
            Self::Streaming(minimised) => ready!(minimised.poll_rewritten(cx)),
            Self::Recorded(recorded) => ready!(recorded.poll_rewritten(cx)),
        };
        Poll::Ready(bytes.map(|result| result.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(whole) if whole.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Passing(_) | Self::Streaming(_) | Self::Recorded(_) => SizeHint::default(),
        }
    }
}
