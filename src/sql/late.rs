//! Late treatment: a coarse column that only goes to the client is fetched as it is, and treated where it leaves.
//!
//! ```text
//! SELECT l.hops, ... FROM (SELECT truncate(raw.hops) AS hops ...) AS l            -- slow
//! SELECT l.late AS hops, ... FROM (SELECT COALESCE(raw.hops) AS late ...) AS l    -- and a ruling for the column
//! ```
//!
//! Invariant: the raw column has a name that no client can write, and stands in select lists alone, from that of its
//! table up to that of the whole statement: nothing is computed from it, compared with it, grouped or sorted by it. All
//! else reads the coarse column.
//! Invariant: a column is late only where the kernel gives for every value of its type what the expression gives, in
//! forms that no setting of the session changes.
//! Not here: carrying out the ruling (`session/postgres/values`).

use super::analyse::{INNER, World};
use super::catalogue::{Catalogue, Column, oid};
use super::ir::walk::{self, Visitor};
use super::ir::{
    Alias, Body, Cte, Distinct, Expr, ExprKind, FromItem, GroupBy, JoinCondition, Limit, Literal, OrderItem,
    Query, Select, SetOperation, SetOperator, TableItem, Target, With,
};
use super::parse::MADE;
use super::rules::{Bound, Protection};
use crate::kernel::{AddressForm, Treatment};
use crate::policy::Ruling;

/// Fetches what it can of the output of a rewritten statement as it is: the rulings, by column.
pub(super) fn columns(world: &World, query: &mut Query) -> Vec<(usize, Ruling)> {
    let mut rows = WholeRows::default();
    walk::query(query, &mut rows);
    if rows.0 {
        return Vec::new();
    }
    Fetching { world, ctes: Vec::new() }.within(query, Fetching::shown)
}

/// The way down from the select list of the whole statement to the tables.
struct Fetching<'w> {
    world: &'w World,
    /// The queries of every `WITH` around, those that may be read first: a query reads what stands below it.
    ctes: Vec<Named>,
}

/// A query of a `WITH`.
struct Named {
    cte: Cte,
    /// It may read itself and what follows it.
    is_recursive: bool,
}

/// What is fetched.
struct Fetched {
    ruling: Ruling,
    type_oid: u32,
}

