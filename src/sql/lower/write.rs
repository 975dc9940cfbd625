//! `INSERT`, `UPDATE` and `DELETE`.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::ir::{
    Assigned, Assignment, Change, Conflict, ConflictTarget, Insert, Overriding, Pos, Source, StatementKind,
    TableItem, Target, Write,
};
use super::super::refusal::{Checked, Denial};
use super::{expr, from, given, inner, optional_expr, query, required};

/// Lowers `INSERT`.
pub(super) fn insert(insert: protobuf::InsertStmt) -> Checked<StatementKind> {
    use protobuf::OverridingKind as Kind;
    let protobuf::InsertStmt {
        relation,
        cols,
        select_stmt,
        on_conflict_clause,
        returning_clause,
        with_clause,
        r#override,
    } = insert;
    let overriding = match Kind::try_from(r#override) {
        Ok(Kind::OverridingNotSet) => None,
        Ok(Kind::OverridingUserValue) => Some(Overriding::User),
        Ok(Kind::OverridingSystemValue) => Some(Overriding::System),
        Ok(Kind::Undefined) | Err(_) => return Err(Denial::odd_tree("INSERT", Pos::NONE)),
    };
    let insert = Insert {
        columns: cols.into_iter().map(column).collect::<Checked<_>>()?,
        overriding,
        source: source(select_stmt)?,
        conflict: on_conflict_clause.map(|clause| conflict(*clause)).transpose()?,
    };
    write(relation, with_clause, Change::Insert(Box::new(insert)), returning_clause)
}

/// Lowers `UPDATE`.
pub(super) fn update(update: protobuf::UpdateStmt) -> Checked<StatementKind> {
    let protobuf::UpdateStmt {
        relation,
        target_list,
        where_clause,
        from_clause,
        returning_clause,
        with_clause,
    } = update;
    let change = Change::Update {
        set: assignments(target_list)?,
        from: from_clause.into_iter().map(from::item).collect::<Checked<_>>()?,
        filter: optional_expr(where_clause)?,
    };
    write(relation, with_clause, change, returning_clause)
}

/// Lowers `DELETE`.
pub(super) fn delete(delete: protobuf::DeleteStmt) -> Checked<StatementKind> {
    let protobuf::DeleteStmt { relation, using_clause, where_clause, returning_clause, with_clause } = delete;
    let change = Change::Delete {
        using: using_clause.into_iter().map(from::item).collect::<Checked<_>>()?,
        filter: optional_expr(where_clause)?,
    };
    write(relation, with_clause, change, returning_clause)
}

fn write(
    relation: Option<protobuf::RangeVar>,
    with: Option<protobuf::WithClause>,
    change: Change,
    returning: Option<protobuf::ReturningClause>,
) -> Checked<StatementKind> {
    let table: TableItem =
        from::table_item(relation.ok_or_else(|| Denial::odd_tree("table to write to", Pos::NONE))?)?;
    let with = with.map(query::with).transpose()?;
    let returning = returning.map(returned).transpose()?.unwrap_or_default();
    Ok(StatementKind::Write(Box::new(Write { with, table, change, returning })))
}

fn returned(clause: protobuf::ReturningClause) -> Checked<Vec<Target>> {
    let protobuf::ReturningClause { options, exprs } = clause;
    if !options.is_empty() {
        return Err(Denial::unsupported("RETURNING WITH", Pos::NONE));
    }
    exprs.into_iter().map(query::target).collect()
}

/// `VALUES` alone is a list of rows, in which `DEFAULT` may stand.
fn source(node: Option<Box<Node>>) -> Checked<Source> {
    let Some(node) = node else { return Ok(Source::Defaults) };
    let NodeEnum::SelectStmt(select) = inner(*node)? else {
        return Err(Denial::odd_tree("INSERT", Pos::NONE));
    };
    let is_bare = select.with_clause.is_none()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && select.locking_clause.is_empty();
    if select.values_lists.is_empty() || !is_bare {
        return Ok(Source::Query(Box::new(query::query(*select)?)));
    }
    select.values_lists.into_iter().map(row).collect::<Checked<_>>().map(Source::Rows)
}

