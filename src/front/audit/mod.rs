//! The audit trail at work: entries in, lines on disk, and a word to whoever waits for theirs.
//!
//! Lines are written in groups. The first entry that finds nobody writing starts a task that lets the other
//! tasks of its thread run once, then writes all that has queued up, in one system call. Measured against a
//! thread of its own this costs a third, because no thread has to be woken for it.
//!
//! Invariant: who awaits a [`Recording`] goes on when the line is in the file (and, with [`Fsync::Always`],
//! on the disk), or learns that it is not.
//! Not here: what a line says and how lines hold together (`crate::audit`).

mod trail_file;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use trail_file::{OpenError, files_of};

use super::metrics::AuditMetrics;
use crate::audit::{Body, Entry, Note, Terms};
use crate::base::clock::Clock;
use trail_file::TrailFile;

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

/// The trail, or none. Clones write to the same.
#[derive(Clone, Debug, Default)]
pub struct AuditLog(Option<Arc<Shared>>);

struct Shared {
    queue: Mutex<Queue>,
    file: Mutex<TrailFile>,
    clock: Arc<dyn Clock>,
    metrics: Arc<AuditMetrics>,
    fsync: Fsync,
    on_failure: OnFailure,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// True while a task has taken it on to write what is waiting.
    is_attended: bool,
    /// Entries that could not be written and of which the trail does not tell yet.
    lost: u64,
}

struct Waiting {
    body: Body,
    done: oneshot::Sender<Result<Option<u64>, Unrecorded>>,
}

/// The way of one line to the file. Dropping it does not call the line back.
#[derive(Debug)]
pub struct Recording(Option<oneshot::Receiver<Result<Option<u64>, Unrecorded>>>);

impl Future for Recording {
    /// The number of the line; `None` if there is no trail, or if the line was lost and only counted.
    type Output = Result<Option<u64>, Unrecorded>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(receiver) = &mut self.0 else { return Poll::Ready(Ok(None)) };
        let done = ready!(Pin::new(receiver).poll(cx));
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
        let (queue, file) = (Mutex::default(), Mutex::new(file));
        Ok(Self(Some(Arc::new(Shared { queue, file, clock, metrics, fsync, on_failure }))))
    }

    /// True if there is a trail.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Puts an entry on record. The line is on its way even if nobody awaits the result.
    pub fn record(&self, entry: &Entry<'_>) -> Recording {
        let Some(shared) = &self.0 else { return Recording(None) };
        let (done, recording) = oneshot::channel();
        let body = entry.body(shared.clock.now_unix_ms());
        let attends = {
            let mut queue = locked(&shared.queue);
            queue.waiting.push(Waiting { body, done });
            !std::mem::replace(&mut queue.is_attended, true)
        };
        if attends {
            match Handle::try_current() {
                Ok(runtime) => {
                    drop(runtime.spawn(attend(Attending { shared: Arc::clone(shared), is_done: false })));
                }
                Err(_) => while shared.write_waiting() {},
            }
        }
        Recording(Some(recording))
    }

    /// Goes on under other terms: another policy, another current key.
    ///
    /// # Errors
    /// [`Unrecorded`]; then the old terms stay.
    pub fn change_terms(&self, terms: Terms) -> Result<(), Unrecorded> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let now = shared.clock.now_unix_ms();
        let changed = locked(&shared.file).change_terms(terms, now);
        changed.map_err(|error| {
            tracing::error!(%error, "the audit trail cannot be written");
            Unrecorded
        })
    }

    /// Brings the file to the disk every so often, and shouts while lines are being lost; until cancelled.
    pub async fn tend(self) {
        let Some(shared) = self.0 else { return };
        let period = match shared.fsync {
            Fsync::Interval(period) => period,
            Fsync::Always | Fsync::Never => Duration::from_secs(1),
        };
        loop {
            tokio::time::sleep(period).await;
            let tended = Arc::clone(&shared);
            let _ended_with_the_runtime = tokio::task::spawn_blocking(move || tended.tend()).await;
        }
    }

    /// Writes what is waiting and the trail's end, and brings it to the disk.
    pub fn close(&self) {
        let Some(shared) = &self.0 else { return };
        while shared.write_waiting() {}
        let now = shared.clock.now_unix_ms();
        let mut file = locked(&shared.file);
        let closed = file.append(&[&Note::Closed.body(now)], now, true);
        if let Err(error) = closed {
            tracing::error!(%error, "the audit trail could not be closed");
        }
    }
}

