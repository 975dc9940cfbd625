//! Expressions.

use std::sync::Arc;

use super::{OrderItem, Pos, Qualified, Query, Shared, TypeName, Xml};

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Expr {
    pub(in crate::sql) kind: ExprKind,
    pub(in crate::sql) pos: Pos,
}

/// What an expression says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum ExprKind {
    /// `a`, `t.a`, `s.t.a`; with `star`, `*`, `t.*`, `s.t.*`.
    Column {
        names: Vec<String>,
        star: bool,
    },
    Literal(Literal),
    Param(u32),
    /// An expression of ours, of which many statements have one copy.
    Shared(Arc<Shared>),
    Cast {
        value: Box<Expr>,
        to: TypeName,
    },
    /// `a + b`, `- a`.
    Operator {
        op: Qualified,
        left: Option<Box<Expr>>,
        right: Box<Expr>,
    },
    /// `a = ANY (array)`.
    Quantified {
        op: Qualified,
        quantifier: Quantifier,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `a IS [NOT] DISTINCT FROM b`.
    DistinctFrom {
        negated: bool,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    NullIf(Box<Expr>, Box<Expr>),
    /// `a [NOT] IN (b, c)`.
    In {
        negated: bool,
        value: Box<Expr>,
        list: Vec<Expr>,
    },
    Between {
        negated: bool,
        symmetric: bool,
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull {
        negated: bool,
        value: Box<Expr>,
    },
    /// `a IS [NOT] TRUE`, `FALSE`, `UNKNOWN`.
    IsTruth {
        negated: bool,
        truth: Truth,
        value: Box<Expr>,
    },
    Case {
        operand: Option<Box<Expr>>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Coalesce(Vec<Expr>),
    /// `GREATEST` or `LEAST`.
    Extreme {
        greatest: bool,
        values: Vec<Expr>,
    },
    Call(Box<Call>),
    /// `CURRENT_DATE`, `LOCALTIME(3)`.
    SqlValue {
        value: SqlValue,
        precision: Option<i32>,
    },
    Sublink(Box<Sublink>),
    Array(Vec<Expr>),
    /// `ROW(a, b)`, or `(a, b)` if not `explicit` (they differ in `GROUP BY`).
    Row {
        explicit: bool,
        values: Vec<Expr>,
    },
    /// `a[1]`, `a[1:2]`, `(a).b`, `(a).*`.
    Path {
        base: Box<Expr>,
        steps: Vec<Step>,
    },
    Collate {
        value: Box<Expr>,
        collation: Qualified,
    },
    /// `GROUPING(a, b)`.
    Grouping(Vec<Expr>),
    Xml(Box<Xml>),
}

/// `ANY` or `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Quantifier {
    Any,
    All,
}

/// What `IS` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Truth {
    True,
    False,
    Unknown,
}

/// A constant of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Literal {
    Null,
    Boolean(bool),
    Integer(i32),
    /// Decimal digits with sign, point and exponent, all optional.
    Number(String),
    Text(String),
    /// `B'01'`, or `X'1F'` if `hexadecimal`.
    Bits {
        hexadecimal: bool,
        digits: String,
    },
}

/// The functions without parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum SqlValue {
    CurrentDate,
    CurrentTime,
    CurrentTimestamp,
    LocalTime,
    LocalTimestamp,
    CurrentRole,
    CurrentUser,
    User,
    SessionUser,
    CurrentCatalog,
    CurrentSchema,
}

/// A subquery as an expression.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Sublink {
    Exists(Query),
    Scalar(Query),
    Array(Query),
    /// `a IN (SELECT ...)` (no operator), `a < ALL (SELECT ...)`.
    Quantified {
        op: Option<Qualified>,
        quantifier: Quantifier,
        left: Expr,
        query: Query,
    },
}

/// A step into an array or a composite.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Step {
    Index(Expr),
    Slice(Option<Expr>, Option<Expr>),
    Field(String),
    Star,
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Call {
    pub(in crate::sql) name: Qualified,
    pub(in crate::sql) arguments: Vec<Argument>,
    /// `count(*)`.
    pub(in crate::sql) star: bool,
    pub(in crate::sql) variadic: bool,
    pub(in crate::sql) distinct: bool,
    pub(in crate::sql) order_by: Vec<OrderItem>,
    /// The order stands behind, in `WITHIN GROUP (ORDER BY ...)`.
    pub(in crate::sql) within_group: bool,
    pub(in crate::sql) filter: Option<Expr>,
    pub(in crate::sql) over: Option<Over>,
}

