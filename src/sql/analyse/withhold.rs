//! Rows that are withheld are left out before anything of the client's is evaluated.
//!
//! The store may take a derived table apart and try the client's conditions first. Where these can fail, an error would
//! tell of a row that is not there. An offset of nothing keeps a derived table whole, and conditions out of it.
//!
//! Invariant: in a statement in which something may fail, nothing of the client's meets a row that is withheld.

use super::INNER;
use crate::sql::ir::walk::{self, Visitor};
use crate::sql::ir::{Body, Expr, ExprKind, FromItem, Literal, Query};

/// Puts what withholds rows before all else.
pub(super) fn first(query: &mut Query) {
    walk::query(query, &mut Barrier);
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
