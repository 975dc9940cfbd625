//! What the one who asks has used up: statements that give rows or write are refused then, before the store hears of them.
//!
//! Invariant: what ends a transaction, prepares or changes a setting is never refused for that.
//! Not here: counting by name ([`crate::front`]).

use super::conversation::{Conversation, Outbox};
use super::expect::Expect;
use super::refusal::{Ending, refusal};
use super::statements::Statement;
use super::{Event, Phase, Session};
use crate::sql::{Effect, Kind, Refusal};

/// What there is no more of for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The rows of an hour.
    Rows,
    /// The places for statements that are under way.
    Statements,
}

impl Spent {
    /// The name of the reason, as it is counted and put on record.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Rows => "too-many-rows-per-hour",
            Self::Statements => "too-many-statements-of-one-name",
        }
    }

    fn refusal(self) -> Refusal {
        let (message, hint) = match self {
            Self::Rows => (
                "the rows that one name may have within an hour have been given",
                "try again later: rows count for an hour from when they were given",
            ),
            Self::Statements => (
                "too many statements of this name are under way",
                "wait for one of them to end, or cancel one",
            ),
        };
        refusal("53400", message, Some(hint))
    }
}

impl Session {
    /// Says what the one who asks may still have: rows, counted from now on, and a statement under way.
    pub const fn may_have(&mut self, rows: u64, has_place: bool) {
        if let Phase::Inside(conversation) = &mut self.phase {
            conversation.rows_left = rows;
            conversation.has_place = has_place;
        }
    }

    /// Rows that were given since this was asked before.
    pub const fn take_rows(&mut self) -> u64 {
        match &mut self.phase {
            Phase::Inside(conversation) => conversation.ledger.take_rows(),
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Gate(_) | Phase::Over => 0,
        }
    }

    /// True if something is under way, or is about to be.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        let works = |it: &Conversation| !it.expects.is_empty() || it.waiting.is_some();
        matches!(&self.phase, Phase::Inside(conversation) if works(conversation))
    }
}

impl Conversation {
    /// Why a statement must not begin now.
    pub(super) fn spent_for(&self, statement: &Statement) -> Option<Spent> {
        self.spent().filter(|_| statement.is_work())
    }

    fn spent(&self) -> Option<Spent> {
        if !self.has_place {
            Some(Spent::Statements)
        } else if self.ledger.rows_given() >= self.rows_left {
            Some(Spent::Rows)
        } else {
            None
        }
    }

    /// Why a portal must not be executed now.
    pub(super) fn spent_for_portal(&self, portal: &[u8]) -> Option<Spent> {
        self.spent()?;
        let bound = self.expects.iter().rev().find_map(|expect| match expect {
            Expect::Bind { portal: name, statement, .. } if **name == *portal => Some(statement),
            _ => None,
        });
        let confirmed = || self.names.portals.get(portal).map(|portal| &portal.statement);
        bound.or_else(confirmed).and_then(|statement| self.spent_for(statement))
    }

    pub(super) fn refuse_spent(&mut self, spent: Spent, out: &mut Outbox) -> Result<(), Ending> {
        out.events.push_back(Event::Withheld(spent));
        self.refuse_as(spent.reason(), spent.refusal(), out)
    }

    pub(super) fn refuse_spent_query(&mut self, spent: Spent, out: &mut Outbox) -> Result<(), Ending> {
        out.events.push_back(Event::Withheld(spent));
        self.refuse_query_as(spent.reason(), spent.refusal(), out)
    }
}

impl Statement {
    /// True if it gives rows of the store's or writes some.
    fn is_work(&self) -> bool {
        match &self.planned.kind {
            Kind::Rows | Kind::CopyOut(_) => true,
            Kind::Session(effect) => matches!(effect, Effect::Execute { .. } | Effect::Fetch { .. }),
            Kind::Utility { tag } => matches!(*tag, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "MOVE"),
            Kind::Answered { .. } => false,
        }
    }
}
