//! The name that the server gives to a column without one (PostgreSQL's `FigureColname`).

use super::super::ir::{Expr, ExprKind, SqlValue, Step, Sublink, Xml};

/// The name of an output column that has no alias.
pub(super) fn column_name(expr: &Expr) -> String {
    strong(expr).map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// A name, and whether it beats that of a cast around it.
fn strong(expr: &Expr) -> Option<(String, bool)> {
    let named = |name: &str| Some((name.to_owned(), true));
    match &expr.kind {
        ExprKind::Column { names, star: _ } => names.last().map(|name| (name.clone(), true)),
        ExprKind::Path { base, steps } => {
            let field = steps.iter().rev().find_map(|step| match step {
                Step::Field(name) => Some(name.clone()),
                Step::Index(_) | Step::Slice(..) | Step::Star => None,
            });
            field.map(|name| (name, true)).or_else(|| strong(base))
        }
        ExprKind::Call(call) => named(&call.name.name),
        ExprKind::NullIf(..) => named("nullif"),
        ExprKind::Cast { value, to } => match strong(value) {
            Some((name, true)) => Some((name, true)),
            _ => Some((to.name.name.clone(), false)),
        },
        ExprKind::Collate { value, .. } => strong(value),
        ExprKind::Grouping(_) => named("grouping"),
        ExprKind::Sublink(sublink) => match &**sublink {
            Sublink::Exists(_) => named("exists"),
            Sublink::Array(_) => named("array"),
            Sublink::Scalar(query) => scalar_name(query),
            Sublink::Quantified { .. } => None,
        },
        ExprKind::Case { otherwise, .. } => match otherwise.as_deref().and_then(strong) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        ExprKind::Array(_) => named("array"),
        ExprKind::Row { .. } => named("row"),
        ExprKind::Xml(xml) => xml_name(xml).and_then(named),
        ExprKind::Coalesce(_) => named("coalesce"),
        ExprKind::Extreme { greatest: true, .. } => named("greatest"),
        ExprKind::Extreme { greatest: false, .. } => named("least"),
        ExprKind::SqlValue { value, .. } => named(sql_value_name(*value)),
        _ => None,
    }
}

const fn xml_name(xml: &Xml) -> Option<&'static str> {
    match xml {
        Xml::Concat(_) => Some("xmlconcat"),
        Xml::Element { .. } => Some("xmlelement"),
        Xml::Forest(_) => Some("xmlforest"),
        Xml::Parse { .. } => Some("xmlparse"),
        Xml::Instruction { .. } => Some("xmlpi"),
        Xml::Root { .. } => Some("xmlroot"),
        Xml::Serialize { .. } => Some("xmlserialize"),
        Xml::IsDocument(_) => None,
    }
}

/// A scalar subquery is named like its only column.
fn scalar_name(query: &super::super::ir::Query) -> Option<(String, bool)> {
    let mut body = &query.body;
    loop {
        match body {
            super::super::ir::Body::Set(operation) => body = &operation.left.body,
            super::super::ir::Body::Values(_) => return Some(("column1".to_owned(), true)),
            super::super::ir::Body::Select(select) => {
                let target = select.targets.first()?;
                return Some((target.name.clone().unwrap_or_else(|| column_name(&target.value)), true));
            }
        }
    }
}

const fn sql_value_name(value: SqlValue) -> &'static str {
    match value {
        SqlValue::CurrentDate => "current_date",
        SqlValue::CurrentTime => "current_time",
        SqlValue::CurrentTimestamp => "current_timestamp",
        SqlValue::LocalTime => "localtime",
        SqlValue::LocalTimestamp => "localtimestamp",
        SqlValue::CurrentRole => "current_role",
        SqlValue::CurrentUser => "current_user",
        SqlValue::User => "user",
        SqlValue::SessionUser => "session_user",
        SqlValue::CurrentCatalog => "current_catalog",
        SqlValue::CurrentSchema => "current_schema",
    }
}
