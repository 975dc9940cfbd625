//! Functions, operators and casts.

use super::Oid;

/// A function or aggregate.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Function {
    pub(in crate::sql) oid: Oid,
    pub(in crate::sql) schema: String,
    pub(in crate::sql) kind: FunctionKind,
    pub(in crate::sql) result: Oid,
    /// Types of the input arguments.
    pub(in crate::sql) arguments: Vec<Oid>,
    /// How many of the last have defaults.
    pub(in crate::sql) defaults: usize,
    /// The element type of a variadic last argument.
    pub(in crate::sql) variadic: Option<Oid>,
    /// Names and types of the output columns of a function with OUT arguments.
    pub(in crate::sql) outputs: Vec<(String, Oid)>,
    /// The extension that it belongs to.
    pub(in crate::sql) extension: Option<String>,
    pub(in crate::sql) volatility: Volatility,
    /// It is in a language of the server's own, and runs with the caller's rights.
    pub(in crate::sql) is_plain: bool,
    /// It gives any number of rows.
    pub(in crate::sql) gives_set: bool,
}

/// `pg_proc.provolatile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

impl Volatility {
    pub(super) fn of(letter: &str) -> Option<Self> {
        match letter {
            "i" => Some(Self::Immutable),
            "s" => Some(Self::Stable),
            "v" => Some(Self::Volatile),
            _ => None,
        }
    }
}

/// `pg_proc.prokind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum FunctionKind {
    Plain,
    Aggregate,
    Window,
    Procedure,
}

impl FunctionKind {
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "f" => Some(Self::Plain),
            "a" => Some(Self::Aggregate),
            "w" => Some(Self::Window),
            "p" => Some(Self::Procedure),
            _ => None,
        }
    }
}

/// An operator.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Operator {
    pub(in crate::sql) oid: Oid,
    pub(in crate::sql) schema: String,
    /// `None` for a prefix operator.
    pub(in crate::sql) left: Option<Oid>,
    pub(in crate::sql) right: Oid,
    pub(in crate::sql) result: Oid,
    /// The function that it runs.
    pub(in crate::sql) function: Oid,
    /// The extension that it belongs to.
    pub(in crate::sql) extension: Option<String>,
}

/// A cast between two types.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql) struct Cast {
    pub(in crate::sql) context: CastContext,
    /// The function that runs, if any.
    pub(in crate::sql) function: Option<Oid>,
}

/// Where a cast applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sql) enum CastContext {
    Implicit,
    Assignment,
    Explicit,
}
