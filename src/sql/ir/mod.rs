//! Our own small language: what a statement says, and nothing that we do not understand.
//!
//! Invariant: two equal trees print as the same text, and lowering a printed tree gives the tree again.
//! Invariant: positions take no part in equality.
//! Not here: where trees come from (`lower`), how they are written (`print`), what they mean (`analyse`).

mod children;
mod expr;
mod from;
mod name;
mod query;
mod shared;
mod statement;
pub(super) mod walk;
mod write;
mod xml;

pub(super) use expr::{
    Argument, Bound, BoundKind, Call, Expr, ExprKind, Frame, FrameExclusion, FrameUnits, Literal, Over,
    Quantifier, SqlValue, Step, Sublink, Truth, WindowSpec,
};
pub(super) use from::{
    Alias, ColumnDefinition, FromItem, FunctionItem, Join, JoinCondition, JoinKind, Sample, TableItem,
};
pub(super) use name::{Pos, Qualified, TypeModifier, TypeName};
pub(super) use query::{
    Body, Cte, Cycle, Direction, Distinct, GroupBy, GroupItem, Limit, NamedWindow, Nulls, OrderItem, Query,
    Search, Select, SetOperation, SetOperator, Target, With,
};
pub(super) use shared::Shared;
pub(super) use statement::{
    CopyOption, CopyValue, CursorOptions, FetchDirection, Forget, SetValue, Statement, StatementKind,
    Transaction, TransactionMode, Variable,
};
pub(super) use write::{
    Assigned, Assignment, Change, Conflict, ConflictTarget, Insert, Overriding, Source, Write,
};
pub(super) use xml::{Standalone, Xml, XmlColumn, XmlTable};
