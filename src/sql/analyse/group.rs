//! `GROUP BY`.

use super::super::ir::{Expr, ExprKind, GroupBy, GroupItem, Literal, OrderItem, Target};
use super::super::refusal::Checked;
use super::Analysis;
use super::order::is_constant;
use super::scope::{Level, Term};

/// What tells the groups of a select apart.
pub(super) struct Groups {
    pub(super) rewritten: GroupBy,
    /// The grouped expressions.
    pub(super) keys: Vec<Term>,
    /// There is more than one grouping set, so that a missing key may look like a null.
    sets: bool,
}

/// The server's limit on the arguments of `GROUPING`.
const MAX_GROUPING: usize = 31;

impl Groups {
    /// Sort keys that tell grouping sets apart.
    pub(super) fn set_keys(&self) -> Vec<OrderItem> {
        if !self.sets {
            return Vec::new();
        }
        let keys: Vec<Expr> = self.keys.iter().map(|key| key.expr.clone()).collect();
        let chunks = keys.chunks(MAX_GROUPING);
        chunks.map(|keys| OrderItem::by(Expr::made(ExprKind::Grouping(keys.to_vec())))).collect()
    }
}

impl Analysis<'_> {
    pub(super) fn groups(
        &mut self,
        group_by: &GroupBy,
        targets: &[Target],
        level: &Level<'_>,
    ) -> Checked<Groups> {
        let mut keys = Vec::new();
        let items = group_by
            .items
            .iter()
            .map(|item| self.group_item(item, targets, level, &mut keys))
            .collect::<Checked<Vec<GroupItem>>>()?;
        let sets = items.iter().any(|item| !matches!(item, GroupItem::Expr(_)));
        Ok(Groups { rewritten: GroupBy { distinct: group_by.distinct, items }, keys, sets })
    }

    /// Where a whole primary key is grouped by, the server would allow its table's other columns; it does not see
    /// the key through a derived table, so they are added.
    pub(super) fn add_dependent(groups: &mut Groups, level: &Level<'_>) {
        if groups.sets {
            return;
        }
        for item in &level.items {
            let grouped = |name: &String| {
                let column = item.column(name);
                column.is_some_and(|column| groups.keys.iter().any(|key| key.expr == column.term.expr))
            };
            if item.key.is_empty() || !item.key.iter().all(grouped) {
                continue;
            }
            for used in level.used.borrow().iter() {
                let own = item.columns.iter().any(|column| column.term.expr == used.expr);
                if own && !groups.keys.iter().any(|key| key.expr == used.expr) {
                    groups.rewritten.items.push(GroupItem::Expr(used.expr.clone()));
                    groups.keys.push(used.clone());
                }
            }
        }
    }

    fn group_item(
        &mut self,
        item: &GroupItem,
        targets: &[Target],
        level: &Level<'_>,
        keys: &mut Vec<Term>,
    ) -> Checked<GroupItem> {
        let mut all = |analysis: &mut Self, exprs: &[Expr]| {
            exprs
                .iter()
                .map(|expr| analysis.group_expr(expr, targets, level, keys))
                .collect::<Checked<Vec<_>>>()
        };
        Ok(match item {
            GroupItem::Empty => GroupItem::Empty,
            GroupItem::Expr(expr) => GroupItem::Expr(self.group_expr(expr, targets, level, keys)?),
            GroupItem::Rollup(exprs) => GroupItem::Rollup(all(self, exprs)?),
            GroupItem::Cube(exprs) => GroupItem::Cube(all(self, exprs)?),
            GroupItem::Sets(sets) => {
                let sets = sets.iter().map(|set| self.group_item(set, targets, level, keys));
                GroupItem::Sets(sets.collect::<Checked<_>>()?)
            }
        })
    }

    /// A list in parentheses is a list of keys; a number or a name may mean a column of the output.
    fn group_expr(
        &mut self,
        expr: &Expr,
        targets: &[Target],
        level: &Level<'_>,
        keys: &mut Vec<Term>,
    ) -> Checked<Expr> {
        if let ExprKind::Row { explicit: false, values } = &expr.kind {
            let values = values.iter().map(|value| self.group_expr(value, targets, level, keys));
            let values = values.collect::<Checked<_>>()?;
            return Ok(Expr { kind: ExprKind::Row { explicit: false, values }, pos: expr.pos });
        }
        if let Some(target) = self.meant_target(expr, targets, level)? {
            let term = self.expr(&target.value, level)?;
            keys.push(term);
            return Ok(expr.clone());
        }
        let term = self.expr(expr, level)?;
        let rewritten = term.expr.clone();
        if !is_constant(&rewritten) {
            keys.push(term);
        }
        Ok(rewritten)
    }

    /// Names of `FROM` come before names of the output here.
    fn meant_target<'t>(
        &mut self,
        expr: &Expr,
        targets: &'t [Target],
        level: &Level<'_>,
    ) -> Checked<Option<&'t Target>> {
        match &expr.kind {
            ExprKind::Literal(Literal::Integer(number)) => {
                let columns = self.expanded_targets(targets, level)?;
                let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                Ok(index.and_then(|index| columns.get(index).copied().flatten()))
            }
            ExprKind::Column { names, star: false } => {
                let [name] = names.as_slice() else { return Ok(None) };
                let own = level.items.iter().any(|item| item.columns_visible && item.column(name).is_some());
                if own {
                    return Ok(None);
                }
                Ok(targets.iter().find(|target| super::target::name_of(target).as_deref() == Some(name)))
            }
            _ => Ok(None),
        }
    }
}
