//! Function calls.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node, SqlValueFunctionOp as Op};

use super::super::ir::{Argument, Call, Expr, ExprKind, Pos, SqlValue};
use super::super::refusal::{Checked, Denial};
use super::{expr, inner, optional_expr, qualified, query, required_expr, window};

/// Lowers a function call; special syntax such as `EXTRACT` is a call of a function of `pg_catalog` already.
pub(super) fn call(node: protobuf::FuncCall) -> Checked<Expr> {
    let protobuf::FuncCall {
        funcname,
        args,
        agg_order,
        agg_filter,
        over,
        agg_within_group,
        agg_star,
        agg_distinct,
        func_variadic,
        funcformat: _,
        location,
    } = node;
    let pos = Pos::at(location);
    let call = Call {
        name: qualified(funcname, "function", pos)?,
        arguments: args.into_iter().map(argument).collect::<Checked<_>>()?,
        star: agg_star,
        variadic: func_variadic,
        distinct: agg_distinct,
        order_by: query::order_by(agg_order)?,
        within_group: agg_within_group,
        filter: optional_expr(agg_filter)?,
        over: over.map(|over| window::over(*over)).transpose()?,
    };
    Ok(Expr { kind: ExprKind::Call(Box::new(call)), pos })
}

fn argument(node: Node) -> Checked<Argument> {
    match inner(node)? {
        NodeEnum::NamedArgExpr(named) => {
            let protobuf::NamedArgExpr { xpr: _, arg, name, argnumber: _, location: _ } = *named;
            Ok(Argument { name: Some(name), value: *required_expr(arg, "named argument")? })
        }
        other => Ok(Argument { name: None, value: expr::expr(Node { node: Some(other) })? }),
    }
}

/// Lowers the functions without parentheses.
pub(super) fn sql_value(node: &protobuf::SqlValueFunction) -> Checked<Expr> {
    let pos = Pos::at(node.location);
    let precise = Some(node.typmod);
    let (value, precision) = match Op::try_from(node.op) {
        Ok(Op::SvfopCurrentDate) => (SqlValue::CurrentDate, None),
        Ok(Op::SvfopCurrentTime) => (SqlValue::CurrentTime, None),
        Ok(Op::SvfopCurrentTimeN) => (SqlValue::CurrentTime, precise),
        Ok(Op::SvfopCurrentTimestamp) => (SqlValue::CurrentTimestamp, None),
        Ok(Op::SvfopCurrentTimestampN) => (SqlValue::CurrentTimestamp, precise),
        Ok(Op::SvfopLocaltime) => (SqlValue::LocalTime, None),
        Ok(Op::SvfopLocaltimeN) => (SqlValue::LocalTime, precise),
        Ok(Op::SvfopLocaltimestamp) => (SqlValue::LocalTimestamp, None),
        Ok(Op::SvfopLocaltimestampN) => (SqlValue::LocalTimestamp, precise),
        Ok(Op::SvfopCurrentRole) => (SqlValue::CurrentRole, None),
        Ok(Op::SvfopCurrentUser) => (SqlValue::CurrentUser, None),
        Ok(Op::SvfopUser) => (SqlValue::User, None),
        Ok(Op::SvfopSessionUser) => (SqlValue::SessionUser, None),
        Ok(Op::SvfopCurrentCatalog) => (SqlValue::CurrentCatalog, None),
        Ok(Op::SvfopCurrentSchema) => (SqlValue::CurrentSchema, None),
        Ok(Op::SqlvalueFunctionOpUndefined) | Err(_) => {
            return Err(Denial::odd_tree("function without parentheses", pos));
        }
    };
    Ok(Expr { kind: ExprKind::SqlValue { value, precision }, pos })
}
