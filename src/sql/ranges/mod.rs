//! Indexes for conditions on coarse values: to a condition that asks for some cells, the condition on raw values is added
//! that it implies, inside the derived table that stands for the protected one.
//!
//! ```text
//! FROM (SELECT floor(raw.at) AS at ... FROM logins AS raw WHERE raw.at >= floor(v) AND raw.at < floor(v) + 1 hour) AS l
//! WHERE l.at = v
//! ```
//!
//! Invariant: the condition itself stays, and whatever row the added one leaves out, it leaves out too; so the rows of
//! the answer are the same. Their order is open below any condition on a protected table, and fixed above it.
//! Invariant: whether the added condition holds for a row is decided by the row's cells, never by what lies below them.
//! Invariant: nothing is added to a statement in which something may fail on a row before a condition has left it out:
//! which rows that is would depend on the plan, and the plan on raw values.
//! Not here: where raw values lie (`coarse::reach`), and what may fail (`analyse`).

mod condition;
mod through;

use std::collections::HashMap;

use super::analyse::{INNER, World};
use super::catalogue::Relation;
use super::ir::walk::{self, Visitor};
use super::ir::{Body, Expr, ExprKind, FromItem, Join, JoinCondition, JoinKind, Query, Select};
use super::rules::{self, Bound, Protection, Reach};
use super::seam::Parameter;
use condition::Values;

/// Adds what the conditions of a rewritten query imply.
pub(super) fn add(world: &World, parameters: &[Parameter], query: &mut Query) {
    let mut uses = Uses::default();
    walk::query(query, &mut uses);
    let values = Values { parameters, uses: uses.0 };
    walk::query(query, &mut Ranges { world, values });
}

/// How often each parameter stands in a query.
#[derive(Default)]
struct Uses(HashMap<u32, usize>);

impl Visitor for Uses {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Param(number) = expr.kind {
            *self.0.entry(number).or_default() += 1;
        }
    }
}

struct Ranges<'a> {
    world: &'a World,
    values: Values<'a>,
}

impl Visitor for Ranges<'_> {
    fn select(&mut self, select: &mut Select) {
        if let Some(filter) = &select.filter {
            select.from.iter_mut().for_each(|item| self.narrow(item, filter));
        }
        select.from.iter_mut().for_each(|item| self.joined(item));
    }
}

impl Ranges<'_> {
    /// Conditions of joins, where rows without a partner do not survive.
    fn joined(&self, item: &mut FromItem) {
        let FromItem::Join(join) = item else { return };
        let Join { kind, left, right, condition, .. } = &mut **join;
        if let JoinCondition::On(condition) = condition {
            if matches!(kind, JoinKind::Inner | JoinKind::Right) {
                self.narrow(left, condition);
            }
            if matches!(kind, JoinKind::Inner | JoinKind::Left) {
                self.narrow(right, condition);
            }
        }
        self.joined(left);
        self.joined(right);
    }

    /// Leaves out rows of the protected tables in `item` for which `condition` cannot be true.
    fn narrow(&self, item: &mut FromItem, condition: &Expr) {
        match item {
            FromItem::Join(join) => {
                self.narrow(&mut join.left, condition);
                self.narrow(&mut join.right, condition);
            }
            FromItem::Subquery { query, alias: Some(alias), .. } => {
                if self.narrow_table(query, &alias.name, &alias.columns, condition).is_none() {
                    through::query(query, alias, condition, &mut |item, condition| {
                        self.narrow(item, condition);
                    });
                }
            }
            FromItem::Subquery { alias: None, .. }
            | FromItem::Table(_)
            | FromItem::Function(_)
            | FromItem::XmlTable(_) => {}
        }
    }

    /// `None` if `query` does not stand for a protected table.
    fn narrow_table(
        &self,
        query: &mut Query,
        alias: &str,
        renamed: &[String],
        condition: &Expr,
    ) -> Option<()> {
        let Body::Select(select) = &mut query.body else { return None };
        let [FromItem::Table(table)] = select.from.as_slice() else { return None };
        let is_inner = table.alias.as_ref().is_some_and(|alias| alias.name == INNER);
        let relation = self.world.catalogue.relation(&table.name, &[]).filter(|_| is_inner)?;
        if relation.is_system() {
            return None;
        }
        let bound = self.world.rules.bound(&self.world.catalogue, relation);
        let Bound::Columns(protections) = &*bound else { return None };
        let named = select.targets.iter().enumerate().filter_map(|(index, target)| {
            let own = target.name.as_ref()?;
            Some((renamed.get(index).unwrap_or(own), own))
        });
        let columns: HashMap<&String, &String> = named.collect();
        let reach = |names: &[String]| {
            let [item, column] = names else { return None };
            let own = columns.get(column).filter(|_| item == alias)?;
            Some((reach_of(relation, protections, own)?, Expr::column(INNER, (*own).clone())))
        };
        let implied = self.values.implied(condition, &reach);
        if let Some(implied) = implied {
            let both = select.filter.take().into_iter().chain([implied]).collect();
            select.filter = rules::all(both);
        }
        Some(())
    }
}

fn reach_of<'p>(relation: &Relation, protections: &'p [Protection], column: &str) -> Option<&'p Reach> {
    let mut columns = relation.columns.iter().zip(protections);
    columns.find(|(known, _)| known.name == column)?.1.reach()
}
