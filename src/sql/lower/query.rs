//! Queries.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::ir::{
    Body, Cte, Cycle, Direction, Distinct, GroupBy, GroupItem, Limit, Nulls, OrderItem, Pos, Query, Search,
    Select, SetOperation, SetOperator, Target, With,
};
use super::super::refusal::{Checked, Denial};
use super::{expr, from, given, inner, optional_expr, qualified, required_expr, strings, window};

/// Lowers a node that has to be a query.
pub(super) fn node(node: Node) -> Checked<Query> {
    match inner(node)? {
        NodeEnum::SelectStmt(select) => query(*select),
        NodeEnum::InsertStmt(_) => Err(writing("INSERT")),
        NodeEnum::UpdateStmt(_) => Err(writing("UPDATE")),
        NodeEnum::DeleteStmt(_) => Err(writing("DELETE")),
        NodeEnum::MergeStmt(_) => Err(writing("MERGE")),
        _ => Err(Denial::unsupported("this statement in place of a query", Pos::NONE)),
    }
}

/// The refusal of a statement that changes data.
pub(super) fn writing(what: &str) -> Denial {
    Denial::new("42501", format!("{what} is refused here: a query reads only"), Pos::NONE)
        .hint("where the store's `writes` allows it, INSERT, UPDATE and DELETE stand for themselves")
}

/// Lowers a query.
pub(super) fn query(select: protobuf::SelectStmt) -> Checked<Query> {
    let protobuf::SelectStmt {
        distinct_clause,
        into_clause,
        target_list,
        from_clause,
        where_clause,
        group_clause,
        group_distinct,
        having_clause,
        window_clause,
        values_lists,
        sort_clause,
        limit_offset,
        limit_count,
        limit_option,
        locking_clause,
        with_clause,
        op,
        all,
        larg,
        rarg,
    } = select;
    if into_clause.is_some() {
        return Err(Denial::unsupported("SELECT INTO", Pos::NONE));
    }
    if !locking_clause.is_empty() {
        return Err(Denial::new("42501", "row locks (FOR UPDATE, FOR SHARE) are refused", Pos::NONE)
            .hint("leave the clause out: this connection reads only"));
    }
    let body = if let (Some(left), Some(right)) = (larg, rarg) {
        set_operation(op, all, *left, *right)?
    } else if values_lists.is_empty() {
        Body::Select(Box::new(Select {
            distinct: distinct(distinct_clause)?,
            targets: target_list.into_iter().map(target).collect::<Checked<_>>()?,
            from: from_clause.into_iter().map(from::item).collect::<Checked<_>>()?,
            filter: optional_expr(where_clause)?,
            group_by: group_by(group_distinct, group_clause)?,
            having: optional_expr(having_clause)?,
            windows: window_clause.into_iter().map(named_window).collect::<Checked<_>>()?,
        }))
    } else {
        Body::Values(values_lists.into_iter().map(values_row).collect::<Checked<_>>()?)
    };
    let with_ties = limit_option == protobuf::LimitOption::WithTies as i32;
    Ok(Query {
        with: with_clause.map(with).transpose()?,
        body,
        order_by: order_by(sort_clause)?,
        offset: optional_expr(limit_offset)?,
        limit: optional_expr(limit_count)?.map(|count| Limit { count, with_ties }),
    })
}

fn set_operation(
    op: i32,
    all: bool,
    left: protobuf::SelectStmt,
    right: protobuf::SelectStmt,
) -> Checked<Body> {
    use protobuf::SetOperation as Op;
    let operator = match Op::try_from(op) {
        Ok(Op::SetopUnion) => SetOperator::Union,
        Ok(Op::SetopIntersect) => SetOperator::Intersect,
        Ok(Op::SetopExcept) => SetOperator::Except,
        Ok(Op::Undefined | Op::SetopNone) | Err(_) => {
            return Err(Denial::odd_tree("set operation", Pos::NONE));
        }
    };
    Ok(Body::Set(Box::new(SetOperation { operator, all, left: query(left)?, right: query(right)? })))
}

/// `SELECT DISTINCT` is a list with one empty node.
fn distinct(nodes: Vec<Node>) -> Checked<Distinct> {
    match nodes.first() {
        None => Ok(Distinct::No),
        Some(Node { node: None }) => Ok(Distinct::Rows),
        Some(_) => Ok(Distinct::On(expr::exprs(nodes)?)),
    }
}

pub(super) fn target(node: Node) -> Checked<Target> {
    match inner(node)? {
        NodeEnum::ResTarget(target) => {
            let protobuf::ResTarget { name, indirection, val, location } = *target;
            if !indirection.is_empty() {
                return Err(Denial::odd_tree("select list", Pos::at(location)));
            }
            Ok(Target { value: *required_expr(val, "select list")?, name: given(name) })
        }
        _ => Err(Denial::odd_tree("select list", Pos::NONE)),
    }
}

fn values_row(node: Node) -> Checked<Vec<super::super::ir::Expr>> {
    match inner(node)? {
        NodeEnum::List(list) => expr::exprs(list.items),
        _ => Err(Denial::odd_tree("VALUES", Pos::NONE)),
    }
}

fn named_window(node: Node) -> Checked<super::super::ir::NamedWindow> {
    match inner(node)? {
        NodeEnum::WindowDef(definition) => window::named(*definition),
        _ => Err(Denial::odd_tree("WINDOW", Pos::NONE)),
    }
}

