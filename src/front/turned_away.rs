//! Who is not let in at a store's door: counted, logged and put on record, without letting a flood of them fill the disk.
//!
//! The first of each kind (a reason, an address, a known name) is on record at once; those that follow within a minute are
//! one line with their count. Kinds beyond [`MAX_KINDS`] in one minute are counted by reason alone. So a minute has at most two
//! lines for each of these kinds and one for each reason, however many come.
//!
//! Invariant: nobody waits for these lines; a client that is not let in is told nothing that would have to be on record.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::audit::AuditLog;
use super::metrics::StoreMetrics;
use crate::audit;

/// How long kinds are counted before they go on record.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

/// Kinds that are told apart within it.
const MAX_KINDS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    reason: &'static str,
    from: Option<IpAddr>,
    claimed: Option<Box<str>>,
}

/// The book of those who were not let in at one store.
#[derive(Debug)]
pub struct TurnedAway {
    store: String,
    log: AuditLog,
    metrics: Arc<StoreMetrics>,
    /// How many came since the interval began and are not on record.
    kinds: Mutex<HashMap<Kind, u64>>,
}

impl TurnedAway {
    /// An empty book.
    #[must_use]
    pub fn new(store: &str, log: AuditLog, metrics: Arc<StoreMetrics>) -> Self {
        Self { store: store.to_owned(), log, metrics, kinds: Mutex::default() }
    }

    /// Takes note of one. `claimed` is a name that may come in, never what a stranger typed.
    pub(super) fn note(&self, reason: &'static str, from: IpAddr, claimed: Option<&str>) {
        self.metrics.refused(reason);
        let from = from.to_canonical();
        let kind = Kind { reason, from: Some(from), claimed: claimed.map(Box::from) };
        if !self.is_first(kind) {
            tracing::debug!(store = self.store, reason, %from, "not let in");
            return;
        }
        tracing::info!(store = self.store, reason, %from, "not let in");
        self.record(reason, Some(from), claimed, 1);
    }

    fn is_first(&self, kind: Kind) -> bool {
        let mut kinds = self.kinds();
        if let Some(count) = kinds.get_mut(&kind) {
            *count = count.saturating_add(1);
            return false;
        }
        if kinds.len() < MAX_KINDS {
            kinds.insert(kind, 0);
            return true;
        }
        let others = kinds.entry(Kind { from: None, claimed: None, ..kind }).or_default();
        *others = others.saturating_add(1);
        false
    }

    /// Puts on record how many there were, and begins anew.
    pub(super) fn tell(&self) {
        let kinds = std::mem::take(&mut *self.kinds());
        for (Kind { reason, from, claimed }, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
            tracing::info!(store = self.store, reason, count, "not let in");
            self.record(reason, from, claimed.as_deref(), count);
        }
    }

    fn record(&self, reason: &'static str, from: Option<IpAddr>, claimed: Option<&str>, count: u64) {
        let store = &self.store;
        self.log.record_turned_away(&audit::TurnedAway { store, from, claimed, reason, count });
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<Kind, u64>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_few_lines() {
        let book = TurnedAway::new("app", AuditLog::off(), Arc::default());
        let kind = |n: u32| Kind { reason: "a", from: Some(IpAddr::from(n.to_be_bytes())), claimed: None };
        assert!(book.is_first(kind(0)));
        let firsts = (0..10_000).filter(|n| book.is_first(kind(n % 1_000))).count();
        assert_eq!(firsts, MAX_KINDS - 1);
        let kinds = book.kinds().clone();
        assert_eq!(kinds.len(), MAX_KINDS + 1);
        let counted: u64 = kinds.values().sum();
        assert_eq!(usize::try_from(counted).unwrap() + MAX_KINDS, 10_001, "nobody is forgotten");
        book.tell();
        assert!(book.is_first(kind(0)));
    }
}
