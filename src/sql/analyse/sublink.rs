//! Subqueries as expressions.

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{Body, Expr, ExprKind, FromItem, GroupBy, Literal, Pos, Qualified, Query, Sublink};
use super::super::refusal::{Checked, Denial};
use super::expr::boolean;
use super::scope::{Level, OutputColumn, Term};
use super::{Analysis, Label};

impl Analysis<'_> {
    pub(super) fn sublink(&mut self, sublink: &Sublink, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        match sublink {
            Sublink::Exists(query) => {
                let query = self.stopped_at(query, level)?.0;
                Ok(boolean(ExprKind::Sublink(Box::new(Sublink::Exists(query))), pos))
            }
            Sublink::Scalar(query) => self.scalar(query, pos, level),
            Sublink::Array(query) => {
                let analysed = self.query(query, level, true)?;
                let column = only_column(&analysed.columns, pos)?;
                let label = match &column.label {
                    Label::Null | Label::Public => Label::Public,
                    Label::Identifier(identity) => Label::Identifiers(std::sync::Arc::clone(identity)),
                    other => {
                        other.require_public("ARRAY (SELECT ...)", pos)?;
                        Label::Public
                    }
                };
                // Arrays of several sizes do not fit into one, and as many values as there may be rows into none.
                self.overgrows();
                let ty = column.ty.and_then(|ty| self.array_of(ty));
                let kind = ExprKind::Sublink(Box::new(Sublink::Array(analysed.query)));
                Ok(Term { expr: Expr { kind, pos }, label, ty })
            }
            Sublink::Quantified { op, quantifier, left, query } => {
                let (query, columns) = self.stopped_at(query, level)?;
                let left = self.expr(left, level)?;
                let right = row_of(&columns, pos);
                let equals = Qualified::bare("=");
                let wanted = op.as_ref().unwrap_or(&equals);
                self.require_width(&left, &columns, pos)?;
                let resolved = self.quantified_operator(wanted, &left, &right, pos)?;
                let sublink = Sublink::Quantified {
                    op: op.as_ref().map(|_| resolved),
                    quantifier: *quantifier,
                    left: left.expr,
                    query,
                };
                Ok(boolean(ExprKind::Sublink(Box::new(sublink)), pos))
            }
        }
    }

    /// A subquery of which no more rows are read than are needed.
    fn stopped_at(&mut self, query: &Query, level: &Level<'_>) -> Checked<(Query, Vec<OutputColumn>)> {
        let before = self.may_raise.replace(false);
        let analysed = self.query(query, level, false)?;
        let columns = analysed.columns.clone();
        let query = self.read_whole(analysed);
        self.may_raise.set(before || self.may_raise.get());
        Ok((query, columns))
    }

    fn scalar(&mut self, query: &Query, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let analysed = self.query(query, level, false)?;
        if self.is_single(query, &analysed.query) {
            self.rows_raise.set(true);
        } else {
            // It fails if there are two rows.
            self.raises();
        }
        let (label, ty) = match analysed.columns.as_slice() {
            [column] => (column.label.clone(), column.ty),
            // A row on one side of a comparison of rows.
            columns => (row_of(columns, pos).label, Some(TypeRef::plain(oid::RECORD))),
        };
        let kind = ExprKind::Sublink(Box::new(Sublink::Scalar(analysed.query)));
        Ok(Term { expr: Expr { kind, pos }, label, ty })
    }

    /// True if a subquery has one row at most: one is asked for, or it is an aggregate of all of its own rows.
    fn is_single(&self, asked: &Query, rewritten: &Query) -> bool {
        let is_limited = |query: &Query| {
            let count = query.limit.as_ref().filter(|limit| !limit.with_ties).map(|limit| &limit.count.kind);
            matches!(count, Some(ExprKind::Literal(Literal::Integer(0 | 1))))
        };
        let Body::Select(select) = &rewritten.body else { return is_limited(asked) };
        let has_no_groups = select.group_by == GroupBy::default();
        let own: Vec<&str> = select.from.iter().flat_map(FromItem::aliases).collect();
        is_limited(asked)
            || (has_no_groups
                && !select.targets.iter().any(|target| self.gives_set(&target.value))
                && select.targets.iter().any(|target| self.aggregates_own(&target.value, &own)))
    }

    /// True if an aggregate of rows of these items is in the expression.
    fn aggregates_own(&self, expr: &Expr, own: &[&str]) -> bool {
        if self.aggregates.contains(expr) {
            let names = columns_in(expr);
            return names.is_empty() || names.iter().any(|name| own.contains(name));
        }
        expr.children().into_iter().any(|inside| self.aggregates_own(inside, own))
    }

    fn require_width(&self, left: &Term, columns: &[OutputColumn], pos: Pos) -> Checked<()> {
        let width = match &left.expr.kind {
            ExprKind::Row { values, .. } => values.len(),
            _ => 1,
        };
        if width == columns.len() || width == 1 {
            return Ok(());
        }
        Err(Denial::new("42601", "subquery has another number of columns", pos))
    }
}

/// The first parts of all names in an expression.
fn columns_in(expr: &Expr) -> Vec<&str> {
    let own = match &expr.kind {
        ExprKind::Column { names, .. } => names.first(),
        _ => None,
    };
    own.map(String::as_str).into_iter().chain(expr.children().into_iter().flat_map(columns_in)).collect()
}

fn only_column(columns: &[OutputColumn], pos: Pos) -> Checked<&OutputColumn> {
    match columns {
        [column] => Ok(column),
        _ => Err(Denial::new("42601", "subquery must return only one column", pos)),
    }
}

/// The columns of a subquery as one value to compare with.
fn row_of(columns: &[OutputColumn], pos: Pos) -> Term {
    let label = match columns {
        [column] => column.label.clone(),
        _ if columns.iter().all(|column| column.label.is_public()) => Label::Public,
        _ => Label::Row(columns.iter().map(|column| column.label.clone()).collect()),
    };
    let ty = match columns {
        [column] => column.ty,
        _ => Some(TypeRef::plain(oid::RECORD)),
    };
    // No literal: each row has its own.
    let kind = ExprKind::Column { names: Vec::new(), star: false };
    Term { expr: Expr { kind, pos }, label, ty }
}
