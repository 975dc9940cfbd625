//! The statements of a session on their way to the audit trail.
//!
//! Invariant: nothing is sent to the client while an account of it waits to be written; a long answer is on record
//! when its first part leaves, and again before its end does.

use std::net::SocketAddr;

use super::Store;
use super::library::Who;
use crate::audit::{Asker, Decision, Entry, Identity, Outcome, Protocol};
use crate::front::audit::{AuditLog, Recording, Unrecorded};
use crate::session::postgres::{Account, Session};

/// The scribe of one session.
pub(super) struct OnRecord {
    log: AuditLog,
    asker: Asker,
    who: Option<Who>,
    /// Of the policy by which the asker's role was found.
    generation: Option<u64>,
    accounts: Vec<Account>,
    /// The line in which the answer under way began.
    begun: Option<u64>,
}

impl OnRecord {
    /// For a session with this peer, served by this worker.
    pub(super) fn new(store: &Store, worker: usize, peer: SocketAddr) -> Self {
        let log = store.audits.get(worker).cloned().unwrap_or_default();
        let asker = Asker { from: Some(peer), ..Asker::default() };
        Self { log, asker, who: None, generation: None, accounts: Vec::new(), begun: None }
    }

    /// Who it is that asks.
    pub(super) fn welcome(&mut self, who: &Who) {
        self.asker.who = Some(Identity::new(&who.name));
        self.who = Some(who.clone());
    }

    /// Finds the asker's role anew if the policy has changed.
    fn heed_policy(&mut self, store: &Store) {
        let generation = Some(store.library.generation());
        if self.generation != generation {
            self.asker.role = self.who.as_ref().and_then(|who| store.library.role(who));
            self.generation = generation;
        }
    }

    /// Takes accounts that have to be written before anything more goes to the client.
    pub(super) fn take_all(&mut self, accounts: impl IntoIterator<Item = Account>) {
        self.accounts.extend(accounts);
    }

    /// Writes what has to be on record before the client is sent what waits for it.
    pub(super) async fn write(&mut self, store: &Store) -> Result<(), Unrecorded> {
        if !self.log.is_on() {
            return Ok(());
        }
        let written: Vec<Recording> =
            std::mem::take(&mut self.accounts).iter().map(|account| self.record(account, store)).collect();
        for line in written {
            line.await?;
        }
        Ok(())
    }

    /// Writes that an answer has begun, if a part of it is about to leave.
    pub(super) async fn begin(&mut self, session: &mut Session, store: &Store) -> Result<(), Unrecorded> {
        if let Some(account) = session.begin_account().filter(|_| self.log.is_on()) {
            self.begun = self.record(&account, store).await?;
        }
        Ok(())
    }

    fn record(&mut self, account: &Account, store: &Store) -> Recording {
        self.heed_policy(store);
        let ends = account.decision != Decision::Begun;
        let outcome = Outcome {
            begun: if ends { self.begun.take() } else { None },
            rows: Some(account.rows),
            bytes: account.bytes,
            ..Outcome::of(account.decision)
        };
        self.log.record(&Entry {
            store: &store.name,
            protocol: Protocol::Postgres,
            asker: &self.asker,
            asked: &account.asked,
            outcome,
        })
    }
}
