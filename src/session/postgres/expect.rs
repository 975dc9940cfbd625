//! What the store still owes: one entry for each message that it will answer, in order.

use std::sync::Arc;

use super::ask::Ask;
use super::conversation::{Conversation, Waiting};
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
        if self.is_unsettled(statement) {
            Some(refusal::unsettled())
        } else if self.names.runs_bound(statement) {
            Some(refusal::bound())
        } else if self.names.runs_more(statement) {
            Some(refusal::more())
        } else {
            self.lacks_types(statement).then(refusal::untyped)
        }
    }

    /// True if a statement runs another one by its name, and the store has not said yet what that stands for: what the client
    /// expects is a guess, since a Parse may fail and what follows it be skipped.
    pub(super) fn is_unsettled(&self, statement: &Statement) -> bool {
        let Kind::Session(Effect::Execute { name: run }) = &statement.planned.kind else { return false };
        self.expects.iter().any(|expect| match expect {
            Expect::Parse { name, .. } | Expect::Close(Target::Statement, name) => **name == *run.as_bytes(),
            _ => false,
        })
    }

    /// Marks everything that was planned so far: it must be planned again. What is under way goes on, but what it gives a name
    /// is of before.
    pub(super) fn forget_plans(&self) {
        self.names.forget_plans();
        for expect in &self.expects {
            match expect {
                Expect::Query(query) => {
                    let running = query.flow.as_ref().map(Flow::statement);
                    query.left.iter().chain(running).for_each(|statement| statement.forget());
                }
                Expect::Parse { statement, .. } | Expect::Bind { statement, .. } => statement.forget(),
                Expect::Execute(_, Some(flow)) => flow.statement().forget(),
                _ => {}
            }
        }
        if let Some(Waiting::Guard(guarded)) = &self.waiting {
            guarded.statements().iter().for_each(|statement| statement.forget());
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
