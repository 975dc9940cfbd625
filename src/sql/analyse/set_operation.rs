//! `UNION`, `INTERSECT` and `EXCEPT`.

use super::super::ir::{Body, Expr, ExprKind, OrderItem, Pos, Query, SetOperation, SetOperator};
use super::super::refusal::{Checked, Denial};
use super::query::Tail;
use super::scope::{Level, OutputColumn, Term};
use super::{Analysed, Analysis, Label, RowOrder, row_key};

impl Analysis<'_> {
    pub(super) fn set_operation(
        &mut self,
        operation: &SetOperation,
        tail: &Tail<'_>,
        level: &Level<'_>,
    ) -> Checked<Analysed> {
        let reads_before = self.protected_reads;
        // UNION ALL shows the order of its arms where its own order shows.
        let shows = tail.order_shows || tail.cuts();
        let inner_shows = shows && operation.operator == SetOperator::Union && operation.all;
        let left = self.query_with(&operation.left, level, inner_shows, true)?;
        let right = self.query_with(&operation.right, level, inner_shows, true)?;
        let columns = self.merged_columns(&left.columns, &right.columns, operation.operator)?;
        let protected = self.protected_reads > reads_before;
        let order = if protected { RowOrder::Open } else { RowOrder::Public };
        if let (Some(left_key), Some(right_key)) = (&left.row_key, &right.row_key) {
            let arms = [(left.query, left_key), (right.query, right_key)];
            if let Some((inner, key)) = self.keyed_arms(operation, arms, &columns) {
                return self.set_tail(inner, columns, Some(&key), RowOrder::Open, tail, level);
            }
            return Err(Denial::unsupported("a key of these rows", Pos::NONE));
        }
        if left.row_key.is_some() || right.row_key.is_some() {
            return Err(Denial::unsupported("a key of these rows", Pos::NONE));
        }
        let inner = Query::of(Body::Set(Box::new(SetOperation {
            operator: operation.operator,
            all: operation.all,
            left: left.query,
            right: right.query,
        })));
        self.set_tail(inner, columns, None, order, tail, level)
    }

    /// The operation as a grouping of the rows of both arms, from which the key of each can be had. Which arms a
    /// row comes from decides whether it stays.
    fn keyed_arms(
        &mut self,
        operation: &SetOperation,
        arms: [(Query, &OutputColumn); 2],
        columns: &[OutputColumn],
    ) -> Option<(Query, OutputColumn)> {
        let whole = arms.iter().all(|(_, key)| row_key::is_whole(key));
        let ty = Some(row_key::arm_type(whole));
        let key = OutputColumn { name: self.made_name(), label: Label::Public, ty };
        let [left, right] = arms;
        let left = armed(left.0, left.1, 1, &key)?;
        let right = armed(right.0, right.1, 2, &key)?;
        let both = SetOperation { operator: SetOperator::Union, all: true, left, right };
        let both = Query::of(Body::Set(Box::new(both)));
        let made = || Expr::column_of_any(&key.name);
        let having = match (operation.operator, operation.all) {
            (SetOperator::Union, true) => return Some((both, key)),
            (SetOperator::Union, false) => None,
            (SetOperator::Intersect | SetOperator::Except, true) => return None,
            (SetOperator::Intersect, false) => {
                Some(vec![row_key::has_arm(made(), 1, whole), row_key::has_arm(made(), 2, whole)])
            }
            (SetOperator::Except, false) => {
                let second = Expr::made(ExprKind::Not(Box::new(row_key::has_arm(made(), 2, whole))));
                Some(vec![row_key::has_arm(made(), 1, whole), second])
            }
        };
        let having = having.map(|conditions| Expr::made(ExprKind::And(conditions)));
        Some(self.once(both, columns, &key, having))
    }

    fn set_tail(
        &mut self,
        mut inner: Query,
        columns: Vec<OutputColumn>,
        row_key: Option<&OutputColumn>,
        order: RowOrder,
        tail: &Tail<'_>,
        level: &Level<'_>,
    ) -> Checked<Analysed> {
        let mut keys: Vec<(usize, OrderItem)> = Vec::new();
        for item in tail.order_by {
            let Some(index) = self.output_column(&item.value, &columns)? else {
                let message = "only result column names can be used in ORDER BY after UNION/INTERSECT/EXCEPT";
                return Err(Denial::new("0A000", message, item.value.pos));
            };
            keys.push((index, item.clone()));
        }
        let raw_key =
            keys.iter().any(|(index, _)| columns.get(*index).is_some_and(|column| !column.label.is_public()));
        let shows = tail.order_shows || tail.cuts() || !keys.is_empty();
        if raw_key || (order == RowOrder::Open && shows) || (row_key.is_some() && !tail.takes_key) {
            if tail.with_ties() {
                return Err(Denial::unsupported("WITH TIES after a set operation", Pos::NONE));
            }
            return self.wrapped(inner, columns, row_key, &keys, tail, level);
        }
        for (item, (index, _)) in tail.order_by.iter().zip(&keys) {
            let ty = columns.get(*index).and_then(|column| column.ty);
            let term = Term::public(item.value.clone(), ty);
            inner.order_by.push(self.order_item(item, &term)?);
        }
        self.cut(&mut inner, tail, level)?;
        Ok(Analysed { query: inner, columns, order, row_key: row_key.cloned() })
    }

    fn merged_columns(
        &self,
        left: &[OutputColumn],
        right: &[OutputColumn],
        operator: SetOperator,
    ) -> Checked<Vec<OutputColumn>> {
        let construct = match operator {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except => "EXCEPT",
        };
        if left.len() != right.len() {
            let message = format!("each {construct} query must have the same number of columns");
            return Err(Denial::new("42601", message, Pos::NONE));
        }
        let merge = |(one, two): (&OutputColumn, &OutputColumn)| {
            Ok(OutputColumn {
                name: one.name.clone(),
                label: one.label.clone().merge(two.label.clone(), construct, Pos::NONE)?,
                ty: self.common_type([one.ty, two.ty]),
            })
        };
        left.iter().zip(right).map(merge).collect()
    }
}

/// An arm whose key says which arm it is; `None` if it does not end in a key.
fn armed(mut arm: Query, key: &OutputColumn, number: i32, made: &OutputColumn) -> Option<Query> {
    match &mut arm.body {
        Body::Select(select) => {
            let last = select.targets.last_mut()?;
            last.value = row_key::of_arm(number, last.value.clone(), key.ty, row_key::is_whole(made));
            last.name = Some(made.name.clone());
        }
        Body::Set(operation) => {
            operation.left = armed(operation.left.clone(), key, number, made)?;
            operation.right = armed(operation.right.clone(), key, number, made)?;
        }
        Body::Values(_) => return None,
    }
    Some(arm)
}
