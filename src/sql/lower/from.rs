//! Items of `FROM`.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::ir::{
    Alias, ColumnDefinition, Expr, FromItem, FunctionItem, Join, JoinCondition, JoinKind, Pos, Sample,
    TableItem,
};
use super::super::refusal::{Checked, Denial};
use super::{constant, expr, given, inner, optional_expr, qualified, query, required, strings, xml};
use crate::sql::ir::Qualified;

/// Lowers an item.
pub(super) fn item(node: Node) -> Checked<FromItem> {
    match inner(node)? {
        NodeEnum::RangeVar(table) => Ok(FromItem::Table(table_item(table)?)),
        NodeEnum::RangeSubselect(subselect) => {
            let protobuf::RangeSubselect { lateral, subquery, alias: name } = *subselect;
            let query = Box::new(query::node(required(subquery, "subquery")?)?);
            Ok(FromItem::Subquery { lateral, query, alias: name.map(alias).transpose()? })
        }
        NodeEnum::RangeFunction(function) => function_item(function).map(FromItem::Function),
        NodeEnum::RangeTableSample(sample) => table_sample(*sample),
        NodeEnum::JoinExpr(node) => join(*node).map(|join| FromItem::Join(Box::new(join))),
        NodeEnum::RangeTableFunc(table) => Ok(FromItem::XmlTable(Box::new(xml::table(*table)?))),
        NodeEnum::JsonTable(table) => Err(Denial::unsupported("JSON_TABLE", Pos::at(table.location))),
        _ => Err(Denial::unsupported("this item of FROM", Pos::NONE)),
    }
}

/// A relation by name; also for `COPY`.
pub(super) fn table_item(table: protobuf::RangeVar) -> Checked<TableItem> {
    let protobuf::RangeVar {
        catalogname,
        schemaname,
        relname,
        inh,
        relpersistence: _,
        alias: name,
        location,
    } = table;
    Ok(TableItem {
        catalog: given(catalogname),
        name: Qualified { schema: given(schemaname), name: relname },
        only: !inh,
        alias: name.map(alias).transpose()?,
        sample: None,
        pos: Pos::at(location),
    })
}

pub(super) fn alias(node: protobuf::Alias) -> Checked<Alias> {
    let protobuf::Alias { aliasname, colnames } = node;
    Ok(Alias { name: aliasname, columns: strings(colnames)? })
}

fn table_sample(node: protobuf::RangeTableSample) -> Checked<FromItem> {
    let protobuf::RangeTableSample { relation, method, args, repeatable, location } = node;
    let pos = Pos::at(location);
    let FromItem::Table(mut table) = item(required(relation, "TABLESAMPLE")?)? else {
        return Err(Denial::odd_tree("TABLESAMPLE", pos));
    };
    table.sample = Some(Sample {
        method: qualified(method, "sampling method", pos)?,
        arguments: expr::exprs(args)?,
        seed: optional_expr(repeatable)?.map(Box::new),
    });
    Ok(FromItem::Table(table))
}

/// Each function is a list of the call and its column definitions.
fn function_item(node: protobuf::RangeFunction) -> Checked<FunctionItem> {
    let protobuf::RangeFunction { lateral, ordinality, is_rowsfrom, functions, alias: name, coldeflist } =
        node;
    let functions = functions.into_iter().map(function).collect::<Checked<Vec<_>>>()?;
    let pos = functions.first().map_or(Pos::NONE, |(call, _)| call.pos);
    Ok(FunctionItem {
        lateral,
        rows_from: is_rowsfrom,
        functions,
        ordinality,
        alias: name.map(alias).transpose()?,
        definitions: definitions(coldeflist)?,
        pos,
    })
}

fn function(node: Node) -> Checked<(Expr, Vec<ColumnDefinition>)> {
    let NodeEnum::List(list) = inner(node)? else {
        return Err(Denial::odd_tree("function in FROM", Pos::NONE));
    };
    let mut items = list.items.into_iter();
    let call = items.next().ok_or_else(|| Denial::odd_tree("function in FROM", Pos::NONE))?;
    let columns = match items.next().and_then(|node| node.node) {
        None => Vec::new(),
        Some(NodeEnum::List(columns)) => definitions(columns.items)?,
        Some(_) => return Err(Denial::odd_tree("function in FROM", Pos::NONE)),
    };
    Ok((expr::expr(call)?, columns))
}

fn definitions(nodes: Vec<Node>) -> Checked<Vec<ColumnDefinition>> {
    nodes.into_iter().map(definition).collect()
}

fn definition(node: Node) -> Checked<ColumnDefinition> {
    let NodeEnum::ColumnDef(column) = inner(node)? else {
        return Err(Denial::odd_tree("column definition", Pos::NONE));
    };
    let pos = Pos::at(column.location);
    if column.raw_default.is_some() || !column.constraints.is_empty() {
        return Err(Denial::odd_tree("column definition", pos));
    }
    let collation = match column.coll_clause {
        None => None,
        Some(clause) => Some(qualified(clause.collname, "collation", pos)?),
    };
    Ok(ColumnDefinition { name: column.colname, ty: constant::required_type(column.type_name)?, collation })
}

fn join(node: protobuf::JoinExpr) -> Checked<Join> {
    use protobuf::JoinType as Type;
    let protobuf::JoinExpr {
        jointype,
        is_natural,
        larg,
        rarg,
        using_clause,
        join_using_alias,
        quals,
        alias: name,
        rtindex: _,
    } = node;
    let kind = match Type::try_from(jointype) {
        Ok(Type::JoinInner) => JoinKind::Inner,
        Ok(Type::JoinLeft) => JoinKind::Left,
        Ok(Type::JoinRight) => JoinKind::Right,
        Ok(Type::JoinFull) => JoinKind::Full,
        _ => return Err(Denial::odd_tree("join", Pos::NONE)),
    };
    let condition = match (is_natural, using_clause.is_empty(), optional_expr(quals)?) {
        (true, true, None) => JoinCondition::Natural,
        (false, false, None) => JoinCondition::Using {
            columns: strings(using_clause)?,
            alias: join_using_alias.map(|alias| alias.aliasname),
        },
        (false, true, Some(condition)) => JoinCondition::On(condition),
        (false, true, None) => JoinCondition::None,
        _ => return Err(Denial::odd_tree("join", Pos::NONE)),
    };
    Ok(Join {
        kind,
        left: item(required(larg, "join")?)?,
        right: item(required(rarg, "join")?)?,
        condition,
        alias: name.map(alias).transpose()?,
    })
}
