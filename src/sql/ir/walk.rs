//! Walking through a tree to change it: every expression and every sort list, inside out.

use super::{
    Body, Bound, Call, Expr, ExprKind, FromItem, GroupItem, JoinCondition, OrderItem, Over, Query, Select,
    Step, Sublink, WindowSpec,
};

/// What is done at each place.
pub(in crate::sql) trait Visitor {
    /// An expression, before those inside it, which are passed over, and it with them, if the answer is false.
    fn enters_expr(&mut self, _expr: &mut Expr) -> bool {
        true
    }
    /// An expression, after those inside it.
    fn expr(&mut self, _expr: &mut Expr) {}
    /// A list of sort keys, after the expressions inside it.
    fn order_by(&mut self, _keys: &mut Vec<OrderItem>) {}
    /// A select, after what is inside it.
    fn select(&mut self, _select: &mut Select) {}
    /// An item of `FROM`, before what is inside it, which is passed over if the answer is false.
    fn enters(&mut self, _item: &mut FromItem) -> bool {
        true
    }
}

/// Walks through an expression.
pub(in crate::sql) fn expr(tree: &mut Expr, visitor: &mut dyn Visitor) {
    if visitor.enters_expr(tree) {
        children(&mut tree.kind, visitor);
        visitor.expr(tree);
    }
}

fn exprs<'t>(trees: impl IntoIterator<Item = &'t mut Expr>, visitor: &mut dyn Visitor) {
    for tree in trees {
        expr(tree, visitor);
    }
}

/// Walks through a list of sort keys.
pub(in crate::sql) fn order_by(keys: &mut Vec<OrderItem>, visitor: &mut dyn Visitor) {
    exprs(keys.iter_mut().map(|item| &mut item.value), visitor);
    visitor.order_by(keys);
}

fn children(kind: &mut ExprKind, visitor: &mut dyn Visitor) {
    match kind {
        ExprKind::Column { .. }
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Shared(_)
        | ExprKind::SqlValue { .. } => {}
        ExprKind::Cast { value, .. }
        | ExprKind::Not(value)
        | ExprKind::IsNull { value, .. }
        | ExprKind::IsTruth { value, .. }
        | ExprKind::Collate { value, .. } => expr(value, visitor),
        ExprKind::Operator { left, right, .. } => {
            exprs(left.as_deref_mut(), visitor);
            expr(right, visitor);
        }
        ExprKind::Quantified { left, right, .. }
        | ExprKind::DistinctFrom { left, right, .. }
        | ExprKind::NullIf(left, right) => {
            expr(left, visitor);
            expr(right, visitor);
        }
        ExprKind::In { value, list, .. } => {
            expr(value, visitor);
            exprs(list, visitor);
        }
        ExprKind::Between { value, low, high, .. } => {
            expr(value, visitor);
            expr(low, visitor);
            expr(high, visitor);
        }
        ExprKind::And(values)
        | ExprKind::Or(values)
        | ExprKind::Coalesce(values)
        | ExprKind::Extreme { values, .. }
        | ExprKind::Array(values)
        | ExprKind::Row { values, .. }
        | ExprKind::Grouping(values) => exprs(values, visitor),
        ExprKind::Case { operand, whens, otherwise } => {
            exprs(operand.as_deref_mut(), visitor);
            for (condition, result) in whens {
                expr(condition, visitor);
                expr(result, visitor);
            }
            exprs(otherwise.as_deref_mut(), visitor);
        }
        ExprKind::Xml(xml) => exprs(xml.expressions(), visitor),
        ExprKind::Call(call) => self::call(call, visitor),
        ExprKind::Sublink(sublink) => match &mut **sublink {
            Sublink::Exists(inner) | Sublink::Scalar(inner) | Sublink::Array(inner) => query(inner, visitor),
            Sublink::Quantified { left, query: inner, .. } => {
                expr(left, visitor);
                query(inner, visitor);
            }
        },
        ExprKind::Path { base, steps } => {
            expr(base, visitor);
            for step in steps {
                match step {
                    Step::Index(index) => expr(index, visitor),
                    Step::Slice(low, high) => exprs(low.iter_mut().chain(high), visitor),
                    Step::Field(_) | Step::Star => {}
                }
            }
        }
    }
}

