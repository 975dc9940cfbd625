//! Leaves out of a rewritten query the coarse columns that nothing reads: an expression may be a page of text, which
//! the store would parse only to drop it.
//!
//! Invariant: a column stays if anything outside of the derived tables bears its name, or may mean it without a name.
//! Such an expression never raises and changes nothing, so that the answer is the same without it.
//! Not here: which columns there are.

use std::collections::HashSet;

use super::analyse::INNER;
use super::ir::walk::{self, Visitor};
use super::ir::{
    Body, Distinct, Expr, ExprKind, FromItem, GroupBy, JoinCondition, Query, Select, Step, Target,
};

/// Leaves out what is not read, and says what is.
pub(super) fn query(tree: &mut Query) -> Read {
    let mut read = Read::default();
    walk::query(tree, &mut read);
    if !read.all {
        walk::query(tree, &mut Prune { read: &read.names });
    }
    read
}

/// The names of columns that are read.
#[derive(Default)]
pub(super) struct Read {
    names: HashSet<String>,
    /// Columns are read that are not named.
    all: bool,
}

impl Read {
    /// True if a column of this name may be read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}

impl Visitor for Read {
    fn expr(&mut self, expr: &mut Expr) {
        match &expr.kind {
            ExprKind::Column { star: true, .. } => self.all = true,
            ExprKind::Column { names, .. } => self.names.extend(names.last().cloned()),
            ExprKind::Path { steps, .. } => {
                for step in steps {
                    match step {
                        Step::Field(name) => self.names.extend([name.clone()]),
                        Step::Star => self.all = true,
                        Step::Index(_) | Step::Slice(..) => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn enters(&mut self, item: &mut FromItem) -> bool {
        if let FromItem::Join(join) = item {
            match &join.condition {
                JoinCondition::Using { columns, .. } => self.names.extend(columns.iter().cloned()),
                JoinCondition::Natural => self.all = true,
                JoinCondition::None | JoinCondition::On(_) => {}
            }
            // New names for columns by their places.
            self.all |= join.alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
        }
        derived(item).is_none()
    }
}

/// Drops the columns that are not read.
struct Prune<'n> {
    read: &'n HashSet<String>,
}

impl Visitor for Prune<'_> {
    fn enters(&mut self, item: &mut FromItem) -> bool {
        let Some(targets) = derived(item) else { return true };
        let is_cheap = |target: &Target| matches!(target.value.kind, ExprKind::Column { .. });
        let is_read = |target: &Target| target.name.as_ref().is_none_or(|name| self.read.contains(name));
        if targets.iter().any(|target| is_cheap(target) || is_read(target)) {
            targets.retain(|target| is_cheap(target) || is_read(target));
        } else {
            targets.truncate(1);
        }
        false
    }
}

/// The columns of a derived table that stands for a protected one, unless they got other names by their places.
fn derived(item: &mut FromItem) -> Option<&mut Vec<Target>> {
    let FromItem::Subquery { lateral: false, query, alias: Some(alias) } = item else { return None };
    // A condition of ours, and the offset behind it, read the table itself.
    let Query { with: None, body: Body::Select(select), order_by, offset: _, limit: None } = &mut **query
    else {
        return None;
    };
    let Select { distinct: Distinct::No, targets, from, filter: _, group_by, having: None, windows } =
        &mut **select
    else {
        return None;
    };
    let [FromItem::Table(table)] = from.as_slice() else { return None };
    // What a client wrote has a place in the text.
    let is_ours = table.pos.offset().is_none() && table.alias.as_ref().is_some_and(|it| it.name == INNER);
    let is_plain = order_by.is_empty() && *group_by == GroupBy::default() && windows.is_empty();
    (is_ours && is_plain && alias.columns.is_empty()).then_some(targets)
}
