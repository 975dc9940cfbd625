//! A PostgreSQL store of the configuration, as the front serves it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::config::{ByRole, CatalogueCheck, PostgresStore, PostgresUpstream, Store};
use super::run::StartError;
use crate::base::budget::Budget;
use crate::front::audit::AuditLog;
use crate::front::metrics::Metrics;
use crate::front::postgres::{self, Access, Catalogues, RoleRules, RulesOf, Shelf, Upstream, Workshop};
use crate::front::turned_away::TurnedAway;
use crate::policy::{Role, SqlPlans, role_of};
use crate::session::postgres::{self as session, Doorway, Line, Settings};
use crate::sql::PINNED_SETTINGS;

/// What all sessions of one store may hold in memory together, beside a few reads each.
const MESSAGE_BUDGET_BYTES: usize = 512 * 1024 * 1024;

/// A store, and its library, which takes new rules while it serves.
pub(super) fn store(
    config: &Store,
    kind: &PostgresStore,
    roles: &[Role],
    (metrics, audit): (&Metrics, &AuditLog),
    workers: usize,
) -> Result<(Arc<postgres::Store>, Arc<Catalogues>), StartError> {
    let library = Arc::new(Catalogues::new(rules_of(&kind.plans, roles)));
    let pins = PINNED_SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let milliseconds = Duration::from_millis;
    let counted = metrics.store(&config.name);
    let store = postgres::Store {
        name: config.name.clone(),
        door: super::places::door(config.limits),
        allowances: super::places::allowances(config.limits),
        access: ArcSwap::from_pointee(access(config, kind)),
        limits: postgres::Limits {
            login_timeout: milliseconds(config.timeouts.login_timeout_ms),
            connect_timeout: milliseconds(config.timeouts.connect_timeout_ms),
            statement_timeout: config.timeouts.statement_timeout_ms.map(milliseconds),
            session_bytes: config.limits.max_session_bytes,
            write_timeout: milliseconds(config.timeouts.idle_timeout_ms),
        },
        settings: Settings {
            pins: pins.collect(),
            is_on_record: audit.is_on(),
            is_strict: kind.catalogue == CatalogueCheck::Strict,
            budget: None,
            limits: session::Limits {
                statement_bytes: config.limits.max_statement_bytes,
                answer_rows: config.limits.max_rows,
                answer_bytes: config.limits.max_answer_bytes,
                ..session::Limits::default()
            },
        },
        budget: Budget::new(MESSAGE_BUDGET_BYTES),
        library: Arc::clone(&library) as Arc<_>,
        workshop: Arc::new(Workshop::start(2).map_err(StartError::Workers)?),
        turned_away: TurnedAway::new(&config.name, audit.own_queue(), Arc::clone(&counted)),
        shelf: Shelf::default(),
        cancels: Arc::default(),
        audits: (0..workers).map(|_| audit.own_queue()).collect(),
        metrics: counted,
    };
    Ok((Arc::new(store), library))
}

/// The rules for whoever asks, by the role that the name is a member of.
pub(super) fn rules_of(plans: &ByRole<SqlPlans>, roles: &[Role]) -> RulesOf {
    let (plans, roles) = (plans.clone(), roles.to_vec());
    let names: HashMap<String, Arc<str>> =
        roles.iter().map(|role| (role.name.clone(), Arc::from(role.name.as_str()))).collect();
    Box::new(move |name, attributes| {
        let role = role_of(&roles, name, attributes).map(|role| role.name.as_str());
        let plans = Arc::clone(plans.of(role));
        RoleRules { role: role.and_then(|role| names.get(role)).cloned(), plans }
    })
}

/// The way in and the way on.
pub(super) fn access(config: &Store, kind: &PostgresStore) -> Access {
    let line = match &config.tls {
        None => Line::Plain,
        Some(tls) if tls.is_required => Line::TlsRequired,
        Some(_) => Line::TlsAllowed,
    };
    Access {
        doorway: Doorway { line, accounts: kind.login.as_ref().map(|login| Arc::clone(&login.accounts)) },
        tls: config.tls.as_ref().map(|tls| tls.tls.clone()),
        upstream: upstream(kind),
        service: kind.login.as_ref().map(|login| login.service.clone()),
    }
}

pub(super) fn upstream(kind: &PostgresStore) -> Upstream {
    match (&kind.upstream, &kind.upstream_tls) {
        (PostgresUpstream::Tcp { host, port }, Some(tls)) => {
            Upstream::Tls { host: host.clone(), port: *port, tls: tls.clone() }
        }
        (PostgresUpstream::Tcp { host, port }, None) => Upstream::Tcp { host: host.clone(), port: *port },
        (PostgresUpstream::Unix { folder, port }, _) => {
            Upstream::Unix(folder.join(format!(".s.PGSQL.{port}")))
        }
    }
}
