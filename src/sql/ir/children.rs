//! The expressions directly inside an expression, for whoever only reads.
//!
//! Not here: subqueries, whose names mean something else, and changing a tree (`walk`).

use super::{Call, Expr, ExprKind, OrderItem, Over, Step, Sublink, WindowSpec};

impl Expr {
    /// True if other rows have a part in it: a window function.
    pub(in crate::sql) fn looks_around(&self) -> bool {
        let is_window = matches!(&self.kind, ExprKind::Call(call) if call.over.is_some());
        is_window || self.children().into_iter().any(Self::looks_around)
    }

    /// What stands directly inside, in no particular order; of a subquery only what is compared with it.
    pub(in crate::sql) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Shared(shared) => vec![shared.expr()],
            ExprKind::Column { .. }
            | ExprKind::Literal(_)
            | ExprKind::Param(_)
            | ExprKind::SqlValue { .. } => Vec::new(),
            ExprKind::Cast { value, .. }
            | ExprKind::Not(value)
            | ExprKind::IsNull { value, .. }
            | ExprKind::IsTruth { value, .. }
            | ExprKind::Collate { value, .. } => vec![value],
            ExprKind::Operator { left, right, .. } => left.iter().chain([right]).map(|one| &**one).collect(),
            ExprKind::Quantified { left, right, .. }
            | ExprKind::DistinctFrom { left, right, .. }
            | ExprKind::NullIf(left, right) => vec![left, right],
            ExprKind::In { value, list, .. } => list.iter().chain([&**value]).collect(),
            ExprKind::Between { value, low, high, .. } => vec![value, low, high],
            ExprKind::And(values)
            | ExprKind::Or(values)
            | ExprKind::Coalesce(values)
            | ExprKind::Extreme { values, .. }
            | ExprKind::Array(values)
            | ExprKind::Row { values, .. }
            | ExprKind::Grouping(values) => values.iter().collect(),
            ExprKind::Case { operand, whens, otherwise } => {
                let around = operand.iter().chain(otherwise).map(|one| &**one);
                around.chain(whens.iter().flat_map(|(condition, result)| [condition, result])).collect()
            }
            ExprKind::Xml(xml) => xml.children(),
            ExprKind::Call(call) => call.children(),
            ExprKind::Sublink(sublink) => match &**sublink {
                Sublink::Exists(_) | Sublink::Scalar(_) | Sublink::Array(_) => Vec::new(),
                Sublink::Quantified { left, .. } => vec![left],
            },
            ExprKind::Path { base, steps } => {
                let indices = steps.iter().flat_map(|step| match step {
                    Step::Index(index) => vec![index],
                    Step::Slice(low, high) => low.iter().chain(high).collect(),
                    Step::Field(_) | Step::Star => Vec::new(),
                });
                indices.chain([&**base]).collect()
            }
        }
    }
}

impl Call {
    fn children(&self) -> Vec<&Expr> {
        let mut inside: Vec<&Expr> = self.arguments.iter().map(|argument| &argument.value).collect();
        inside.extend(keys(&self.order_by));
        inside.extend(&self.filter);
        if let Some(Over::Spec(spec)) = &self.over {
            inside.extend(spec.children());
        }
        inside
    }
}

impl WindowSpec {
    /// What the partitions, the order and the frame are made of.
    pub(in crate::sql) fn children(&self) -> Vec<&Expr> {
        let frame = self.frame.iter().flat_map(|frame| [&frame.start, &frame.end]);
        let offsets = frame.filter_map(|bound| bound.offset.as_deref());
        self.partition_by.iter().chain(keys(&self.order_by)).chain(offsets).collect()
    }
}

fn keys(order_by: &[OrderItem]) -> impl Iterator<Item = &Expr> {
    order_by.iter().map(|item| &item.value)
}
