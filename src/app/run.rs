//! A [`Config`] in, listeners out; and how they stop, or get a new policy.
//!
//! Invariant: everything is bound and built before the first connection is accepted, so a start that fails
//! has answered nobody. A new policy replaces the old one whole or not at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::Uri;
use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::net::TcpListener;

use super::config::{Admin, Audit, Config, HttpStore, Limits, Store, StoreKind, Timeouts};
use super::{audit, places};
use crate::audit::Digest;
use crate::base::budget::Budget;
use crate::front::admin;
use crate::front::audit::{AuditLog, OpenError, Unrecorded};
use crate::front::drain::{Stopper, drain};
use crate::front::http::{self, Issuer, Seat, Upstream, UpstreamError};
use crate::front::metrics::{Metrics, StoreMetrics};
use crate::front::postgres;
use crate::front::spans::{Spans, SpansError};
use crate::front::tls::ListenerTls;
use crate::front::turned_away::TurnedAway;
use crate::front::workers::Workers;
use crate::policy::Role;
use crate::session::http::{Gate, Gates};

/// What all bodies of one store may hold in memory together.
const BODY_BUDGET_BYTES: usize = 256 * 1024 * 1024;

/// The system could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("store `{store}` cannot listen on `{listen}`: {cause}")]
    Listen {
        /// The store, or `admin`.
        store: String,
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The way to a store cannot be made.
    #[error("store `{store}`: {cause}")]
    Upstream {
        /// The store.
        store: String,
        /// Why not.
        cause: UpstreamError,
    },
    /// The system gives no threads.
    #[error("no thread to serve with: {0}")]
    Workers(std::io::Error),
    /// A reload asks for other stores, addresses or limits than those that are being served.
    #[error(
        "store `{store}` cannot be changed while it is served: `name`, `listen` and `upstream` take a restart"
    )]
    NeedsRestart {
        /// The store.
        store: String,
    },
    /// The audit trail cannot be opened.
    #[error(transparent)]
    Audit(#[from] OpenError),
    /// Spans cannot be sent.
    #[error(transparent)]
    Spans(#[from] SpansError),
    /// The audit trail cannot be written.
    #[error(transparent)]
    Unrecorded(#[from] Unrecorded),
    /// A reload asks for another audit trail.
    #[error("`[audit]` cannot be changed while it is written: it takes a restart")]
    AuditNeedsRestart,
}

/// A running system.
pub struct Running {
    stores: Vec<Served>,
    admin: Option<SocketAddr>,
    admin_tls: Arc<ArcSwapOption<ListenerTls>>,
    /// As it was written: where, and whether over TLS.
    admin_settings: Option<(SocketAddr, bool)>,
    stopper: Stopper,
    workers: Arc<Workers>,
    drain_timeout: Duration,
    audit: AuditLog,
    audit_settings: Option<Audit>,
    spans: Spans,
    collector: Option<Uri>,
    /// Of the rules in force.
    fingerprint: ArcSwap<Digest>,
}

struct Served {
    config: Store,
    address: SocketAddr,
    store: Serving,
}

/// A store, by its protocol.
enum Serving {
    Http(Arc<http::Store>),
    Postgres(Arc<postgres::Store>, Arc<postgres::Catalogues>),
}

impl Serving {
    fn http(&self) -> Option<Arc<http::Store>> {
        match self {
            Self::Http(store) => Some(Arc::clone(store)),
            Self::Postgres(..) => None,
        }
    }
}

/// Binds all listeners of `config`, builds all stores, then serves until [`Running::stop`].
///
/// # Errors
/// [`StartError`]; nothing is served then.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let fingerprint = audit::fingerprint(&config);
    let spans = config.collector.as_ref().map_or(Ok(Spans::off()), Spans::send)?;
    let metrics = Arc::new(Metrics::new(spans.clone()));
    let audit = audit::open(&config, &metrics)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = Arc::new(Workers::start(cores).map_err(StartError::Workers)?);
    let (stopper, drain) = drain();
    let mut bound = Vec::new();
    let mut drain_timeout = Duration::ZERO;
    for store in config.stores {
        let timeout = Duration::from_millis(store.timeouts.drain_timeout_ms);
        drain_timeout = drain_timeout.max(timeout);
        bound.push(bind(store, &config.roles, &metrics, &audit, &workers).await?);
    }
    let admin_settings = config.admin.as_ref().map(|admin| (admin.listen, admin.tls.is_some()));
    let admin_tls = Arc::new(ArcSwapOption::from(tls_of(config.admin.as_ref())));
    let admin = match config.admin {
        None => None,
        Some(admin) => Some(listen("admin", admin.listen).await?),
    };
    let admin_address = admin.as_ref().map(|(_, address)| *address);
    let ready = admin::Ready(bound.iter().filter_map(|(_, served)| served.store.http()).collect());
    if let Some((listener, _)) = admin {
        tokio::spawn(admin::serve(listener, Arc::clone(&admin_tls), (metrics, ready), drain.clone()));
    }
    let stores = bound.into_iter().map(|(listener, served)| {
        let (workers, drain) = (Arc::clone(&workers), drain.clone());
        match &served.store {
            Serving::Http(store) => {
                tokio::spawn(http::serve(listener, Arc::clone(store), workers, drain));
            }
            Serving::Postgres(store, _) => {
                tokio::spawn(postgres::serve(listener, Arc::clone(store), workers, drain));
            }
        }
        served
    });
    let stores = stores.collect();
    tokio::spawn(audit.clone().tend());
    let (audit_settings, collector) = (config.audit, config.collector);
    let fingerprint = ArcSwap::from_pointee(fingerprint);
    Ok(Running {
        stores,
        admin: admin_address,
        admin_tls,
        admin_settings,
        stopper,
        workers,
        drain_timeout,
        audit,
        audit_settings,
        spans,
        collector,
        fingerprint,
    })
}

fn tls_of(admin: Option<&Admin>) -> Option<Arc<ListenerTls>> {
    admin.and_then(|admin| admin.tls.clone()).map(Arc::new)
}

async fn bind(
    config: Store,
    roles: &[Role],
    metrics: &Metrics,
    audit: &AuditLog,
    workers: &Workers,
) -> Result<(TcpListener, Served), StartError> {
    let store = match &config.kind {
        StoreKind::Http(kind) => {
            Serving::Http(Arc::new(http_store(&config, kind, roles, metrics, audit, workers)?))
        }
        StoreKind::Postgres(kind) => {
            let (store, library) =
                super::postgres::store(&config, kind, roles, (metrics, audit), workers.count())?;
            Serving::Postgres(store, library)
        }
    };
    let (listener, address) = listen(&config.name, config.listen).await?;
    Ok((listener, Served { config, address, store }))
}

async fn listen(store: &str, listen: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |cause| StartError::Listen { store: store.to_owned(), listen, cause };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn http_store(
    config: &Store,
    kind: &HttpStore,
    roles: &[Role],
    metrics: &Metrics,
    audit: &AuditLog,
    workers: &Workers,
) -> Result<http::Store, StartError> {
    let connect_timeout = Duration::from_millis(config.timeouts.connect_timeout_ms);
    let seat = |_| {
        let upstream = Upstream::new(&kind.upstream, kind.upstream_tls.as_ref(), connect_timeout)?;
        Ok(Arc::new(Seat { upstream, audit: audit.own_queue() }))
    };
    let seats = (0..workers.count())
        .map(seat)
        .collect::<Result<_, _>>()
        .map_err(|cause| StartError::Upstream { store: config.name.clone(), cause })?;
    let counted = metrics.store(&config.name);
    Ok(http::Store {
        name: config.name.as_str().into(),
        rules: ArcSwap::from_pointee(http_rules(config, kind, roles, (&counted, workers), None)?),
        door: places::door(config.limits),
        allowances: places::allowances(config.limits),
        seats,
        limits: http_limits(config.timeouts, config.limits),
        turned_away: TurnedAway::new(&config.name, audit.own_queue(), Arc::clone(&counted)),
        metrics: counted,
    })
}

fn http_rules(
    config: &Store,
    kind: &HttpStore,
    roles: &[Role],
    (metrics, workers): (&Arc<StoreMetrics>, &Workers),
    before: Option<&http::Rules>,
) -> Result<http::Rules, StartError> {
    let mut bodies = crate::body::Limits::new(Budget::new(BODY_BUDGET_BYTES));
    bodies.max_depth = config.limits.max_depth;
    bodies.max_token_bytes = config.limits.max_string_bytes;
    bodies.max_record_bytes = config.limits.max_record_bytes;
    let gate_of = |role: Option<&str>| Gate::new(Arc::clone(kind.plans.of(role)), bodies.clone());
    let shelf = kind.identity.bearer.as_ref().map(|bearer| bearer.keys.clone()).unwrap_or_default();
    let before = before.and_then(|rules| rules.issuer.as_ref());
    let issuer =
        kind.key_source.as_deref().zip(workers.next()).map(|(source, worker)| {
            Issuer::start(source.clone(), shelf, before, Arc::clone(metrics), &worker)
        });
    let failed = |cause| StartError::Upstream { store: config.name.clone(), cause };
    Ok(http::Rules {
        tls: config.tls.as_ref().map(|tls| tls.tls.clone()),
        gates: Gates::new(kind.identity.clone(), roles, gate_of),
        issuer: issuer.transpose().map_err(failed)?,
    })
}

const fn http_limits(timeouts: Timeouts, limits: Limits) -> http::Limits {
    http::Limits {
        max_header_bytes: limits.max_header_bytes,
        max_body_bytes: match limits.max_body_bytes {
            Some(bytes) => bytes,
            None => u64::MAX,
        },
        login_timeout: Duration::from_millis(timeouts.login_timeout_ms),
        header_timeout: Duration::from_millis(timeouts.header_timeout_ms),
        upstream_timeout: Duration::from_millis(timeouts.upstream_timeout_ms),
        write_timeout: Duration::from_millis(timeouts.idle_timeout_ms),
    }
}

/// What a reload puts into force in one store.
enum Change<'a> {
    Gate(&'a http::Store, Box<http::Rules>),
    Rules(&'a postgres::Store, postgres::Access, &'a postgres::Catalogues, postgres::RulesOf),
}

impl Change<'_> {
    fn make(self, has_new_rules: bool) {
        match self {
            Self::Gate(store, rules) => store.rules.store(Arc::from(rules)),
            Self::Rules(store, access, library, rules) => {
                store.access.store(Arc::new(access));
                if has_new_rules {
                    library.replace_rules(rules);
                }
            }
        }
    }
}

impl Running {
    /// Where each store is served, by name, in the order of the file.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.stores.iter().map(|served| (served.config.name.as_str(), served.address))
    }

    /// Where the admin listener is, if there is one.
    #[must_use]
    pub const fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Puts the policy of `config` into force for the next exchange of every store.
    ///
    /// # Errors
    /// [`StartError::NeedsRestart`] or what else the new configuration asks for in vain; the old policy
    /// stays in force then.
    pub fn reload(&self, config: &Config) -> Result<(), StartError> {
        if config.audit != self.audit_settings {
            return Err(StartError::AuditNeedsRestart);
        }
        if config.collector != self.collector {
            return Err(StartError::NeedsRestart { store: "telemetry".to_owned() });
        }
        if config.admin.as_ref().map(|admin| (admin.listen, admin.tls.is_some())) != self.admin_settings {
            return Err(StartError::NeedsRestart { store: "admin".to_owned() });
        }
        let needs_restart = |store: &str| StartError::NeedsRestart { store: store.to_owned() };
        let mut changes = Vec::new();
        for served in &self.stores {
            let name = &served.config.name;
            let new = config.stores.iter().find(|store| store.name == *name);
            let new = new.ok_or_else(|| needs_restart(name))?;
            if new.listen != served.config.listen {
                return Err(needs_restart(name));
            }
            changes.push(match (&served.config.kind, &new.kind, &served.store) {
                (StoreKind::Http(old), StoreKind::Http(kind), Serving::Http(store))
                    if kind.upstream == old.upstream =>
                {
                    let rules = store.rules.load();
                    let counted = (&store.metrics, &*self.workers);
                    let rules = http_rules(new, kind, &config.roles, counted, Some(&rules))?;
                    Change::Gate(store, Box::new(rules))
                }
                (StoreKind::Postgres(old), StoreKind::Postgres(kind), Serving::Postgres(store, library))
                    if kind.upstream == old.upstream =>
                {
                    let access = super::postgres::access(new, kind);
                    let rules = super::postgres::rules_of(&kind.plans, &config.roles);
                    Change::Rules(store, access, library, rules)
                }
                _ => return Err(needs_restart(name)),
            });
        }
        if let Some(added) = config.stores.iter().find(|new| {
            let is_served = |served: &Served| served.config.name == new.name;
            !self.stores.iter().any(is_served)
        }) {
            return Err(needs_restart(&added.name));
        }
        // What is written from here on names the new policy; an exchange under way may still follow the old.
        self.audit.change_terms(audit::terms(config))?;
        // Rules that stay as they were leave what was prepared under them as it is: only files have changed.
        let fingerprint = audit::fingerprint(config);
        let has_new_rules = self.fingerprint.load().bytes() != fingerprint.bytes();
        changes.into_iter().for_each(|change| change.make(has_new_rules));
        self.fingerprint.store(Arc::new(fingerprint));
        self.admin_tls.store(tls_of(config.admin.as_ref()));
        Ok(())
    }

    /// Stops accepting and lets open exchanges end; true if they did before the deadline.
    pub async fn stop(self) -> bool {
        let has_ended = tokio::time::timeout(self.drain_timeout, self.stopper.stop()).await.is_ok();
        drop(self.workers);
        self.audit.close();
        self.spans.close().await;
        has_ended
    }
}
