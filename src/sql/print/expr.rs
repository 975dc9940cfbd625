//! Expressions.

use std::sync::Arc;

use super::super::ir::{
    Argument, Bound, BoundKind, Call, Expr, ExprKind, Frame, FrameExclusion, FrameUnits, Over, Quantifier,
    Shared, SqlValue, Step, Sublink, Truth, WindowSpec,
};
use super::Writer;

impl Writer {
    /// An expression that needs no parentheses around it wherever it stands.
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Column { names, star } => self.column(names, *star),
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Param(number) => self.word(&format!("${number}")),
            ExprKind::Shared(shared) => self.shared(shared),
            ExprKind::Cast { value, to } => {
                self.word("CAST(");
                self.expr(value);
                self.word(" AS ");
                self.type_name(to);
                self.text.push(')');
            }
            ExprKind::Coalesce(values) => self.function_like("COALESCE", values),
            ExprKind::Extreme { greatest: true, values } => self.function_like("GREATEST", values),
            ExprKind::Extreme { greatest: false, values } => self.function_like("LEAST", values),
            ExprKind::Grouping(values) => self.function_like("GROUPING", values),
            ExprKind::NullIf(left, right) => self.function_like("NULLIF", [&**left, &**right]),
            ExprKind::Xml(xml) => self.xml(xml),
            ExprKind::Call(call) => self.call(call),
            ExprKind::SqlValue { value, precision } => self.sql_value(*value, *precision),
            ExprKind::Sublink(sublink) => self.sublink(sublink),
            ExprKind::Array(values) => self.array(values),
            ExprKind::Row { explicit, values } => {
                self.word(if *explicit { "ROW" } else { "" });
                self.parenthesised(values);
            }
            ExprKind::Path { base, steps } => self.path(base, steps),
            ExprKind::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref());
            }
            _ => {
                self.text.push('(');
                self.operation(expr);
                self.text.push(')');
            }
        }
    }

    fn shared(&mut self, shared: &Arc<Shared>) {
        match (&mut self.left_out, shared.placeholder(), shared.text()) {
            (Some(left_out), Some(placeholder), _) => {
                left_out.push(Arc::clone(shared));
                self.identifier(&placeholder);
            }
            (None, _, Some(text)) if !self.brief => self.word(text),
            _ => self.expr(shared.expr()),
        }
    }

    /// What stands between parentheses.
    fn operation(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Operator { op, left, right } => {
                if let Some(left) = left {
                    self.expr(left);
                    self.text.push(' ');
                }
                self.operator(op);
                self.text.push(' ');
                self.expr(right);
            }
            ExprKind::Quantified { op, quantifier, left, right } => {
                self.expr(left);
                self.text.push(' ');
                self.operator(op);
                self.quantifier(*quantifier);
                self.text.push('(');
                self.expr(right);
                self.text.push(')');
            }
            ExprKind::DistinctFrom { negated, left, right } => {
                self.expr(left);
                self.word(if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " });
                self.expr(right);
            }
            ExprKind::In { negated, value, list } => {
                self.expr(value);
                self.word(if *negated { " NOT IN " } else { " IN " });
                self.parenthesised(list);
            }
            ExprKind::Between { negated, symmetric, value, low, high } => {
                self.expr(value);
                self.word(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
                self.word(if *symmetric { "SYMMETRIC " } else { "" });
                self.expr(low);
                self.word(" AND ");
                self.expr(high);
            }
            ExprKind::And(values) => self.chain(values, " AND "),
            ExprKind::Or(values) => self.chain(values, " OR "),
            ExprKind::Not(value) => {
                self.word("NOT ");
                self.expr(value);
            }
            ExprKind::IsNull { negated, value } => {
                self.expr(value);
                self.word(if *negated { " IS NOT NULL" } else { " IS NULL" });
            }
            ExprKind::IsTruth { negated, truth, value } => {
                self.expr(value);
                self.word(if *negated { " IS NOT " } else { " IS " });
                self.word(match truth {
                    Truth::True => "TRUE",
                    Truth::False => "FALSE",
                    Truth::Unknown => "UNKNOWN",
                });
            }
            ExprKind::Collate { value, collation } => {
                self.expr(value);
                self.word(" COLLATE ");
                self.qualified(collation);
            }
            // All others are printed by `expr` and never come here.
            _ => self.expr(expr),
        }
    }

    fn column(&mut self, names: &[String], star: bool) {
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                self.text.push('.');
            }
            self.identifier(name);
        }
        if star {
            self.word(if names.is_empty() { "*" } else { ".*" });
        }
    }

    fn chain(&mut self, values: &[Expr], between: &str) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.word(between);
            }
            self.expr(value);
        }
    }

    /// `(a, b)`.
    pub(super) fn parenthesised<'a>(&mut self, values: impl IntoIterator<Item = &'a Expr>) {
        self.text.push('(');
        self.list(values, Self::expr);
        self.text.push(')');
    }

    pub(super) fn function_like<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a Expr>) {
        self.word(name);
        self.parenthesised(values);
    }

    fn quantifier(&mut self, quantifier: Quantifier) {
        self.word(match quantifier {
            Quantifier::Any => " ANY ",
            Quantifier::All => " ALL ",
        });
    }

    /// Inner arrays are written without the word `ARRAY`, as the parser gives them either way.
    fn array(&mut self, values: &[Expr]) {
        self.word("ARRAY[");
        self.list(values, Self::expr);
        self.text.push(']');
    }

    fn case(&mut self, operand: Option<&Expr>, whens: &[(Expr, Expr)], otherwise: Option<&Expr>) {
        self.word("CASE");
        if let Some(operand) = operand {
            self.text.push(' ');
            self.expr(operand);
        }
        for (condition, result) in whens {
            self.word(" WHEN ");
            self.expr(condition);
            self.word(" THEN ");
            self.expr(result);
        }
        if let Some(otherwise) = otherwise {
            self.word(" ELSE ");
            self.expr(otherwise);
        }
        self.word(" END");
    }

    fn path(&mut self, base: &Expr, steps: &[Step]) {
        self.text.push('(');
        self.expr(base);
        self.text.push(')');
        for step in steps {
            match step {
                Step::Field(name) => {
                    self.text.push('.');
                    self.identifier(name);
                }
                Step::Star => self.word(".*"),
                Step::Index(index) => {
                    self.text.push('[');
                    self.expr(index);
                    self.text.push(']');
                }
                Step::Slice(low, high) => {
                    self.text.push('[');
                    low.iter().for_each(|low| self.expr(low));
                    self.word(" : ");
                    high.iter().for_each(|high| self.expr(high));
                    self.text.push(']');
                }
            }
        }
    }

    fn sublink(&mut self, sublink: &Sublink) {
        match sublink {
            Sublink::Exists(query) => {
                self.word("EXISTS ");
                self.subquery(query);
            }
            Sublink::Scalar(query) => self.subquery(query),
            Sublink::Array(query) => {
                self.word("ARRAY");
                self.subquery(query);
            }
            Sublink::Quantified { op, quantifier, left, query } => {
                self.text.push('(');
                self.expr(left);
                self.text.push(' ');
                if let Some(op) = op {
                    self.operator(op);
                    self.quantifier(*quantifier);
                } else {
                    self.word("IN ");
                }
                self.subquery(query);
                self.text.push(')');
            }
        }
    }

    fn call(&mut self, call: &Call) {
        self.qualified(&call.name);
        self.text.push('(');
        self.word(if call.distinct { "DISTINCT " } else { "" });
        self.word(if call.star { "*" } else { "" });
        let last = call.arguments.len().saturating_sub(1);
        self.list(call.arguments.iter().enumerate(), |writer, (index, argument)| {
            writer.word(if call.variadic && index == last { "VARIADIC " } else { "" });
            writer.argument(argument);
        });
        if !call.within_group {
            self.order_by(&call.order_by);
        }
        self.text.push(')');
        if call.within_group {
            self.word(" WITHIN GROUP (");
            self.order_by(&call.order_by);
            self.text.push(')');
        }
        if let Some(filter) = &call.filter {
            self.word(" FILTER (WHERE ");
            self.expr(filter);
            self.text.push(')');
        }
        match &call.over {
            None => {}
            Some(Over::Named(name)) => {
                self.word(" OVER ");
                self.identifier(name);
            }
            Some(Over::Spec(spec)) => {
                self.word(" OVER ");
                self.window_spec(spec);
            }
        }
    }

    fn argument(&mut self, argument: &Argument) {
        if let Some(name) = &argument.name {
            self.identifier(name);
            self.word(" => ");
        }
        self.expr(&argument.value);
    }

    /// `(base PARTITION BY ... ORDER BY ... frame)`.
    pub(super) fn window_spec(&mut self, spec: &WindowSpec) {
        self.text.push('(');
        if let Some(base) = &spec.base {
            self.identifier(base);
        }
        if !spec.partition_by.is_empty() {
            self.word(" PARTITION BY ");
            self.list(&spec.partition_by, Self::expr);
        }
        self.order_by(&spec.order_by);
        if let Some(frame) = &spec.frame {
            self.frame(frame);
        }
        self.text.push(')');
    }

    fn frame(&mut self, frame: &Frame) {
        self.word(match frame.units {
            FrameUnits::Range => " RANGE BETWEEN ",
            FrameUnits::Rows => " ROWS BETWEEN ",
            FrameUnits::Groups => " GROUPS BETWEEN ",
        });
        self.bound(&frame.start);
        self.word(" AND ");
        self.bound(&frame.end);
        self.word(match frame.exclusion {
            FrameExclusion::NoOthers => "",
            FrameExclusion::CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclusion::Group => " EXCLUDE GROUP",
            FrameExclusion::Ties => " EXCLUDE TIES",
        });
    }

    fn bound(&mut self, bound: &Bound) {
        if let Some(offset) = &bound.offset {
            self.expr(offset);
            self.text.push(' ');
        }
        self.word(match bound.kind {
            BoundKind::UnboundedPreceding => "UNBOUNDED PRECEDING",
            BoundKind::Preceding => "PRECEDING",
            BoundKind::CurrentRow => "CURRENT ROW",
            BoundKind::Following => "FOLLOWING",
            BoundKind::UnboundedFollowing => "UNBOUNDED FOLLOWING",
        });
    }

    fn sql_value(&mut self, value: SqlValue, precision: Option<i32>) {
        self.word(match value {
            SqlValue::CurrentDate => "CURRENT_DATE",
            SqlValue::CurrentTime => "CURRENT_TIME",
            SqlValue::CurrentTimestamp => "CURRENT_TIMESTAMP",
            SqlValue::LocalTime => "LOCALTIME",
            SqlValue::LocalTimestamp => "LOCALTIMESTAMP",
            SqlValue::CurrentRole => "CURRENT_ROLE",
            SqlValue::CurrentUser => "CURRENT_USER",
            SqlValue::User => "USER",
            SqlValue::SessionUser => "SESSION_USER",
            SqlValue::CurrentCatalog => "CURRENT_CATALOG",
            SqlValue::CurrentSchema => "CURRENT_SCHEMA",
        });
        if let Some(precision) = precision {
            self.word(&format!("({precision})"));
        }
    }
}
