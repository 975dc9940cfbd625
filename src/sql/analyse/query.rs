//! A query: its `WITH`, its body, and what follows the body.

use super::super::ir::{Body, Expr, ExprKind, Limit, Literal, OrderItem, Query};
use super::super::refusal::Checked;
use super::from::as_column;
use super::scope::{Item, ItemColumn, Level, OutputColumn, RowOrder, Term, WholeRow};
use super::{Analysis, Label};
use std::rc::Rc;

/// A rewritten query.
pub(in crate::sql) struct Analysed {
    pub(in crate::sql) query: Query,
    pub(in crate::sql) columns: Vec<OutputColumn>,
    pub(in crate::sql) order: RowOrder,
    /// The column behind the others that holds the key of the rows.
    pub(in crate::sql) row_key: Option<OutputColumn>,
    /// Several rows may have one key: the hidden one, or where there is none, the same values.
    pub(in crate::sql) repeats: bool,
}

/// `ORDER BY`, `OFFSET` and `LIMIT` as the client wrote them.
pub(super) struct Tail<'q> {
    pub(super) order_by: &'q [OrderItem],
    pub(super) offset: Option<&'q Expr>,
    pub(super) limit: Option<&'q Limit>,
    /// The consumer sees the order of rows.
    pub(super) order_shows: bool,
    pub(super) key: KeyUse,
}

/// What the consumer of rows does with a hidden column that holds their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyUse {
    /// It cannot take one.
    None,
    /// It wants one where the rows hold identifiers.
    OfIdentifiers,
    /// It would also tell rows apart by all of their columns, which it had better not where reading one may fail.
    OfAny,
    /// It would tell equal rows apart.
    OfAll,
}

impl Tail<'_> {
    /// True if the number of rows is cut, so that their order decides which ones are seen.
    pub(super) fn cuts(&self) -> bool {
        let all = |limit: &&Limit| !matches!(limit.count.kind, ExprKind::Literal(Literal::Null));
        self.offset.is_some() || self.limit.filter(all).is_some()
    }

    /// True if rows that tie with the last one are kept.
    pub(super) fn with_ties(&self) -> bool {
        self.limit.is_some_and(|limit| limit.with_ties)
    }
}

