//! `UNION`, `INTERSECT` and `EXCEPT`.

use super::super::ir::{
    Body, Call, Expr, ExprKind, Literal, OrderItem, Pos, Qualified, Query, Select, SetOperation, SetOperator,
    Target, TypeName,
};
use super::super::refusal::{Checked, Denial};
use super::from::derived;
use super::query::{KeyUse, Tail};
use super::representative::function;
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
        let wanted = if tail.key == KeyUse::OfAll { KeyUse::OfAll } else { KeyUse::OfIdentifiers };
        let left = self.query_with(&operation.left, level, inner_shows, wanted)?;
        let right = self.query_with(&operation.right, level, inner_shows, wanted)?;
        let columns = self.merged_columns(&left.columns, &right.columns, operation.operator)?;
        let protected = self.protected_reads > reads_before;
        let order = if protected { RowOrder::Open } else { RowOrder::Public };
        if let (Some(left_key), Some(right_key)) = (&left.row_key, &right.row_key) {
            let arms = [(left.query, left_key), (right.query, right_key)];
            if let Some((inner, key)) = self.keyed_arms(operation, arms, &columns)? {
                let repeats = operation.all && (left.repeats || right.repeats);
                let analysed = self.set_tail(inner, columns, Some(&key), RowOrder::Open, tail, level)?;
                return Ok(Analysed { repeats, ..analysed });
            }
            return Err(Denial::unsupported("a key of these rows", Pos::NONE));
        }
        if left.row_key.is_some() || right.row_key.is_some() {
            return Err(Denial::unsupported("a key of these rows", Pos::NONE));
        }
        let is_union_all = operation.operator == SetOperator::Union && operation.all;
        if !is_union_all {
            columns.iter().for_each(|column| self.note_key(column.ty));
        }
        let inner = if protected && !is_union_all && !self.are_alike(&columns) {
            self.alike_arms(operation, left.query, right.query, &columns)?
        } else {
            Query::of(Body::Set(Box::new(SetOperation {
                operator: operation.operator,
                all: operation.all,
                left: left.query,
                right: right.query,
            })))
        };
        let analysed = self.set_tail(inner, columns, None, order, tail, level)?;
        Ok(Analysed { repeats: operation.all, ..analysed })
    }

    /// The operation as a grouping of the rows of both arms, from which the key of each can be had. Which arms a
    /// row comes from decides whether it stays.
    fn keyed_arms(
        &mut self,
        operation: &SetOperation,
        arms: [(Query, &OutputColumn); 2],
        columns: &[OutputColumn],
    ) -> Checked<Option<(Query, OutputColumn)>> {
        let whole = arms.iter().all(|(_, key)| row_key::is_whole(key));
        let ty = Some(row_key::arm_type(whole));
        let key = OutputColumn { name: self.made_name(), label: Label::Public, ty };
        let [left, right] = arms;
        let left = armed(left.0, left.1, 1, &key);
        let right = armed(right.0, right.1, 2, &key);
        let Some((left, right)) = left.zip(right) else { return Ok(None) };
        let both = SetOperation { operator: SetOperator::Union, all: true, left, right };
        let both = Query::of(Body::Set(Box::new(both)));
        let made = || Expr::column_of_any(&key.name);
        let having = match (operation.operator, operation.all) {
            (SetOperator::Union, true) => return Ok(Some((both, key))),
            (SetOperator::Union, false) => None,
            (SetOperator::Intersect | SetOperator::Except, true) => return Ok(None),
            (SetOperator::Intersect, false) => {
                Some(vec![row_key::has_arm(made(), 1, whole), row_key::has_arm(made(), 2, whole)])
            }
            (SetOperator::Except, false) => {
                let second = Expr::made(ExprKind::Not(Box::new(row_key::has_arm(made(), 2, whole))));
                Some(vec![row_key::has_arm(made(), 1, whole), second])
            }
        };
        let having = having.map(|conditions| Expr::made(ExprKind::And(conditions)));
        self.once(both, columns, &key, having).map(Some)
    }

    /// The operation as a grouping of the rows of both arms, of whose equal values one is chosen that does not hang on
    /// which was met first.
    fn alike_arms(
        &mut self,
        operation: &SetOperation,
        left: Query,
        right: Query,
        columns: &[OutputColumn],
    ) -> Checked<Query> {
        let union = |left, right| {
            Query::of(Body::Set(Box::new(SetOperation {
                operator: SetOperator::Union,
                all: true,
                left,
                right,
            })))
        };
        if operation.operator == SetOperator::Union {
            return Ok(Query::of(Body::Select(Box::new(self.grouped(union(left, right), columns, None)?.0))));
        }
        let arm = self.made_name();
        let (left, right) =
            (self.numbered_arm(left, 1, columns, &arm), self.numbered_arm(right, 2, columns, &arm));
        let (mut select, alias) = self.grouped(union(left, right), columns, Some(&arm))?;
        let count = |number: i32| {
            let number = Expr::made(ExprKind::Literal(Literal::Integer(number)));
            let call = Call {
                star: true,
                filter: Some(Expr::operator(Expr::column(&alias, &arm), "=", number)),
                ..Call::plain(Qualified::builtin("count"), Vec::new())
            };
            Expr::made(ExprKind::Call(Box::new(call)))
        };
        let copies = if operation.operator == SetOperator::Intersect {
            Expr::made(ExprKind::Extreme { greatest: false, values: vec![count(1), count(2)] })
        } else {
            let none = Expr::made(ExprKind::Literal(Literal::Integer(0)));
            let all = operation.all;
            let is_alone = Expr::operator(count(2), "=", none.clone());
            let alone = ExprKind::Case {
                operand: None,
                whens: vec![(is_alone, count(1))],
                otherwise: Some(Box::new(none)),
            };
            if all { Expr::operator(count(1), "-", count(2)) } else { Expr::made(alone) }
        };
        if !operation.all {
            let none = Expr::made(ExprKind::Literal(Literal::Integer(0)));
            select.having = Some(Expr::operator(copies, ">", none));
            return Ok(Query::of(Body::Select(Box::new(select))));
        }
        select.targets.push(Target { value: copies, name: Some(arm.clone()) });
        Ok(self.copied(Query::of(Body::Select(Box::new(select))), columns, &arm))
    }

    /// The rows of `inner`, each as often as its column `copies` says.
    fn copied(&mut self, inner: Query, columns: &[OutputColumn], copies: &str) -> Query {
        let (alias, series) = (self.made_name(), self.made_name());
        let mut names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
        let targets = names.iter().zip(columns).map(|(name, column)| Target {
            value: Expr::column(&alias, name),
            name: Some(column.name.clone()),
        });
        let targets = targets.collect();
        names.push(copies.to_owned());
        let one = Expr::made(ExprKind::Literal(Literal::Integer(1))).cast(TypeName::builtin("int8"));
        let numbers = Expr::call("generate_series", vec![one, Expr::column(&alias, copies)]);
        let from = vec![derived(inner, alias, names), function(numbers, series)];
        Query::of(Body::Select(Box::new(Select { targets, from, ..Select::default() })))
    }

    /// An arm with its number in a column behind the others.
    fn numbered_arm(&mut self, mut arm: Query, number: i32, columns: &[OutputColumn], name: &str) -> Query {
        let value = Expr::made(ExprKind::Literal(Literal::Integer(number)));
        let number = Target { value, name: Some(name.to_owned()) };
        match &mut arm.body {
            Body::Select(select) => select.targets.push(number),
            Body::Values(rows) => rows.iter_mut().for_each(|row| row.push(number.value.clone())),
            Body::Set(_) => {
                let alias = self.made_name();
                let names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
                let own = names.iter().map(|name| Target { value: Expr::column(&alias, name), name: None });
                let targets = own.chain([number]).collect();
                let select = Select { targets, from: vec![derived(arm, alias, names)], ..Select::default() };
                return Query::of(Body::Select(Box::new(select)));
            }
        }
        arm
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
        if raw_key || (order == RowOrder::Open && shows) || (row_key.is_some() && tail.key == KeyUse::None) {
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
        Ok(Analysed { query: inner, columns, order, row_key: row_key.cloned(), repeats: true })
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
