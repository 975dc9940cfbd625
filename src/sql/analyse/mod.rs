//! Names are resolved, values labelled and the statement rewritten, in one walk.
//!
//! Every reference to a protected relation becomes a derived table whose columns are coarse already, so that most
//! values are harmless wherever they flow; identifiers stay raw inside and are followed by their label; and where
//! the server's plan may have put rows in an order that raw values decide, a total order of visible values is
//! fixed before the order can show.
//!
//! Invariant: what this walk does not understand is refused; nothing is passed on unread.
//! Not here: text, the policy's own rules (`rules`), the lists of what is allowed (`allow`).

mod aggregate;
mod alike;
mod call;
mod calm;
mod column;
mod compare;
mod conversion;
mod expr;
mod from;
mod from_function;
mod group;
pub(super) mod growth;
mod infer;
mod join;
mod label;
mod listed;
mod name;
mod operator;
mod order;
mod parameter;
mod query;
mod relation;
mod representative;
mod row_key;
mod scope;
mod select;
mod set_operation;
mod sublink;
mod target;
mod ties;
mod types;
mod view;
mod window;
mod with;
mod withhold;
mod write;
mod xml;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use calm::moment;
pub(super) use label::{Identity, Label};
pub(super) use query::Analysed;
pub(super) use relation::INNER;
pub(super) use scope::OutputColumn;
use scope::{Level, RowOrder};
pub(super) use write::Written;

use super::allow::Lists;
use super::catalogue::{Catalogue, Oid, TypeRef};
use super::refusal::{Checked, Denial};
use super::rules::Rules;
use super::seam::Parameter;
use super::{SessionView, ir, parse};
use crate::policy::Ruling;

/// What statements are resolved against; the same for all of them.
#[derive(Debug)]
pub(super) struct World {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) rules: Rules,
    pub(super) lists: Lists,
    /// Statements are made fast: what only goes to the client is treated where it leaves, and conditions on coarse values
    /// are helped by conditions on raw ones, for indexes to serve.
    pub(super) is_fast: bool,
}

/// The walk through one statement.
pub(super) struct Analysis<'a> {
    world: &'a World,
    /// Schemas for unqualified names, in order.
    path: Vec<String>,
    /// The client's path, also inside a view.
    outer_path: Vec<String>,
    /// Relations that the rewritten statement names.
    named: RefCell<BTreeSet<ir::Qualified>>,
    /// The path as the server would show it.
    shown_path: String,
    /// `pg_catalog` heads the path without being listed.
    implicit_catalog: bool,
    salt: &'a [u8; 16],
    /// Types that the client declared for its parameters.
    declared: &'a [u32],
    /// Parameters of the rewritten statement.
    parameters: Vec<Parameter>,
    /// Parameters keep the client's numbers (in `PREPARE`, where their order is the client's).
    fixed_parameters: bool,
    /// How often a protected relation was read so far.
    protected_reads: usize,
    /// The named output columns of the function calls that were met, by the rewritten call.
    outputs: Vec<(ir::Expr, Vec<(String, TypeRef)>)>,
    /// How often a relation under row security was met inside a view.
    hidden_rows: usize,
    /// This is the second walk, in which keys of rows are asked for.
    keyed: bool,
    /// An order was fixed.
    fixed_order: Cell<bool>,
    /// Something was met that fails on some values.
    may_raise: Cell<bool>,
    /// Something of the kind was met in a select list.
    columns_raise: Cell<bool>,
    /// Something was met that fails on some rows and not on others.
    rows_raise: Cell<bool>,
    /// It was met where it could be evaluated for rows that a condition leaves out.
    conditions_raise: Cell<bool>,
    /// How long values and rows may have become.
    growth: growth::Growth,
    /// Columns of another collation than the default.
    collated: Vec<ir::Expr>,
    /// Texts of another collation than the default were met.
    collations_vary: Cell<bool>,
    /// A call that tells when it was evaluated, and where.
    varying: Option<(String, ir::Pos)>,
    resolved: RefCell<operator::ResolvedOperators>,
    /// Rows that were made of values whose equals look alike.
    alike_rows: Vec<ir::Expr>,
    /// The aggregates that were met, rewritten.
    aggregates: Vec<ir::Expr>,
    /// An aggregate of sorted values was met: from version 16 on, the server sorts the rows for it, and the other
    /// aggregates beside it see them so.
    presorts: Cell<bool>,
    /// Two windows tell rows apart that are equal otherwise, each in an order of its own.
    pairs: Cell<bool>,
    /// Keys are asked for of all rows, also where nothing of them is raw.
    all_keyed: bool,
    /// All rows count as presorted.
    presorted: bool,
    /// A window waits for its total order.
    marked_ties: bool,
    /// Names made so far.
    made_names: usize,
    /// Views within views.
    view_depth: usize,
    /// Recursive queries within recursive queries.
    recursion_depth: usize,
    /// Rulings that applied, by relation and column.
    applied: BTreeMap<(Oid, String), Ruling>,
    /// What holds for the rows of relations, in words.
    regions: BTreeSet<String>,
    /// Columns of the output that are treated where they leave.
    late: Vec<(usize, Ruling)>,
}

