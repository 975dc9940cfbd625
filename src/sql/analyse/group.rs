//! `GROUP BY`.

use super::super::ir::{Expr, ExprKind, GroupBy, GroupItem, Literal, OrderItem, Target};
use super::super::refusal::Checked;
use super::Analysis;
use super::order::is_constant;
use super::representative::Shown;
use super::scope::{Item, Level, Term};
use super::target::SelectList;

/// The keys that were met in a `GROUP BY`.
#[derive(Default)]
struct Keys {
    terms: Vec<Term>,
    /// Those that stand for the target of this number, and have to be printed as what they are.
    meant: Vec<(usize, Expr)>,
}

/// What tells the groups of a select apart.
pub(super) struct Groups {
    pub(super) rewritten: GroupBy,
    /// The grouped expressions.
    pub(super) keys: Vec<Term>,
    /// Those of them that the client named by a target, by the target's number.
    meant: Vec<(usize, Expr)>,
    /// Those of them that every grouping set has.
    common: Vec<Expr>,
    /// What is printed in place of keys behind the grouping.
    pub(super) shown: Shown,
    /// There is more than one grouping set, so that a missing key may look like a null.
    sets: bool,
}

/// The server's limit on the arguments of `GROUPING`.
const MAX_GROUPING: usize = 31;

impl Groups {
    /// True if every grouping set has the primary key of this item.
    fn has_key(&self, item: &Item) -> bool {
        let grouped =
            |name: &String| item.column(name).is_some_and(|column| self.common.contains(&column.term.expr));
        !item.key.is_empty() && item.key.iter().all(grouped)
    }

    /// Several groups may be equal in all that is known of them: a set may be named twice.
    pub(super) fn may_repeat(&self) -> bool {
        self.sets
            && !match self.rewritten.items.as_slice() {
                [GroupItem::Rollup(keys) | GroupItem::Cube(keys)] => no_two_alike(keys),
                [GroupItem::Sets(sets)] => no_two_alike(sets) && sets.iter().all(is_plain_set),
                _ => false,
            }
    }

    /// Sort keys that tell grouping sets apart.
    pub(super) fn set_keys(&self, level: &Level<'_>) -> Vec<OrderItem> {
        if !self.sets {
            return Vec::new();
        }
        let keys = self.keys.iter().map(|key| key.expr.clone());
        let (keys, around): (Vec<Expr>, Vec<Expr>) = keys.partition(|key| level.has_part_in(key));
        let chunks = keys.chunks(MAX_GROUPING);
        let sets = chunks.map(|keys| Expr::made(ExprKind::Grouping(keys.to_vec())));
        // The server does not say whether a column of a query around is grouped by; where it is not it is NULL.
        let nulls = around.into_iter().map(|key| Expr::call("num_nulls", vec![key]));
        sets.chain(nulls).map(OrderItem::by).collect()
    }
}

fn no_two_alike<T: PartialEq>(items: &[T]) -> bool {
    let mut rest = items;
    while let Some((first, behind)) = rest.split_first() {
        if behind.contains(first) {
            return false;
        }
        rest = behind;
    }
    true
}

/// One key, or none.
const fn is_plain_set(set: &GroupItem) -> bool {
    matches!(set, GroupItem::Expr(_) | GroupItem::Empty)
}

