//! Expressions that no row has a part in and that cannot fail: a moment near now.
//!
//! `now() - interval '7 days'` is made of operators that fail on some values; on these they do not, and no row decides
//! about it. So nothing has to be done about errors in an order of rows.
//!
//! Invariant: what has a type here is stable, does not fail, and holds neither columns nor parameters.

use super::super::catalogue::{Oid, oid};
use super::super::ir::{Call, Expr, ExprKind, Literal, SqlValue, TypeName};

/// Intervals beyond this lead out of the calendar.
const MAX_SHIFTS: usize = 2;

/// The type of a moment near now, if the rewritten expression is one.
pub(in crate::sql) fn moment(expr: &Expr) -> Option<Oid> {
    near(expr, MAX_SHIFTS)
}

/// With at most so many intervals added.
fn near(expr: &Expr, shifts: usize) -> Option<Oid> {
    match &expr.kind {
        ExprKind::SqlValue { value, .. } => match value {
            SqlValue::CurrentTimestamp => Some(oid::TIMESTAMPTZ),
            SqlValue::LocalTimestamp => Some(oid::TIMESTAMP),
            SqlValue::CurrentDate => Some(oid::DATE),
            _ => None,
        },
        ExprKind::Call(call) => called(call, shifts),
        ExprKind::Operator { op, left: Some(left), right } => {
            let is_shift = matches!(op.name.as_str(), "+" | "-") && is_builtin(op.schema.as_deref());
            let from = near(left, shifts.checked_sub(1)?).filter(|_| is_shift)?;
            match &right.kind {
                ExprKind::Literal(Literal::Integer(days)) if from == oid::DATE && days.abs() < 100_000 => {
                    Some(oid::DATE)
                }
                _ if is_short_interval(right) => {
                    Some(if from == oid::TIMESTAMPTZ { from } else { oid::TIMESTAMP })
                }
                _ => None,
            }
        }
        ExprKind::Cast { value, to } => {
            near(value, shifts)?;
            builtin_type(
                to,
                &[("timestamptz", oid::TIMESTAMPTZ), ("timestamp", oid::TIMESTAMP), ("date", oid::DATE)],
            )
        }
        _ => None,
    }
}

/// True for functions of many rows that fail after more rows than there can be, if at all: sums of integers, and numbers
/// of rows.
pub(super) fn counts(name: &str, is_window: bool, arguments: &[Option<Oid>]) -> bool {
    match arguments {
        [] => {
            is_window && matches!(name, "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist")
        }
        [Some(oid::INT2 | oid::INT4 | oid::INT8)] => matches!(name, "sum" | "avg"),
        _ => false,
    }
}

/// True for a cast of a value whose type the cast alone decides: nothing is converted.
pub(super) fn is_declared_by_cast(value: &Expr, known: Option<Oid>) -> bool {
    matches!(value.kind, ExprKind::Param(_)) && known.is_none()
}

fn called(call: &Call, shifts: usize) -> Option<Oid> {
    if !call.is_plain() || !is_builtin(call.name.schema.as_deref()) {
        return None;
    }
    let mut arguments = call.arguments.iter().map(|argument| &argument.value);
    match (call.name.name.as_str(), arguments.next(), arguments.next(), arguments.next()) {
        ("now" | "transaction_timestamp" | "statement_timestamp", None, None, None) => Some(oid::TIMESTAMPTZ),
        ("date_trunc", Some(field), Some(value), None) => {
            const FIELDS: [&str; 8] = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
            let from =
                near(value, shifts).filter(|_| text(field).is_some_and(|field| FIELDS.contains(&field)))?;
            // Dates are taken for points in time.
            Some(if from == oid::DATE { oid::TIMESTAMPTZ } else { from })
        }
        _ => None,
    }
}

/// An interval of a few digits of one unit that people use: a thousand years or two at most.
fn is_short_interval(expr: &Expr) -> bool {
    const UNITS: [&str; 8] = ["second", "minute", "hour", "day", "week", "month", "mon", "year"];
    let ExprKind::Cast { value, to } = &expr.kind else { return false };
    if builtin_type(to, &[("interval", oid::INTERVAL)]).is_none() || !to.modifiers.is_empty() {
        return false;
    }
    let Some((number, unit)) = text(value).and_then(|text| text.trim().split_once(' ')) else { return false };
    let unit = unit.trim();
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let digits = match unit {
        "year" => 3,
        "week" | "month" | "mon" => 4,
        _ => 5,
    };
    let is_short = (1..=digits).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_short && UNITS.contains(&unit)
}

/// The text of a literal, of which casts to text make nothing else.
fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Literal::Text(text)) => Some(text),
        ExprKind::Cast { value, to } if builtin_type(to, &[("text", oid::TEXT)]).is_some() => text(value),
        _ => None,
    }
}

fn builtin_type(name: &TypeName, known: &[(&str, Oid)]) -> Option<Oid> {
    if !name.dimensions.is_empty() || !is_builtin(name.name.schema.as_deref()) {
        return None;
    }
    known.iter().find(|(known, _)| *known == name.name.name).map(|(_, ty)| *ty)
}

fn is_builtin(schema: Option<&str>) -> bool {
    schema == Some("pg_catalog")
}