/// Views within views beyond this are refused.
const MAX_VIEW_DEPTH: usize = 32;

impl<'a> Analysis<'a> {
    pub(super) fn new(world: &'a World, session: &SessionView<'a>, declared: &'a [u32]) -> Self {
        Self {
            world,
            path: world.catalogue.path(session.search_path, session.user),
            outer_path: world.catalogue.path(session.search_path, session.user),
            named: RefCell::default(),
            shown_path: world.catalogue.shown_path(session.search_path),
            implicit_catalog: !world.catalogue.lists_itself(session.search_path),
            salt: session.salt,
            declared,
            parameters: Vec::new(),
            fixed_parameters: false,
            protected_reads: 0,
            outputs: Vec::new(),
            hidden_rows: 0,
            keyed: false,
            all_keyed: false,
            fixed_order: Cell::new(false),
            may_raise: Cell::new(false),
            columns_raise: Cell::new(false),
            rows_raise: Cell::new(false),
            conditions_raise: Cell::new(false),
            growth: growth::Growth::default(),
            collated: Vec::new(),
            collations_vary: Cell::new(false),
            varying: None,
            resolved: RefCell::default(),
            alike_rows: Vec::new(),
            aggregates: Vec::new(),
            presorts: Cell::new(false),
            pairs: Cell::new(false),
            presorted: false,
            marked_ties: false,
            made_names: 0,
            view_depth: 0,
            recursion_depth: 0,
            late: Vec::new(),
            applied: BTreeMap::new(),
            regions: BTreeSet::new(),
        }
    }

    /// Analyses a query whose rows go to the client, in this order, and are treated as they pass.
    pub(super) fn top(&mut self, query: &ir::Query) -> Checked<Analysed> {
        let mut analysed = self.walk(query)?;
        if self.world.is_fast {
            self.late = super::late::columns(self.world, &mut analysed.query);
        }
        let may_fail = [&self.may_raise, &self.columns_raise, &self.rows_raise, &self.conditions_raise];
        if !self.regions.is_empty() {
            withhold::first(&mut analysed.query, may_fail.iter().any(|flag| flag.get()));
        }
        let read = super::slim::query(&mut analysed.query);
        self.applied.retain(|(_, column), _| read.has(column) || read.has(&super::late::made_name(column)));
        if !self.conditions_raise.get() && self.world.is_fast {
            super::ranges::add(self.world, &self.parameters, &mut analysed.query);
        }
        if let (Some((name, pos)), true) = (&self.varying, self.reads_protected()) {
            return Err(listed::varying(name, *pos));
        }
        for column in &analysed.columns {
            // At the edge a value is treated as a whole, or element by element, but not field by field.
            if let (Label::Row(_), Some(identity)) = (&column.label, column.label.identity()) {
                return Err(identity
                    .misused("a row that holds it", ir::Pos::NONE)
                    .hint("select the row's fields as columns of their own"));
            }
        }
        Ok(analysed)
    }

    /// Walks through a query, a second time if an order had to be fixed: the key of the rows is shorter than all
    /// that is seen of them, and the same in every session, which the salted hash of an identifier is not.
    fn walk(&mut self, query: &ir::Query) -> Checked<Analysed> {
        let parameters = self.parameters.clone();
        let mut first = self.query(query, &Level::default(), true)?;
        if self.presorts.get() && self.reads_protected() {
            *self = Self { presorted: true, ..self.afresh(parameters.clone()) };
            first = self.query(query, &Level::default(), true)?;
        }
        if !self.fixed_order.get() {
            return Ok(first);
        }
        let all_keyed = self.pairs.get();
        let mut second = Self { keyed: true, all_keyed, ..self.afresh(parameters) };
        let analysed = match second.query(query, &Level::default(), true) {
            Ok(analysed) => {
                *self = second;
                analysed
            }
            // Keys cannot be had everywhere; what the first walk found is as safe.
            Err(_) => first,
        };
        if self.pairs.get() && self.reads_protected() {
            return Err(ties::refused_pairs());
        }
        Ok(analysed)
    }

