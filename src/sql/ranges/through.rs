//! Conditions on what a subquery gives, as conditions on what it reads.
//!
//! Invariant: a condition goes through a query only where each row that comes out stands for one that went in, and
//! none of the others has a part in it.

use std::collections::HashMap;

use crate::sql::ir::{
    Alias, Body, Distinct, Expr, ExprKind, FromItem, GroupBy, Query, Select, SetOperator, Target,
};

/// What is done to an item of `FROM`, given a condition on its columns.
type Narrow<'n> = dyn FnMut(&mut FromItem, &Expr) + 'n;

/// Hands a condition on the columns of a subquery to the items that it reads.
pub(super) fn query(query: &mut Query, alias: &Alias, condition: &Expr, narrow: &mut Narrow<'_>) {
    let Some(names) = names(query, &alias.columns) else { return };
    arms(query, &alias.name, &names, condition, narrow);
}

/// The names of its columns.
fn names(query: &Query, renamed: &[String]) -> Option<Vec<String>> {
    match &query.body {
        Body::Select(select) => {
            let name = |(index, target): (usize, &Target)| {
                renamed.get(index).or(target.name.as_ref()).cloned().unwrap_or_default()
            };
            Some(select.targets.iter().enumerate().map(name).collect())
        }
        Body::Set(operation) => names(&operation.left, renamed),
        Body::Values(_) => None,
    }
}

fn arms(query: &mut Query, alias: &str, names: &[String], condition: &Expr, narrow: &mut Narrow<'_>) {
    if query.limit.is_some() || query.offset.is_some() {
        return;
    }
    match &mut query.body {
        Body::Select(select) if is_row_by_row(select) => {
            let columns: HashMap<&String, &Expr> =
                names.iter().zip(select.targets.iter().map(|target| &target.value)).collect();
            let Some(inside) = translated(condition, alias, &columns) else { return };
            select.from.iter_mut().for_each(|item| narrow(item, &inside));
        }
        Body::Set(operation) if operation.all && operation.operator == SetOperator::Union => {
            arms(&mut operation.left, alias, names, condition, narrow);
            arms(&mut operation.right, alias, names, condition, narrow);
        }
        Body::Select(_) | Body::Set(_) | Body::Values(_) => {}
    }
}

fn is_row_by_row(select: &Select) -> bool {
    let Select { distinct: Distinct::No, targets, from: _, filter: _, group_by, having: None, windows } =
        select
    else {
        return false;
    };
    let has_windows = !windows.is_empty() || targets.iter().any(|target| target.value.looks_around());
    *group_by == GroupBy::default() && !has_windows
}

/// The condition, with the columns that it names exchanged for those inside; what cannot be said inside is left out.
fn translated(condition: &Expr, alias: &str, columns: &HashMap<&String, &Expr>) -> Option<Expr> {
    let inside = |expr: &Expr| match &expr.kind {
        ExprKind::Column { names, star: false } => {
            let [item, column] = names.as_slice() else { return None };
            let value = columns.get(column).filter(|_| item == alias)?;
            matches!(value.kind, ExprKind::Column { star: false, .. }).then(|| (*value).clone())
        }
        _ => None,
    };
    let kind = match &condition.kind {
        ExprKind::And(all) => {
            let all: Vec<Expr> = all.iter().filter_map(|one| translated(one, alias, columns)).collect();
            if all.is_empty() {
                return None;
            }
            ExprKind::And(all)
        }
        ExprKind::Or(any) => {
            ExprKind::Or(any.iter().map(|one| translated(one, alias, columns)).collect::<Option<_>>()?)
        }
        ExprKind::Operator { op, left: Some(left), right } => {
            let (left, right) = match (inside(left), inside(right)) {
                (Some(column), None) => (column, (**right).clone()),
                (None, Some(column)) => ((**left).clone(), column),
                _ => return None,
            };
            ExprKind::Operator { op: op.clone(), left: Some(Box::new(left)), right: Box::new(right) }
        }
        ExprKind::In { negated, value, list } => {
            ExprKind::In { negated: *negated, value: Box::new(inside(value)?), list: list.clone() }
        }
        ExprKind::Between { negated, symmetric, value, low, high } => ExprKind::Between {
            negated: *negated,
            symmetric: *symmetric,
            value: Box::new(inside(value)?),
            low: low.clone(),
            high: high.clone(),
        },
        _ => return None,
    };
    Some(Expr::made(kind))
}
