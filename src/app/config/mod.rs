//! The policy file as typed values that can only be right.
//!
//! Two structs, one door: the text becomes what is written ([`raw`]), and that becomes a [`Config`], or a
//! report of everything that is wrong with it.
//!
//! Invariant: a [`Config`] works. Its treatments have their keys, its paths compile, its roles and stores
//! exist, its addresses parse.
//! Not here: sockets, and reloading.

mod addresses;
mod admission;
mod audit;
mod bounds;
mod build;
mod fields;
mod identity;
mod keys;
mod login;
mod raw;
mod regions;
mod report;
mod routes;
mod stores;
mod tls;
mod treatments;
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub use audit::Audit;
pub use build::{LoadError, Source, audit_keys};
pub use raw::schema;
pub use report::{Place, Problem, Report, Severity, nearest};
pub use treatments::TreatmentFacts;
pub use world::{FileContent, Machine, World};

use crate::audit::MacKey;
use crate::front::http::KeySource;
use crate::front::postgres::Service;
use crate::front::tls::{ListenerTls, StoreTls};
use crate::policy::{Bindings, HttpPlans, HttpPolicy, RegionRule, Role, SqlPlans, SqlPolicy};
use crate::session::http::Identities;
use crate::session::postgres::Accounts;

/// A whole policy file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The stores, in the order of the file; their names and listeners differ.
    pub stores: Vec<Store>,
    /// The roles, in the order of the file.
    pub roles: Vec<Role>,
    /// What roles are bound to.
    pub bindings: Bindings,
    /// Health, metrics and the console, if wanted.
    pub admin: Option<Admin>,
    /// The audit trail, if wanted.
    pub audit: Option<Audit>,
    /// The collector of spans, if wanted: an `http` URL without a path.
    pub collector: Option<http::Uri>,
    /// The keys of its MACs, the current epoch's first; none without `[keys]`.
    pub mac_keys: Vec<MacKey>,
    /// What a reader wants to know of each treatment, by the name that rulings show.
    pub treatments: BTreeMap<Arc<str>, TreatmentFacts>,
    /// The text that all this came from.
    pub source: Source,
}

/// `[[stores]]`: an upstream data store and the listener in front of it.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// Where clients connect; port 0 takes a free port.
    pub listen: SocketAddr,
    /// TLS towards clients.
    pub tls: Option<Listener>,
    /// How long to wait, for what.
    pub timeouts: Timeouts,
    /// How much to hold, of what.
    pub limits: Limits,
    /// What speaks behind it.
    pub kind: StoreKind,
    /// Where it stands in the file, in bytes.
    pub span: Range<usize>,
}

/// `[stores.tls]`: TLS towards clients.
#[derive(Clone, Debug)]
pub struct Listener {
    /// True if plain connections are refused.
    pub is_required: bool,
    /// True if certificates of clients are looked at.
    pub has_client_ca: bool,
    /// The rest.
    pub tls: ListenerTls,
}

/// The store's protocol, with what depends on it.
#[derive(Clone, Debug)]
pub enum StoreKind {
    /// `protocol = "http"`.
    Http(HttpStore),
    /// `protocol = "postgres"`.
    Postgres(PostgresStore),
}

/// A store with an HTTP API.
#[derive(Clone, Debug)]
pub struct HttpStore {
    /// Scheme and authority, without a path: `http://127.0.0.1:9000`.
    pub upstream: http::Uri,
    /// How it is known over TLS, if not by the system's authorities.
    pub upstream_tls: Option<StoreTls>,
    /// Where the names of those who ask come from.
    pub identity: Identities,
    /// Where the keys of tokens are fetched, if they are.
    pub key_source: Option<Box<KeySource>>,
    /// The rules.
    pub policy: HttpPolicy,
    /// What the rules decide.
    pub plans: ByRole<HttpPlans>,
}

/// A PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    /// Where it listens.
    pub upstream: PostgresUpstream,
    /// TLS on the way there.
    pub upstream_tls: Option<StoreTls>,
    /// Whose identity ends here; `None` lets identities pass through to the store.
    pub login: Option<Login>,
    /// How a change of tables under a statement is noticed.
    pub catalogue: CatalogueCheck,
    /// The rules.
    pub policy: SqlPolicy,
    /// Where it stands of whom a row is.
    pub regions: Vec<RegionRule>,
    /// What the rules decide.
    pub plans: ByRole<SqlPlans>,
}

