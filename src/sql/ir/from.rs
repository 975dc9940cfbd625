//! What stands in `FROM`.

use super::{Body, Expr, Pos, Qualified, Query, Target, TypeName, XmlTable};

/// An item of `FROM`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum FromItem {
    Table(TableItem),
    Subquery { lateral: bool, query: Box<Query>, alias: Option<Alias> },
    Function(FunctionItem),
    XmlTable(Box<XmlTable>),
    Join(Box<Join>),
}

/// A relation by name.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct TableItem {
    /// The database, if it was named.
    pub(in crate::sql) catalog: Option<String>,
    pub(in crate::sql) name: Qualified,
    /// `ONLY`: without children.
    pub(in crate::sql) only: bool,
    pub(in crate::sql) alias: Option<Alias>,
    pub(in crate::sql) sample: Option<Sample>,
    pub(in crate::sql) pos: Pos,
}

/// `TABLESAMPLE method (arguments) REPEATABLE (seed)`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Sample {
    pub(in crate::sql) method: Qualified,
    pub(in crate::sql) arguments: Vec<Expr>,
    pub(in crate::sql) seed: Option<Box<Expr>>,
}

/// `AS name (a, b)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Alias {
    pub(in crate::sql) name: String,
    pub(in crate::sql) columns: Vec<String>,
}

/// One function or `ROWS FROM (...)`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct FunctionItem {
    pub(in crate::sql) lateral: bool,
    pub(in crate::sql) rows_from: bool,
    pub(in crate::sql) functions: Vec<(Expr, Vec<ColumnDefinition>)>,
    pub(in crate::sql) ordinality: bool,
    pub(in crate::sql) alias: Option<Alias>,
    /// The definitions behind the alias of a single function.
    pub(in crate::sql) definitions: Vec<ColumnDefinition>,
    pub(in crate::sql) pos: Pos,
}

/// A column of a function that returns `record`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct ColumnDefinition {
    pub(in crate::sql) name: String,
    pub(in crate::sql) ty: TypeName,
    pub(in crate::sql) collation: Option<Qualified>,
}

/// A join of two items.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Join {
    pub(in crate::sql) kind: JoinKind,
    pub(in crate::sql) left: FromItem,
    pub(in crate::sql) right: FromItem,
    pub(in crate::sql) condition: JoinCondition,
    pub(in crate::sql) alias: Option<Alias>,
}

/// Which rows without a partner survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

/// How the partners are found.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum JoinCondition {
    /// `CROSS JOIN`.
    None,
    Natural,
    Using {
        columns: Vec<String>,
        alias: Option<String>,
    },
    On(Expr),
}

impl FromItem {
    /// The names under which expressions find its rows.
    pub(in crate::sql) fn aliases(&self) -> Vec<&str> {
        let alias = match self {
            Self::Table(table) => {
                return vec![table.alias.as_ref().map_or(&table.name.name, |alias| &alias.name)];
            }
            Self::Join(join) if join.alias.is_none() => {
                return [&join.left, &join.right].into_iter().flat_map(Self::aliases).collect();
            }
            Self::Join(join) => &join.alias,
            Self::Subquery { alias, .. } => alias,
            Self::Function(function) => &function.alias,
            Self::XmlTable(table) => &table.alias,
        };
        alias.iter().map(|alias| alias.name.as_str()).collect()
    }

    /// The select list and the table of a derived table that reads one table under the name `inner` and does
    /// nothing else.
    pub(in crate::sql) fn derived(&mut self, inner: &str) -> Option<(&mut Vec<Target>, &Qualified)> {
        let Self::Subquery { query, .. } = self else { return None };
        let Body::Select(select) = &mut query.body else { return None };
        let [Self::Table(table)] = select.from.as_slice() else { return None };
        let is_inner = table.alias.as_ref().is_some_and(|alias| alias.name == inner);
        is_inner.then_some((&mut select.targets, &table.name))
    }
}
