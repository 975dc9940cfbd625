//! Queries: what gives rows.

use super::{Expr, FromItem, Pos, Qualified, WindowSpec};

/// `WITH ... body ORDER BY ... LIMIT ...`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Query {
    pub(in crate::sql) with: Option<With>,
    pub(in crate::sql) body: Body,
    pub(in crate::sql) order_by: Vec<OrderItem>,
    pub(in crate::sql) offset: Option<Expr>,
    pub(in crate::sql) limit: Option<Limit>,
}

/// What a query consists of.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Body {
    Select(Box<Select>),
    Values(Vec<Vec<Expr>>),
    Set(Box<SetOperation>),
}

/// `SELECT ... FROM ... WHERE ...`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sql) struct Select {
    pub(in crate::sql) distinct: Distinct,
    pub(in crate::sql) targets: Vec<Target>,
    pub(in crate::sql) from: Vec<FromItem>,
    pub(in crate::sql) filter: Option<Expr>,
    pub(in crate::sql) group_by: GroupBy,
    pub(in crate::sql) having: Option<Expr>,
    pub(in crate::sql) windows: Vec<NamedWindow>,
}

/// `DISTINCT`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sql) enum Distinct {
    #[default]
    No,
    Rows,
    On(Vec<Expr>),
}

/// An expression of the select list.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Target {
    pub(in crate::sql) value: Expr,
    pub(in crate::sql) name: Option<String>,
}

/// `GROUP BY`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sql) struct GroupBy {
    pub(in crate::sql) distinct: bool,
    pub(in crate::sql) items: Vec<GroupItem>,
}

/// An item of `GROUP BY`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum GroupItem {
    Expr(Expr),
    Empty,
    Rollup(Vec<Expr>),
    Cube(Vec<Expr>),
    Sets(Vec<Self>),
}

/// `WINDOW name AS (...)`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct NamedWindow {
    pub(in crate::sql) name: String,
    pub(in crate::sql) spec: WindowSpec,
}

/// `left UNION ALL right`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct SetOperation {
    pub(in crate::sql) operator: SetOperator,
    pub(in crate::sql) all: bool,
    pub(in crate::sql) left: Query,
    pub(in crate::sql) right: Query,
}

/// The three of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum SetOperator {
    Union,
    Intersect,
    Except,
}

/// A sort key.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct OrderItem {
    pub(in crate::sql) value: Expr,
    pub(in crate::sql) direction: Direction,
    pub(in crate::sql) nulls: Nulls,
}

/// Which way a sort key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Direction {
    Default,
    Ascending,
    Descending,
    Using(Qualified),
}

/// Where nulls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Nulls {
    Default,
    First,
    Last,
}

/// `LIMIT`, or `FETCH FIRST ... WITH TIES`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Limit {
    pub(in crate::sql) count: Expr,
    pub(in crate::sql) with_ties: bool,
}

/// `WITH`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct With {
    pub(in crate::sql) recursive: bool,
    pub(in crate::sql) ctes: Vec<Cte>,
}

/// `name (columns) AS [NOT MATERIALIZED] (query)`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Cte {
    pub(in crate::sql) name: String,
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) materialized: Option<bool>,
    pub(in crate::sql) query: Query,
    pub(in crate::sql) search: Option<Search>,
    pub(in crate::sql) cycle: Option<Cycle>,
    pub(in crate::sql) pos: Pos,
}

/// `SEARCH DEPTH FIRST BY ... SET ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Search {
    pub(in crate::sql) breadth_first: bool,
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) sequence: String,
}

/// `CYCLE ... SET ... TO ... DEFAULT ... USING ...`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Cycle {
    pub(in crate::sql) columns: Vec<String>,
    pub(in crate::sql) mark: String,
    pub(in crate::sql) value: Expr,
    pub(in crate::sql) default: Expr,
    pub(in crate::sql) path: String,
}

impl Query {
    /// A body without anything around it.
    pub(in crate::sql) const fn of(body: Body) -> Self {
        Self { with: None, body, order_by: Vec::new(), offset: None, limit: None }
    }
}

impl OrderItem {
    /// Ascending, nulls last.
    pub(in crate::sql) const fn by(value: Expr) -> Self {
        Self { value, direction: Direction::Default, nulls: Nulls::Default }
    }
}