/// `[stores.login]`: identities that end here, and who stands for them at the store.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who may come in, and by what.
    pub accounts: Arc<Accounts>,
    /// Who logs in at the store.
    pub service: Service,
}

/// Where a PostgreSQL server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresUpstream {
    /// A host (a name or an address) and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket.
    Unix {
        /// The folder that it is in.
        folder: PathBuf,
        /// The port in its name.
        port: u16,
    },
}

/// How a change of tables under a running or prepared statement is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatalogueCheck {
    /// A version check that travels in the same round trip.
    #[default]
    Versioned,
    /// Lock, check and run in one transaction.
    Strict,
}

/// Decisions for everybody, and for each role that changes something.
#[derive(Clone, Debug)]
pub struct ByRole<Plans> {
    base: Arc<Plans>,
    roles: BTreeMap<String, Arc<Plans>>,
}

impl<Plans> ByRole<Plans> {
    /// The decisions for a role, or for those who have none.
    #[must_use]
    pub fn of(&self, role: Option<&str>) -> &Arc<Plans> {
        role.and_then(|name| self.roles.get(name)).unwrap_or(&self.base)
    }
}

/// `[admin]`.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where health, metrics and the console are served.
    pub listen: SocketAddr,
    /// TLS towards whoever asks.
    pub tls: Option<ListenerTls>,
}

/// `[timeouts]`: how long to wait, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to the store.
    pub connect_timeout_ms: u64,
    /// Between two requests of a client.
    pub idle_timeout_ms: u64,
    /// For a new connection to come in.
    pub login_timeout_ms: u64,
    /// For the head of a request, from its first byte.
    pub header_timeout_ms: u64,
    /// Between two bytes of the store's answer.
    pub upstream_timeout_ms: u64,
    /// For a statement to be answered; `None` is no limit.
    pub statement_timeout_ms: Option<u64>,
    /// For open exchanges to end once a stop is asked for.
    pub drain_timeout_ms: u64,
}

/// `[limits]`: how much to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Client connections that have come in, at a time.
    pub max_connections: usize,
    /// Of these, those of one name.
    pub max_connections_per_identity: usize,
    /// Client connections that have not come in.
    pub max_logins: usize,
    /// Of these, those from one address.
    pub max_logins_per_source: usize,
    /// The head of a request or response.
    pub max_header_bytes: usize,
    /// A body, before compression is taken off; `None` is no limit (bodies stream).
    pub max_body_bytes: Option<u64>,
    /// A statement.
    pub max_statement_bytes: usize,
    /// Statements and requests of one name that are under way; `None` is no limit.
    pub max_statements_per_identity: Option<u64>,
    /// Rows that one name is given within an hour; `None` is no limit.
    pub max_rows_per_hour: Option<u64>,
    /// Rows of one answer; `None` is no limit.
    pub max_rows: Option<u64>,
    /// Bytes of one answer; `None` is no limit.
    pub max_answer_bytes: Option<u64>,
    /// The messages of one session.
    pub max_session_bytes: usize,
    /// Objects and arrays inside each other.
    pub max_depth: usize,
    /// One string of a body, held while it is judged.
    pub max_string_bytes: usize,
    /// One record of a body, held until its region is known.
    pub max_record_bytes: usize,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 5_000,
            idle_timeout_ms: 60_000,
            login_timeout_ms: 10_000,
            header_timeout_ms: 10_000,
            upstream_timeout_ms: 30_000,
            statement_timeout_ms: None,
            drain_timeout_ms: 10_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_identity: usize::MAX,
            max_logins: 1_000,
            max_logins_per_source: 250,
            max_header_bytes: 32 * 1024,
            max_body_bytes: None,
            max_statement_bytes: 1 << 20,
            max_statements_per_identity: None,
            max_rows_per_hour: None,
            max_rows: None,
            max_answer_bytes: None,
            max_session_bytes: 256 << 20,
            max_depth: 128,
            max_string_bytes: 1024 * 1024,
            max_record_bytes: 1024 * 1024,
        }
    }
}

#[cfg(test)]
mod tests;
