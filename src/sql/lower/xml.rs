//! The expressions of SQL/XML, and `XMLTABLE`.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node, XmlExprOp};

use super::super::ir::{Expr, ExprKind, Literal, Pos, Standalone, Target, Xml, XmlColumn, XmlTable};
use super::super::refusal::{Checked, Denial};
use super::{constant, expr, from, given, inner, optional_expr, required_expr};

pub(super) fn expression(node: protobuf::XmlExpr) -> Checked<Expr> {
    let protobuf::XmlExpr {
        xpr: _,
        op,
        name,
        named_args,
        arg_names: _,
        args,
        xmloption,
        indent: _,
        r#type: _,
        typmod: _,
        location,
    } = node;
    let pos = Pos::at(location);
    let odd = || Denial::odd_tree("XML expression", pos);
    let named = named_args.into_iter().map(target).collect::<Checked<Vec<Target>>>()?;
    let values = expr::exprs(args)?;
    let count = values.len();
    let mut values_left = values.into_iter();
    let mut next = || values_left.next().ok_or_else(odd);
    let xml = match XmlExprOp::try_from(op) {
        Ok(XmlExprOp::IsXmlconcat) => Xml::Concat(values_left.collect()),
        Ok(XmlExprOp::IsXmlelement) => {
            Xml::Element { name, attributes: named, content: values_left.collect() }
        }
        Ok(XmlExprOp::IsXmlforest) => Xml::Forest(named),
        Ok(XmlExprOp::IsXmlparse) => Xml::Parse {
            document: is_document(xmloption),
            value: next()?,
            preserve_whitespace: next()?.kind == ExprKind::Literal(Literal::Boolean(true)),
        },
        Ok(XmlExprOp::IsXmlpi) if count < 2 => Xml::Instruction { name, value: values_left.next() },
        Ok(XmlExprOp::IsXmlroot) => Xml::Root {
            value: next()?,
            version: next()?,
            standalone: match next()?.kind {
                ExprKind::Literal(Literal::Integer(0)) => Standalone::Yes,
                ExprKind::Literal(Literal::Integer(1)) => Standalone::No,
                ExprKind::Literal(Literal::Integer(2)) => Standalone::NoValue,
                ExprKind::Literal(Literal::Integer(3)) => Standalone::Omitted,
                _ => return Err(odd()),
            },
        },
        Ok(XmlExprOp::IsDocument) => Xml::IsDocument(next()?),
        Ok(XmlExprOp::IsXmlpi | XmlExprOp::IsXmlserialize | XmlExprOp::Undefined) | Err(_) => {
            return Err(odd());
        }
    };
    Ok(Expr { kind: ExprKind::Xml(Box::new(xml)), pos })
}

pub(super) fn serialize(node: protobuf::XmlSerialize) -> Checked<Expr> {
    let protobuf::XmlSerialize { xmloption, expr: value, type_name, indent, location } = node;
    let pos = Pos::at(location);
    if indent {
        return Err(Denial::unsupported("XMLSERIALIZE with INDENT", pos));
    }
    let xml = Xml::Serialize {
        document: is_document(xmloption),
        value: *required_expr(value, "XMLSERIALIZE")?,
        to: constant::required_type(type_name)?,
    };
    Ok(Expr { kind: ExprKind::Xml(Box::new(xml)), pos })
}

fn is_document(option: i32) -> bool {
    option == protobuf::XmlOptionType::XmloptionDocument as i32
}

fn target(node: Node) -> Checked<Target> {
    match inner(node)? {
        NodeEnum::ResTarget(target) => {
            let protobuf::ResTarget { name, indirection, val, location } = *target;
            if !indirection.is_empty() {
                return Err(Denial::odd_tree("XML attribute", Pos::at(location)));
            }
            Ok(Target { value: *required_expr(val, "XML attribute")?, name: given(name) })
        }
        _ => Err(Denial::odd_tree("XML attribute", Pos::NONE)),
    }
}

pub(super) fn table(node: protobuf::RangeTableFunc) -> Checked<XmlTable> {
    let protobuf::RangeTableFunc { lateral, docexpr, rowexpr, namespaces, columns, alias, location } = node;
    Ok(XmlTable {
        lateral,
        namespaces: namespaces.into_iter().map(target).collect::<Checked<_>>()?,
        rows: *required_expr(rowexpr, "XMLTABLE")?,
        document: *required_expr(docexpr, "XMLTABLE")?,
        columns: columns.into_iter().map(column).collect::<Checked<_>>()?,
        alias: alias.map(from::alias).transpose()?,
        pos: Pos::at(location),
    })
}

fn column(node: Node) -> Checked<XmlColumn> {
    let NodeEnum::RangeTableFuncCol(column) = inner(node)? else {
        return Err(Denial::odd_tree("XMLTABLE", Pos::NONE));
    };
    let protobuf::RangeTableFuncCol {
        colname,
        type_name,
        for_ordinality,
        is_not_null,
        colexpr,
        coldefexpr,
        location: _,
    } = *column;
    Ok(XmlColumn {
        name: colname,
        ty: if for_ordinality { None } else { Some(constant::required_type(type_name)?) },
        not_null: is_not_null,
        path: optional_expr(colexpr)?,
        default: optional_expr(coldefexpr)?,
    })
}
