//! Expressions with a place for a column in them, written as SQL.

use super::super::ir::walk::{self, Visitor};
use super::super::ir::{Body, Expr, ExprKind, Qualified, StatementKind};
use super::super::parse;

/// An expression of which `$1` stands for the column.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Template(Expr);

impl Template {
    /// An expression of our own making.
    pub(super) const fn of(expr: Expr) -> Self {
        Self(expr)
    }

    /// Reads an expression whose functions, operators and types are all the server's own.
    ///
    /// `None` if it cannot be read, which a test of every template rules out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut statements = parse::statements(&format!("SELECT {text}")).ok()?;
        let StatementKind::Query(query) = statements.pop()?.kind else { return None };
        let Body::Select(select) = query.body else { return None };
        let mut expr = select.targets.into_iter().next()?.value;
        walk::expr(&mut expr, &mut Builtin);
        Some(Self(expr))
    }

    /// The expression, with `column` in its place.
    pub(super) fn filled(&self, column: &Expr) -> Expr {
        let mut expr = self.0.clone();
        walk::expr(&mut expr, &mut Fill { column });
        expr
    }

    /// The expression inside.
    pub(super) fn into_expr(self) -> Expr {
        self.0
    }
}

/// Puts the server's own schema before every name.
struct Builtin;

impl Visitor for Builtin {
    fn expr(&mut self, expr: &mut Expr) {
        let own = |name: &mut Qualified| {
            if name.schema.is_none() {
                name.schema = Some("pg_catalog".to_owned());
            }
        };
        match &mut expr.kind {
            ExprKind::Operator { op, .. } | ExprKind::Quantified { op, .. } => own(op),
            ExprKind::Call(call) => own(&mut call.name),
            ExprKind::Cast { to, .. } => own(&mut to.name),
            ExprKind::Collate { collation, .. } => own(collation),
            _ => {}
        }
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
