//! Rows that are withheld are left out before anything of the client's is evaluated.
//!
//! The store may take a derived table apart and try the client's conditions first. Where these can fail, an error would
//! tell of a row that is not there. An offset of nothing keeps a derived table whole, and conditions out of it. It also
//! keeps indexes from serving them, so it is left out where a statement asks simply: by comparisons of columns and
//! values.
//!
//! Invariant: in a statement in which something may fail, nothing of the client's meets a row that is withheld. Two
//! things must agree that nothing may: what the walk knows of functions, operators and conversions, and the list here,
//! which is short.

use std::mem;

use super::{INNER, moment};
use crate::sql::ir::walk::{self, Visitor};
use crate::sql::ir::{Body, Expr, ExprKind, FromItem, Literal, Qualified, Query, Sublink};

/// Puts what withholds rows before all else, unless nothing `may_fail` and the statement asks simply.
pub(super) fn first(query: &mut Query, may_fail: bool) {
    if may_fail || !asks_simply(query) {
        walk::query(query, &mut Barrier);
    }
}

struct Barrier;

impl Visitor for Barrier {
    fn enters(&mut self, item: &mut FromItem) -> bool {
        if item.derived(INNER).is_none() {
            return true;
        }
        let FromItem::Subquery { query, .. } = item else { return true };
        let withholds = matches!(&query.body, Body::Select(select) if select.filter.is_some());
        if withholds {
            query.offset = Some(Expr::made(ExprKind::Literal(Literal::Integer(0))));
        }
        false
    }
}

/// True if everything that may be evaluated for a row before it is left out compares columns and values, no more.
fn asks_simply(query: &Query) -> bool {
    let mut simply = Simply(true);
    let mut conditions = query.clone();
    if let Body::Select(select) = &mut conditions.body {
        // What the whole statement shows, groups and sorts by is evaluated for rows that are there.
        let mut rest = mem::take(&mut **select);
        (select.from, select.filter) = (mem::take(&mut rest.from), rest.filter.take());
        let mut shown = Query::of(Body::Select(Box::new(rest)));
        shown.order_by = mem::take(&mut conditions.order_by);
        walk::query(&mut shown, &mut Inside(&mut simply));
    }
    walk::query(&mut conditions, &mut simply);
    simply.0
}

/// Whether everything met so far is on the list of what never fails.
struct Simply(bool);

impl Visitor for Simply {
    fn enters_expr(&mut self, expr: &mut Expr) -> bool {
        // A moment that is the same for all rows.
        moment(expr).is_none()
    }

    fn expr(&mut self, expr: &mut Expr) {
        self.0 &= is_simple(expr);
    }

    fn enters(&mut self, item: &mut FromItem) -> bool {
        self.0 &= !matches!(item, FromItem::Function(_) | FromItem::XmlTable(_));
        item.derived(INNER).is_none()
    }
}

/// Looks at queries inside of expressions, and not at the expressions.
struct Inside<'s>(&'s mut Simply);

impl Visitor for Inside<'_> {
    fn enters_expr(&mut self, expr: &mut Expr) -> bool {
        let ExprKind::Sublink(_) = expr.kind else { return true };
        walk::expr(expr, self.0);
        false
    }
}

/// True if an expression whose parts are simple is simple.
fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Not(_)
        | ExprKind::In { .. }
        | ExprKind::Between { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::IsTruth { .. }
        | ExprKind::DistinctFrom { .. } => true,
        ExprKind::Column { names, star } => names.len() == 2 && !star,
        // The type of a constant, which is converted once.
        ExprKind::Cast { value, .. } => matches!(value.kind, ExprKind::Literal(_) | ExprKind::Param(_)),
        ExprKind::Operator { op, left, .. } => left.is_some() && compares(op),
        ExprKind::Quantified { op, .. } => compares(op),
        ExprKind::Array(values) => {
            values.iter().all(|value| !matches!(value.kind, ExprKind::Column { .. } | ExprKind::Array(_)))
        }
        ExprKind::Call(call) => call.star && call.over.is_none() && call.name == Qualified::builtin("count"),
        ExprKind::Sublink(sublink) => match &**sublink {
            Sublink::Exists(_) => true,
            Sublink::Quantified { op, .. } => op.as_ref().is_none_or(compares),
            Sublink::Scalar(_) | Sublink::Array(_) => false,
        },
        _ => false,
    }
}

fn compares(op: &Qualified) -> bool {
    const COMPARISONS: &[&str] = &["=", "<>", "<", "<=", ">", ">=", "<<", "<<=", ">>", ">>="];
    COMPARISONS.iter().any(|name| *op == Qualified::builtin(*name))
}
