//! Expressions: one arm a node, the work in the family's own file.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::ir::{Expr, ExprKind, Pos, Quantifier, Step, Sublink, Truth};
use super::super::refusal::{Checked, Denial};
use super::{
    constant, function, inner, operator, optional_expr, qualified, query, required, required_expr, string,
    xml,
};

/// Lowers an expression.
pub(super) fn expr(node: Node) -> Checked<Expr> {
    let made = |kind, location| Ok(Expr { kind, pos: Pos::at(location) });
    match inner(node)? {
        NodeEnum::ColumnRef(column) => column_ref(column),
        NodeEnum::AConst(value) => {
            let location = value.location;
            made(ExprKind::Literal(constant::literal(value)?), location)
        }
        NodeEnum::ParamRef(protobuf::ParamRef { number, location }) => {
            let number =
                u32::try_from(number).map_err(|_| Denial::odd_tree("parameter", Pos::at(location)))?;
            made(ExprKind::Param(number), location)
        }
        NodeEnum::TypeCast(cast) => {
            let protobuf::TypeCast { arg, type_name, location } = *cast;
            let value = required_expr(arg, "cast")?;
            made(ExprKind::Cast { value, to: constant::required_type(type_name)? }, location)
        }
        NodeEnum::CollateClause(clause) => {
            let protobuf::CollateClause { arg, collname, location } = *clause;
            let value = required_expr(arg, "COLLATE")?;
            let collation = qualified(collname, "collation", Pos::at(location))?;
            made(ExprKind::Collate { value, collation }, location)
        }
        NodeEnum::AExpr(node) => operator::operator(*node),
        NodeEnum::BoolExpr(node) => operator::boolean(*node),
        NodeEnum::FuncCall(node) => function::call(*node),
        NodeEnum::SqlvalueFunction(node) => function::sql_value(&node),
        NodeEnum::NullTest(node) => null_test(*node),
        NodeEnum::BooleanTest(node) => boolean_test(*node),
        NodeEnum::SubLink(node) => sublink(*node),
        NodeEnum::CaseExpr(node) => case(*node),
        NodeEnum::CoalesceExpr(node) => made(ExprKind::Coalesce(exprs(node.args)?), node.location),
        NodeEnum::MinMaxExpr(node) => {
            let greatest = node.op == protobuf::MinMaxOp::IsGreatest as i32;
            made(ExprKind::Extreme { greatest, values: exprs(node.args)? }, node.location)
        }
        NodeEnum::AArrayExpr(node) => made(ExprKind::Array(exprs(node.elements)?), node.list_start),
        NodeEnum::RowExpr(node) => row(*node),
        NodeEnum::AIndirection(node) => path(*node),
        NodeEnum::XmlExpr(node) => xml::expression(*node),
        NodeEnum::XmlSerialize(node) => xml::serialize(*node),
        NodeEnum::GroupingFunc(node) => made(ExprKind::Grouping(exprs(node.args)?), node.location),
        other => Err(unsupported(&other)),
    }
}

/// Lowers a list of expressions.
pub(super) fn exprs(nodes: Vec<Node>) -> Checked<Vec<Expr>> {
    nodes.into_iter().map(expr).collect()
}

/// The refusal of an expression that we have no word for.
fn unsupported(node: &NodeEnum) -> Denial {
    let (construct, location) = match node {
        NodeEnum::CurrentOfExpr(_) => ("WHERE CURRENT OF", -1),
        NodeEnum::SetToDefault(node) => ("DEFAULT", node.location),
        NodeEnum::JsonFuncExpr(node) => ("an SQL/JSON function", node.location),
        NodeEnum::JsonObjectConstructor(node) => ("JSON_OBJECT", node.location),
        NodeEnum::JsonArrayConstructor(node) => ("JSON_ARRAY", node.location),
        NodeEnum::JsonArrayQueryConstructor(node) => ("JSON_ARRAY", node.location),
        NodeEnum::JsonObjectAgg(_) => ("JSON_OBJECTAGG", -1),
        NodeEnum::JsonArrayAgg(_) => ("JSON_ARRAYAGG", -1),
        NodeEnum::JsonParseExpr(node) => ("JSON()", node.location),
        NodeEnum::JsonScalarExpr(node) => ("JSON_SCALAR", node.location),
        NodeEnum::JsonSerializeExpr(node) => ("JSON_SERIALIZE", node.location),
        NodeEnum::JsonIsPredicate(node) => ("IS JSON", node.location),
        NodeEnum::MergeSupportFunc(node) => ("MERGE_ACTION", node.location),
        _ => ("this expression", -1),
    };
    Denial::unsupported(construct, Pos::at(location))
}

fn column_ref(column: protobuf::ColumnRef) -> Checked<Expr> {
    let protobuf::ColumnRef { mut fields, location } = column;
    let pos = Pos::at(location);
    let is_star = |node: &Node| matches!(node.node, Some(NodeEnum::AStar(_)));
    let star = fields.last().is_some_and(is_star);
    if star {
        fields.pop();
    }
    let names = super::strings(fields)?;
    if names.is_empty() && !star {
        return Err(Denial::odd_tree("column", pos));
    }
    Ok(Expr { kind: ExprKind::Column { names, star }, pos })
}

