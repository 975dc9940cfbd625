//! The audit trail at work: entries in, lines on disk, and a word to whoever waits for theirs.
//!
//! Lines are written in groups: whoever waits for a line lets the other tasks of its thread run once, then writes
//! all that has queued up, in one system call; the others find theirs written. Nobody has to be woken for it. While
//! another thread writes, those of this one run a few times more before it sleeps. Where each group has to reach
//! the disk, a thread of its own does that.
//!
//! Invariant: who awaits a [`Recording`] goes on when the line is in the file (and, with [`Fsync::Always`],
//! on the disk), or learns that it is not.
//! Not here: what a line says and how lines hold together (`crate::audit`).

mod queue;
mod trail;
mod trail_file;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;

pub use trail_file::{OpenError, files_of};

use super::metrics::AuditMetrics;
use crate::audit::{Entry, Terms, TurnedAway};
use crate::base::clock::Clock;
use queue::Queue;
use trail::Trail;
use trail_file::TrailFile;

/// How often whoever waits for a line lets others run: once so that they line up, then while another thread holds
/// the file.
const YIELDS: u8 = 4;

/// How a trail is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// Under what its lines are written.
    pub terms: Terms,
    /// When what is written has to be on the disk.
    pub fsync: Fsync,
    /// What happens when a line cannot be written.
    pub on_failure: OnFailure,
    /// A file that is longer is put aside, and the trail goes on in the next.
    pub max_file_bytes: Option<u64>,
}

/// When what is written has to be on the disk. A process that dies loses nothing in any case; a machine that
/// dies does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before anybody is answered.
    Always,
    /// Every so often.
    Interval(Duration),
    /// When the system sees fit.
    Never,
}

/// What happens when a line cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Whoever waits for the line learns it, and answers nothing.
    #[default]
    Refuse,
    /// The line is counted as lost, and the trail says how many were as soon as it can.
    Count,
}

/// A line is not on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written")]
pub struct Unrecorded;

/// The trail, or none. Clones write to the same, and queue up together.
#[derive(Clone, Debug, Default)]
pub struct AuditLog(Option<Arc<Queue>>);

/// The way of one line to the file. Dropping it does not call the line back.
#[derive(Debug)]
pub struct Recording(Option<Way>);

#[derive(Debug)]
struct Way {
    queue: Arc<Queue>,
    recorded: oneshot::Receiver<Recorded>,
    /// How often the other tasks had a chance to line up.
    yielded: u8,
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(way) = &self.0 {
            way.queue.attend();
        }
    }
}

/// How a line fared: its number, or none if it was lost and only counted.
type Recorded = Result<Option<u64>, Unrecorded>;

impl Future for Recording {
    /// The number of the line; `None` if there is no trail, or if the line was lost and only counted.
    type Output = Recorded;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(way) = &mut self.0 else { return Poll::Ready(Ok(None)) };
        let mut done = Pin::new(&mut way.recorded).poll(cx);
        if done.is_pending() && !way.queue.is_attended() {
            // A thread that holds the file may not be running: there is other work before sleeping for its sake.
            let is_written = way.yielded > 0 && way.queue.empty_unless_held();
            if !is_written && way.yielded < YIELDS {
                way.yielded = way.yielded.saturating_add(1);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !is_written {
                way.queue.empty();
            }
            done = Pin::new(&mut way.recorded).poll(cx);
        }
        let done = ready!(done);
        self.0 = None;
        Poll::Ready(done.unwrap_or(Err(Unrecorded)))
    }
}

impl AuditLog {
    /// No trail: recording costs nothing and always succeeds.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Opens the trail, or begins it, and goes on where it ended.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be written, is being written by another process, or does not hold.
    pub fn open(
        settings: Settings,
        clock: Arc<dyn Clock>,
        metrics: Arc<AuditMetrics>,
    ) -> Result<Self, OpenError> {
        let (fsync, on_failure) = (settings.fsync, settings.on_failure);
        let file =
            TrailFile::open(&settings.file, settings.terms, settings.max_file_bytes, clock.now_unix_ms())?;
        let trail = Trail::new(file, clock, metrics, fsync, on_failure);
        Ok(Self(Some(Queue::new(Arc::new(trail)))))
    }

    /// The same trail with a queue of its own, for a thread whose tasks then wait for no other's. Where each
    /// group has to reach the disk, groups are few and large instead, and all queue up together.
    #[must_use]
    pub fn own_queue(&self) -> Self {
        Self(self.0.as_ref().map(|queue| match queue.trail().fsync() {
            Fsync::Always => Arc::clone(queue),
            Fsync::Interval(_) | Fsync::Never => Queue::new(Arc::clone(queue.trail())),
        }))
    }

    /// True if there is a trail.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Puts an entry on record. The line is on its way even if nobody awaits the result.
    pub fn record(&self, entry: &Entry<'_>) -> Recording {
        let Some(queue) = &self.0 else { return Recording(None) };
        let recorded = queue.push(entry.body_over(queue.trail().now_unix_ms(), queue.used()));
        if queue.trail().fsync() == Fsync::Always {
            queue.attend();
        }
        Recording(Some(Way { queue: Arc::clone(queue), recorded, yielded: 0 }))
    }

    /// Puts on record who was not let in. Nobody waits for that: they are told nothing but no.
    pub fn record_turned_away(&self, turned_away: &TurnedAway<'_>) {
        if let Some(queue) = &self.0 {
            drop(queue.push(turned_away.body(queue.trail().now_unix_ms())));
            queue.attend();
        }
    }

    /// Goes on under other terms: another policy, another current key.
    ///
    /// # Errors
    /// [`Unrecorded`]; then the old terms stay.
    pub fn change_terms(&self, terms: Terms) -> Result<(), Unrecorded> {
        self.0.as_ref().map_or(Ok(()), |queue| queue.trail().change_terms(terms))
    }

    /// Brings the file to the disk every so often, and shouts while lines are being lost; until cancelled.
    pub async fn tend(self) {
        let Some(trail) = self.0.map(|queue| Arc::clone(queue.trail())) else { return };
        let period = match trail.fsync() {
            Fsync::Interval(period) => period,
            Fsync::Always | Fsync::Never => Duration::from_secs(1),
        };
        loop {
            tokio::time::sleep(period).await;
            let tended = Arc::clone(&trail);
            let _ended_with_the_runtime = tokio::task::spawn_blocking(move || tended.tend()).await;
        }
    }

    /// Writes what is waiting and the trail's end, and brings it to the disk.
    pub fn close(&self) {
        if let Some(queue) = &self.0 {
            queue.trail().close();
        }
    }
}

#[cfg(test)]
mod tests;
