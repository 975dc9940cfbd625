//! Accounts of what was asked and what became of it, for the record.
//!
//! Invariant: an account of an answer is handed out before the last message of the answer is, and one of a refusal
//! before the refusal.
//! Not here: writing it down (`front`), what a line of the trail says (`audit`).

use std::sync::Arc;

use super::conversation::{Conversation, Outbox};
use super::expect::{Expect, Query};
use super::statements::{Names, Portal, Statement};
use super::tokens::{self, Met};
use super::{Event, Phase, Session};
use crate::audit::{Asked, Decision, Rulings, Shape};
use crate::sql::{Effect, Kind, ParameterSource};
use crate::wire::postgres::Format;

/// What became of a statement.
#[derive(Clone, Debug)]
pub struct Account {
    /// What was asked.
    pub asked: Arc<Asked>,
    /// What became of it.
    pub decision: Decision,
    /// Rows that were sent, or are about to be.
    pub rows: u64,
    /// Bytes of the answer, likewise.
    pub bytes: u64,
}

/// What a session has counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows, and pieces of copies, on their way to the client.
    pub rows: u64,
    /// Statements that the store answered with an error.
    pub failed: u64,
}

/// Keeps account of a session, if anybody wants it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    is_wanted: bool,
    /// The shapes of the text that is being planned, in order.
    shapes: Vec<Shape>,
    /// Bytes of the answer under way.
    bytes: u64,
    /// How long the client's buffer was when they were counted.
    counted_to: usize,
    /// The answer under way is on record as begun.
    has_begun: bool,
    /// Statements that are over.
    pub(super) finished: u64,
    /// Rows of answers that are over, and statements that failed.
    pub(super) counted: Counted,
    /// The answer under way takes too long, and the store was asked to cancel it.
    takes_too_long: bool,
    /// Rows of the answer under way that are counted.
    rows_seen: u64,
    /// Rows that were given and not taken note of.
    rows_given: u64,
}

impl Ledger {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Bytes of the answer under way, with what has been added to the client's buffer.
    pub(super) fn bytes(&self, to_client: usize) -> u64 {
        let added = to_client.saturating_sub(self.counted_to);
        self.bytes.saturating_add(u64::try_from(added).unwrap_or(u64::MAX))
    }

    /// A statement is over.
    pub(super) const fn finish(&mut self) {
        self.finished = self.finished.saturating_add(1);
        self.takes_too_long = false;
    }

    /// Counts the rows of the answer under way, of which there are so many by now. False if they are its first, and so many
    /// have been given before.
    pub(super) const fn see_rows(&mut self, rows: u64, left: u64) -> bool {
        let more = rows.saturating_sub(self.rows_seen);
        let may_be = more == 0 || self.rows_seen > 0 || self.rows_given < left;
        self.rows_seen = rows;
        self.rows_given = self.rows_given.saturating_add(more);
        may_be
    }

    /// Rows that were given and not taken note of.
    pub(super) const fn rows_given(&self) -> u64 {
        self.rows_given
    }

    pub(super) const fn take_rows(&mut self) -> u64 {
        std::mem::replace(&mut self.rows_given, 0)
    }

    /// The statement under way will be cancelled.
    pub(super) const fn take_too_long(&mut self) {
        self.takes_too_long = true;
    }

    /// Counts what has been added to the client's buffer.
    fn count(&mut self, to_client: usize) {
        self.bytes = self.bytes(to_client);
        self.counted_to = to_client;
    }
}

impl Session {
    /// The answer of which a part is about to leave, if it is not on record yet.
    pub fn begin_account(&mut self) -> Option<Account> {
        match &mut self.phase {
            Phase::Inside(conversation) if !self.out.to_client.is_empty() => conversation.begin_account(),
            _ => None,
        }
    }

    /// The answer under way, which will not come to its end.
    #[must_use]
    pub fn cut_account(&self, why: &'static str) -> Option<Account> {
        match &self.phase {
            Phase::Inside(conversation) => conversation.cut_account(why),
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Gate(_) | Phase::Over => None,
        }
    }
}

impl Conversation {
    /// Begins to count: what is in the client's buffer was counted before.
    pub(super) const fn count_from(&mut self, to_client: usize) {
        self.ledger.counted_to = to_client;
    }

    pub(super) fn count_to(&mut self, to_client: usize) {
        self.ledger.count(to_client);
    }

    /// Takes the shapes of the text whose plan comes next.
    pub(super) fn take_shapes(&mut self, shapes: Vec<Shape>) {
        self.ledger.shapes = shapes;
    }

    /// The shapes of the statements that were planned.
    pub(super) fn shapes(&mut self) -> impl Iterator<Item = Option<Shape>> + use<> {
        std::mem::take(&mut self.ledger.shapes).into_iter().map(Some).chain(std::iter::repeat(None))
    }

    /// What the client asks is refused, for this reason.
    pub(super) fn account_refused(&mut self, reason: &'static str, out: &mut Outbox) {
        if !self.ledger.is_wanted {
            return;
        }
        let decision = Decision::Refused(reason);
        let shapes = std::mem::take(&mut self.ledger.shapes);
        let mut shapes: Vec<Option<Shape>> = shapes.into_iter().map(Some).collect();
        if shapes.is_empty() {
            shapes.push(None);
        }
        for shape in shapes {
            let asked = Arc::new(Asked { shape, ..Asked::default() });
            out.events.push_back(Event::Account(Account { asked, decision, rows: 0, bytes: 0 }));
        }
    }

