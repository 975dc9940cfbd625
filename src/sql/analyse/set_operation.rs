//! `UNION`, `INTERSECT` and `EXCEPT`.

use super::super::ir::{Body, OrderItem, Pos, Query, SetOperation, SetOperator};
use super::super::refusal::{Checked, Denial};
use super::query::Tail;
use super::scope::{Level, OutputColumn, Term};
use super::{Analysed, Analysis, RowOrder};

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
        let left = self.query(&operation.left, level, inner_shows)?;
        let right = self.query(&operation.right, level, inner_shows)?;
        let columns = self.merged_columns(&left.columns, &right.columns, operation.operator)?;
        let protected = self.protected_reads > reads_before;
        let order = if protected { RowOrder::Open } else { RowOrder::Public };
        let inner = Query::of(Body::Set(Box::new(SetOperation {
            operator: operation.operator,
            all: operation.all,
            left: left.query,
            right: right.query,
        })));
        self.set_tail(inner, columns, order, tail, level)
    }

    fn set_tail(
        &mut self,
        mut inner: Query,
        columns: Vec<OutputColumn>,
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
        if raw_key || (order == RowOrder::Open && shows) {
            if tail.with_ties() {
                return Err(Denial::unsupported("WITH TIES after a set operation", Pos::NONE));
            }
            return self.wrapped(inner, columns, &keys, tail, level);
        }
        for (item, (index, _)) in tail.order_by.iter().zip(&keys) {
            let ty = columns.get(*index).and_then(|column| column.ty);
            let term = Term::public(item.value.clone(), ty);
            inner.order_by.push(self.order_item(item, &term)?);
        }
        self.cut(&mut inner, tail, level)?;
        Ok(Analysed { query: inner, columns, order })
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
