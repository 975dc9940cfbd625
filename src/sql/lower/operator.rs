//! Operators and the syntax that stands for them.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, AExprKind as Kind, Node};

use super::super::ir::{Expr, ExprKind, Pos, Quantifier};
use super::super::refusal::{Checked, Denial};
use super::expr::exprs;
use super::{inner, optional_expr, qualified, required, required_expr};

/// Lowers an operator expression.
pub(super) fn operator(node: protobuf::AExpr) -> Checked<Expr> {
    let protobuf::AExpr { kind, name, lexpr, rexpr, rexpr_list_start: _, rexpr_list_end: _, location } = node;
    let pos = Pos::at(location);
    let kind = match Kind::try_from(kind) {
        // LIKE, ILIKE and SIMILAR TO are nothing but an operator; the escape is a function call already.
        Ok(Kind::AexprOp | Kind::AexprLike | Kind::AexprIlike | Kind::AexprSimilar) => ExprKind::Operator {
            op: qualified(name, "operator", pos)?,
            left: optional_expr(lexpr)?.map(Box::new),
            right: required_expr(rexpr, "operator")?,
        },
        Ok(any @ (Kind::AexprOpAny | Kind::AexprOpAll)) => ExprKind::Quantified {
            op: qualified(name, "operator", pos)?,
            quantifier: if any == Kind::AexprOpAny { Quantifier::Any } else { Quantifier::All },
            left: required_expr(lexpr, "ANY")?,
            right: required_expr(rexpr, "ANY")?,
        },
        Ok(distinct @ (Kind::AexprDistinct | Kind::AexprNotDistinct)) => ExprKind::DistinctFrom {
            negated: distinct == Kind::AexprNotDistinct,
            left: required_expr(lexpr, "IS DISTINCT FROM")?,
            right: required_expr(rexpr, "IS DISTINCT FROM")?,
        },
        Ok(Kind::AexprNullif) => {
            ExprKind::NullIf(required_expr(lexpr, "NULLIF")?, required_expr(rexpr, "NULLIF")?)
        }
        Ok(Kind::AexprIn) => ExprKind::In {
            negated: qualified(name, "operator", pos)?.name == "<>",
            value: required_expr(lexpr, "IN")?,
            list: list(required(rexpr, "IN")?)?,
        },
        Ok(
            between @ (Kind::AexprBetween
            | Kind::AexprNotBetween
            | Kind::AexprBetweenSym
            | Kind::AexprNotBetweenSym),
        ) => {
            let (low, high) = pair(list(required(rexpr, "BETWEEN")?)?, pos)?;
            ExprKind::Between {
                negated: matches!(between, Kind::AexprNotBetween | Kind::AexprNotBetweenSym),
                symmetric: matches!(between, Kind::AexprBetweenSym | Kind::AexprNotBetweenSym),
                value: required_expr(lexpr, "BETWEEN")?,
                low: Box::new(low),
                high: Box::new(high),
            }
        }
        Ok(Kind::Undefined) | Err(_) => return Err(Denial::odd_tree("operator", pos)),
    };
    Ok(Expr { kind, pos })
}

/// Lowers `AND`, `OR` and `NOT`.
pub(super) fn boolean(node: protobuf::BoolExpr) -> Checked<Expr> {
    use protobuf::BoolExprType as Type;
    let protobuf::BoolExpr { xpr: _, boolop, args, location } = node;
    let pos = Pos::at(location);
    let mut args = exprs(args)?;
    let kind = match Type::try_from(boolop) {
        Ok(Type::AndExpr) => ExprKind::And(flat(args, true)),
        Ok(Type::OrExpr) => ExprKind::Or(flat(args, false)),
        Ok(Type::NotExpr) => {
            let value = args.pop().ok_or_else(|| Denial::odd_tree("NOT", pos))?;
            ExprKind::Not(Box::new(value))
        }
        Ok(Type::Undefined) | Err(_) => return Err(Denial::odd_tree("boolean expression", pos)),
    };
    Ok(Expr { kind, pos })
}

/// The parser flattens `a AND b AND c` but not `a AND (b AND c)`, which means the same.
fn flat(args: Vec<Expr>, and: bool) -> Vec<Expr> {
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        match arg.kind {
            ExprKind::And(inner) if and => all.extend(inner),
            ExprKind::Or(inner) if !and => all.extend(inner),
            kind => all.push(Expr { kind, pos: arg.pos }),
        }
    }
    all
}

fn list(node: Node) -> Checked<Vec<Expr>> {
    match inner(node)? {
        NodeEnum::List(list) => exprs(list.items),
        _ => Err(Denial::odd_tree("list", Pos::NONE)),
    }
}

fn pair(list: Vec<Expr>, pos: Pos) -> Checked<(Expr, Expr)> {
    let mut items = list.into_iter();
    match (items.next(), items.next(), items.next()) {
        (Some(low), Some(high), None) => Ok((low, high)),
        _ => Err(Denial::odd_tree("BETWEEN", pos)),
    }
}