fn null_test(node: protobuf::NullTest) -> Checked<Expr> {
    let protobuf::NullTest { xpr: _, arg, nulltesttype, argisrow: _, location } = node;
    let negated = nulltesttype == protobuf::NullTestType::IsNotNull as i32;
    let value = required_expr(arg, "IS NULL")?;
    Ok(Expr { kind: ExprKind::IsNull { negated, value }, pos: Pos::at(location) })
}

fn boolean_test(node: protobuf::BooleanTest) -> Checked<Expr> {
    use protobuf::BoolTestType as Test;
    let protobuf::BooleanTest { xpr: _, arg, booltesttype, location } = node;
    let pos = Pos::at(location);
    let (negated, truth) = match Test::try_from(booltesttype) {
        Ok(Test::IsTrue) => (false, Truth::True),
        Ok(Test::IsNotTrue) => (true, Truth::True),
        Ok(Test::IsFalse) => (false, Truth::False),
        Ok(Test::IsNotFalse) => (true, Truth::False),
        Ok(Test::IsUnknown) => (false, Truth::Unknown),
        Ok(Test::IsNotUnknown) => (true, Truth::Unknown),
        Ok(Test::Undefined) | Err(_) => return Err(Denial::odd_tree("boolean test", pos)),
    };
    let value = required_expr(arg, "IS TRUE")?;
    Ok(Expr { kind: ExprKind::IsTruth { negated, truth, value }, pos })
}

fn sublink(node: protobuf::SubLink) -> Checked<Expr> {
    use protobuf::SubLinkType as Type;
    let protobuf::SubLink { xpr: _, sub_link_type, sub_link_id: _, testexpr, oper_name, subselect, location } =
        node;
    let pos = Pos::at(location);
    let inner_query = query::node(required(subselect, "subquery")?)?;
    let quantified = |quantifier| {
        let left = *required_expr(testexpr, "subquery")?;
        let op = if oper_name.is_empty() { None } else { Some(qualified(oper_name, "operator", pos)?) };
        Ok((op, quantifier, left))
    };
    let sublink = match Type::try_from(sub_link_type) {
        Ok(Type::ExistsSublink) => Sublink::Exists(inner_query),
        Ok(Type::ExprSublink) => Sublink::Scalar(inner_query),
        Ok(Type::ArraySublink) => Sublink::Array(inner_query),
        Ok(kind @ (Type::AnySublink | Type::AllSublink)) => {
            let quantifier = if kind == Type::AnySublink { Quantifier::Any } else { Quantifier::All };
            let (op, quantifier, left) = quantified(quantifier)?;
            Sublink::Quantified { op, quantifier, left, query: inner_query }
        }
        Ok(Type::Undefined | Type::RowcompareSublink | Type::MultiexprSublink | Type::CteSublink)
        | Err(_) => {
            return Err(Denial::unsupported("this kind of subquery", pos));
        }
    };
    Ok(Expr { kind: ExprKind::Sublink(Box::new(sublink)), pos })
}

fn case(node: protobuf::CaseExpr) -> Checked<Expr> {
    let protobuf::CaseExpr { xpr: _, casetype: _, casecollid: _, arg, args, defresult, location } = node;
    let when = |node| match inner(node)? {
        NodeEnum::CaseWhen(when) => {
            let protobuf::CaseWhen { xpr: _, expr: condition, result, location: _ } = *when;
            Ok((*required_expr(condition, "WHEN")?, *required_expr(result, "THEN")?))
        }
        _ => Err(Denial::odd_tree("CASE", Pos::at(location))),
    };
    let kind = ExprKind::Case {
        operand: optional_expr(arg)?.map(Box::new),
        whens: args.into_iter().map(when).collect::<Checked<_>>()?,
        otherwise: optional_expr(defresult)?.map(Box::new),
    };
    Ok(Expr { kind, pos: Pos::at(location) })
}

fn row(node: protobuf::RowExpr) -> Checked<Expr> {
    let protobuf::RowExpr { xpr: _, args, row_typeid: _, row_format, colnames: _, location } = node;
    let explicit = row_format == protobuf::CoercionForm::CoerceExplicitCall as i32;
    Ok(Expr { kind: ExprKind::Row { explicit, values: exprs(args)? }, pos: Pos::at(location) })
}

fn path(node: protobuf::AIndirection) -> Checked<Expr> {
    let protobuf::AIndirection { arg, indirection } = node;
    let base = required_expr(arg, "field selection")?;
    let pos = base.pos;
    let steps = indirection.into_iter().map(step).collect::<Checked<_>>()?;
    Ok(Expr { kind: ExprKind::Path { base, steps }, pos })
}

fn step(node: Node) -> Checked<Step> {
    match inner(node)? {
        NodeEnum::AStar(_) => Ok(Step::Star),
        NodeEnum::AIndices(indices) => {
            let protobuf::AIndices { is_slice, lidx, uidx } = *indices;
            if is_slice {
                return Ok(Step::Slice(optional_expr(lidx)?, optional_expr(uidx)?));
            }
            Ok(Step::Index(*required_expr(uidx, "subscript")?))
        }
        other => Ok(Step::Field(string(Node { node: Some(other) })?)),
    }
}