/// Writes until nothing is waiting.
async fn attend(mut attending: Attending) {
    while !attending.is_done {
        tokio::task::yield_now().await;
        let is_more = if attending.shared.fsync == Fsync::Always {
            let writing = Arc::clone(&attending.shared);
            let Ok(is_more) = tokio::task::spawn_blocking(move || writing.write_waiting()).await else {
                return;
            };
            is_more
        } else {
            attending.shared.write_waiting()
        };
        attending.is_done = !is_more;
    }
}

/// Somebody attends to what is waiting, also when the runtime that was to do it ends.
struct Attending {
    shared: Arc<Shared>,
    is_done: bool,
}

impl Drop for Attending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut queue = locked(&self.shared.queue);
            queue.is_attended = false;
            queue.waiting.clear();
        } else if !self.is_done {
            while self.shared.write_waiting() {}
        }
    }
}

impl Shared {
    /// Writes all that is waiting; true if more has come meanwhile, which the caller then has to attend to.
    fn write_waiting(&self) -> bool {
        let (waiting, lost) = {
            let mut queue = locked(&self.queue);
            if queue.waiting.is_empty() {
                queue.is_attended = false;
                return false;
            }
            (std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.lost))
        };
        let count = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        match self.write(&waiting, lost) {
            Ok(first) => {
                self.metrics.lines.inc_by(count);
                for (seq, waiting) in (first..).zip(waiting) {
                    let _nobody_waits = waiting.done.send(Ok(Some(seq)));
                }
            }
            Err(error) => {
                let lost = lost.saturating_add(count);
                self.metrics.lost.inc_by(count);
                if lost == count {
                    tracing::error!(%error, "the audit trail cannot be written");
                }
                {
                    let mut queue = locked(&self.queue);
                    queue.lost = queue.lost.saturating_add(lost);
                }
                let result = match self.on_failure {
                    OnFailure::Refuse => Err(Unrecorded),
                    OnFailure::Count => Ok(None),
                };
                for waiting in waiting {
                    let _nobody_waits = waiting.done.send(result);
                }
            }
        }
        true
    }

    /// Writes entries, behind a note if some were lost before; the number of the first entry.
    fn write(&self, waiting: &[Waiting], lost: u64) -> std::io::Result<u64> {
        let now = self.clock.now_unix_ms();
        let gap = (lost > 0).then(|| Note::Gap { lost }.body(now));
        let bodies: Vec<&Body> = gap.iter().chain(waiting.iter().map(|waiting| &waiting.body)).collect();
        let first = locked(&self.file).append(&bodies, now, self.fsync == Fsync::Always)?;
        if lost > 0 {
            tracing::warn!(lost, "the audit trail is written again; it says how many entries are missing");
        }
        Ok(first.saturating_add(u64::from(gap.is_some())))
    }

    fn tend(&self) {
        if matches!(self.fsync, Fsync::Interval(_)) {
            // The file is not held while the disk is busy: entries go on being written.
            let handle = locked(&self.file).unsynced();
            if let Some(Err(error)) = handle.map(|handle| handle.and_then(|file| file.sync_data())) {
                locked(&self.file).synced(false);
                tracing::error!(%error, "the audit trail could not be brought to the disk");
            }
        }
        let lost = locked(&self.queue).lost;
        if lost > 0 {
            tracing::error!(lost, "the audit trail cannot be written; entries are missing");
        }
    }
}

/// What a panic of another holder left is whole: every change under these locks is one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("fsync", &self.fsync).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
