//! Which names mean what at one level of a statement.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::catalogue::{Oid, TypeRef};
use super::super::ir::{Expr, ExprKind, OrderItem, Pos, WindowSpec};
use super::super::refusal::{Checked, Denial};
use super::label::Label;

/// A rewritten expression and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) expr: Expr,
    pub(super) label: Label,
    /// `None` if the type is not known to us; the server will know.
    pub(super) ty: Option<TypeRef>,
}

/// Whether the order of rows is a function of what the client may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sql) enum RowOrder {
    /// It is: the order of storage, or one that we fixed.
    #[default]
    Public,
    /// The server's plan may have sorted or hashed raw values.
    Open,
}

/// A column of a query or from-item.
#[derive(Clone, Debug)]
pub(in crate::sql) struct OutputColumn {
    pub(in crate::sql) name: String,
    pub(in crate::sql) label: Label,
    pub(in crate::sql) ty: Option<TypeRef>,
}

/// A column that can be named at a level.
#[derive(Clone, Debug)]
pub(super) struct ItemColumn {
    pub(super) name: String,
    /// How it is written in our statement.
    pub(super) term: Term,
}

/// A from-item that can be named at a level.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// How the client names it.
    pub(super) name: String,
    /// How our statement names it: the same, unless a level around has that name too.
    pub(super) alias: String,
    /// The schema, if the item is a relation without an alias: `schema.name.column` means it too.
    pub(super) schema: Option<String>,
    pub(super) columns: Vec<ItemColumn>,
    /// Columns that `*` does not show.
    pub(super) system_columns: Vec<ItemColumn>,
    pub(super) whole_row: WholeRow,
    /// The columns that tell its rows apart, where our statement hides them from the server.
    pub(super) key: Vec<String>,
    /// What tells its rows apart and is public; known in the walk that asks for it.
    pub(super) row_key: Option<Vec<Term>>,
    /// Several of its rows may have one key. They are equal in all that can be seen.
    pub(super) repeats: bool,
    /// `name.column` finds it.
    pub(super) relation_visible: bool,
    /// `column` finds it.
    pub(super) columns_visible: bool,
}

/// What the item's name means as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WholeRow {
    /// The row as it is.
    Plain { ty: Option<Oid> },
    /// The row must be built: it holds identifiers, or columns that are not the client's to see.
    Built,
    /// A function of one scalar column: the column.
    Column,
}

/// A common table expression that can be named.
#[derive(Clone, Debug)]
pub(super) struct CteEntry {
    pub(super) name: String,
    pub(super) columns: Vec<OutputColumn>,
    /// How many of the last come from `SEARCH` and `CYCLE`.
    pub(super) made_columns: usize,
    pub(super) order: RowOrder,
    /// The hidden column with the key of its rows.
    pub(super) row_key: Option<OutputColumn>,
    /// Several of its rows may have one key.
    pub(super) repeats: bool,
    /// It reads protected relations.
    pub(super) protected: bool,
}

/// One level of a statement: a query's `WITH`, or the `FROM` of a select.
#[derive(Default)]
pub(super) struct Level<'e> {
    pub(super) outer: Option<&'e Self>,
    pub(super) items: Vec<Rc<Item>>,
    pub(super) ctes: Vec<Rc<CteEntry>>,
    /// The names of `WITH RECURSIVE` whose queries were not analysed yet.
    pub(super) later_ctes: Vec<String>,
    /// Columns of this level that were read since the list was last emptied.
    pub(super) used: RefCell<Vec<Term>>,
    /// How many times a column of this level was read.
    pub(super) reads: Cell<usize>,
    /// The order of the rows of `FROM` that pass the condition: what aggregates see.
    pub(super) source: Cell<RowOrder>,
    /// The order of the rows that the select list sees: those of `FROM`, or the groups.
    pub(super) rows: Cell<RowOrder>,
    /// Some expression of the select list or of `GROUP BY` makes several rows of one, which have one key.
    pub(super) multiplied: Cell<bool>,
    /// A window may have sorted the rows.
    pub(super) sorted: Cell<bool>,
    /// An aggregate was met.
    pub(super) aggregated: Cell<bool>,
    /// Its `FROM` is being read.
    pub(super) in_from: Cell<bool>,
    /// The rewritten entries of the `WINDOW` clause.
    pub(super) windows: RefCell<Vec<(String, WindowSpec)>>,
    /// The partitions and orders of windows that tell rows apart which tie.
    pub(super) tied: RefCell<Vec<(Vec<Expr>, Vec<OrderItem>)>>,
}

/// What a name was found to be.
pub(super) enum Found<'l> {
    Column { level: &'l Level<'l>, term: Term },
    Item { level: &'l Level<'l>, item: Rc<Item> },
}

impl<'e> Level<'e> {
    /// A level inside another.
    pub(super) fn inside(outer: &'e Self) -> Self {
        Self { outer: Some(outer), ..Self::default() }
    }

    /// The level of a part of `FROM`.
    pub(super) fn of_from(outer: Option<&'e Self>) -> Self {
        Self { outer, in_from: Cell::new(true), ..Self::default() }
    }

    /// This level and those around it, inside out.
    pub(super) fn outward(&'e self) -> impl Iterator<Item = &'e Level<'e>> {
        std::iter::successors(Some(self), |level| level.outer)
    }

