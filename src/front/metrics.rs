//! What is counted, in the OpenMetrics text format.
//!
//! Invariant: labels are fixed words and the policy's own names; nothing that was sent by anybody becomes a
//! label.
//! Invariant: what each statement, row or exchange counts is an addition to an atomic. Only a refusal, a cut and the end of a
//! body take a lock, to find the counter of their word.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use http::StatusCode;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::http::Cut;
pub use super::seconds::Seconds;
use super::spans::Spans;
use crate::body::Tally;
use crate::session::postgres::Counted;
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

/// A store's name, as a label.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Named {
    store: Arc<str>,
}

/// Why something was refused or cut.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    store: Arc<str>,
    reason: &'static str,
}

/// Which treatment was applied.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Treated {
    store: Arc<str>,
    treatment: String,
}

/// Which kind of treatment it is.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    store: Arc<str>,
    kind: &'static str,
}

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    stores: Arc<Stores>,
    by_word: ByWord,
    spans: Spans,
}

/// What stores count under more words than their name.
#[derive(Clone, Debug, Default)]
struct ByWord {
    refused: Family<Reason, Counter>,
    cut: Family<Reason, Counter>,
    treated: Family<Treated, Counter>,
    rulings: Family<Kind, Counter>,
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
    spans: Spans,
    named: Named,
    by_word: ByWord,
    /// A counter for each kind of treatment, at hand without a lock.
    rulings: Vec<(&'static str, Counter)>,
}

/// A family of which each store has one metric: its name, its help and that metric.
type Row = (&'static str, &'static str, fn(&StoreMetrics) -> &dyn EncodeMetric);

/// Counters and gauges.
const AMOUNTS: [Row; 10] = [
    ("connections", "client connections open now", |of| &of.connections),
    ("answered", "exchanges answered by the store, statements that got a plan", |of| &of.answered),
    ("failed", "statements that the store answered with an error", |of| &of.failed),
    ("rows", "rows, and pieces of copies, that were passed on", |of| &of.rows),
    ("read_bytes", "bytes of answers as the store sent them", |of| &of.read_bytes),
    ("sent_bytes", "bytes of answers as clients got them", |of| &of.sent_bytes),
    ("jwks_fetched", "sets of keys fetched from the issuer", |of| &of.keys_fetched),
    ("jwks_failed", "fetches of keys that failed", |of| &of.keys_failed),
    ("plans_found", "plans that were found made", |of| &of.plans_found),
    ("plans_missed", "plans that had to be made", |of| &of.plans_missed),
];

/// Histograms.
const STAGES: [Row; 5] = [
    ("planning", "from a statement without a plan until it has one", |of| &of.planning),
    ("first_row", "from a statement sent on until its first row", |of| &of.first_row),
    ("statement", "from a statement sent on until its answer has ended", |of| &of.statement),
    ("store_wait", "from a request sent on until the head of the answer", |of| &of.store_wait),
    ("exchange", "from the head of a request until that of its answer", |of| &of.exchange),
];

/// The stores of the process. One family stands for all of them: a format in which a family came twice would be broken.
#[derive(Debug, Default)]
struct Stores(Mutex<Vec<Arc<StoreMetrics>>>);

impl Collector for Stores {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Ok(stores) = self.0.lock() else { return Err(std::fmt::Error) };
        let Some(first) = stores.first() else { return Ok(()) };
        let amounts = AMOUNTS.iter().map(|row| (row, None));
        for ((name, help, metric), unit) in
            amounts.chain(STAGES.iter().map(|row| (row, Some(&Unit::Seconds))))
        {
            let metric_type = metric(first).metric_type();
            let mut family = encoder.encode_descriptor(name, help, unit, metric_type)?;
            for store in stores.iter() {
                metric(store).encode(family.encode_family(&store.named)?)?;
            }
        }
        Ok(())
    }
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
    /// Nothing is counted yet; what is timed becomes spans too.
    #[must_use]
    pub fn new(spans: Spans) -> Self {
        let (mut registry, stores, by_word) =
            (Registry::default(), Arc::new(Stores::default()), ByWord::default());
        let all = registry.sub_registry_with_prefix("sfumato");
        all.register_collector(Box::new(Arc::clone(&stores)));
        all.register("refused", "refusals, by reason", by_word.refused.clone());
        all.register("cut", "answers cut after their head was sent, by reason", by_word.cut.clone());
        all.register("treated", "values treated, by treatment", by_word.treated.clone());
        let help = "rulings of statements, one for each protected field, by kind of treatment";
        all.register("rulings", help, by_word.rulings.clone());
        Self { registry: Mutex::new(registry), stores, by_word, spans }
    }

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

    /// Makes the metrics of a store.
    #[must_use]
    pub fn store(&self, name: &str) -> Arc<StoreMetrics> {
        let store: Arc<str> = name.into();
        let counter = |kind| {
            let label = Kind { store: Arc::clone(&store), kind };
            (kind, self.by_word.rulings.get_or_create_owned(&label))
        };
        let metrics = Arc::new(StoreMetrics {
            rulings: KINDS.map(counter).into(),
            by_word: self.by_word.clone(),
            spans: self.spans.clone(),
            named: Named { store },
            ..StoreMetrics::default()
        });
        if let Ok(mut stores) = self.stores.0.lock() {
            stores.push(Arc::clone(&metrics));
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
    /// Counts a connection as long as it is open.
    #[must_use]
    pub fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Times a statement whose answer has ended.
    pub fn statement(&self, took: Duration, counted: Counted) {
        self.statement.observe(took);
        self.spans.statement(&self.named.store, took, counted);
    }

    /// Counts a statement that was refused while it was planned, and times it.
    pub fn refused_statement(&self, took: Duration, sqlstate: &'static str) {
        self.refused(sqlstate);
        self.spans.refused_statement(&self.named.store, took, sqlstate);
    }

    /// Times an exchange whose answer is ready to be sent.
    pub fn exchange(&self, took: Duration, status: StatusCode, refused: Option<&'static str>) {
        self.exchange.observe(took);
        self.spans.exchange(&self.named.store, took, status, refused);
    }

    /// Counts a refusal.
    pub fn refused(&self, reason: &'static str) {
        self.by_word.refused.get_or_create(&self.reason(reason)).inc();
    }

    /// Counts a plan that is about to be carried out, and the kinds of its rulings.
    pub fn planned(&self, planned: &[Planned]) {
        self.answered.inc();
        for ruling in planned.iter().flat_map(|planned| planned.applied.iter()) {
            let kind = ruling.treatment.kind();
            if let Some((_, counter)) = self.rulings.iter().find(|(known, _)| *known == kind) {
                counter.inc();
            }
        }
    }

    /// Counts a cut body.
    pub fn cut(&self, cut: &Cut) {
        self.by_word.cut.get_or_create(&self.reason(cut.reason())).inc();
    }

    /// Adds what one body's rewriter counted.
    pub fn treated(&self, tally: &Tally) {
        for (name, count) in tally.iter() {
            let label = Treated { store: Arc::clone(&self.named.store), treatment: name.to_owned() };
            self.by_word.treated.get_or_create(&label).inc_by(count);
        }
    }

    fn reason(&self, reason: &'static str) -> Reason {
        Reason { store: Arc::clone(&self.named.store), reason }
    }
}
