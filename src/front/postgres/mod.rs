//! PostgreSQL between clients, a session each, and a store: one connection there for one here.
//!
//! Invariant: nothing is decided here. Bytes go into the session and come out of it; plans come from the
//! [`Library`]; this floor only waits, keeps time and bounds memory.

mod allowance;
mod arrival;
mod buffer;
mod cancel;
mod catalogue;
mod desk;
mod farewell;
mod library;
mod line;
mod on_record;
mod own;
mod pump;
mod shelf;
mod side;
mod stopwatch;
mod upstream;
mod workshop;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};

pub use cancel::Cancels;
pub use catalogue::{Catalogues, RoleRules, RulesOf};
pub use library::{Library, OwnedView, Plans, Who};
pub use own::{Login, Own, OwnError, Said, Service};
pub use shelf::Shelf;
pub use upstream::Upstream;
pub use workshop::Workshop;

use super::allowance::Allowances;
use super::audit::AuditLog;
use super::door::Door;
use super::drain::Drain;
use super::http::accept;
use super::metrics::StoreMetrics;
use super::tls::ListenerTls;
use super::turned_away::{INTERVAL, TurnedAway};
use super::workers::Workers;
use crate::base::budget::Budget;
use crate::session::postgres::{Doorway, Settings};

/// How long and how much.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From a client's connection until it is let in, TLS and all.
    pub login_timeout: Duration,
    /// Until the store has accepted a connection.
    pub connect_timeout: Duration,
    /// Until a statement is answered whole; then it is cancelled.
    pub statement_timeout: Option<Duration>,
    /// What the messages of one session may hold in memory.
    pub session_bytes: usize,
    /// A peer that takes no byte.
    pub write_timeout: Duration,
}

/// The protocol's name in a TLS handshake.
pub const ALPN: &[u8] = b"postgresql";

/// The way in and the way on. Who has come in is not asked again when this changes.
pub struct Access {
    /// What they find at the door; it speaks of TLS only where there is some.
    pub doorway: Doorway,
    /// What we show of ourselves.
    pub tls: Option<ListenerTls>,
    /// The way to the store.
    pub upstream: Upstream,
    /// Who logs in there for everybody, where identities end here.
    pub service: Option<Service>,
}

/// One store, ready to serve.
pub struct Store {
    /// Its name in the configuration.
    pub name: String,
    /// Where they stand who are not in yet.
    pub door: Arc<Door>,
    /// What each name may still ask for.
    pub allowances: Arc<Allowances>,
    /// The way in and the way on; replaced whole.
    pub access: ArcSwap<Access>,
    /// How long and how much.
    pub limits: Limits,
    /// What each session needs to know.
    pub settings: Settings,
    /// Memory for messages, of all sessions together.
    pub budget: Budget,
    /// Where plans come from.
    pub library: Arc<dyn Library>,
    /// Where statements are planned.
    pub workshop: Arc<Workshop>,
    /// Who was not let in.
    pub turned_away: TurnedAway,
    /// Plans that were made.
    pub shelf: Shelf,
    /// Keys that cancel.
    pub cancels: Arc<Cancels>,
    /// The way to the audit trail from each worker.
    pub audits: Vec<AuditLog>,
    /// What is counted.
    pub metrics: Arc<StoreMetrics>,
}

/// Serves until the drain begins, then lets sessions end that are in the middle of something.
pub async fn serve(listener: TcpListener, store: Arc<Store>, workers: Arc<Workers>, mut drain: Drain) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener) => accepted,
            _ = ticks.tick() => {
                store.turned_away.tell();
                continue;
            }
            () = drain.stopping() => return store.turned_away.tell(),
        };
        let (Some((stream, peer)), Some(worker)) = (accepted, workers.next()) else { continue };
        let (store, drain) = (Arc::clone(&store), drain.clone());
        let (knock, pushed) = store.door.knock(peer.ip());
        worker.handle.clone().spawn(async move {
            let _open = store.metrics.open();
            if let Ok(stream) = TcpStream::from_std(stream) {
                let _only_slower = stream.set_nodelay(true);
                pump::run(stream, (peer, worker.index), (knock, pushed), &store, drain).await;
            }
        });
    }
}

#[cfg(test)]
mod tests;
