//! What an error of the store means for what is still owed.
//!
//! Invariant: of the store's error only severity and SQLSTATE go on; after one in the extended protocol the
//! client's view of its statements is again what the store has confirmed.

use std::sync::Arc;

use super::ask::Purpose;
use super::conversation::{Conversation, Outbox};
use super::expect::Expect;
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
        match self.expects.front_mut() {
            None | Some(Expect::Sync) => return self.failed_outside(fields, out),
            Some(Expect::Ask(ask)) if ask.has_sync => {
                ask.failed = true;
                return Ok(());
            }
            Some(Expect::Query(query)) => {
                query.is_over = true;
                query.flow = None;
                match query.refusal.take() {
                    Some(refusal) => refusal::write_refusal(&mut out.to_client, &refusal)?,
                    None => refusal::write_error(&mut out.to_client, fields)?,
                }
                return Ok(());
            }
            Some(Expect::Refused(refusal)) => refusal::write_refusal(&mut out.to_client, refusal)?,
            Some(_) => refusal::write_error(&mut out.to_client, fields)?,
        }
        self.skip_to_sync(out)
    }

    /// An error that no message of ours caused: the store may fail while it commits at a Sync.
    fn failed_outside(&mut self, fields: ErrorFields, out: &mut Outbox) -> Result<(), Ending> {
        if self.expects.is_empty() {
            return Err(Ending::server(Fault::Unexpected));
        }
        Ok(refusal::write_error(&mut out.to_client, fields)?)
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
