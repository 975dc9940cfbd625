//! Time for a statement, and what it counts: when time is up the store is asked to cancel, and a store that does not is left.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use super::pump::Pump;
use crate::front::metrics::StoreMetrics;
use crate::session::postgres::Counted;

/// Keeps time over the statement under way.
pub(super) struct Stopwatch {
    patience: Option<Duration>,
    /// How long a store may take to cancel.
    grace: Duration,
    running: Option<Running>,
    timed: Option<Timed>,
    /// What the session had counted when it was looked at.
    counted: Counted,
    metrics: Arc<StoreMetrics>,
}

/// The statement under way.
struct Timed {
    which: u64,
    since: Instant,
    /// None of its rows has been seen.
    awaits_row: bool,
    /// What the session had counted when it began.
    before: Counted,
}

struct Running {
    which: u64,
    until: Option<Instant>,
    is_cancelled: bool,
}

impl Stopwatch {
    pub(super) fn new(limits: &Limits, metrics: Arc<StoreMetrics>) -> Self {
        let (patience, grace) = (limits.statement_timeout, limits.connect_timeout);
        Self { patience, grace, running: None, timed: None, counted: Counted::default(), metrics }
    }

    /// Looks at what is running: the same as before, another statement, or nothing.
    pub(super) fn look(&mut self, which: Option<u64>, counted: Counted) {
        let has_rows = self.count(counted);
        let goes_on = self.timed.as_ref().map(|timed| timed.which) == which;
        let is_first_row = has_rows && self.timed.as_ref().is_some_and(|timed| timed.awaits_row);
        if is_first_row || !goes_on {
            self.observe(is_first_row, goes_on);
        }
        if !goes_on {
            self.timed =
                which.map(|which| Timed { which, since: Instant::now(), awaits_row: true, before: counted });
        }
        let Some(patience) = self.patience else { return };
        if self.running.as_ref().map(|running| running.which) != which {
            let until = Instant::now().checked_add(patience);
            self.running = which.map(|which| Running { which, until, is_cancelled: false });
        }
    }

    /// Adds what has been counted since it was looked at; true if there were rows.
    fn count(&mut self, counted: Counted) -> bool {
        if counted == self.counted {
            return false;
        }
        let rows = counted.rows.saturating_sub(self.counted.rows);
        self.metrics.rows.inc_by(rows);
        self.metrics.failed.inc_by(counted.failed.saturating_sub(self.counted.failed));
        self.counted = counted;
        rows > 0
    }

    /// Observes how long the first row of the statement under way was waited for, and how long all of it took.
    fn observe(&mut self, is_first_row: bool, goes_on: bool) {
        let Some(timed) = &mut self.timed else { return };
        let took = timed.since.elapsed();
        if is_first_row {
            timed.awaits_row = false;
            self.metrics.first_row.observe(took);
        }
        if !goes_on {
            let Counted { rows, failed } = timed.before;
            let rows = self.counted.rows.saturating_sub(rows);
            let failed = self.counted.failed.saturating_sub(failed);
            self.metrics.statement(took, Counted { rows, failed });
        }
    }

    /// When time is up.
    pub(super) fn until(&self) -> Option<Instant> {
        self.running.as_ref()?.until
    }

    /// True the first time that it is; then there is some more, for the store to cancel.
    pub(super) fn is_first(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        running.until = Instant::now().checked_add(self.grace);
        !std::mem::replace(&mut running.is_cancelled, true)
    }
}

impl Pump<'_> {
    /// Asks the store to cancel what took too long.
    pub(super) fn cancel_overdue(&mut self) {
        self.store.metrics.refused("statement-timeout");
        tracing::info!(store = self.store.name, "a statement took too long");
        self.session.take_too_long();
        let Some(key) = self.desk.store_key(self.store) else { return };
        let (upstream, patience) = (self.access.upstream.clone(), self.store.limits.connect_timeout);
        drop(tokio::spawn(async move {
            if let Err(error) = upstream.cancel(key, patience).await {
                tracing::debug!(%error, "a cancel request did not reach the store");
            }
        }));
    }
}