    /// How often columns of this level and of those around it have been read, inside out.
    pub(super) fn reads(&self) -> Vec<usize> {
        self.outward().map(|level| level.reads.get()).collect()
    }

    /// The level that an aggregate belongs to whose arguments have been read since: the innermost one that has a
    /// column in them (PostgreSQL's `check_agg_arguments`).
    pub(super) fn aggregating(&'e self, before: &[usize]) -> &'e Self {
        let mut levels = self.outward().zip(before);
        levels.find(|(level, before)| level.reads.get() > **before).map_or(self, |(level, _)| level)
    }

    /// The common table expression of this name. A name that is still to come hides relations too, though what it
    /// is cannot be said yet.
    pub(super) fn cte(&self, name: &str, pos: Pos) -> Checked<Option<Rc<CteEntry>>> {
        for level in self.outward() {
            if let Some(cte) = level.ctes.iter().rev().find(|cte| cte.name == name) {
                return Ok(Some(Rc::clone(cte)));
            }
            // The first of them is the one that is being read.
            match level.later_ctes.iter().position(|later| later == name) {
                Some(0) => {
                    let message = format!("recursive query \"{name}\" reads itself where it must not");
                    return Err(Denial::new("42P19", message, pos));
                }
                Some(_) => return Err(Denial::unsupported("a WITH query that reads a later one", pos)),
                None => {}
            }
        }
        Ok(None)
    }

    /// `name`, if nothing here or around is called so in our statement.
    pub(super) fn is_free(&self, name: &str) -> bool {
        !self.outward().any(|level| level.items.iter().any(|item| item.alias == name))
    }

    /// True unless the expression is made of columns of the levels around alone.
    pub(super) fn has_part_in(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Column { names, .. } => {
                names.first().is_some_and(|name| self.items.iter().any(|item| item.alias == *name))
            }
            ExprKind::Sublink(_) => true,
            _ => expr.children().into_iter().any(|inside| self.has_part_in(inside)),
        }
    }

    /// The order of rows that aggregates here and around see.
    pub(super) fn outward_sources(&'e self) -> impl Iterator<Item = RowOrder> {
        self.outward().map(|level| level.source.get())
    }

    /// True if the rows that the select list of this level sees are in an open order.
    pub(super) fn rows_open(&self) -> bool {
        self.rows.get() == RowOrder::Open
    }

    /// The order of the rows that a select gives: of groups, of a single row, or of `FROM`.
    pub(super) fn order_of_rows(&self, grouped: bool, has_having: bool) -> RowOrder {
        if self.sorted.get() {
            RowOrder::Open
        } else if grouped {
            self.rows.get()
        } else if self.aggregated.get() || has_having {
            RowOrder::Public
        } else {
            self.source.get()
        }
    }

    /// An unqualified column.
    pub(super) fn column(&'e self, name: &str, pos: Pos) -> Checked<Option<Found<'e>>> {
        for level in self.outward() {
            let items = level.items.iter().filter(|item| item.columns_visible);
            let mut found = items.clone().flat_map(|item| &item.columns).filter(|column| column.name == name);
            if let Some(column) = found.next() {
                if found.next().is_some() {
                    return Err(Denial::new(
                        "42702",
                        format!("column reference \"{name}\" is ambiguous"),
                        pos,
                    ));
                }
                return Ok(Some(Found::Column { level, term: column.term.clone() }));
            }
            let system = items.flat_map(|item| &item.system_columns).find(|column| column.name == name);
            if let Some(column) = system {
                return Ok(Some(Found::Column { level, term: column.term.clone() }));
            }
        }
        Ok(None)
    }

    /// A from-item by name, with its schema if the client wrote one.
    pub(super) fn item(&'e self, schema: Option<&str>, name: &str, pos: Pos) -> Checked<Option<Found<'e>>> {
        for level in self.outward() {
            let fits = |item: &&Rc<Item>| {
                item.relation_visible
                    && item.name == name
                    && schema.is_none_or(|schema| item.schema.as_deref() == Some(schema))
            };
            let mut found = level.items.iter().filter(fits);
            if let Some(item) = found.next() {
                if found.next().is_some() {
                    return Err(Denial::new(
                        "42P09",
                        format!("table reference \"{name}\" is ambiguous"),
                        pos,
                    ));
                }
                return Ok(Some(Found::Item { level, item: Rc::clone(item) }));
            }
        }
        Ok(None)
    }
}

impl Item {
    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<&ItemColumn> {
        self.columns.iter().chain(&self.system_columns).find(|column| column.name == name)
    }
}

impl Term {
    /// A value that may flow anywhere.
    pub(super) const fn public(expr: Expr, ty: Option<TypeRef>) -> Self {
        Self { expr, label: Label::Public, ty }
    }

    pub(super) const fn pos(&self) -> Pos {
        self.expr.pos
    }

    /// The type's oid, if known.
    pub(super) fn oid(&self) -> Option<Oid> {
        self.ty.map(|ty| ty.oid)
    }
}

impl CteEntry {
    /// The columns under their names.
    pub(super) fn renamed(
        columns: Vec<OutputColumn>,
        names: &[String],
        pos: Pos,
    ) -> Checked<Vec<OutputColumn>> {
        if names.len() > columns.len() {
            return Err(Denial::new("42P10", "more column names are given than there are columns", pos));
        }
        let mut columns = columns;
        for (column, name) in columns.iter_mut().zip(names) {
            column.name.clone_from(name);
        }
        Ok(columns)
    }
}