/// A positional or named argument.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Argument {
    pub(in crate::sql) name: Option<String>,
    pub(in crate::sql) value: Expr,
}

/// Where a window function looks.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Over {
    Named(String),
    Spec(WindowSpec),
}

/// `(base PARTITION BY ... ORDER BY ... ROWS BETWEEN ...)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::sql) struct WindowSpec {
    pub(in crate::sql) base: Option<String>,
    pub(in crate::sql) partition_by: Vec<Expr>,
    pub(in crate::sql) order_by: Vec<OrderItem>,
    pub(in crate::sql) frame: Option<Frame>,
    pub(in crate::sql) pos: Pos,
}

/// A window frame, always with both its ends.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Frame {
    pub(in crate::sql) units: FrameUnits,
    pub(in crate::sql) start: Bound,
    pub(in crate::sql) end: Bound,
    pub(in crate::sql) exclusion: FrameExclusion,
}

/// What a frame counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum FrameUnits {
    Range,
    Rows,
    Groups,
}

/// What a frame leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum FrameExclusion {
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

/// One end of a frame; the offset is there for the two kinds that have one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Bound {
    pub(in crate::sql) kind: BoundKind,
    pub(in crate::sql) offset: Option<Box<Expr>>,
}

/// Which end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum BoundKind {
    UnboundedPreceding,
    Preceding,
    CurrentRow,
    Following,
    UnboundedFollowing,
}

/// Equal where the same would be printed, in full or abridged.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (ExprKind::Shared(one), ExprKind::Shared(two)) => one == two,
            (ExprKind::Shared(shared), ExprKind::Column { names, star: false })
            | (ExprKind::Column { names, star: false }, ExprKind::Shared(shared))
                if shared.is_called(names) =>
            {
                true
            }
            _ => self.unshared().kind == other.unshared().kind,
        }
    }
}

impl Expr {
    /// The expression itself, where it is shared.
    fn unshared(&self) -> &Self {
        match &self.kind {
            ExprKind::Shared(shared) => shared.expr().unshared(),
            _ => self,
        }
    }

    /// An expression of our own making.
    pub(in crate::sql) const fn made(kind: ExprKind) -> Self {
        Self { kind, pos: Pos::NONE }
    }

    /// A column of a from-item.
    pub(in crate::sql) fn column(relation: impl Into<String>, column: impl Into<String>) -> Self {
        Self::made(ExprKind::Column { names: vec![relation.into(), column.into()], star: false })
    }

    /// A column of whichever from-item has one of this name.
    pub(in crate::sql) fn column_of_any(column: impl Into<String>) -> Self {
        Self::made(ExprKind::Column { names: vec![column.into()], star: false })
    }

    /// A text constant.
    pub(in crate::sql) fn text(value: impl Into<String>) -> Self {
        Self::made(ExprKind::Literal(Literal::Text(value.into())))
    }

    /// `NULL`.
    pub(in crate::sql) const fn null() -> Self {
        Self::made(ExprKind::Literal(Literal::Null))
    }

    /// This expression, cast.
    pub(in crate::sql) fn cast(self, to: TypeName) -> Self {
        Self::made(ExprKind::Cast { value: Box::new(self), to })
    }

    /// A call of one of the server's own functions.
    pub(in crate::sql) fn call(name: &str, arguments: Vec<Self>) -> Self {
        Self::made(ExprKind::Call(Box::new(Call::plain(Qualified::builtin(name), arguments))))
    }

    /// One of the server's own binary operators.
    pub(in crate::sql) fn operator(left: Self, op: &str, right: Self) -> Self {
        Self::made(ExprKind::Operator {
            op: Qualified::builtin(op),
            left: Some(Box::new(left)),
            right: Box::new(right),
        })
    }
}

impl Call {
    /// True if it is made of a name and positional arguments only.
    pub(in crate::sql) fn is_plain(&self) -> bool {
        let named = self.arguments.iter().any(|argument| argument.name.is_some());
        let marked = self.star || self.variadic || self.distinct || self.within_group;
        !named && !marked && self.order_by.is_empty() && self.filter.is_none() && self.over.is_none()
    }

    /// A call with positional arguments and nothing else.
    pub(in crate::sql) fn plain(name: Qualified, arguments: Vec<Expr>) -> Self {
        Self {
            name,
            arguments: arguments.into_iter().map(|value| Argument { name: None, value }).collect(),
            star: false,
            variadic: false,
            distinct: false,
            order_by: Vec::new(),
            within_group: false,
            filter: None,
            over: None,
        }
    }
}
