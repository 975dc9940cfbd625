//! Statements that change the rows of one table.

use super::{Expr, FromItem, Query, TableItem, Target, With};

/// `INSERT`, `UPDATE` or `DELETE`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Write {
    pub(in crate::sql) with: Option<With>,
    pub(in crate::sql) table: TableItem,
    pub(in crate::sql) change: Change,
    pub(in crate::sql) returning: Vec<Target>,
}

/// What is done to the table.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Change {
    Insert(Box<Insert>),
    Update { set: Vec<Assignment>, from: Vec<FromItem>, filter: Option<Expr> },
    Delete { using: Vec<FromItem>, filter: Option<Expr> },
}

/// `(columns) OVERRIDING ... VALUE source ON CONFLICT ...`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Insert {
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) overriding: Option<Overriding>,
    pub(in crate::sql) source: Source,
    pub(in crate::sql) conflict: Option<Conflict>,
}

/// Whose value an identity column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Overriding {
    System,
    User,
}

/// Where new rows come from.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Source {
    /// `DEFAULT VALUES`.
    Defaults,
    /// `VALUES` and nothing around it.
    Rows(Vec<Vec<Assigned>>),
    Query(Box<Query>),
}

/// What a column is given.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Assigned {
    Default,
    Value(Expr),
}

/// `column = value`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Assignment {
    pub(in crate::sql) column: String,
    pub(in crate::sql) value: Assigned,
}

/// `ON CONFLICT ... DO ...`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Conflict {
    pub(in crate::sql) target: ConflictTarget,
    /// `None` is `DO NOTHING`.
    pub(in crate::sql) update: Option<(Vec<Assignment>, Option<Expr>)>,
}

/// Which conflict is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum ConflictTarget {
    Any,
    Columns(Vec<String>),
    Constraint(String),
}

impl Change {
    /// How the statement is called.
    pub(in crate::sql) const fn name(&self) -> &'static str {
        match self {
            Self::Insert(_) => "INSERT",
            Self::Update { .. } => "UPDATE",
            Self::Delete { .. } => "DELETE",
        }
    }
}
