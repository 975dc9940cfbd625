//! Statements: each kind becomes a plan.

mod copy;
mod explain;
mod setting;
mod write;

pub(super) use explain::explanation;

use std::sync::Arc;

use super::analyse::{Analysed, Analysis, OutputColumn, World};
use super::catalogue::Oid;
use super::faithful;
use super::ir::{Expr, ExprKind, Forget, Query, Statement, StatementKind, Transaction, TypeName, walk};
use super::refusal::Checked;
use super::seam::{Effect, Kind, Output, Parameter, Planned, SessionView};

/// Plans one statement.
pub(super) fn plan(
    world: &World,
    statement: &Statement,
    session: &SessionView<'_>,
    declared: &[u32],
) -> Checked<Planned> {
    let one = One { world, session, declared, statement };
    match &statement.kind {
        StatementKind::Query(query) => one.around(query, StatementKind::Query, Kind::Rows),
        StatementKind::Write(write) => one.write(write),
        StatementKind::Declare { cursor, options, query } => {
            let rewritten =
                |query| StatementKind::Declare { cursor: cursor.clone(), options: *options, query };
            let effect = Effect::Declare { cursor: cursor.clone() };
            one.around(query, rewritten, Kind::Session(effect))
        }
        StatementKind::Prepare { name, types, query } => one.prepare(name, types, query),
        StatementKind::Execute { name, arguments } => one.execute(name, arguments),
        StatementKind::CopyTable { catalog, table, columns, options } => {
            let query = copy::query_of(catalog.as_deref(), table, columns);
            one.copy(&query, options)
        }
        StatementKind::CopyQuery { query, options } => one.copy(query, options),
        StatementKind::Explain { options, statement } => explain::answer(&one, options, statement),
        StatementKind::Set { local, variable } => setting::set(&one, *local, variable),
        StatementKind::Show { name } => setting::show(&one, name),
        StatementKind::Fetch { is_move: true, .. } => one.as_it_is(Kind::Utility { tag: "MOVE" }),
        StatementKind::Fetch { cursor, .. } => {
            one.as_it_is(Kind::Session(Effect::Fetch { cursor: cursor.clone() }))
        }
        StatementKind::Close { cursor } => {
            one.as_it_is(Kind::Session(Effect::Close { cursor: cursor.clone() }))
        }
        StatementKind::Deallocate { name } => {
            one.as_it_is(Kind::Session(Effect::Deallocate { name: name.clone() }))
        }
        StatementKind::Transaction(transaction) => one.as_it_is(Kind::Utility { tag: tag(transaction) }),
        StatementKind::Forget(forget) => one.as_it_is(Kind::Utility { tag: forget.tag() }),
        StatementKind::DiscardAll => one.as_it_is(Kind::Session(Effect::Discard)),
    }
}

/// One statement and all that its plan depends on.
struct One<'a> {
    world: &'a World,
    session: &'a SessionView<'a>,
    declared: &'a [u32],
    statement: &'a Statement,
}

