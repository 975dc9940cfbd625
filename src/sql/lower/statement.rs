//! Statements: which ones we understand at all.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::allow::statement::{self, RefusedStatement};
use super::super::ir::{
    CursorOptions, Expr, FetchDirection, Forget, Pos, Statement, StatementKind, TableItem, TypeName,
};
use super::super::refusal::{Checked, Denial};
use super::{constant, expr, from, given, inner, query, required, strings, utility, write};

/// Lowers one statement of a text.
pub(super) fn raw(raw: protobuf::RawStmt) -> Checked<Statement> {
    let protobuf::RawStmt { stmt, stmt_location, stmt_len: _ } = raw;
    let pos = Pos::at(stmt_location);
    let node = required(stmt, "statement")?;
    Ok(Statement { kind: kind(node)?, pos })
}

fn kind(node: Node) -> Checked<StatementKind> {
    match inner(node)? {
        NodeEnum::SelectStmt(select) => query::query(*select).map(StatementKind::Query),
        NodeEnum::InsertStmt(insert) => write::insert(*insert),
        NodeEnum::UpdateStmt(update) => write::update(*update),
        NodeEnum::DeleteStmt(delete) => write::delete(*delete),
        NodeEnum::DeclareCursorStmt(declare) => declare_cursor(*declare),
        NodeEnum::FetchStmt(fetch) => fetch_cursor(fetch),
        NodeEnum::ClosePortalStmt(close) => Ok(StatementKind::Close { cursor: given(close.portalname) }),
        NodeEnum::PrepareStmt(prepare) => {
            let protobuf::PrepareStmt { name, argtypes, query: node } = *prepare;
            let query = query::node(required(node, "PREPARE")?)?;
            Ok(StatementKind::Prepare { name, types: types(argtypes)?, query })
        }
        NodeEnum::ExecuteStmt(execute) => {
            let protobuf::ExecuteStmt { name, params } = execute;
            Ok(StatementKind::Execute { name, arguments: arguments(params)? })
        }
        NodeEnum::DeallocateStmt(deallocate) => {
            let protobuf::DeallocateStmt { name, isall, location: _ } = deallocate;
            Ok(StatementKind::Deallocate { name: given(name).filter(|_| !isall) })
        }
        NodeEnum::CopyStmt(copy) => copy_out(*copy),
        NodeEnum::ExplainStmt(explain) => {
            let protobuf::ExplainStmt { query: node, options } = *explain;
            let options = options.into_iter().map(utility::plain_option).collect::<Checked<_>>()?;
            let kind = kind(required(node, "EXPLAIN")?)?;
            Ok(StatementKind::Explain { options, statement: Box::new(Statement { kind, pos: Pos::NONE }) })
        }
        NodeEnum::VariableSetStmt(set) => {
            let (local, variable) = utility::set(set)?;
            Ok(StatementKind::Set { local, variable })
        }
        NodeEnum::VariableShowStmt(show) => Ok(StatementKind::Show { name: show.name }),
        NodeEnum::TransactionStmt(transaction) => {
            utility::transaction(transaction).map(StatementKind::Transaction)
        }
        NodeEnum::DiscardStmt(discard) => discarding(&discard),
        NodeEnum::UnlistenStmt(unlisten) => {
            Ok(StatementKind::Forget(Forget::Notifications { channel: given(unlisten.conditionname) }))
        }
        other => Err(refused(&other)),
    }
}

fn discarding(discard: &protobuf::DiscardStmt) -> Checked<StatementKind> {
    match protobuf::DiscardMode::try_from(discard.target) {
        Ok(protobuf::DiscardMode::DiscardAll) => Ok(StatementKind::DiscardAll),
        Ok(protobuf::DiscardMode::DiscardPlans) => Ok(StatementKind::Forget(Forget::Plans)),
        Ok(protobuf::DiscardMode::DiscardSequences) => Ok(StatementKind::Forget(Forget::Sequences)),
        Ok(protobuf::DiscardMode::DiscardTemp) => Ok(StatementKind::Forget(Forget::TemporaryTables)),
        Ok(protobuf::DiscardMode::Undefined) | Err(_) => {
            Err(Denial::unsupported("this kind of DISCARD", Pos::NONE).hint("use DISCARD ALL"))
        }
    }
}

