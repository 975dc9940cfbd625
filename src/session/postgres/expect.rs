//! What the store still owes: one entry for each message that it will answer, in order.

use std::sync::Arc;

use super::ask::Ask;
use super::conversation::Conversation;
use super::flow::Flow;
use super::keep::Room;
use super::refusal;
use super::statements::Statement;
use crate::audit::Subject;
use crate::sql::{Effect, Kind, Refusal};
use crate::wire::postgres::Format;
use crate::wire::postgres::frontend::Target;

/// A name on the wire; it needs no memory where it is empty.
pub(super) type Name = Box<[u8]>;

/// One answer that the store owes.
pub(super) enum Expect {
    /// To a simple query, up to its ReadyForQuery.
    Query(Query),
    /// To a Parse.
    Parse {
        /// Its name.
        name: Name,
        /// What it prepares.
        statement: Arc<Statement>,
    },
    /// To a Describe of our own, for the types of a statement's columns.
    Types(Arc<Statement>),
    /// To a Bind.
    Bind {
        /// The portal.
        portal: Name,
        /// The statement's name.
        name: Name,
        /// The statement that was expected under it when its parameters were written.
        statement: Arc<Statement>,
        /// The formats that the client wants.
        formats: Vec<Format>,
        /// The persons whose tokens are among its parameters.
        subjects: Vec<Subject>,
        /// Memory for the portal.
        room: Option<Room>,
    },
    /// To a Describe.
    Describe(Target, Name),
    /// To an Execute; the flow is there from its first message on.
    Execute(Name, Option<Flow>),
    /// To a Close.
    Close(Target, Name),
    /// To a statement that must fail, because what the client asked for was refused.
    Refused(Refusal),
    /// To a Sync.
    Sync,
    /// To questions of our own.
    Ask(Ask),
}

/// A simple query: one flow after the other.
#[derive(Default)]
pub(super) struct Query {
    /// Statements that have not begun, the next one last.
    pub(super) left: Vec<Arc<Statement>>,
    /// The one that is being answered.
    pub(super) flow: Option<Flow>,
    /// Why it must fail, if it was refused.
    pub(super) refusal: Option<Refusal>,
    /// True if it was sent in the extended protocol, whose confirmations the client must not see.
    pub(super) is_quiet: bool,
    /// True if it holds no statement at all.
    pub(super) is_empty: bool,
    /// True once nothing but ReadyForQuery may follow.
    pub(super) is_over: bool,
}

impl Conversation {
    /// Why a statement that runs another one by its name must not be bound.
    pub(super) fn runs_what_it_may_not(&self, statement: &Arc<Statement>) -> Option<Refusal> {
        if self.names.runs_bound(statement) {
            Some(refusal::bound())
        } else if self.names.runs_more(statement) {
            Some(refusal::more())
        } else {
            self.lacks_types(statement).then(refusal::untyped)
        }
    }

    /// True if a statement runs another one by its name whose rows cannot be treated, because the store could not tell of
    /// which types they are.
    fn lacks_types(&self, statement: &Arc<Statement>) -> bool {
        let is_by_name =
            matches!(&statement.planned.kind, Kind::Session(Effect::Execute { .. } | Effect::Fetch { .. }));
        if !is_by_name || statement.types.get().is_some() {
            return false;
        }
        let comes = |expect: &Expect| matches!(expect, Expect::Types(asked) if Arc::ptr_eq(asked, statement));
        let is_treated =
            |shape: Arc<Statement>| shape.planned.columns.iter().any(|column| column.edge.is_some());
        self.names.shape_of(statement).is_some_and(is_treated) && !self.expects.iter().any(comes)
    }
}

impl Query {
    pub(super) fn new(statements: Vec<Arc<Statement>>, is_quiet: bool) -> Self {
        let mut left = statements;
        left.reverse();
        let is_empty = left.is_empty();
        Self { left, is_quiet, is_empty, ..Self::default() }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::default() }
    }
}