    /// For another walk through the same statement. Names are made on, and reads counted.
    fn afresh(&self, parameters: Vec<Parameter>) -> Self {
        Self {
            fixed_order: Cell::new(false),
            may_raise: Cell::new(false),
            columns_raise: Cell::new(false),
            rows_raise: Cell::new(false),
            conditions_raise: Cell::new(false),
            growth: growth::Growth::default(),
            collated: Vec::new(),
            collations_vary: Cell::new(false),
            presorts: Cell::new(false),
            pairs: Cell::new(false),
            alike_rows: Vec::new(),
            aggregates: Vec::new(),
            parameters,
            path: self.path.clone(),
            outer_path: self.outer_path.clone(),
            named: self.named.clone(),
            shown_path: self.shown_path.clone(),
            outputs: Vec::new(),
            late: Vec::new(),
            applied: BTreeMap::new(),
            regions: BTreeSet::new(),
            varying: None,
            resolved: self.resolved.clone(),
            marked_ties: false,
            ..*self
        }
    }

    /// Analyses an expression that stands for itself, such as an argument of `EXECUTE`.
    pub(super) fn constant(&mut self, expr: &ir::Expr) -> Checked<ir::Expr> {
        let expr = self.public(expr, &Level::default(), "EXECUTE")?.expr;
        if !Self::is_written_down(&expr) {
            return Err(Denial::unsupported(
                "an argument of EXECUTE that is computed, or this large",
                expr.pos,
            )
            .hint("write its value"));
        }
        Ok(expr)
    }

    /// The type of a parameter of `PREPARE`.
    pub(super) fn parameter_type(&self, ty: &ir::TypeName) -> Checked<(ir::TypeName, u32)> {
        let (name, found) = self.resolve_type(ty)?;
        Ok((name, found.oid))
    }

    /// The columns of the output that have to be treated where they leave, and by which ruling.
    pub(super) fn late(&self) -> &[(usize, Ruling)] {
        &self.late
    }

    /// The parameters of the rewritten statement and the rulings that applied.
    pub(super) fn finish(self) -> (Vec<Parameter>, Arc<[Ruling]>) {
        (self.parameters, self.applied.into_values().collect())
    }

    /// True if the rewritten statement has parameters.
    pub(super) const fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// True if a protected relation was read.
    pub(super) const fn reads_protected(&self) -> bool {
        self.protected_reads > 0
    }

    /// What holds for the rows of the relations that were read, in words.
    pub(super) const fn regions(&self) -> &BTreeSet<String> {
        &self.regions
    }

    /// A statement whose parsing locks every relation that the rewritten statement names.
    pub(super) fn locks(&self) -> String {
        super::print::locks(self.named.borrow().iter())
    }

    fn catalogue(&self) -> &'a Catalogue {
        &self.world.catalogue
    }

    /// Something was met that fails on some values.
    fn raises(&self) {
        self.may_raise.set(true);
        self.rows_raise.set(true);
    }

    /// What is known of failures so far.
    fn raised(&self) -> (bool, bool) {
        (self.may_raise.get(), self.rows_raise.get())
    }

    /// `expr`, which was made since `before`, may be one of those that do not fail after all.
    fn calm(&self, before: (bool, bool), expr: &ir::Expr) {
        if moment(expr).is_some() {
            self.may_raise.set(before.0);
            self.rows_raise.set(before.1);
        }
    }

    /// No row made what was met since `before` fail.
    fn calm_rows(&self, (_, rows_raise): (bool, bool)) {
        self.rows_raise.set(rows_raise);
    }

    /// What was met so far may be evaluated before a condition has left rows out.
    fn note_conditions(&self) {
        if self.rows_raise.get() {
            self.conditions_raise.set(true);
        }
    }

    /// A name that no client can use.
    fn made_name(&mut self) -> String {
        self.made_names += 1;
        format!("{}{}", parse::MADE, self.made_names)
    }
}

/// True for a session's schema of temporary relations.
fn is_temporary(schema: &str) -> bool {
    schema.starts_with("pg_temp_")
}