    /// The answer under way has come to its end.
    pub(super) fn account(
        &mut self,
        asked: Option<Arc<Asked>>,
        decision: Decision,
        rows: u64,
        out: &mut Outbox,
    ) {
        self.ledger.count(out.to_client.len());
        let bytes = std::mem::take(&mut self.ledger.bytes);
        self.ledger.finish();
        self.ledger.counted.rows = self.ledger.counted.rows.saturating_add(rows);
        self.ledger.has_begun = false;
        if let Some(asked) = asked {
            out.events.push_back(Event::Account(Account { asked, decision, rows, bytes }));
        }
    }

    /// What is asked with a statement, or a portal of it; `None` if nobody wants to know.
    pub(super) fn asked_with(&self, statement: &Arc<Statement>, portal: Option<&[u8]>) -> Option<Arc<Asked>> {
        let portal = portal.and_then(|name| self.names.portals.get(name));
        self.ledger.is_wanted.then(|| self.names.asked(statement, portal.map(AsRef::as_ref)))
    }

    /// What the answer under way is an answer to; `None` if nobody wants to know.
    pub(super) fn asked_now(&self) -> Option<Arc<Asked>> {
        match self.expects.front()? {
            Expect::Query(Query { flow: Some(flow), .. }) => self.asked_with(flow.statement(), None),
            Expect::Query(query) => self.asked_with(query.left.last()?, None),
            Expect::Execute(name, _) => {
                self.asked_with(&self.names.portals.get(name)?.statement, Some(name.as_ref()))
            }
            Expect::Bind { statement, .. } | Expect::Parse { statement, .. } => {
                self.asked_with(statement, None)
            }
            _ => None,
        }
    }

    /// Rows of all answers, that under way included, and how many failed.
    pub(super) fn counted(&self) -> Counted {
        let Counted { rows, failed } = self.ledger.counted;
        Counted { rows: rows.saturating_add(self.rows_now().unwrap_or(0)), failed }
    }

    fn rows_now(&self) -> Option<u64> {
        match self.expects.front()? {
            Expect::Execute(_, Some(flow)) | Expect::Query(Query { flow: Some(flow), .. }) => {
                Some(flow.row_count())
            }
            _ => None,
        }
    }

    /// The statement that the store works at has failed. A refusal was accounted for when it was made.
    pub(super) fn account_failed(&mut self, out: &mut Outbox) {
        match self.expects.front() {
            Some(
                Expect::Query(Query { refusal: None, .. })
                | Expect::Execute(..)
                | Expect::Bind { .. }
                | Expect::Parse { .. },
            ) => {}
            _ => return,
        }
        self.ledger.counted.failed = self.ledger.counted.failed.saturating_add(1);
        let rows = self.rows_now().unwrap_or(0);
        match self.asked_now() {
            Some(asked) => {
                let why = if self.ledger.takes_too_long { "statement-timeout" } else { "error" };
                self.account(Some(asked), Decision::Cut(why), rows, out);
            }
            None => self.ledger.counted.rows = self.ledger.counted.rows.saturating_add(rows),
        }
    }

    /// The answer under way, if a part of it is about to leave and it is not on record as begun.
    pub(super) fn begin_account(&mut self) -> Option<Account> {
        if self.ledger.has_begun || !self.ledger.is_wanted {
            return None;
        }
        let rows = self.rows_now()?;
        let asked = self.asked_now()?;
        self.ledger.has_begun = true;
        Some(Account { asked, decision: Decision::Begun, rows, bytes: self.ledger.bytes })
    }

    /// The answer under way, if the session ends before it does.
    pub(super) fn cut_account(&self, why: &'static str) -> Option<Account> {
        let asked = self.asked_now()?;
        let rows = self.rows_now().unwrap_or(0);
        Some(Account { asked, decision: Decision::Cut(why), rows, bytes: self.ledger.bytes })
    }
}

impl Names {
    /// What is asked with a statement, or with a portal of it.
    fn asked(&self, statement: &Arc<Statement>, portal: Option<&Portal>) -> Arc<Asked> {
        let subjects = portal.map_or(&[][..], |portal| &portal.subjects);
        let is_by_name =
            matches!(&statement.planned.kind, Kind::Session(Effect::Execute { .. } | Effect::Fetch { .. }));
        let own = statement.asked();
        if subjects.is_empty() && !is_by_name {
            return own;
        }
        let mut asked = Asked::clone(&own);
        asked.subjects.extend_from_slice(subjects);
        if let Some(named) = self.shape_of(statement).filter(|_| is_by_name) {
            let named = named.asked();
            asked.rulings = named.rulings.clone();
            asked.subjects.extend_from_slice(&named.subjects);
        }
        Arc::new(asked)
    }
}

impl Statement {
    /// What is asked with it, apart from what parameters say.
    fn asked(&self) -> Arc<Asked> {
        let make = || {
            let rulings = Rulings::of(self.planned.applied.iter());
            let mut subjects = Vec::new();
            for parameter in &self.planned.parameters {
                if let (ParameterSource::Literal(text), Some(ruling)) =
                    (&parameter.source, &parameter.turned_back)
                {
                    let types = (parameter.type_oid, parameter.type_oid);
                    let met = &mut Met(Some(&mut subjects));
                    // What is no token is refused elsewhere.
                    let _token = tokens::turn_back(ruling, types, Format::Text, text.as_bytes(), met);
                }
            }
            Arc::new(Asked { shape: self.shape.clone(), rulings, subjects })
        };
        Arc::clone(self.asked.get_or_init(make))
    }
}
