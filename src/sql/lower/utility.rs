//! Settings, transactions and options.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::super::ir::{
    CopyOption, CopyValue, Literal, Pos, SetValue, Transaction, TransactionMode, Variable,
};
use super::super::refusal::{Checked, Denial};
use super::{constant, inner, strings};

/// Lowers `SET` and `RESET`: true if it is local.
pub(super) fn set(node: protobuf::VariableSetStmt) -> Checked<(bool, Variable)> {
    use protobuf::VariableSetKind as Kind;
    let protobuf::VariableSetStmt { kind, name, args, jumble_args: _, is_local, location } = node;
    let pos = Pos::at(location);
    let variable = match Kind::try_from(kind) {
        Ok(Kind::VarSetValue) => {
            Variable::Set { name, values: args.into_iter().map(value).collect::<Checked<_>>()? }
        }
        Ok(Kind::VarSetDefault) => Variable::Default { name },
        Ok(Kind::VarReset) => Variable::Reset { name },
        Ok(Kind::VarResetAll) => Variable::ResetAll,
        Ok(Kind::VarSetMulti) if name == "TRANSACTION" => {
            Variable::Transaction { session: false, modes: modes(args)? }
        }
        Ok(Kind::VarSetMulti) if name == "SESSION CHARACTERISTICS" => {
            Variable::Transaction { session: true, modes: modes(args)? }
        }
        Ok(Kind::VarSetMulti | Kind::VarSetCurrent | Kind::Undefined) | Err(_) => {
            return Err(Denial::unsupported("this kind of SET", pos));
        }
    };
    Ok((is_local, variable))
}

fn value(node: Node) -> Checked<SetValue> {
    match inner(node)? {
        NodeEnum::AConst(constant) => {
            let pos = Pos::at(constant.location);
            match constant::literal(constant)? {
                Literal::Integer(value) => Ok(SetValue::Integer(value)),
                Literal::Number(value) => Ok(SetValue::Number(value)),
                Literal::Text(value) => Ok(SetValue::Text(value)),
                Literal::Boolean(value) => {
                    Ok(SetValue::Text(if value { "true" } else { "false" }.to_owned()))
                }
                Literal::Null | Literal::Bits { .. } => Err(Denial::unsupported("this value of SET", pos)),
            }
        }
        NodeEnum::TypeCast(cast) => {
            Err(Denial::unsupported("SET TIME ZONE INTERVAL", Pos::at(cast.location)).hint("name the zone"))
        }
        _ => Err(Denial::unsupported("this value of SET", Pos::NONE)),
    }
}

/// Lowers `BEGIN`, `COMMIT` and their family.
pub(super) fn transaction(node: protobuf::TransactionStmt) -> Checked<Transaction> {
    use protobuf::TransactionStmtKind as Kind;
    let protobuf::TransactionStmt { kind, options, savepoint_name, gid: _, chain, location } = node;
    let pos = Pos::at(location);
    match Kind::try_from(kind) {
        Ok(Kind::TransStmtBegin | Kind::TransStmtStart) => Ok(Transaction::Begin(modes(options)?)),
        Ok(Kind::TransStmtCommit) => Ok(Transaction::Commit { chain }),
        Ok(Kind::TransStmtRollback) => Ok(Transaction::Rollback { chain }),
        Ok(Kind::TransStmtSavepoint) => Ok(Transaction::Savepoint(savepoint_name)),
        Ok(Kind::TransStmtRelease) => Ok(Transaction::Release(savepoint_name)),
        Ok(Kind::TransStmtRollbackTo) => Ok(Transaction::RollbackTo(savepoint_name)),
        Ok(Kind::TransStmtPrepare | Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared) => {
            Err(Denial::unsupported("a prepared transaction", pos))
        }
        Ok(Kind::Undefined) | Err(_) => Err(Denial::odd_tree("transaction statement", pos)),
    }
}

fn modes(nodes: Vec<Node>) -> Checked<Vec<TransactionMode>> {
    nodes.into_iter().map(mode).collect()
}

fn mode(node: Node) -> Checked<TransactionMode> {
    let (name, value) = plain_option(node)?;
    let value = value.ok_or_else(|| Denial::odd_tree("transaction mode", Pos::NONE))?;
    let on = !matches!(value.as_str(), "0" | "false");
    match name.as_str() {
        "transaction_isolation" => {
            let level = value.to_ascii_lowercase();
            if !["serializable", "repeatable read", "read committed", "read uncommitted"]
                .contains(&level.as_str())
            {
                return Err(Denial::unsupported("this isolation level", Pos::NONE));
            }
            Ok(TransactionMode::Isolation(level))
        }
        "transaction_read_only" => Ok(TransactionMode::ReadOnly(on)),
        "transaction_deferrable" => Ok(TransactionMode::Deferrable(on)),
        _ => Err(Denial::unsupported("this transaction mode", Pos::NONE)),
    }
}

/// An option whose value, if any, is a word, a number or a truth value.
pub(super) fn plain_option(node: Node) -> Checked<(String, Option<String>)> {
    let CopyOption { name, value, pos } = copy_option(node)?;
    match value {
        CopyValue::None => Ok((name, None)),
        CopyValue::Text(text) => Ok((name, Some(text))),
        CopyValue::Star | CopyValue::Names(_) => Err(Denial::unsupported("this option", pos)),
    }
}

/// An option of `COPY`.
pub(super) fn copy_option(node: Node) -> Checked<CopyOption> {
    let NodeEnum::DefElem(element) = inner(node)? else {
        return Err(Denial::odd_tree("option", Pos::NONE));
    };
    let protobuf::DefElem { defnamespace, defname, arg, defaction: _, location, arg_location: _ } = *element;
    let pos = Pos::at(location);
    if !defnamespace.is_empty() {
        return Err(Denial::odd_tree("option", pos));
    }
    let value = match arg.and_then(|arg| arg.node) {
        None => CopyValue::None,
        Some(NodeEnum::String(value)) => CopyValue::Text(value.sval),
        Some(NodeEnum::Integer(value)) => CopyValue::Text(value.ival.to_string()),
        Some(NodeEnum::Boolean(value)) => CopyValue::Text(value.boolval.to_string()),
        Some(NodeEnum::AStar(_)) => CopyValue::Star,
        Some(NodeEnum::List(list)) => CopyValue::Names(strings(list.items)?),
        Some(NodeEnum::AConst(constant)) => match constant::literal(constant)? {
            Literal::Text(text) | Literal::Number(text) => CopyValue::Text(text),
            Literal::Integer(value) => CopyValue::Text(value.to_string()),
            Literal::Boolean(value) => CopyValue::Text(value.to_string()),
            Literal::Null | Literal::Bits { .. } => return Err(Denial::unsupported("this option", pos)),
        },
        Some(_) => return Err(Denial::unsupported("this option", pos)),
    };
    Ok(CopyOption { name: defname, value, pos })
}