/// The refusal of a statement that is not on the list.
fn refused(node: &NodeEnum) -> Denial {
    let RefusedStatement { name, refused } = statement::refused(node);
    Denial::unlisted(name, refused, Pos::NONE)
}

/// The bits of `options` (PostgreSQL's `parsenodes.h`).
mod bit {
    pub(super) const BINARY: i32 = 0x0001;
    pub(super) const SCROLL: i32 = 0x0002;
    pub(super) const NO_SCROLL: i32 = 0x0004;
    pub(super) const INSENSITIVE: i32 = 0x0008;
    pub(super) const ASENSITIVE: i32 = 0x0010;
    pub(super) const HOLD: i32 = 0x0020;
    pub(super) const FAST_PLAN: i32 = 0x0100;
}

fn declare_cursor(declare: protobuf::DeclareCursorStmt) -> Checked<StatementKind> {
    let protobuf::DeclareCursorStmt { portalname, options, query: node } = declare;
    let has = |mask: i32| options & mask != 0;
    let either = |yes: i32, no: i32| match (has(yes), has(no)) {
        (true, false) => Ok(Some(true)),
        (false, true) => Ok(Some(false)),
        (false, false) => Ok(None),
        (true, true) => Err(Denial::new("42P11", "a cursor cannot be both", Pos::NONE)),
    };
    let known = bit::BINARY
        | bit::SCROLL
        | bit::NO_SCROLL
        | bit::INSENSITIVE
        | bit::ASENSITIVE
        | bit::HOLD
        | bit::FAST_PLAN;
    if options & !known != 0 {
        return Err(Denial::unsupported("this kind of cursor", Pos::NONE));
    }
    let options = CursorOptions {
        binary: has(bit::BINARY),
        scroll: either(bit::SCROLL, bit::NO_SCROLL)?,
        insensitive: either(bit::INSENSITIVE, bit::ASENSITIVE)?,
        hold: has(bit::HOLD),
    };
    let query = query::node(required(node, "DECLARE")?)?;
    Ok(StatementKind::Declare { cursor: portalname, options, query })
}

fn fetch_cursor(fetch: protobuf::FetchStmt) -> Checked<StatementKind> {
    use protobuf::FetchDirection as Direction;
    let protobuf::FetchStmt { direction, how_many, portalname, ismove } = fetch;
    let direction = match Direction::try_from(direction) {
        Ok(Direction::FetchForward) => FetchDirection::Forward,
        Ok(Direction::FetchBackward) => FetchDirection::Backward,
        Ok(Direction::FetchAbsolute) => FetchDirection::Absolute,
        Ok(Direction::FetchRelative) => FetchDirection::Relative,
        Ok(Direction::Undefined) | Err(_) => return Err(Denial::odd_tree("FETCH", Pos::NONE)),
    };
    Ok(StatementKind::Fetch { cursor: portalname, direction, count: how_many, is_move: ismove })
}

fn types(nodes: Vec<Node>) -> Checked<Vec<TypeName>> {
    let one = |node| match inner(node)? {
        NodeEnum::TypeName(name) => constant::type_name(name),
        _ => Err(Denial::odd_tree("type", Pos::NONE)),
    };
    nodes.into_iter().map(one).collect()
}

fn arguments(nodes: Vec<Node>) -> Checked<Vec<Expr>> {
    expr::exprs(nodes)
}

fn copy_out(copy: protobuf::CopyStmt) -> Checked<StatementKind> {
    let protobuf::CopyStmt {
        relation,
        query: node,
        attlist,
        is_from,
        is_program,
        filename,
        options,
        where_clause,
    } = copy;
    if is_from || where_clause.is_some() {
        return Err(query::writing("COPY FROM"));
    }
    if is_program || !filename.is_empty() {
        return Err(Denial::new("42501", "COPY to a file or program is refused", Pos::NONE)
            .hint("use COPY ... TO STDOUT"));
    }
    let options = options.into_iter().map(utility::copy_option).collect::<Checked<_>>()?;
    match (relation, node) {
        (Some(table), None) => {
            let TableItem { catalog, name, .. } = from::table_item(table)?;
            Ok(StatementKind::CopyTable { catalog, table: name, columns: strings(attlist)?, options })
        }
        (None, Some(query)) => Ok(StatementKind::CopyQuery { query: query::node(*query)?, options }),
        _ => Err(Denial::odd_tree("COPY", Pos::NONE)),
    }
}