fn call(call: &mut Call, visitor: &mut dyn Visitor) {
    exprs(call.arguments.iter_mut().map(|argument| &mut argument.value), visitor);
    order_by(&mut call.order_by, visitor);
    exprs(&mut call.filter, visitor);
    if let Some(Over::Spec(spec)) = &mut call.over {
        window(spec, visitor);
    }
}

/// Walks through a window.
pub(in crate::sql) fn window(spec: &mut WindowSpec, visitor: &mut dyn Visitor) {
    exprs(&mut spec.partition_by, visitor);
    order_by(&mut spec.order_by, visitor);
    if let Some(frame) = &mut spec.frame {
        let bound =
            |bound: &mut Bound, visitor: &mut dyn Visitor| exprs(bound.offset.as_deref_mut(), visitor);
        bound(&mut frame.start, visitor);
        bound(&mut frame.end, visitor);
    }
}

/// Walks through a query.
pub(in crate::sql) fn query(tree: &mut Query, visitor: &mut dyn Visitor) {
    for cte in tree.with.iter_mut().flat_map(|with| &mut with.ctes) {
        query(&mut cte.query, visitor);
        if let Some(cycle) = &mut cte.cycle {
            expr(&mut cycle.value, visitor);
            expr(&mut cycle.default, visitor);
        }
    }
    match &mut tree.body {
        Body::Values(rows) => rows.iter_mut().for_each(|row| exprs(row, visitor)),
        Body::Set(operation) => {
            query(&mut operation.left, visitor);
            query(&mut operation.right, visitor);
        }
        Body::Select(select) => {
            if let super::Distinct::On(keys) = &mut select.distinct {
                exprs(keys, visitor);
            }
            exprs(select.targets.iter_mut().map(|target| &mut target.value), visitor);
            select.from.iter_mut().for_each(|item| from_item(item, visitor));
            exprs(&mut select.filter, visitor);
            select.group_by.items.iter_mut().for_each(|item| group_item(item, visitor));
            exprs(&mut select.having, visitor);
            select.windows.iter_mut().for_each(|named| window(&mut named.spec, visitor));
            visitor.select(select);
        }
    }
    order_by(&mut tree.order_by, visitor);
    exprs(&mut tree.offset, visitor);
    exprs(tree.limit.as_mut().map(|limit| &mut limit.count), visitor);
}

fn group_item(item: &mut GroupItem, visitor: &mut dyn Visitor) {
    match item {
        GroupItem::Empty => {}
        GroupItem::Expr(key) => expr(key, visitor),
        GroupItem::Rollup(keys) | GroupItem::Cube(keys) => exprs(keys, visitor),
        GroupItem::Sets(sets) => sets.iter_mut().for_each(|set| group_item(set, visitor)),
    }
}

fn from_item(item: &mut FromItem, visitor: &mut dyn Visitor) {
    if !visitor.enters(item) {
        return;
    }
    match item {
        FromItem::Table(table) => {
            if let Some(sample) = &mut table.sample {
                exprs(&mut sample.arguments, visitor);
                exprs(sample.seed.as_deref_mut(), visitor);
            }
        }
        FromItem::Subquery { query: inner, .. } => query(inner, visitor),
        FromItem::Function(function) => {
            exprs(function.functions.iter_mut().map(|(call, _)| call), visitor);
        }
        FromItem::XmlTable(table) => exprs(table.expressions(), visitor),
        FromItem::Join(join) => {
            from_item(&mut join.left, visitor);
            from_item(&mut join.right, visitor);
            if let JoinCondition::On(condition) = &mut join.condition {
                expr(condition, visitor);
            }
        }
    }
}
