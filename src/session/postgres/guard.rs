//! Strictly: before a statement runs, the relations that it names are locked and the catalogue is looked at again, in the
//! same transaction, so that it cannot run by a plan from before a change of them.
//!
//! A simple query goes on as a batch of the extended protocol, which is one transaction up to its Sync with what was
//! asked before; the store tells the client's state truthfully all the while, as no `BEGIN` is needed.
//!
//! Not here: what the version of a catalogue is.

use std::sync::Arc;

use super::conversation::{Conversation, Outbox, Pending, Waiting};
use super::expect::Expect;
use super::refusal::{Ending, refusal, stale};
use super::statements::Statement;
use super::{Event, PlanRequest};
use crate::audit::Decision;
use crate::sql::{Effect, Kind, Refusal};
use crate::wire::postgres::backend;
use crate::wire::postgres::frame::{self, Peek};
use crate::wire::postgres::frontend::tag;

/// How often one query is planned again because tables keep changing.
const MAX_TRIES: u8 = 5;

/// What waits until the catalogue was looked at.
pub(super) enum Guarded {
    /// A Query, and how often it was planned.
    Query { text: String, tries: u8, statements: Vec<Arc<Statement>> },
    /// A Bind, as it came.
    Bind(Box<[u8]>, Arc<Statement>),
}

impl Guarded {
    /// What waits.
    pub(super) fn statements(&self) -> &[Arc<Statement>] {
        match self {
            Self::Query { statements, .. } => statements,
            Self::Bind(_, statement) => std::slice::from_ref(statement),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The plan is good.
    Holds,
    /// Another plan is needed.
    Changed,
    /// It cannot be found out here.
    Refused(Refusal),
}

impl Conversation {
    /// The locks that a statement needs: its own, or those of what it runs by name.
    fn locks_of(&self, statement: &Statement) -> impl Iterator<Item = String> {
        let named = match &statement.planned.kind {
            Kind::Session(Effect::Execute { name }) => self.names.expected.get(name.as_bytes()),
            _ => None,
        };
        let named = named.map(|named| named.planned.locks.clone());
        [Some(statement.planned.locks.clone()), named].into_iter().flatten().filter(|locks| !locks.is_empty())
    }

    /// Has a Query wait if it is to be guarded; the statements come back if not.
    pub(super) fn guard_query(
        &mut self,
        (text, tries): (String, u8),
        statements: Vec<Arc<Statement>>,
        out: &mut Outbox,
    ) -> Result<Option<Vec<Arc<Statement>>>, Ending> {
        let locks: Vec<String> =
            statements.iter().filter(|_| self.is_strict).flat_map(|one| self.locks_of(one)).collect();
        if locks.is_empty() {
            return Ok(Some(statements));
        }
        // Its locks would be gone.
        let ends =
            |one: &Arc<Statement>| matches!(one.planned.kind, Kind::Utility { tag: "COMMIT" | "ROLLBACK" });
        let mut behind = statements.iter().skip_while(|one| !ends(one));
        let refused = if behind.any(|one| self.locks_of(one).next().is_some()) {
            Some("reading a table behind COMMIT or ROLLBACK in one query string")
        } else if self.batch_open && tries == 0 {
            Some("a simple query before the batch is synced")
        } else {
            None
        };
        if let Some(what) = refused {
            let message = format!("{what} is not supported where the catalogue is `strict`");
            return self.refuse_query(refusal("0A000", &message, None), out).map(|()| None);
        }
        self.batch_open = true;
        self.waiting = Some(Waiting::Guard(Guarded::Query { text, tries, statements }));
        out.events.push_back(Event::Guard { locks });
        Ok(None)
    }

    /// Has a Bind wait if it is to be guarded: true then.
    pub(super) fn guard_bind(&mut self, statement: &Arc<Statement>, bytes: &[u8], out: &mut Outbox) -> bool {
        let locks: Vec<String> = self.locks_of(statement).collect();
        if !self.is_strict || locks.is_empty() {
            return false;
        }
        self.batch_open = true;
        self.waiting = Some(Waiting::Guard(Guarded::Bind(bytes.into(), Arc::clone(statement))));
        out.events.push_back(Event::Guard { locks });
        true
    }

    /// Goes on with what waited.
    pub(super) fn guarded(&mut self, verdict: Verdict, out: &mut Outbox) -> Result<(), Ending> {
        let guarded = match self.waiting.take() {
            Some(Waiting::Guard(guarded)) => guarded,
            other => {
                self.waiting = other;
                return Ok(());
            }
        };
        match (guarded, verdict) {
            (Guarded::Query { statements, .. }, Verdict::Holds) => {
                self.send_statements(statements, true, out)
            }
            (Guarded::Query { text, tries, .. }, Verdict::Changed) if tries < MAX_TRIES => {
                let pending = Pending::Query { text: text.clone(), tries: tries.saturating_add(1) };
                self.waiting = Some(Waiting::Plan(pending));
                out.events.push_back(Event::Plan(PlanRequest { text, parameters: Vec::new() }));
                Ok(())
            }
            (Guarded::Query { statements, .. }, verdict) => {
                self.take_shapes(statements.iter().filter_map(|one| one.shape.clone()).collect());
                let refusal = match verdict {
                    Verdict::Refused(refusal) => refusal,
                    _ => refusal("40001", "the tables change all the time", None),
                };
                self.refuse_query(refusal, out)
            }
            (Guarded::Bind(bytes, _), Verdict::Holds) => match frame::peek(&bytes) {
                Ok(Peek::Whole(frame, _)) => self.bind(&frame, true, out),
                _ => Ok(()),
            },
            (Guarded::Bind(_, statement), verdict) => {
                self.take_shapes(statement.shape.iter().cloned().collect());
                let refusal = match verdict {
                    Verdict::Refused(refusal) => refusal,
                    Verdict::Holds | Verdict::Changed => stale(),
                };
                self.refuse(refusal, out)
            }
        }
    }

    /// The store could not say: the client has its error. A Query is over; a Bind is skipped with its batch.
    pub(super) fn abandon_guard(&mut self, out: &mut Outbox) {
        let account = |conversation: &mut Self, statement: Option<&Arc<Statement>>, out: &mut Outbox| {
            let asked = statement.and_then(|statement| conversation.asked_with(statement, None));
            conversation.account(asked, Decision::Cut("error"), 0, out);
        };
        match self.waiting.take() {
            Some(Waiting::Guard(Guarded::Query { statements, .. })) => {
                account(self, statements.first(), out);
                backend::write_empty(&mut out.to_server, tag::SYNC);
                self.batch_open = false;
                self.expects.push_back(Expect::Sync);
                self.hold_for_search_path();
            }
            Some(Waiting::Guard(Guarded::Bind(_, statement))) => account(self, Some(&statement), out),
            other => self.waiting = other,
        }
    }
}
