//! Which rule is whose: columns of the policy meet columns of the catalogue.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::catalogue::{Catalogue, Column, Relation};
use super::column::Columns;
use super::{Bound, Protection};
use crate::policy::{ColumnRule, SqlPlans};

/// Rules of a relation's own, by column.
type Named<'p> = BTreeMap<&'p str, &'p ColumnRule>;

/// Relations above or below one another are followed this far.
const MAX_FAMILY: usize = 10_000;

/// What happens to the columns of a relation. Rules of a parent hold for its children, and what a child adds
/// holds for the parent, through which its rows are read too.
pub(super) fn relation(plans: &SqlPlans, catalogue: &Catalogue, relation: &Arc<Relation>) -> Bound {
    let parents = family(catalogue, relation, |relation| &relation.parents);
    let children = family(catalogue, relation, |relation| &relation.children);
    let named = |relation: &Relation| plans.table(catalogue.database(), &relation.schema, &relation.name);
    let own = named(relation);
    for one in std::iter::once(relation).chain(&parents).chain(&children) {
        let missing = named(one).into_keys().find(|column| one.column(column).is_none());
        if let Some(column) = missing {
            let field = format!("`{}.{}.{column}`", one.schema, one.name);
            return Bound::Broken(format!("the policy names {field}, which does not exist"));
        }
    }
    if relation.kind.is_view() && own.is_empty() {
        return Bound::Open;
    }
    let parents: Vec<Named<'_>> = parents.iter().map(|parent| named(parent)).collect();
    let children: Vec<Named<'_>> = children.iter().map(|child| named(child)).collect();
    let columns = Columns::new(catalogue, plans.unlisted());
    let mut protections = Vec::with_capacity(relation.columns.len());
    for column in &relation.columns {
        let rule = match rule_of(column, &own, &parents, &children) {
            Ok(rule) => rule,
            Err(Disagreement) => {
                let field = format!("`{}`", column.name);
                return Bound::Broken(format!("its children have other rules for {field}"));
            }
        };
        let protection = match rule {
            None => columns.unlisted(column),
            Some(rule) => {
                let field = format!("{}.{}.{}", relation.schema, relation.name, column.name);
                columns.listed(column, rule, field)
            }
        };
        match protection {
            Ok(protection) => protections.push(protection),
            Err(unfit) => return Bound::Broken(format!("its column `{}`: {unfit}", column.name)),
        }
    }
    if protections.iter().all(|protection| matches!(protection, Protection::Open)) {
        Bound::Open
    } else {
        Bound::Columns(protections)
    }
}

/// A parent and a child have different rules for a column.
struct Disagreement;

fn rule_of<'p>(
    column: &Column,
    own: &Named<'p>,
    parents: &[Named<'p>],
    children: &[Named<'p>],
) -> Result<Option<&'p ColumnRule>, Disagreement> {
    let name = column.name.as_str();
    let above = || parents.iter().find_map(|parent| parent.get(name));
    let mut rule = own.get(name).or_else(above).copied();
    for below in children.iter().filter_map(|child| child.get(name)) {
        match rule {
            None => rule = Some(below),
            Some(known) if same(known, below) => {}
            Some(_) => return Err(Disagreement),
        }
    }
    Ok(rule)
}

fn same(one: &ColumnRule, two: &ColumnRule) -> bool {
    match (one, two) {
        (ColumnRule::Scalar(one), ColumnRule::Scalar(two)) => one.same_as(two),
        (ColumnRule::Composite(one), ColumnRule::Composite(two)) => {
            one.len() == two.len()
                && one.iter().zip(two).all(|(one, two)| one.0 == two.0 && one.1.same_as(two.1))
        }
        (ColumnRule::Json(one), ColumnRule::Json(two)) => Arc::ptr_eq(one, two),
        _ => false,
    }
}

/// All relations above or below one.
/// True if the partitions of a relation, or of one above it, divide its rows finer than what may be told of them:
/// by a protected column, unless that is a point in time, whose partitions are longer than any cell in use.
pub(in crate::sql) fn divides_cells(
    catalogue: &Catalogue,
    relation: &Arc<Relation>,
    bound: impl Fn(&Arc<Relation>) -> Arc<Bound>,
) -> bool {
    let parents = family(catalogue, relation, |relation| &relation.parents);
    let divided = std::iter::once(relation).chain(&parents).filter(|one| !one.partition_key.is_empty());
    let mut divided = divided.map(|one| (one, bound(one)));
    divided.any(|(one, bound)| {
        let Bound::Columns(protections) = &*bound else { return false };
        let is_fine = |protection: &Protection| match protection {
            Protection::Open => false,
            Protection::Coarse(_) => {
                protection.ruling().is_none_or(|ruling| ruling.treatment.kind() != "floor")
            }
            Protection::Identifier(_) | Protection::Identifiers(_) => true,
        };
        let keyed = one.columns.iter().zip(protections);
        let mut keyed = keyed.filter(|(column, _)| {
            one.partition_key.contains(&column.number) || one.partition_key.contains(&0)
        });
        keyed.any(|(_, protection)| is_fine(protection))
    })
}

pub(super) fn family<'c>(
    catalogue: &'c Catalogue,
    relation: &'c Arc<Relation>,
    next: impl Fn(&Relation) -> &[u32],
) -> Vec<Arc<Relation>> {
    let mut found: Vec<Arc<Relation>> = Vec::new();
    let mut to_do: Vec<u32> = next(relation).to_vec();
    while let Some(oid) = to_do.pop() {
        let known = found.iter().any(|known| known.oid == oid);
        if let (false, Some(member)) = (known || found.len() > MAX_FAMILY, catalogue.relation_by_oid(oid)) {
            to_do.extend(next(member));
            found.push(Arc::clone(member));
        }
    }
    found
}
