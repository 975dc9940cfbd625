//! A connection that has not asked anything yet, until it has.
//!
//! hyper keeps time over the head of a request, but not over the first bytes, by which it tells HTTP/2 from HTTP/1.1: a
//! client that says nothing at all would hold its place for ever.
//!
//! Invariant: a connection comes in with the first exchange whose asker is known, or need not be.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::audit::{Asker, Identity};
use crate::front::allowance::{Allowances, Permit};
use crate::front::door::{Full, Inside, Knock, source};
use crate::policy::Member;
use crate::session::http::{Gates, Line, Refusal, Shown};

/// The place of a connection: at the door, then inside.
#[derive(Debug)]
pub(super) struct Arrival {
    knock: Knock,
    inside: OnceLock<Inside>,
}

impl Arrival {
    pub(super) const fn new(knock: Knock) -> Self {
        Self { knock, inside: OnceLock::new() }
    }

    pub(super) fn is_in(&self) -> bool {
        self.inside.get().is_some()
    }

    /// Comes in under this name.
    pub(super) fn come_in(&self, identity: Option<&str>) -> Result<(), Full> {
        let inside = self.knock.come_in(identity)?;
        // Where two exchanges of one connection come at the same time, one place is given back.
        let _second = self.inside.set(inside);
        Ok(())
    }

    /// Ends if the connection is not in by then.
    pub(super) async fn is_late(&self, patience: Duration) {
        tokio::time::sleep(patience).await;
        if self.is_in() {
            std::future::pending::<()>().await;
        }
    }
}

/// The other end of a connection.
pub(super) struct Caller {
    peer: SocketAddr,
    certificate: Option<Member>,
    /// As whom it is put on record, as long as it has no name.
    pub(super) nobody: Arc<Asker>,
    arrival: Arc<Arrival>,
}

impl Caller {
    pub(super) fn new(peer: SocketAddr, certificate: Option<Member>, arrival: &Arc<Arrival>) -> Self {
        let nobody = Arc::new(Asker { from: Some(peer), ..Asker::default() });
        Self { peer, certificate, nobody, arrival: Arc::clone(arrival) }
    }

    /// Comes in with the first exchange of somebody who may ask.
    pub(super) fn come_in(&self, gates: &Gates, shown: &Shown) -> Result<(), Refusal> {
        if self.arrival.is_in() {
            return Ok(());
        }
        let address = self.peer.ip().to_canonical().to_string();
        // Whoever speaks for many is nobody of them.
        let is_many = gates.takes_word_of(self.line());
        let identity = (!is_many).then(|| shown.who.as_deref().unwrap_or(&address));
        self.arrival.come_in(identity).map_err(|full| match full {
            Full::All => Refusal::Busy,
            Full::Identity => Refusal::TooManyOfOneName,
        })
    }

    /// What is asked for begins, if the one who asks may ask for it now. Whoever has no name is their address.
    pub(super) fn begin(&self, all: &Arc<Allowances>, shown: &Shown) -> Result<Option<Permit>, Refusal> {
        let address = || source(self.peer.ip()).to_string();
        let allowance = match &shown.who {
            Some(name) => all.of(name),
            None => all.of(&address()),
        };
        let Some(allowance) = allowance else { return Ok(None) };
        if allowance.rows_left() == 0 {
            return Err(Refusal::TooManyRows);
        }
        allowance.begin().map(Some).ok_or(Refusal::TooManyAtATime)
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line { peer: Some(self.peer.ip()), certificate: self.certificate.as_ref() }
    }

    pub(super) fn asker(&self, shown: &Shown) -> Arc<Asker> {
        match &shown.who {
            None => Arc::clone(&self.nobody),
            Some(name) => Arc::new(Asker {
                who: Some(Identity::new(name)),
                from: Some(self.peer),
                role: shown.role.clone(),
            }),
        }
    }
}