fn row(node: Node) -> Checked<Vec<Assigned>> {
    match inner(node)? {
        NodeEnum::List(list) => list.items.into_iter().map(assigned).collect(),
        _ => Err(Denial::odd_tree("VALUES", Pos::NONE)),
    }
}

fn assigned(node: Node) -> Checked<Assigned> {
    match &node.node {
        Some(NodeEnum::SetToDefault(_)) => Ok(Assigned::Default),
        Some(NodeEnum::MultiAssignRef(_)) => {
            Err(Denial::unsupported("setting several columns at once", Pos::NONE)
                .hint("set each column for itself: SET a = 1, b = 2"))
        }
        _ => Ok(Assigned::Value(expr::expr(node)?)),
    }
}

fn res_target(node: Node) -> Checked<(String, Option<Box<Node>>, Pos)> {
    let NodeEnum::ResTarget(target) = inner(node)? else {
        return Err(Denial::odd_tree("column to write to", Pos::NONE));
    };
    let protobuf::ResTarget { name, indirection, val, location } = *target;
    let pos = Pos::at(location);
    if !indirection.is_empty() {
        return Err(
            Denial::unsupported("writing to a part of a column", pos).hint("give the column as a whole")
        );
    }
    Ok((name, val, pos))
}

fn column(node: Node) -> Checked<String> {
    match res_target(node)? {
        (name, None, _) => Ok(name),
        (_, Some(_), pos) => Err(Denial::odd_tree("column to write to", pos)),
    }
}

fn assignments(nodes: Vec<Node>) -> Checked<Vec<Assignment>> {
    let one = |node| {
        let (column, value, _) = res_target(node)?;
        Ok(Assignment { column, value: assigned(required(value, "SET")?)? })
    };
    nodes.into_iter().map(one).collect()
}

fn conflict(clause: protobuf::OnConflictClause) -> Checked<Conflict> {
    use protobuf::OnConflictAction as Action;
    let protobuf::OnConflictClause { action, infer, target_list, where_clause, location } = clause;
    let target = match infer {
        None => ConflictTarget::Any,
        Some(infer) => conflict_target(*infer)?,
    };
    let update = match Action::try_from(action) {
        Ok(Action::OnconflictNothing) => None,
        Ok(Action::OnconflictUpdate) => Some((assignments(target_list)?, optional_expr(where_clause)?)),
        _ => return Err(Denial::odd_tree("ON CONFLICT", Pos::at(location))),
    };
    Ok(Conflict { target, update })
}

fn conflict_target(infer: protobuf::InferClause) -> Checked<ConflictTarget> {
    let protobuf::InferClause { index_elems, where_clause, conname, location } = infer;
    let pos = Pos::at(location);
    if where_clause.is_some() {
        return Err(Denial::unsupported("ON CONFLICT of a partial index", pos));
    }
    match (given(conname), index_elems.is_empty()) {
        (Some(name), true) => Ok(ConflictTarget::Constraint(name)),
        (None, false) => {
            index_elems.into_iter().map(index_column).collect::<Checked<_>>().map(ConflictTarget::Columns)
        }
        _ => Err(Denial::odd_tree("ON CONFLICT", pos)),
    }
}

fn index_column(node: Node) -> Checked<String> {
    let NodeEnum::IndexElem(element) = inner(node)? else {
        return Err(Denial::odd_tree("ON CONFLICT", Pos::NONE));
    };
    let is_plain = element.expr.is_none() && element.collation.is_empty() && element.opclass.is_empty();
    if !is_plain || element.name.is_empty() {
        return Err(Denial::unsupported("ON CONFLICT of anything but columns", Pos::NONE));
    }
    Ok(element.name)
}