impl Fetching<'_> {
    /// Does something inside of a query, to which its `WITH` is known.
    fn within<T>(&mut self, query: &mut Query, work: impl FnOnce(&mut Self, &mut Query) -> T) -> T {
        let height = self.ctes.len();
        if let Some(With { recursive, ctes }) = &mut query.with {
            let is_recursive = *recursive;
            self.ctes.extend(ctes.drain(..).map(|cte| Named { cte, is_recursive }));
        }
        let done = work(self, query);
        let own = self.ctes.split_off(height);
        if let Some(With { ctes, .. }) = &mut query.with {
            ctes.extend(own.into_iter().map(|named| named.cte));
        }
        done
    }

    /// Fetches columns of the whole statement.
    fn shown(&mut self, query: &mut Query) -> Vec<(usize, Ruling)> {
        let Query { with: _, body: Body::Select(select), order_by, offset: _, limit } = query else {
            return Vec::new();
        };
        if !passes_rows(select, limit.as_ref()) {
            return Vec::new();
        }
        let mut late = Vec::new();
        for index in 0..select.targets.len() {
            let Some(target) = select.targets.get(index) else { continue };
            let is_sorted_by =
                |key: &OrderItem| key.value == target.value || means(key, index, target.name.as_deref());
            if order_by.iter().any(is_sorted_by) {
                continue;
            }
            let Some((value, fetched)) = self.selected(select, index) else { continue };
            if let Some(target) = select.targets.get_mut(index) {
                target.value = value;
                late.push((index, fetched.ruling));
            }
        }
        late
    }

    /// The raw column in place of the one at `index` of a select list.
    fn selected(&mut self, select: &mut Select, index: usize) -> Option<(Expr, Fetched)> {
        let target = select.targets.get(index)?;
        let ExprKind::Column { names, star: false } = &target.value.kind else { return None };
        let [item, column] = names.as_slice() else { return None };
        let (made, fetched) = select.from.iter_mut().find_map(|one| self.of_item(one, item, column))?;
        Some((Expr::column(item.clone(), made), fetched))
    }

    /// The name of the raw column beside the coarse `column` of the item that is called `item`.
    fn of_item(&mut self, from: &mut FromItem, item: &str, column: &str) -> Option<(String, Fetched)> {
        match from {
            FromItem::Join(join) if join.alias.is_none() => self
                .of_item(&mut join.left, item, column)
                .or_else(|| self.of_item(&mut join.right, item, column)),
            FromItem::Subquery { lateral: false, query, alias: Some(alias) } if alias.name == item => {
                if let Some(fetched) = of_table(self.world, query, alias, column) {
                    return Some(fetched);
                }
                let index = alias.columns.iter().position(|name| name == column)?;
                self.of_query(query, index)
            }
            FromItem::Table(TableItem { catalog: None, name, alias: Some(alias), .. })
                if alias.name == item && name.schema.is_none() =>
            {
                let index = alias.columns.iter().position(|name| name == column)?;
                self.of_cte(&name.name, index)
            }
            _ => None,
        }
    }

    fn of_cte(&mut self, name: &str, index: usize) -> Option<(String, Fetched)> {
        let place = self.ctes.iter().rposition(|named| named.cte.name == name)?;
        let mut later = self.ctes.split_off(place);
        let found = match later.first_mut() {
            Some(Named { cte, is_recursive: false }) => self.of_query(&mut cte.query, index),
            _ => None,
        };
        self.ctes.append(&mut later);
        found
    }

    /// The raw column beside the one at `index` of a query, added behind the others.
    fn of_query(&mut self, query: &mut Query, index: usize) -> Option<(String, Fetched)> {
        let made = made_name(&index.to_string());
        let fetched = self.within(query, |fetching, query| fetching.added(query, index, &made))?;
        Some((made, fetched))
    }

    fn added(&mut self, query: &mut Query, index: usize, made: &str) -> Option<Fetched> {
        match &mut query.body {
            Body::Select(select) if passes_rows(select, query.limit.as_ref()) => {
                let (value, fetched) = self.selected(select, index)?;
                if select.targets.iter().all(|target| target.name.as_deref() != Some(made)) {
                    select.targets.push(Target { value, name: Some(made.to_owned()) });
                }
                Some(fetched)
            }
            Body::Set(operation) => {
                // Either all arms get a column more, or none.
                let mut tried = operation.clone();
                let SetOperation { operator: SetOperator::Union, all: true, left, right } = &mut *tried
                else {
                    return None;
                };
                let one = self.within(left, |fetching, query| fetching.added(query, index, made))?;
                let other = self.within(right, |fetching, query| fetching.added(query, index, made))?;
                if !one.is_same(&other) {
                    return None;
                }
                *operation = tried;
                Some(one)
            }
            Body::Select(_) | Body::Values(_) => None,
        }
    }
}

impl Fetched {
    /// True if one ruling can treat both.
    fn is_same(&self, other: &Self) -> bool {
        let same = match (&*self.ruling.treatment, &*other.ruling.treatment) {
            (Treatment::Truncate(one), Treatment::Truncate(two)) => one == two,
            _ => false,
        };
        same && self.type_oid == other.type_oid
    }
}

/// True if a select gives rows of its `FROM`, each by itself.
fn passes_rows(select: &Select, limit: Option<&Limit>) -> bool {
    let Select { distinct: Distinct::No, targets, from: _, filter: _, group_by, having: None, windows } =
        select
    else {
        return false;
    };
    let has_windows = !windows.is_empty() || targets.iter().any(|target| target.value.looks_around());
    !has_windows && *group_by == GroupBy::default() && !limit.is_some_and(|limit| limit.with_ties)
}

/// Whether something may stand for all columns of an item.
#[derive(Default)]
struct WholeRows(bool);

impl Visitor for WholeRows {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Column { names, star } = &expr.kind {
            self.0 |= *star || names.len() < 2;
        }
    }

    fn enters(&mut self, item: &mut FromItem) -> bool {
        self.0 |= matches!(item, FromItem::Join(join) if join.condition == JoinCondition::Natural);
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

/// The name of the raw column beside the coarse `column` of what stands for a protected table.
fn of_table(world: &World, query: &mut Query, alias: &Alias, column: &str) -> Option<(String, Fetched)> {
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
    Some((made, Fetched { ruling: ruling.clone(), type_oid: known.ty.oid }))
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
