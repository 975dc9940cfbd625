//! What the names of statements, portals and cursors stand for.
//!
//! Two views are kept. What the client *expects* decides how its next message is understood: a statement
//! counts from the moment in which its Parse is sent on. What the store has *confirmed* decides how rows are
//! treated: it changes only with the store's answers, in their order, so it is what the store knows, also
//! where a pipeline broke off in the middle.
//!
//! Invariant: a row is treated by the plan of the statement that the store ran, never by that of one that the
//! client thought it had prepared.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::PlanRequest;
use super::keep::Room;
use super::rows::RowPlan;
use crate::audit::{Asked, Shape, Subject};
use crate::sql::{Effect, Kind, KnownPath, ParameterSource, Planned};
use crate::wire::postgres::Format;

/// A statement that the planner has made.
#[derive(Debug)]
pub(super) struct Statement {
    /// The plan.
    pub(super) planned: Planned,
    /// Types that the client declared for its parameters.
    pub(super) declared: Vec<u32>,
    /// What the client asked for, if it prepared this through the protocol.
    pub(super) text: Option<Box<str>>,
    /// How many parameters the client must send.
    pub(super) client_parameters: usize,
    /// Types of all columns, hidden ones too, as the store describes them. Asked for where a row's treatment
    /// needs them.
    pub(super) types: OnceLock<Box<[u32]>>,
    /// Its shape, where statements go on record.
    pub(super) shape: Option<Shape>,
    /// What is asked with it, printed once.
    pub(super) asked: OnceLock<Arc<Asked>>,
    /// The memory that it holds.
    pub(super) room: Option<Room>,
    /// The policy or the catalogue has changed since: it must be planned again.
    is_stale: AtomicBool,
}

impl Statement {
    pub(super) fn new(planned: Planned, declared: Vec<u32>) -> Self {
        let numbers = planned.parameters.iter().filter_map(|parameter| match parameter.source {
            ParameterSource::Client(number) => usize::try_from(number).ok(),
            ParameterSource::Literal(_) => None,
        });
        let client_parameters = numbers.max().unwrap_or(0).max(declared.len());
        Self {
            planned,
            declared,
            text: None,
            client_parameters,
            types: OnceLock::new(),
            shape: None,
            asked: OnceLock::new(),
            room: None,
            is_stale: AtomicBool::new(false),
        }
    }

    /// A statement that the client has prepared with this text.
    pub(super) fn asked_for(planned: Planned, asked: PlanRequest) -> Self {
        Self { text: Some(asked.text.into()), ..Self::new(planned, asked.parameters) }
    }

    /// The same with a shape.
    pub(super) fn shaped(self, shape: Option<Shape>) -> Self {
        Self { shape, ..self }
    }

    /// No statement: the text was empty.
    pub(super) fn empty(declared: Vec<u32>) -> Self {
        let planned = Planned {
            sql: String::new(),
            kind: Kind::Utility { tag: "" },
            columns: Vec::new(),
            hidden_columns: 0,
            parameters: Vec::new(),
            reads_protected: false,
            applied: Arc::default(),
            locks: String::new(),
            path: None,
        };
        Self::new(planned, declared)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Relaxed)
    }

    pub(super) fn forget(&self) {
        self.is_stale.store(true, Ordering::Relaxed);
    }

    /// The type that the client declared for its parameter of this number, or 0.
    pub(super) fn declared_type(&self, number: u32) -> u32 {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| self.declared.get(index)).copied().unwrap_or(0)
    }

    /// The statement inside a `PREPARE` or `DECLARE`: the same columns, run for its rows.
    pub(super) fn inner(&self) -> Self {
        let planned = Planned { kind: Kind::Rows, ..self.planned.clone() };
        let inner = Self::new(planned, self.declared.clone()).shaped(self.shape.clone());
        // What was planned before a change is no newer for having run after it.
        Self { room: self.room.clone(), is_stale: AtomicBool::new(self.is_stale()), ..inner }
    }

    /// True if rows cannot be treated before the store has said of which types they are.
    pub(super) fn needs_types(&self) -> bool {
        let by_name =
            matches!(&self.planned.kind, Kind::Session(Effect::Fetch { .. } | Effect::Execute { .. }));
        by_name || self.planned.columns.iter().any(|column| column.edge.is_some())
    }

    /// True if the client's Bind can go to the store as it is.
    pub(super) fn binds_as_it_is(&self) -> bool {
        let parameters = &self.planned.parameters;
        let in_place = parameters.iter().zip(1_u32..).all(|(parameter, number)| {
            parameter.turned_back.is_none() && parameter.source == ParameterSource::Client(number)
        });
        in_place && parameters.len() == self.client_parameters && self.hidden_columns() == 0
    }

    /// True if `EXECUTE` may run it: it gives rows or writes them, and that is all.
    fn may_be_executed(&self) -> bool {
        matches!(
            self.planned.kind,
            Kind::Rows | Kind::Utility { tag: "INSERT" | "UPDATE" | "DELETE" | "MERGE" }
        )
    }

    /// The types of the client's parameters: as it declared them, or else from those of the store's.
    pub(super) fn client_types(&self, described: &[u32]) -> Vec<u32> {
        let mut types = self.declared.clone();
        types.resize(self.client_parameters, 0);
        for (parameter, &described) in self.planned.parameters.iter().zip(described) {
            let ParameterSource::Client(number) = parameter.source else { continue };
            let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            // A token goes to the store as the type of its field, whatever the client writes it as.
            if let Some(slot @ 0) = index.and_then(|index| types.get_mut(index)) {
                *slot = described;
            }
        }
        types
    }

    /// How many columns the client does not see.
    pub(super) const fn hidden_columns(&self) -> usize {
        match self.planned.hidden_columns {
            // Tests plan statements whose columns are not known.
            usize::MAX if cfg!(test) => 0,
            hidden => hidden,
        }
    }

    /// The types of the columns that the store sends, as far as they were known when it was planned, and 0.
    pub(super) fn stored_types(&self) -> Vec<u32> {
        let hidden = std::iter::repeat_n(0, self.hidden_columns());
        self.planned.columns.iter().map(|column| column.stored_oid.unwrap_or(0)).chain(hidden).collect()
    }

    /// How many columns the store sends.
    pub(super) fn all_columns(&self) -> usize {
        self.planned.columns.len().saturating_add(self.planned.hidden_columns)
    }
}

