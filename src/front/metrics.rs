//! What is counted, in the OpenMetrics text format.
//!
//! Invariant: labels are fixed words and the policy's own names; nothing that was sent by anybody becomes a
//! label.

use std::sync::Arc;
use std::sync::Mutex;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::http::Cut;
pub use super::seconds::Seconds;
use crate::body::Tally;
use crate::sql::Planned;

/// The kinds of treatments.
const KINDS: [&str; 10] = [
    "suppress",
    "redact",
    "pseudonymize",
    "tokenize",
    "truncate",
    "grid",
    "floor",
    "bucket",
    "scrub",
    "pass",
];

/// Why something was refused or cut.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Which treatment was applied.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Treated {
    treatment: String,
}

/// Which kind of treatment it is.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// A counter for each kind of treatment, at hand without a lock.
#[derive(Debug)]
struct ByKind {
    family: Family<Kind, Counter>,
    counters: [(&'static str, Counter); KINDS.len()],
}

impl Default for ByKind {
    fn default() -> Self {
        let family = Family::<Kind, Counter>::default();
        let counters = KINDS.map(|kind| (kind, family.get_or_create_owned(&Kind { kind })));
        Self { family, counters }
    }
}

impl ByKind {
    fn inc(&self, kind: &str) {
        if let Some((_, counter)) = self.counters.iter().find(|(known, _)| *known == kind) {
            counter.inc();
        }
    }
}

/// All metrics of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Mutex<Registry>,
}

/// The metrics of one store.
#[derive(Debug, Default)]
pub struct StoreMetrics {
    /// Connections from clients that are open now.
    pub connections: Gauge,
    /// Exchanges that were admitted and answered by the store.
    pub answered: Counter,
    /// Bytes of answers as they came: bodies (http), messages (postgres).
    pub read_bytes: Counter,
    /// The same as they were sent.
    pub sent_bytes: Counter,
    /// Rows, and pieces of copies, that were passed on (postgres).
    pub rows: Counter,
    /// Statements that the store answered with an error (postgres).
    pub failed: Counter,
    /// Sets of keys that were fetched from the issuer of tokens.
    pub keys_fetched: Counter,
    /// Fetches of them that failed.
    pub keys_failed: Counter,
    /// Plans that were found made.
    pub plans_found: Counter,
    /// Plans that were not.
    pub plans_missed: Counter,
    /// From a statement that has no plan yet until it has one or is refused.
    pub planning: Seconds,
    /// From a statement until its first row (postgres).
    pub first_row: Seconds,
    /// From a statement until its answer has ended (postgres).
    pub statement: Seconds,
    /// From a request that was sent on until the head of the store's answer (http).
    pub store_wait: Seconds,
    /// From a request's head until ours is ready to be sent, refusals included (http).
    pub exchange: Seconds,
    refused: Family<Reason, Counter>,
    cut: Family<Reason, Counter>,
    treated: Family<Treated, Counter>,
    rulings: ByKind,
}

/// The metrics of the audit trail.
#[derive(Debug, Default)]
pub struct AuditMetrics {
    /// Entries written.
    pub lines: Counter,
    /// Entries that could not be written.
    pub lost: Counter,
    /// Entries that wait to be written now.
    pub waiting: Gauge,
    /// How long they waited.
    pub lag: Seconds,
}

impl Metrics {
    /// Registers the metrics of the audit trail.
    #[must_use]
    pub fn audit(&self) -> Arc<AuditMetrics> {
        let metrics = Arc::new(AuditMetrics::default());
        if let Ok(mut registry) = self.registry.lock() {
            let audit = registry.sub_registry_with_prefix("sfumato_audit");
            audit.register("lines", "entries written to the audit trail", metrics.lines.clone());
            audit.register("lost", "entries that could not be written", metrics.lost.clone());
            audit.register("waiting", "entries that wait to be written now", metrics.waiting.clone());
            let help = "from an entry until it is written, or could not be";
            audit.register_with_unit("lag", help, Unit::Seconds, metrics.lag.clone());
        }
        metrics
    }

    /// Registers the metrics of a store.
    #[must_use]
    pub fn store(&self, name: &str) -> Arc<StoreMetrics> {
        let metrics = Arc::new(StoreMetrics::default());
        if let Ok(mut registry) = self.registry.lock() {
            let label = ("store".into(), name.to_owned().into());
            let store = registry.sub_registry_with_prefix("sfumato").sub_registry_with_label(label);
            store.register("connections", "client connections open now", metrics.connections.clone());
            store.register("answered", "exchanges answered by the store", metrics.answered.clone());
            metrics.register_amounts(store);
            store.register(
                "jwks_fetched",
                "sets of keys fetched from the issuer",
                metrics.keys_fetched.clone(),
            );
            store.register("jwks_failed", "fetches of keys that failed", metrics.keys_failed.clone());
            metrics.register_stages(store);
            store.register("refused", "exchanges refused, by reason", metrics.refused.clone());
            store.register("cut", "answers cut after their head was sent, by reason", metrics.cut.clone());
            store.register("treated", "values treated, by treatment", metrics.treated.clone());
        }
        metrics
    }

    /// The metrics as OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Ok(registry) = self.registry.lock()
            && encode(&mut text, &registry).is_err()
        {
            text.clear();
        }
        text
    }
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl StoreMetrics {
    fn register_amounts(&self, store: &mut Registry) {
        store.register("read_bytes", "bytes of answers as the store sent them", self.read_bytes.clone());
        store.register("sent_bytes", "bytes of answers as clients got them", self.sent_bytes.clone());
        store.register("rows", "rows, and pieces of copies, that were passed on", self.rows.clone());
        store.register("failed", "statements that the store answered with an error", self.failed.clone());
        let help = "rulings of statements, one for each protected field, by kind of treatment";
        store.register("rulings", help, self.rulings.family.clone());
    }

    fn register_stages(&self, store: &mut Registry) {
        store.register("plans_found", "plans that were found made", self.plans_found.clone());
        store.register("plans_missed", "plans that had to be made", self.plans_missed.clone());
        let stages = [
            ("planning", "from a statement without a plan until it has one", &self.planning),
            ("first_row", "from a statement sent on until its first row", &self.first_row),
            ("statement", "from a statement until its answer has ended", &self.statement),
            ("store_wait", "from a request sent on until the head of the answer", &self.store_wait),
            ("exchange", "from the head of a request until that of its answer", &self.exchange),
        ];
        for (name, help, seconds) in stages {
            store.register_with_unit(name, help, Unit::Seconds, seconds.clone());
        }
    }

    /// Counts a connection as long as it is open.
    #[must_use]
    pub fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Counts a refusal.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// Counts a plan that is about to be carried out, and under what it stands.
    pub fn planned(&self, planned: &[Planned]) {
        self.answered.inc();
        for ruling in planned.iter().flat_map(|planned| planned.applied.iter()) {
            self.rulings.inc(ruling.treatment.kind());
        }
    }

    /// Counts a cut body.
    pub fn cut(&self, cut: &Cut) {
        self.cut.get_or_create(&Reason { reason: cut.reason() }).inc();
    }

    /// Adds what one body's rewriter counted.
    pub fn treated(&self, tally: &Tally) {
        for (name, count) in tally.iter() {
            self.treated.get_or_create(&Treated { treatment: name.to_owned() }).inc_by(count);
        }
    }
}
