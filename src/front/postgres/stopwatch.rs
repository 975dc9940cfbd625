//! Time for a statement: when it is up the store is asked to cancel, and a store that does not is left.

use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use super::pump::Pump;
use crate::front::metrics::Seconds;

/// Keeps time over the statement under way.
pub(super) struct Stopwatch {
    patience: Option<Duration>,
    /// How long a store may take to cancel.
    grace: Duration,
    running: Option<Running>,
    /// Which statement is under way, and since when.
    since: Option<(u64, Instant)>,
    took: Seconds,
}

struct Running {
    which: u64,
    until: Option<Instant>,
    is_cancelled: bool,
}

impl Stopwatch {
    pub(super) const fn new(limits: &Limits, took: Seconds) -> Self {
        let (patience, grace) = (limits.statement_timeout, limits.connect_timeout);
        Self { patience, grace, running: None, since: None, took }
    }

    /// Looks at what is running: the same as before, another statement, or nothing.
    pub(super) fn look(&mut self, which: Option<u64>) {
        if self.since.map(|(which, _)| which) != which {
            let now = Instant::now();
            if let Some((_, since)) = self.since {
                self.took.observe(now.saturating_duration_since(since));
            }
            self.since = which.map(|which| (which, now));
        }
        let Some(patience) = self.patience else { return };
        if self.running.as_ref().map(|running| running.which) != which {
            let until = Instant::now().checked_add(patience);
            self.running = which.map(|which| Running { which, until, is_cancelled: false });
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