/// A portal or cursor.
#[derive(Debug)]
pub(super) struct Portal {
    /// What it runs.
    pub(super) statement: Arc<Statement>,
    /// Formats that Bind asked for; empty for text.
    pub(super) formats: Vec<Format>,
    /// The persons whose tokens are among its parameters.
    pub(super) subjects: Vec<Subject>,
    /// How its rows are treated; found when it runs for the first time and fixed from then on.
    pub(super) rows: OnceLock<Arc<RowPlan>>,
    /// A Bind has made it.
    pub(super) is_bound: bool,
    /// The memory that it holds, beside its statement's.
    _room: Option<Room>,
}

impl Portal {
    pub(super) const fn new(statement: Arc<Statement>, formats: Vec<Format>, subjects: Vec<Subject>) -> Self {
        Self { statement, formats, subjects, rows: OnceLock::new(), is_bound: false, _room: None }
    }

    /// The same, made by a Bind.
    pub(super) fn bound(self, room: Option<Room>) -> Self {
        Self { is_bound: true, _room: room, ..self }
    }

    /// True if a Bind of `statement` with these formats makes the same portal: rows that are the statement's own are
    /// treated alike each time. What a name stands for may change.
    pub(super) fn is_again(
        &self,
        statement: &Arc<Statement>,
        formats: &[Format],
        subjects: &[Subject],
    ) -> bool {
        let is_own = matches!(statement.planned.kind, Kind::Rows) && self.subjects == subjects;
        is_own && Arc::ptr_eq(&self.statement, statement) && self.formats == formats
    }
}

/// Names of one session.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Prepared statements as the client expects them.
    pub(super) expected: HashMap<Box<[u8]>, Arc<Statement>>,
    /// Prepared statements that the store has confirmed.
    pub(super) confirmed: HashMap<Box<[u8]>, Arc<Statement>>,
    /// Portals and cursors that the store has confirmed. One that is gone without our knowledge (a
    /// transaction ended) does no harm: the store says that it does not exist.
    pub(super) portals: HashMap<Box<[u8]>, Arc<Portal>>,
}

impl Names {
    /// Forgets what a simple query drops: the unnamed statement and portal.
    pub(super) fn drop_unnamed(&mut self) {
        self.confirmed.remove(&b""[..]);
        self.portals.remove(&b""[..]);
    }

    /// Marks everything that was planned so far: it must be planned again.
    pub(super) fn forget_plans(&self) {
        let prepared = self.expected.values().chain(self.confirmed.values());
        prepared.chain(self.portals.values().map(|portal| &portal.statement)).for_each(|one| one.forget());
    }

