//! The trail behind its queues: groups of entries in, lines in the file, and a word to everybody who waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::time::Instant;

use super::queue::{Queue, Waiting, locked};
use super::trail_file::TrailFile;
use super::{Fsync, OnFailure, Unrecorded};
use crate::audit::{Body, Note, Terms};
use crate::base::clock::Clock;
use crate::front::metrics::AuditMetrics;

/// A trail that is being written.
pub(super) struct Trail {
    file: Mutex<TrailFile>,
    queues: Mutex<Vec<Weak<Queue>>>,
    /// Entries that could not be written and of which the trail does not tell yet.
    lost: AtomicU64,
    clock: Arc<dyn Clock>,
    metrics: Arc<AuditMetrics>,
    fsync: Fsync,
    on_failure: OnFailure,
}

impl Trail {
    pub(super) fn new(
        file: TrailFile,
        clock: Arc<dyn Clock>,
        metrics: Arc<AuditMetrics>,
        fsync: Fsync,
        on_failure: OnFailure,
    ) -> Self {
        let (file, queues, lost) = (Mutex::new(file), Mutex::default(), AtomicU64::new(0));
        Self { file, queues, lost, clock, metrics, fsync, on_failure }
    }

    /// Takes note of a queue, so that what waits there is written before the trail is closed.
    pub(super) fn serve(&self, queue: &Arc<Queue>) {
        locked(&self.queues).push(Arc::downgrade(queue));
    }

    pub(super) const fn fsync(&self) -> Fsync {
        self.fsync
    }

    pub(super) fn metrics(&self) -> &AuditMetrics {
        &self.metrics
    }

    pub(super) fn now_unix_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// The file, when nobody else writes to it.
    pub(super) fn hold(&self) -> MutexGuard<'_, TrailFile> {
        locked(&self.file)
    }

    /// The file, if nobody else writes to it.
    pub(super) fn try_hold(&self) -> Option<MutexGuard<'_, TrailFile>> {
        match self.file.try_lock() {
            Ok(file) => Some(file),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Writes a group, and tells everybody in it when the file is free again; gives the bodies back.
    pub(super) fn write(&self, file: MutexGuard<'_, TrailFile>, waiting: Vec<Waiting>) -> Vec<Body> {
        let count = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let first = match self.append(file, &waiting, lost) {
            Ok(first) => {
                self.metrics.lines.inc_by(count);
                Ok(Some(first))
            }
            Err(error) => {
                self.metrics.lost.inc_by(count);
                if lost == 0 {
                    tracing::error!(%error, "the audit trail cannot be written");
                }
                self.lost.fetch_add(lost.saturating_add(count), Ordering::Relaxed);
                match self.on_failure {
                    OnFailure::Refuse => Err(Unrecorded),
                    OnFailure::Count => Ok(None),
                }
            }
        };
        let now = Instant::now();
        self.metrics.waiting.dec_by(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
        let tell = |(number, waiting): (u64, Waiting)| {
            self.metrics.lag.observe(now.saturating_duration_since(waiting.since));
            let recorded = first.map(|first| first.map(|first| first.saturating_add(number)));
            let _nobody_waits = waiting.done.send(recorded);
            waiting.body
        };
        (0..).zip(waiting).map(tell).collect()
    }

    /// Appends entries, behind a note if some were lost before; the number of the first entry.
    fn append(
        &self,
        mut file: MutexGuard<'_, TrailFile>,
        waiting: &[Waiting],
        lost: u64,
    ) -> std::io::Result<u64> {
        let now = self.now_unix_ms();
        let gap = (lost > 0).then(|| Note::Gap { lost }.body(now));
        let bodies = gap.iter().chain(waiting.iter().map(|waiting| &waiting.body));
        let first = file.append(bodies, now, self.fsync == Fsync::Always)?;
        drop(file);
        if lost > 0 {
            tracing::warn!(lost, "the audit trail is written again; it says how many entries are missing");
        }
        Ok(first.saturating_add(u64::from(gap.is_some())))
    }

    pub(super) fn change_terms(&self, terms: Terms) -> Result<(), Unrecorded> {
        let changed = locked(&self.file).change_terms(terms, self.now_unix_ms());
        changed.map_err(|error| {
            tracing::error!(%error, "the audit trail cannot be written");
            Unrecorded
        })
    }

    /// Brings what is written to the disk if that is the policy, and shouts while entries are being lost.
    pub(super) fn tend(&self) {
        if matches!(self.fsync, Fsync::Interval(_)) {
            // The file is not held while the disk is busy: entries go on being written.
            let handle = locked(&self.file).unsynced();
            if let Some(Err(error)) = handle.map(|handle| handle.and_then(|file| file.sync_data())) {
                locked(&self.file).synced(false);
                tracing::error!(%error, "the audit trail could not be brought to the disk");
            }
        }
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(lost, "the audit trail cannot be written; entries are missing");
        }
    }

    /// Writes what is waiting anywhere, then the end.
    pub(super) fn close(&self) {
        let queues: Vec<_> = locked(&self.queues).iter().filter_map(Weak::upgrade).collect();
        queues.iter().for_each(|queue| queue.empty());
        let now = self.now_unix_ms();
        let closed = locked(&self.file).append([&Note::Closed.body(now)], now, true);
        if let Err(error) = closed {
            tracing::error!(%error, "the audit trail could not be closed");
        }
    }
}
