//! What an error of the store means for what is still owed.
//!
//! Invariant: of the store's error only severity and SQLSTATE go on, and where protected rows may have caused it not
//! even these: which of two errors comes first is the order in which rows are read. After one in the extended protocol the
//! client's view of its statements is again what the store has confirmed.

use std::sync::Arc;

use bytes::BytesMut;

use super::ask::Purpose;
use super::conversation::{Conversation, Outbox};
use super::expect::Expect;
use super::prose;
use super::refusal::{self, Ending, Fault};
use crate::wire::postgres::backend::{ErrorFields, Severity};
use crate::wire::postgres::frontend::Target;

impl Conversation {
    /// An error ends the answer that is owed first and, in the extended protocol, all up to the next Sync.
    pub(super) fn failed(&mut self, fields: ErrorFields, out: &mut Outbox) -> Result<(), Ending> {
        if matches!(fields.severity, Severity::Fatal | Severity::Panic) {
            refusal::write_error(&mut out.to_client, fields)?;
            return Err(Ending::ServerFatal);
        }
        let is_hidden = self.hides(fields);
        let write = |out: &mut BytesMut| match is_hidden {
            true => refusal::write_hidden(out),
            false => refusal::write_error(out, fields),
        };
        self.account_failed(out);
        match self.expects.front_mut() {
            None => return Err(Ending::server(Fault::Unexpected)),
            // No message of ours caused it: the store may fail while it commits at a Sync.
            Some(Expect::Sync) => return Ok(write(&mut out.to_client)?),
            Some(Expect::Ask(ask)) if ask.has_sync => {
                ask.failed = true;
                return Ok(());
            }
            Some(Expect::Query(query)) => {
                query.is_over = true;
                query.flow = None;
                match query.refusal.take() {
                    Some(refusal) => refusal::write_refusal(&mut out.to_client, &refusal)?,
                    None => write(&mut out.to_client)?,
                }
                return Ok(());
            }
            Some(Expect::Refused(refusal)) => refusal::write_refusal(&mut out.to_client, refusal)?,
            Some(_) => write(&mut out.to_client)?,
        }
        self.skip_to_sync(out)
    }

    /// True if an error of what is answered now could tell something of the order of protected rows.
    fn hides(&self, fields: ErrorFields) -> bool {
        let (is_protected, is_running) = match self.expects.front() {
            Some(Expect::Query(query)) => (self.reads_protected(), query.flow.is_some()),
            Some(Expect::Execute(..)) => (self.reads_protected(), true),
            // Binding folds constants.
            Some(Expect::Bind { .. } | Expect::Sync) => (self.reads_protected(), false),
            _ => (false, false),
        };
        is_protected && prose::depends_on_rows(fields.sqlstate, is_running)
    }

    /// True if the statement that the store works at may read protected rows.
    pub(super) fn reads_protected(&self) -> bool {
        let portal = |name: &[u8]| self.names.portals.get(name).map(|portal| &portal.statement);
        let statement = match self.expects.front() {
            Some(Expect::Query(query)) => match (&query.flow, query.left.last()) {
                (Some(flow), _) => Some(flow.statement()),
                (None, Some(next)) => Some(next),
                (None, None) => return false,
            },
            Some(Expect::Execute(_, Some(flow))) => Some(flow.statement()),
            Some(Expect::Execute(name, None)) => portal(name),
            Some(Expect::Bind { statement, .. }) => Some(statement),
            Some(Expect::Sync) => None,
            _ => return false,
        };
        statement.is_none_or(|statement| self.names.reads_protected(statement))
    }

    /// Drops what the store will not answer any more, and goes back to what it has confirmed.
    fn skip_to_sync(&mut self, out: &mut Outbox) -> Result<(), Ending> {
        loop {
            match self.expects.front() {
                None => {
                    self.skipping = true;
                    break;
                }
                Some(Expect::Sync) => break,
                Some(_) => {}
            }
            if let Some(Expect::Ask(mut ask)) = self.expects.pop_front() {
                ask.failed = true;
                if ask.purpose == Purpose::Caller {
                    self.abandon_guard(out);
                    self.answered(ask, out)?;
                }
            }
        }
        self.names.expected = self.names.confirmed.clone();
        for expect in &self.expects {
            match expect {
                Expect::Parse { name, statement } => {
                    self.names.expected.insert(name.clone(), Arc::clone(statement));
                }
                Expect::Close(Target::Statement, name) => drop(self.names.expected.remove(name)),
                _ => {}
            }
        }
        Ok(())
    }
}
