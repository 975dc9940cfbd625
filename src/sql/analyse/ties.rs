//! Rows that tie in a window's order: the total order that stands in, and what it cannot tell apart.
//!
//! A total order leaves only rows together that are equal in all that is known of them. One window may number such rows
//! as it likes. Two may not, each in an order of its own: which number of the one then stands beside which of the other
//! hangs on how the server sorted, and that on raw values. So where rows may repeat, all keys are asked for; where
//! they still may, two such windows are refused, and one makes rows differ for whatever sorts behind it.
//!
//! Not here: which windows need a total order (`window`), what tells rows apart (`row_key`).

use super::super::ir::{ExprKind, OrderItem, Pos, walk};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::order::extend_keys;
use super::scope::Level;
use super::select::Parts;

/// Stands in a window's `ORDER BY` for the total order that is known when the whole select is read. No client
/// can write an empty name.
pub(super) const TOTAL_ORDER: [&str; 2] = ["", "total"];

impl Analysis<'_> {
    /// Puts the total order of the rows where windows want it.
    pub(super) fn fix_windows(&mut self, parts: &mut Parts, level: &Level<'_>) -> Checked<()> {
        if !self.marked_ties {
            return Ok(());
        }
        let mut ties = WindowTies::of(self.row_keys(parts, level)?);
        parts.select.targets.iter_mut().for_each(|target| walk::expr(&mut target.value, &mut ties));
        parts.list.terms.iter_mut().for_each(|term| walk::expr(&mut term.expr, &mut ties));
        self.note_pairs(parts, level);
        Ok(())
    }

    /// Several rows of a select, or groups of rows, may be equal in all that is known of them before its windows.
    pub(super) fn may_repeat(&self, parts: &Parts, level: &Level<'_>) -> bool {
        if parts.is_alone(level) {
            return false;
        }
        if !parts.select.group_by.items.is_empty() {
            return parts.groups.may_repeat();
        }
        !self.keyed || level.multiplied.get() || level.repeats() || level.row_key().is_none()
    }

    /// Each of two windows puts equal rows into an order of its own, and which value of the one stands beside which of
    /// the other would hang on both.
    pub(super) fn note_pairs(&self, parts: &Parts, level: &Level<'_>) {
        let tied = level.tied.borrow();
        let differ = tied.first().is_some_and(|first| tied.iter().any(|other| other != first));
        if differ && self.may_repeat(parts, level) {
            self.pairs.set(true);
        }
    }
}

/// Puts a total order in place of its mark.
pub(super) struct WindowTies {
    total: Vec<OrderItem>,
}

impl WindowTies {
    pub(super) const fn of(total: Vec<OrderItem>) -> Self {
        Self { total }
    }
}

impl walk::Visitor for WindowTies {
    fn order_by(&mut self, keys: &mut Vec<OrderItem>) {
        let is_mark = |item: &OrderItem| matches!(&item.value.kind, ExprKind::Column { names, star: false } if *names == TOTAL_ORDER);
        if keys.iter().any(is_mark) {
            keys.retain(|item| !is_mark(item));
            extend_keys(keys, self.total.clone());
        }
    }
}

/// Two windows over rows that may be equal.
pub(super) fn refused_pairs() -> Denial {
    let message = "two windows that number rows, each in an order of its own, are refused over rows that nothing tells apart";
    Denial::forbidden(message, Pos::NONE).hint(
        "put one of them into a subquery; or take the rows from tables or GROUP BY, without VALUES, recursion and GROUPING SETS",
    )
}
