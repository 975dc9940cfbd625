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

use crate::body::{BodyError, Pipeline};
use crate::front::metrics::StoreMetrics;

/// Why a body was cut.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The pipeline refused what came.
    #[error("{0}")]
    Refused(#[from] BodyError),
    /// The sender broke off.
    #[error("the sender broke off")]
    Broken,
    /// The sender was silent for too long.
    #[error("the sender was silent for too long")]
    Silent,
}

/// A body for either side.
pub enum Outgoing {
    /// All of it is here.
    Whole(Full<Bytes>),
    /// It is passed on as it comes (requests of routes that say so).
    Passing(Timed),
    /// It is rewritten as it comes.
    Streaming(Box<Minimised>),
}

impl Outgoing {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::Whole(Full::default())
    }
}

/// A body whose sender may not be silent for longer than `patience`.
#[derive(Debug)]
pub struct Timed {
    inner: Incoming,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Timed {
    /// Keeps time over `inner`.
    #[must_use]
    pub const fn new(inner: Incoming, patience: Duration) -> Self {
        Self { inner, patience, deadline: None, is_waiting: false }
    }

    /// The next bytes; `None` at the end. Trailers are dropped.
    ///
    /// # Errors
    /// [`Cut::Broken`] or [`Cut::Silent`].
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Cut::Broken))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.is_waiting = false;
                    if let Ok(bytes) = frame.into_data() {
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
pub struct Minimised {
    source: Timed,
    pipeline: Pipeline,
    metrics: Arc<StoreMetrics>,
    has_ended: bool,
    is_held_back: bool,
}

impl Minimised {
    /// Rewrites `source`.
    #[must_use]
    pub const fn new(source: Timed, pipeline: Pipeline, metrics: Arc<StoreMetrics>) -> Self {
        Self { source, pipeline, metrics, has_ended: false, is_held_back: false }
    }

    /// The next rewritten bytes, never an empty piece; `None` at the end.
    ///
    /// # Errors
    /// [`Cut`]; after one, the body has ended.
    pub fn poll_rewritten(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let mut out = Vec::new();
        while !self.has_ended {
            let step = match self.source.poll_bytes(cx) {
                Poll::Pending if !self.is_held_back => return Poll::Pending,
                Poll::Pending => {
                    // A slow stream: what the encoder holds back would make the client wait.
                    self.is_held_back = false;
                    self.pipeline.flush(&mut out).map_err(Cut::from)
                }
                Poll::Ready(Some(Ok(bytes))) => {
                    self.is_held_back = true;
                    self.metrics.read_bytes.inc_by(bytes.len() as u64);
                    out.reserve(bytes.len().saturating_add(64));
                    self.pipeline.push(&bytes, &mut out).map_err(Cut::from)
                }
                Poll::Ready(Some(Err(cut))) => Err(cut),
                Poll::Ready(None) => {
                    self.has_ended = true;
                    self.pipeline.finish(&mut out).map_err(Cut::from)
                }
            };
            if let Err(cut) = step {
                self.has_ended = true;
                self.metrics.cut(&cut);
                return Poll::Ready(Some(Err(cut)));
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Bytes::from(out))));
            }
        }
        Poll::Ready(None)
    }

    /// All of it, for answers that are known to be short.
    ///
    /// # Errors
    /// [`Cut`].
    pub async fn whole(mut self) -> Result<Bytes, Cut> {
        let mut pieces = match std::future::poll_fn(|cx| self.poll_rewritten(cx)).await {
            None => return Ok(Bytes::new()),
            Some(piece) => vec![piece?],
        };
        while let Some(piece) = std::future::poll_fn(|cx| self.poll_rewritten(cx)).await {
            pieces.push(piece?);
        }
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([only]) => only,
            Err(several) => several.concat().into(),
        })
    }
}

impl Drop for Minimised {
    fn drop(&mut self) {
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
        };
        Poll::Ready(bytes.map(|result| result.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(whole) if whole.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Passing(_) | Self::Streaming(_) => SizeHint::default(),
        }
    }
}