impl Analysis<'_> {
    pub(super) fn groups(
        &mut self,
        group_by: &GroupBy,
        targets: &[Target],
        level: &Level<'_>,
    ) -> Checked<Groups> {
        let (mut keys, mut items, mut common) = (Keys::default(), Vec::new(), Vec::new());
        for item in &group_by.items {
            let (item, of_all) = self.group_item(item, targets, level, &mut keys)?;
            items.push(item);
            common.extend(of_all);
        }
        let sets = items.iter().any(|item| !matches!(item, GroupItem::Expr(_)));
        let rewritten = GroupBy { distinct: group_by.distinct, items };
        let Keys { terms: keys, meant } = keys;
        Ok(Groups { rewritten, keys, meant, common, shown: Shown::default(), sets })
    }

    /// What is printed in place of keys, once all aggregates of the select are known. Columns of a table whose
    /// primary key is grouped by have one value in each group.
    pub(super) fn choose_shown(&self, groups: &mut Groups, level: &Level<'_>) -> Checked<()> {
        let alone: Vec<&Item> =
            level.items.iter().map(|item| &**item).filter(|item| groups.has_key(item)).collect();
        let is_alone = |key: &&Term| {
            alone.iter().any(|item| item.columns.iter().any(|column| column.term.expr == key.expr))
        };
        // What is made of columns around is one value, and an aggregate of it would be one of theirs.
        let is_own = |key: &&Term| level.has_part_in(&key.expr);
        let keys: Vec<Term> =
            groups.keys.iter().filter(|key| !is_alone(key)).filter(is_own).cloned().collect();
        groups.shown = self.shown_keys(&keys)?;
        Ok(())
    }

    /// A target that is grouped by is printed with the names and parameters that the key has.
    pub(super) fn take_keys(
        &mut self,
        groups: &Groups,
        targets: &[Target],
        list: &mut SelectList,
        level: &Level<'_>,
    ) -> Checked<()> {
        for (number, key) in &groups.meant {
            let Some(meant) = targets.get(*number) else { continue };
            let expanded = self.expanded_targets(targets, level)?;
            let place = expanded.iter().position(|one| one.is_some_and(|one| std::ptr::eq(one, meant)));
            if let Some(place) = place {
                list.set(place, key.clone());
            }
        }
        Ok(())
    }

    /// Where a whole primary key is grouped by, the server would allow its table's other columns; it does not see
    /// the key through a derived table, so they are added.
    pub(super) fn add_dependent(groups: &mut Groups, level: &Level<'_>) {
        for item in &level.items {
            if !groups.has_key(item) {
                continue;
            }
            for used in level.used.borrow().iter() {
                let own = item.columns.iter().any(|column| column.term.expr == used.expr);
                if own && !groups.keys.iter().any(|key| key.expr == used.expr) {
                    groups.rewritten.items.push(GroupItem::Expr(used.expr.clone()));
                    groups.keys.push(used.clone());
                    groups.common.push(used.expr.clone());
                }
            }
        }
    }

    /// A rewritten item, and the keys that are in all of its grouping sets.
    fn group_item(
        &mut self,
        item: &GroupItem,
        targets: &[Target],
        level: &Level<'_>,
        keys: &mut Keys,
    ) -> Checked<(GroupItem, Vec<Expr>)> {
        let known = keys.terms.len();
        let mut all = |analysis: &mut Self, exprs: &[Expr]| {
            exprs
                .iter()
                .map(|expr| analysis.group_expr(expr, targets, level, keys))
                .collect::<Checked<Vec<_>>>()
        };
        let rewritten = match item {
            GroupItem::Empty => GroupItem::Empty,
            GroupItem::Rollup(exprs) => GroupItem::Rollup(all(self, exprs)?),
            GroupItem::Cube(exprs) => GroupItem::Cube(all(self, exprs)?),
            GroupItem::Expr(expr) => {
                let expr = self.group_expr(expr, targets, level, keys)?;
                let common = keys.terms.iter().skip(known).map(|key| key.expr.clone()).collect();
                return Ok((GroupItem::Expr(expr), common));
            }
            GroupItem::Sets(sets) => {
                let sets = sets.iter().map(|set| self.group_item(set, targets, level, keys));
                let (sets, commons): (Vec<_>, Vec<_>) =
                    sets.collect::<Checked<Vec<_>>>()?.into_iter().unzip();
                let mut commons = commons.into_iter();
                let first = commons.next().unwrap_or_default();
                let common = commons
                    .fold(first, |common, set| common.into_iter().filter(|key| set.contains(key)).collect());
                return Ok((GroupItem::Sets(sets), common));
            }
        };
        Ok((rewritten, Vec::new()))
    }

    /// A list in parentheses is a list of keys; a number or a name may mean a column of the output.
    fn group_expr(
        &mut self,
        expr: &Expr,
        targets: &[Target],
        level: &Level<'_>,
        keys: &mut Keys,
    ) -> Checked<Expr> {
        if let ExprKind::Row { explicit: false, values } = &expr.kind {
            let values = values.iter().map(|value| self.group_expr(value, targets, level, keys));
            let values = values.collect::<Checked<_>>()?;
            return Ok(Expr { kind: ExprKind::Row { explicit: false, values }, pos: expr.pos });
        }
        if let Some(target) = self.meant_target(expr, targets, level)? {
            let term = self.expr(&target.value, level)?;
            self.note_key(term.ty);
            // A column that shows something else than the key is not the key.
            let mut rewritten = expr.clone();
            if !self.is_alike(&term) {
                rewritten = term.expr.clone();
                let number = targets.iter().position(|one| std::ptr::eq(one, target));
                keys.meant.extend(number.map(|number| (number, rewritten.clone())));
            }
            keys.terms.push(term);
            return Ok(rewritten);
        }
        let term = self.expr(expr, level)?;
        self.note_key(term.ty);
        let rewritten = term.expr.clone();
        if !is_constant(&rewritten) {
            keys.terms.push(term);
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