fn group_by(distinct: bool, nodes: Vec<Node>) -> Checked<GroupBy> {
    Ok(GroupBy { distinct, items: nodes.into_iter().map(group_item).collect::<Checked<_>>()? })
}

fn group_item(node: Node) -> Checked<GroupItem> {
    use protobuf::GroupingSetKind as Kind;
    match inner(node)? {
        NodeEnum::GroupingSet(set) => {
            let protobuf::GroupingSet { kind, content, location } = set;
            match Kind::try_from(kind) {
                Ok(Kind::GroupingSetEmpty) => Ok(GroupItem::Empty),
                Ok(Kind::GroupingSetRollup) => Ok(GroupItem::Rollup(expr::exprs(content)?)),
                Ok(Kind::GroupingSetCube) => Ok(GroupItem::Cube(expr::exprs(content)?)),
                Ok(Kind::GroupingSetSets) => {
                    Ok(GroupItem::Sets(content.into_iter().map(group_item).collect::<Checked<_>>()?))
                }
                Ok(Kind::Undefined | Kind::GroupingSetSimple) | Err(_) => {
                    Err(Denial::odd_tree("GROUP BY", Pos::at(location)))
                }
            }
        }
        other => Ok(GroupItem::Expr(expr::expr(Node { node: Some(other) })?)),
    }
}

/// Lowers a list of sort keys.
pub(super) fn order_by(nodes: Vec<Node>) -> Checked<Vec<OrderItem>> {
    nodes.into_iter().map(order_item).collect()
}

fn order_item(node: Node) -> Checked<OrderItem> {
    use protobuf::{SortByDir as Dir, SortByNulls as N};
    let NodeEnum::SortBy(sort) = inner(node)? else {
        return Err(Denial::odd_tree("ORDER BY", Pos::NONE));
    };
    let protobuf::SortBy { node, sortby_dir, sortby_nulls, use_op, location } = *sort;
    let pos = Pos::at(location);
    let direction = match Dir::try_from(sortby_dir) {
        Ok(Dir::SortbyDefault) => Direction::Default,
        Ok(Dir::SortbyAsc) => Direction::Ascending,
        Ok(Dir::SortbyDesc) => Direction::Descending,
        Ok(Dir::SortbyUsing) => Direction::Using(qualified(use_op, "operator", pos)?),
        Ok(Dir::Undefined) | Err(_) => return Err(Denial::odd_tree("ORDER BY", pos)),
    };
    let nulls = match N::try_from(sortby_nulls) {
        Ok(N::SortbyNullsDefault) => Nulls::Default,
        Ok(N::SortbyNullsFirst) => Nulls::First,
        Ok(N::SortbyNullsLast) => Nulls::Last,
        Ok(N::Undefined) | Err(_) => return Err(Denial::odd_tree("ORDER BY", pos)),
    };
    Ok(OrderItem { value: *required_expr(node, "ORDER BY")?, direction, nulls })
}

pub(super) fn with(clause: protobuf::WithClause) -> Checked<With> {
    let protobuf::WithClause { ctes, recursive, location: _ } = clause;
    Ok(With { recursive, ctes: ctes.into_iter().map(cte).collect::<Checked<_>>()? })
}

fn cte(cte_node: Node) -> Checked<Cte> {
    use protobuf::CteMaterialize as Materialize;
    let NodeEnum::CommonTableExpr(cte) = inner(cte_node)? else {
        return Err(Denial::odd_tree("WITH", Pos::NONE));
    };
    let protobuf::CommonTableExpr {
        ctename,
        aliascolnames,
        ctematerialized,
        ctequery,
        search_clause,
        cycle_clause,
        location,
        cterecursive: _,
        cterefcount: _,
        ctecolnames: _,
        ctecoltypes: _,
        ctecoltypmods: _,
        ctecolcollations: _,
    } = *cte;
    let pos = Pos::at(location);
    let materialized = match Materialize::try_from(ctematerialized) {
        Ok(Materialize::Default) => None,
        Ok(Materialize::Always) => Some(true),
        Ok(Materialize::Never) => Some(false),
        Ok(Materialize::CtematerializeUndefined) | Err(_) => return Err(Denial::odd_tree("WITH", pos)),
    };
    Ok(Cte {
        name: ctename,
        columns: strings(aliascolnames)?,
        materialized,
        query: node(super::required(ctequery, "WITH")?).map_err(|denial| denial.moved(pos))?,
        search: search_clause.map(search).transpose()?,
        cycle: cycle_clause.map(|clause| cycle(*clause)).transpose()?,
        pos,
    })
}

fn search(clause: protobuf::CteSearchClause) -> Checked<Search> {
    let protobuf::CteSearchClause { search_col_list, search_breadth_first, search_seq_column, location: _ } =
        clause;
    Ok(Search {
        breadth_first: search_breadth_first,
        columns: strings(search_col_list)?,
        sequence: search_seq_column,
    })
}

fn cycle(clause: protobuf::CteCycleClause) -> Checked<Cycle> {
    let protobuf::CteCycleClause {
        cycle_col_list,
        cycle_mark_column,
        cycle_mark_value,
        cycle_mark_default,
        cycle_path_column,
        location: _,
        cycle_mark_type: _,
        cycle_mark_typmod: _,
        cycle_mark_collation: _,
        cycle_mark_neop: _,
    } = clause;
    Ok(Cycle {
        columns: strings(cycle_col_list)?,
        mark: cycle_mark_column,
        value: *required_expr(cycle_mark_value, "CYCLE")?,
        default: *required_expr(cycle_mark_default, "CYCLE")?,
        path: cycle_path_column,
    })
}
