//! Late treatment: a coarse column that only goes to the client is fetched as it is, and treated where it leaves.
//!
//! ```text
//! SELECT l.hops, ... FROM (SELECT truncate(raw.hops) AS hops ...) AS l            -- slow
//! SELECT l.late AS hops, ... FROM (SELECT COALESCE(raw.hops) AS late ...) AS l    -- and a ruling for the column
//! ```
//!
//! Invariant: the raw column has a name that no client can write, and stands in the select list of the whole statement
//! alone: nothing is computed from it, compared with it, grouped or sorted by it. All else reads the coarse column.
//! Invariant: a column is late only where the kernel gives for every value of its type what the expression gives, in
//! forms that no setting of the session changes.
//! Not here: carrying out the ruling (`session/postgres/values`).

use super::analyse::{INNER, World};
use super::catalogue::{Catalogue, Column, oid};
use super::ir::walk::{self, Visitor};
use super::ir::{
    Alias, Body, Distinct, Expr, ExprKind, FromItem, GroupBy, JoinCondition, Literal, OrderItem, Query,
    Select, Target,
};
use super::parse::MADE;
use super::rules::{Bound, Protection};
use crate::kernel::{AddressForm, Treatment};
use crate::policy::Ruling;

/// Fetches what it can of the output of a rewritten statement as it is: the rulings, by column.
pub(super) fn columns(world: &World, query: &mut Query) -> Vec<(usize, Ruling)> {
    let mut rows = WholeRows::default();
    walk::query(query, &mut rows);
    let has_whole_rows = rows.0;
    let Query { body: Body::Select(select), order_by, limit, .. } = query else { return Vec::new() };
    let Select { distinct: Distinct::No, targets, from, filter: _, group_by, having: None, windows } =
        &mut **select
    else {
        return Vec::new();
    };
    let has_windows = !windows.is_empty() || targets.iter().any(|target| target.value.looks_around());
    let is_grouped = *group_by != GroupBy::default();
    let has_ties = limit.as_ref().is_some_and(|limit| limit.with_ties);
    if has_whole_rows || has_windows || is_grouped || has_ties {
        return Vec::new();
    }
    let mut late = Vec::new();
    for (index, target) in targets.iter_mut().enumerate() {
        let ExprKind::Column { names, star: false } = &target.value.kind else { continue };
        let [item, column] = names.as_slice() else { continue };
        let is_sorted_by =
            |key: &OrderItem| key.value == target.value || means(key, index, target.name.as_deref());
        if order_by.iter().any(is_sorted_by) {
            continue;
        }
        let fetched = from.iter_mut().find_map(|one| fetched(world, one, item, column));
        if let Some((made, ruling)) = fetched {
            target.value = Expr::column(item.clone(), made);
            late.push((index, ruling));
        }
    }
    late
}

/// Whether a name may stand for all columns of an item.
#[derive(Default)]
struct WholeRows(bool);

impl Visitor for WholeRows {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Column { names, star } = &expr.kind {
            self.0 |= *star || names.len() < 2;
        }
    }

    fn enters(&mut self, item: &mut FromItem) -> bool {
        // What stands for a protected table is ours, and names columns only.
        item.derived(INNER).is_none()
    }
}

/// True if a sort key may mean a column of the output, by its number or its name.
fn means(key: &OrderItem, index: usize, name: Option<&str>) -> bool {
    match &key.value.kind {
        ExprKind::Literal(Literal::Integer(number)) => usize::try_from(*number).ok() == index.checked_add(1),
        ExprKind::Literal(_) => true,
        ExprKind::Column { names, .. } => names.len() == 1 && names.first().map(String::as_str) == name,
        _ => false,
    }
}

/// The name of the raw column beside the coarse `column` of the protected table `item`, and its ruling.
fn fetched(world: &World, from: &mut FromItem, item: &str, column: &str) -> Option<(String, Ruling)> {
    let (query, alias) = match from {
        FromItem::Join(join) if join.alias.is_none() => {
            let has_plain_names = !matches!(join.condition, JoinCondition::Natural);
            let right = &mut join.right;
            return fetched(world, &mut join.left, item, column)
                .or_else(|| fetched(world, right, item, column))
                .filter(|_| has_plain_names);
        }
        FromItem::Subquery { lateral: false, query, alias: Some(alias) } if alias.name == item => {
            (query, alias)
        }
        _ => return None,
    };
    let Body::Select(select) = &mut query.body else { return None };
    let [FromItem::Table(table)] = select.from.as_slice() else { return None };
    let is_inner = table.alias.as_ref().is_some_and(|alias| alias.name == INNER);
    let relation = world.catalogue.relation(&table.name, &[]).filter(|_| is_inner)?;
    let Bound::Columns(protections) = &*world.rules.bound(&world.catalogue, relation) else { return None };
    let own = own_name(&select.targets, alias, column)?;
    let mut columns = relation.columns.iter().zip(protections).filter(|_| !relation.is_system());
    let (known, protection) = columns.find(|(known, _)| known.name == own)?;
    let ruling = protection.ruling().filter(|_| matches!(protection, Protection::Coarse(_)))?;
    if protection.is_mixed() {
        return None;
    }
    if !is_late(&world.catalogue, known, &ruling.treatment) {
        return None;
    }
    // The server cuts longer names.
    let made = Some(made_name(&own)).filter(|made| made.len() < 64)?;
    if select.targets.iter().all(|target| target.name.as_ref() != Some(&made)) {
        // The bare column would show its table and number in the description of the rows.
        let value = Expr::made(ExprKind::Coalesce(vec![Expr::column(INNER, own)]));
        select.targets.push(Target { value, name: Some(made.clone()) });
    }
    Some((made, ruling.clone()))
}

/// The name of the raw column beside the coarse one of this name.
pub(super) fn made_name(column: &str) -> String {
    format!("{MADE}late_{column}")
}

/// What the table calls the column that its derived table's alias calls `column`.
fn own_name(targets: &[Target], alias: &Alias, column: &str) -> Option<String> {
    let mut named = targets.iter().enumerate().filter_map(|(index, target)| {
        let own = target.name.as_ref()?;
        Some((alias.columns.get(index).unwrap_or(own), own))
    });
    named.find(|(name, _)| *name == column).map(|(_, own)| own.clone())
}

/// True where the kernel's reading and writing of the type, and its treatment, come to what the expression gives, and
/// where the expression is dear: one of a single address, time or number costs the store less than it would cost here.
fn is_late(catalogue: &Catalogue, column: &Column, treatment: &Treatment) -> bool {
    // In free text the store looks for other patterns than the kernel, and hides more of it.
    let Treatment::Truncate(truncate) = treatment else { return false };
    match column.ty.oid {
        oid::INET_ARRAY | oid::CIDR_ARRAY => truncate.form() == AddressForm::Network,
        oid::TEXT => catalogue.encoding() == "UTF8",
        _ => false,
    }
}
