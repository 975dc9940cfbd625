//! Statements.

use super::{Expr, Pos, Qualified, Query, TypeName, Write};

/// A statement and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Statement {
    pub(in crate::sql) kind: StatementKind,
    pub(in crate::sql) pos: Pos,
}

/// The statements that we understand. All others are refused while lowering.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum StatementKind {
    Query(Query),
    Write(Box<Write>),
    Declare { cursor: String, options: CursorOptions, query: Query },
    Fetch { cursor: String, direction: FetchDirection, count: i64, is_move: bool },
    Close { cursor: Option<String> },
    Prepare { name: String, types: Vec<TypeName>, query: Query },
    Execute { name: String, arguments: Vec<Expr> },
    Deallocate { name: Option<String> },
    CopyTable { catalog: Option<String>, table: Qualified, columns: Vec<String>, options: Vec<CopyOption> },
    CopyQuery { query: Query, options: Vec<CopyOption> },
    Explain { options: Vec<(String, Option<String>)>, statement: Box<Statement> },
    Set { local: bool, variable: Variable },
    Show { name: String },
    Transaction(Transaction),
    DiscardAll,
    Forget(Forget),
}

/// What a session lets go of without changing anything else: the kinds of `DISCARD` besides `ALL`, and `UNLISTEN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Forget {
    Plans,
    Sequences,
    TemporaryTables,
    /// `UNLISTEN`; `None` is `*`.
    Notifications {
        channel: Option<String>,
    },
}

/// `DECLARE` options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sql) struct CursorOptions {
    pub(in crate::sql) binary: bool,
    /// `SCROLL` or `NO SCROLL`.
    pub(in crate::sql) scroll: Option<bool>,
    pub(in crate::sql) insensitive: Option<bool>,
    pub(in crate::sql) hold: bool,
}

/// The way of `FETCH` and `MOVE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum FetchDirection {
    Forward,
    Backward,
    Absolute,
    Relative,
}

/// An option of `COPY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct CopyOption {
    pub(in crate::sql) name: String,
    pub(in crate::sql) value: CopyValue,
    pub(in crate::sql) pos: Pos,
}

/// What an option of `COPY` is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum CopyValue {
    None,
    Text(String),
    Star,
    Names(Vec<String>),
}

/// `SET`, `RESET` and `SET TRANSACTION`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Variable {
    /// `SET name = a, b`.
    Set {
        name: String,
        values: Vec<SetValue>,
    },
    /// `SET name TO DEFAULT`.
    Default {
        name: String,
    },
    Reset {
        name: String,
    },
    ResetAll,
    /// `SET TRANSACTION`, or the session's defaults.
    Transaction {
        session: bool,
        modes: Vec<TransactionMode>,
    },
}

/// A value of `SET`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum SetValue {
    Integer(i32),
    Number(String),
    Text(String),
}

/// `BEGIN` and its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Transaction {
    Begin(Vec<TransactionMode>),
    Commit { chain: bool },
    Rollback { chain: bool },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
}

/// How a transaction runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum TransactionMode {
    /// One of the four levels, in lower case.
    Isolation(String),
    ReadOnly(bool),
    Deferrable(bool),
}