impl Analysis<'_> {
    /// Analyses a query. With `order_shows`, its consumer sees the order of its rows.
    pub(super) fn query(&mut self, query: &Query, outer: &Level<'_>, order_shows: bool) -> Checked<Analysed> {
        self.query_with(query, outer, order_shows, KeyUse::None)
    }

    /// Analyses a query whose consumer can take a hidden column.
    pub(super) fn query_with_key(&mut self, query: &Query, outer: &Level<'_>) -> Checked<Analysed> {
        let key = if self.all_keyed { KeyUse::OfAll } else { KeyUse::OfAny };
        self.query_with(query, outer, false, key)
    }

    pub(super) fn query_with(
        &mut self,
        query: &Query,
        outer: &Level<'_>,
        order_shows: bool,
        key: KeyUse,
    ) -> Checked<Analysed> {
        let mut level = Level::inside(outer);
        let with = match &query.with {
            Some(with) => Some(self.with(with, &mut level)?),
            None => None,
        };
        let tail = Tail {
            order_by: &query.order_by,
            offset: query.offset.as_ref(),
            limit: query.limit.as_ref(),
            order_shows,
            key,
        };
        let mut analysed = match &query.body {
            Body::Select(select) => self.select(select, &tail, &level)?,
            Body::Set(operation) => self.set_operation(operation, &tail, &level)?,
            Body::Values(rows) => self.values(rows, &tail, &level)?,
        };
        analysed.query.with = with;
        Ok(analysed)
    }

    fn values(&mut self, rows: &[Vec<Expr>], tail: &Tail<'_>, level: &Level<'_>) -> Checked<Analysed> {
        let mut columns: Vec<OutputColumn> = Vec::new();
        let mut rewritten = Vec::with_capacity(rows.len());
        for row in rows {
            let terms = self.row_terms(row, level)?;
            for (index, term) in terms.iter().enumerate() {
                match columns.get_mut(index) {
                    None => columns.push(OutputColumn {
                        name: format!("column{}", index + 1),
                        label: term.label.clone(),
                        ty: term.ty,
                    }),
                    Some(column) => {
                        let merged = column.label.clone().merge(term.label.clone(), "VALUES", term.pos())?;
                        column.label = merged;
                        column.ty = self.common_type([column.ty, term.ty]);
                    }
                }
            }
            rewritten.push(terms.into_iter().map(|term| term.expr).collect());
        }
        let inner = Level { items: vec![Rc::new(values_item(&columns))], ..Level::inside(level) };
        let mut query = Query::of(Body::Values(rewritten));
        for item in tail.order_by {
            let term = match self.output_column(&item.value, &columns)? {
                Some(index) => {
                    Term { label: label_of(&columns, index), ..Term::public(item.value.clone(), None) }
                }
                None => self.expr(&item.value, &inner)?,
            };
            term.label.require_public("ORDER BY after VALUES", term.pos())?;
            query.order_by.push(self.order_item(item, &term)?);
        }
        self.cut(&mut query, tail, level)?;
        Ok(Analysed { query, columns, order: RowOrder::Public, row_key: None, repeats: true })
    }

    /// Analyses `LIMIT` and `OFFSET` and puts them on `query`.
    pub(super) fn cut(&mut self, query: &mut Query, tail: &Tail<'_>, level: &Level<'_>) -> Checked<()> {
        if let Some(offset) = tail.offset {
            query.offset = Some(self.number_of_rows(offset, level, "OFFSET")?);
        }
        if let Some(limit) = tail.limit {
            let count = self.number_of_rows(&limit.count, level, "LIMIT")?;
            query.limit = Some(Limit { count, with_ties: limit.with_ties });
        }
        Ok(())
    }

    /// How many rows. A query inside another one is asked that for each row of it, and no number is below zero.
    fn number_of_rows(&mut self, count: &Expr, level: &Level<'_>, clause: &str) -> Checked<Expr> {
        let term = self.public(count, level, clause)?;
        let is_calm = match &term.expr.kind {
            ExprKind::Literal(Literal::Integer(number)) => *number >= 0,
            ExprKind::Literal(Literal::Null) => true,
            // Nobody's row is looked at before it.
            ExprKind::Param(_) => level.outward().skip(1).all(|around| around.items.is_empty()),
            _ => false,
        };
        if !is_calm {
            self.raises();
        }
        Ok(term.expr)
    }

    /// The output column that a sort key of the older standard means: its number or its name.
    pub(super) fn output_column(&self, key: &Expr, columns: &[OutputColumn]) -> Checked<Option<usize>> {
        match &key.kind {
            ExprKind::Literal(Literal::Integer(number)) => {
                let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                let known = index.filter(|index| *index < columns.len());
                let denied = || {
                    let message = format!("ORDER BY position {number} is not in select list");
                    super::Denial::new("42P10", message, key.pos)
                };
                known.map(Some).ok_or_else(denied)
            }
            ExprKind::Column { names, star: false } => {
                let [name] = names.as_slice() else { return Ok(None) };
                Ok(columns.iter().position(|column| column.name == *name))
            }
            _ => Ok(None),
        }
    }
}

fn label_of(columns: &[OutputColumn], index: usize) -> Label {
    columns.get(index).map_or(Label::Public, |column| column.label.clone())
}

/// The columns of `VALUES`, which have names but no table.
fn values_item(columns: &[OutputColumn]) -> Item {
    let column = |column: &OutputColumn| ItemColumn {
        name: column.name.clone(),
        term: Term {
            expr: Expr::made(ExprKind::Column { names: vec![column.name.clone()], star: false }),
            label: column.label.clone(),
            ty: as_column(column.ty),
        },
    };
    Item {
        name: "*VALUES*".to_owned(),
        alias: "*VALUES*".to_owned(),
        schema: None,
        columns: columns.iter().map(column).collect(),
        system_columns: Vec::new(),
        key: Vec::new(),
        row_key: None,
        repeats: true,
        whole_row: WholeRow::Plain { ty: None },
        relation_visible: false,
        columns_visible: true,
    }
}
