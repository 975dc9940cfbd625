//! Expressions with a place for a column in them.

use super::super::ir::walk::{self, Visitor};
use super::super::ir::{Body, Expr, ExprKind, StatementKind};
use super::super::parse;

/// An expression in which [`Template::PLACE`] stands for the column.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Template(Expr);

impl Template {
    /// How the column is written in a text.
    pub(super) const PLACE: &str = "$1";

    /// An expression of our own making.
    pub(super) const fn of(expr: Expr) -> Self {
        Self(expr)
    }

    /// Reads an expression.
    ///
    /// `None` if it cannot be read, which a test of every kind of expression rules out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut statements = parse::own_statements(&format!("SELECT {text}")).ok()?;
        let StatementKind::Query(query) = statements.pop()?.kind else { return None };
        let Body::Select(select) = query.body else { return None };
        Some(Self(select.targets.into_iter().next()?.value))
    }

    /// The expression with the place still in it.
    pub(super) const fn unfilled(&self) -> &Expr {
        &self.0
    }

    /// The expression, with `column` in its place.
    pub(super) fn filled(&self, column: &Expr) -> Expr {
        let mut expr = self.0.clone();
        walk::expr(&mut expr, &mut Fill { column });
        expr
    }
}

/// Puts a column in the place of `$1`.
struct Fill<'c> {
    column: &'c Expr,
}

impl Visitor for Fill<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        if expr.kind == ExprKind::Param(1) {
            expr.kind = self.column.kind.clone();
        }
    }
}