    /// True if the statement runs another one by its name, and that one must be planned again, or was planned along another
    /// path than `now`.
    pub(super) fn runs_stale(&self, statement: &Statement, now: &KnownPath) -> bool {
        let named = match &statement.planned.kind {
            Kind::Session(Effect::Execute { name }) => self.expected.get(name.as_bytes()),
            Kind::Session(Effect::Fetch { cursor }) => {
                self.portals.get(cursor.as_bytes()).map(|portal| &portal.statement)
            }
            _ => None,
        };
        named.is_some_and(|named| named.is_stale() || named.planned.path != *now)
    }

    /// True if the statement runs another one by its name that does more than give rows or write them: what it does would
    /// go unnoticed.
    pub(super) fn runs_more(&self, statement: &Statement) -> bool {
        let Kind::Session(Effect::Execute { name }) = &statement.planned.kind else { return false };
        self.expected.get(name.as_bytes()).is_some_and(|named| !named.may_be_executed())
    }

    /// The same of what the store has run: what was expected under the name may have failed.
    pub(super) fn has_run_more(&self, effect: &Effect) -> bool {
        let Effect::Execute { name } = effect else { return false };
        self.confirmed.get(name.as_bytes()).is_some_and(|named| !named.may_be_executed())
    }

    /// True if the statement runs another one by its name in SQL, whose parameters only a Bind message can fill:
    /// tokens among them would not be turned back, and raw values would do in their place.
    pub(super) fn runs_bound(&self, statement: &Statement) -> bool {
        let Kind::Session(Effect::Execute { name }) = &statement.planned.kind else { return false };
        self.expected.get(name.as_bytes()).is_some_and(|named| !named.binds_as_it_is())
    }

    /// True if rows that a statement reads while it runs are protected: its own, or those of what it names.
    pub(super) fn reads_protected(&self, statement: &Statement) -> bool {
        let of = |named: Option<&Arc<Statement>>| named.is_none_or(|named| named.planned.reads_protected);
        match &statement.planned.kind {
            Kind::Session(Effect::Execute { name }) => of(self.confirmed.get(name.as_bytes())),
            Kind::Session(Effect::Fetch { cursor }) => {
                of(self.portals.get(cursor.as_bytes()).map(|portal| &portal.statement))
            }
            // A cursor `WITH HOLD` runs to its end where the transaction ends.
            Kind::Utility { tag: "MOVE" | "COMMIT" } => {
                self.portals.values().any(|portal| portal.statement.planned.reads_protected)
            }
            _ => statement.planned.reads_protected,
        }
    }

    /// Takes in what a statement did that is done.
    pub(super) fn apply(&mut self, effect: &Effect, statement: &Statement) {
        match effect {
            Effect::Prepare { name } => {
                let inner = Arc::new(statement.inner());
                self.expected.insert(name.as_bytes().into(), Arc::clone(&inner));
                self.confirmed.insert(name.as_bytes().into(), inner);
            }
            Effect::Deallocate { name: Some(name) } => {
                self.expected.remove(name.as_bytes());
                self.confirmed.remove(name.as_bytes());
            }
            Effect::Deallocate { name: None } => self.forget_statements(),
            Effect::Declare { cursor } => {
                let portal = Portal::new(Arc::new(statement.inner()), Vec::new(), Vec::new());
                self.portals.insert(cursor.as_bytes().into(), Arc::new(portal));
            }
            Effect::Close { cursor: Some(cursor) } => drop(self.portals.remove(cursor.as_bytes())),
            Effect::Close { cursor: None } => self.portals.clear(),
            Effect::Discard => {
                self.forget_statements();
                self.portals.clear();
            }
            Effect::Fetch { .. } | Effect::Execute { .. } | Effect::SearchPath { .. } | Effect::ResetAll => {}
        }
    }

    /// The unnamed statement is none of those that the server forgets.
    fn forget_statements(&mut self) {
        self.expected.retain(|name, _| name.is_empty());
        self.confirmed.retain(|name, _| name.is_empty());
    }

    /// The statement whose columns the rows of `statement` have: its own, or those of what it names.
    pub(super) fn shape_of(&self, statement: &Arc<Statement>) -> Option<Arc<Statement>> {
        match &statement.planned.kind {
            Kind::Rows => Some(Arc::clone(statement)),
            Kind::Session(Effect::Execute { name }) => self.confirmed.get(name.as_bytes()).cloned(),
            Kind::Session(Effect::Fetch { cursor }) => {
                let portal = self.portals.get(cursor.as_bytes())?;
                match (portal.rows.get(), &portal.statement.planned.kind) {
                    (Some(rows), _) => Some(rows.shape()),
                    (None, Kind::Rows) => Some(Arc::clone(&portal.statement)),
                    (None, _) => None,
                }
            }
            Kind::CopyOut(_) | Kind::Utility { .. } | Kind::Session(_) | Kind::Answered { .. } => None,
        }
    }
}