impl One<'_> {
    fn analysis(&self) -> Analysis<'_> {
        Analysis::new(self.world, self.session, self.declared)
    }

    /// A statement that is, or holds, a query.
    fn around(
        &self,
        query: &Query,
        rewritten: impl FnOnce(Query) -> StatementKind,
        kind: Kind,
    ) -> Checked<Planned> {
        let mut analysis = self.analysis();
        let analysed = analysis.top(query)?;
        self.analysed(analysed, rewritten, kind, analysis)
    }

    fn analysed(
        &self,
        analysed: Analysed,
        rewritten: impl FnOnce(Query) -> StatementKind,
        kind: Kind,
        analysis: Analysis<'_>,
    ) -> Checked<Planned> {
        let Analysed { query, columns, .. } = analysed;
        let (reads_protected, locks) = (analysis.reads_protected(), analysis.locks());
        let late = analysis.late().to_vec();
        let (parameters, applied) = analysis.finish();
        let mut planned = self.planned(rewritten(query), kind, &columns, parameters)?;
        for (index, ruling) in late {
            if let Some(column) = planned.columns.get_mut(index) {
                column.edge = Some(ruling);
            }
        }
        Ok(Planned { reads_protected, applied, locks, ..planned })
    }

    fn planned(
        &self,
        rewritten: StatementKind,
        kind: Kind,
        columns: &[OutputColumn],
        parameters: Vec<Parameter>,
    ) -> Checked<Planned> {
        let statement = Statement { kind: rewritten, pos: self.statement.pos };
        Ok(Planned {
            sql: faithful::printed(&statement)?,
            kind,
            columns: columns.iter().map(output).collect(),
            hidden_columns: 0,
            parameters,
            reads_protected: false,
            applied: Arc::default(),
            locks: String::new(),
            path: None,
        })
    }

    /// A statement that names nothing which needs rewriting.
    fn as_it_is(&self, kind: Kind) -> Checked<Planned> {
        self.planned(self.statement.kind.clone(), kind, &[], Vec::new())
    }

    /// `PREPARE`: the client's numbers of parameters are those of its `EXECUTE`.
    fn prepare(&self, name: &str, types: &[TypeName], query: &Query) -> Checked<Planned> {
        let mut resolved = Vec::with_capacity(types.len());
        let mut oids: Vec<Oid> = Vec::with_capacity(types.len());
        for ty in types {
            let (ty, found) = self.analysis().parameter_type(ty)?;
            resolved.push(ty);
            oids.push(found);
        }
        let mut largest = LargestParameter(u32::try_from(types.len()).unwrap_or(u32::MAX));
        walk::query(&mut query.clone(), &mut largest);
        let mut analysis = Analysis::new(self.world, self.session, &oids);
        analysis.fix_parameters(largest.0);
        let analysed = analysis.top(query)?;
        let rewritten = |query| StatementKind::Prepare { name: name.to_owned(), types: resolved, query };
        let effect = Effect::Prepare { name: name.to_owned() };
        let planned = self.analysed(analysed, rewritten, Kind::Session(effect), analysis)?;
        // Values are for EXECUTE to give.
        Ok(Planned { parameters: Vec::new(), ..planned })
    }

    fn execute(&self, name: &str, arguments: &[Expr]) -> Checked<Planned> {
        let mut analysis = self.analysis();
        let arguments =
            arguments.iter().map(|argument| analysis.constant(argument)).collect::<Checked<_>>()?;
        let locks = analysis.locks();
        let (parameters, _) = analysis.finish();
        let rewritten = StatementKind::Execute { name: name.to_owned(), arguments };
        let effect = Effect::Execute { name: name.to_owned() };
        let planned = self.planned(rewritten, Kind::Session(effect), &[], parameters)?;
        Ok(Planned { locks, ..planned })
    }
}

/// What the session has to know of an output column.
fn output(column: &OutputColumn) -> Output {
    let identity = column.label.identity();
    Output {
        name: column.name.clone(),
        edge: identity.map(|identity| identity.ruling.clone()),
        type_oid: identity.and_then(|identity| identity.shown_type),
        stored_oid: column.ty.map(|ty| ty.oid),
    }
}

/// Finds the largest number of a parameter.
struct LargestParameter(u32);

impl walk::Visitor for LargestParameter {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Param(number) = expr.kind {
            self.0 = self.0.max(number);
        }
    }
}

impl Forget {
    const fn tag(&self) -> &'static str {
        match self {
            Self::Plans => "DISCARD PLANS",
            Self::Sequences => "DISCARD SEQUENCES",
            Self::TemporaryTables => "DISCARD TEMP",
            Self::Notifications { .. } => "UNLISTEN",
        }
    }
}

const fn tag(transaction: &Transaction) -> &'static str {
    match transaction {
        Transaction::Begin(_) => "BEGIN",
        Transaction::Commit { .. } => "COMMIT",
        Transaction::Rollback { .. } | Transaction::RollbackTo(_) => "ROLLBACK",
        Transaction::Savepoint(_) => "SAVEPOINT",
        Transaction::Release(_) => "RELEASE",
    }
}
