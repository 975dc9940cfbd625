//! What tells the rows of a query apart without telling anything else: the key of a table where no column of it
//! is protected, or else the place in storage, which counts as public.
//!
//! Where identifiers would decide an order, the key decides in their stead: a group comes where the first of its
//! rows comes. So the order is the same whatever the identifiers are, in every session. A salted hash of the
//! identifier stands in only where no key is known. Keys are asked for in a second walk, when the first has met an
//! order that needs them: they travel as hidden columns behind a subquery's own.
//!
//! Invariant: a key is made of public values, and rows of equal keys are equal in all that can be seen.

use super::super::catalogue::{Relation, RelationKind, TypeRef, oid};
use super::super::ir::{
    Body, Call, Expr, ExprKind, GroupBy, GroupItem, Literal, OrderItem, Over, Qualified, Query, Select, Step,
    Target, TypeName, WindowSpec,
};
use super::super::refusal::Checked;
use super::super::rules::Protection;
use super::scope::{Item, Level, OutputColumn, Term, WholeRow};
use super::{Analysis, Label};

/// What the key of a table is made of; `divides` says that its partitions tell what may not be told.
pub(super) fn columns_of_key(
    relation: &Relation,
    protections: &[Protection],
    divides: bool,
) -> Option<Vec<(String, TypeRef)>> {
    if relation.kind != RelationKind::Table {
        return None;
    }
    let own = relation.columns.iter().zip(protections);
    let key: Option<Vec<(String, TypeRef)>> = own
        .filter(|(column, _)| relation.primary_key.contains(&column.number))
        .map(|(column, protection)| {
            matches!(protection, Protection::Open).then(|| (column.name.clone(), column.ty))
        })
        .collect();
    let mut key = match key {
        Some(key) if !key.is_empty() => key,
        _ => vec![("ctid".to_owned(), TypeRef::plain(oid::TID))],
    };
    if divides {
        // In which partition a row stands must not show; without it, places in storage are not unique.
        return key.iter().all(|(name, _)| name != "ctid").then_some(key);
    }
    if !relation.children.is_empty() {
        key.push(("tableoid".to_owned(), TypeRef::plain(oid::OID)));
    }
    Some(key)
}

impl Level<'_> {
    /// The key of the rows of `FROM`, if one is known.
    pub(super) fn row_key(&self) -> Option<Vec<Term>> {
        let mut key = Vec::new();
        for item in &self.items {
            key.extend(item.row_key.clone()?);
        }
        Some(key)
    }

    /// True if several rows of `FROM` may have one key.
    pub(super) fn repeats(&self) -> bool {
        self.items.iter().any(|item| item.repeats)
    }
}

impl Item {
    /// With the key of a query: its hidden column, or all of its columns if none is raw.
    pub(super) fn keyed(mut self, hidden: Option<&OutputColumn>, repeats: bool) -> Self {
        self.repeats = repeats;
        if hidden.is_some() {
            // The row as the server knows it has one column more.
            self.whole_row = WholeRow::Built;
        }
        self.row_key = match hidden {
            Some(hidden) => Some(vec![Term {
                expr: Expr::column(&self.alias, &hidden.name),
                label: Label::Public,
                ty: hidden.ty,
            }]),
            None if self.columns.iter().all(|column| column.term.label.is_public()) => {
                Some(self.columns.iter().map(|column| column.term.clone()).collect())
            }
            None => None,
        };
        self
    }
}

impl Analysis<'_> {
    /// Sort keys that stand for the key of the rows of this level.
    pub(super) fn key_order(&self, level: &Level<'_>) -> Checked<Option<Vec<OrderItem>>> {
        match level.row_key().filter(|_| self.keyed) {
            Some(key) => self.total_keys(&key).map(Some),
            None => Ok(None),
        }
    }

    /// The hidden column of a select whose rows, or groups of rows, come from this level. Groups of several grouping
    /// sets have the same first row; `sets` tells them apart.
    pub(super) fn hidden_key(
        &mut self,
        level: &Level<'_>,
        grouped: bool,
        sets: Vec<OrderItem>,
    ) -> Option<(Target, OutputColumn)> {
        let key = as_one(&level.row_key().filter(|_| self.keyed && !level.multiplied.get())?);
        let key = if grouped { Term { expr: smallest(key.expr.clone()), ..key } } else { key };
        let key = if sets.is_empty() { key } else { with_sets(key, sets) };
        let column = OutputColumn { name: self.made_name(), label: Label::Public, ty: key.ty };
        Some((Target { value: key.expr, name: Some(column.name.clone()) }, column))
    }

    /// The sort key of an identifier: where the first row that has it comes. What a window function picks cannot
    /// be the partition of another.
    pub(super) fn first_of(&self, term: &Term, level: &Level<'_>, grouped: bool) -> Option<Expr> {
        if has_window(&term.expr) || level.multiplied.get() {
            return None;
        }
        let key = as_one(&level.row_key().filter(|_| self.keyed)?).expr;
        let key = if grouped { smallest(key) } else { key };
        Some(smallest_over(key, term.expr.clone()))
    }

    /// The rows of `inner`, each once, with the smallest of their keys: what `DISTINCT` does, and `UNION`.
    pub(super) fn once(
        &mut self,
        inner: Query,
        columns: &[OutputColumn],
        key: &OutputColumn,
        having: Option<Expr>,
    ) -> Checked<(Query, OutputColumn)> {
        let (mut select, alias) = self.grouped(inner, columns, None)?;
        let made = OutputColumn { name: self.made_name(), ..key.clone() };
        let value = smallest(Expr::column(alias, &key.name));
        select.targets.push(Target { value, name: Some(made.name.clone()) });
        select.having = having;
        Ok((Query::of(Body::Select(Box::new(select))), made))
    }

    /// The rows of `inner`, each once, and the name of what they are taken from. `more` is a name for a column behind
    /// those that are grouped by.
    pub(super) fn grouped(
        &mut self,
        inner: Query,
        columns: &[OutputColumn],
        more: Option<&str>,
    ) -> Checked<(Select, String)> {
        let alias = self.made_name();
        let mut names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
        let mut targets = Vec::with_capacity(names.len());
        for (name, column) in names.iter().zip(columns) {
            let value = Expr::column(&alias, name);
            let term = Term { expr: value.clone(), label: column.label.clone(), ty: column.ty };
            let value = self.shown_of_group(&term)?.unwrap_or(value);
            targets.push(Target { value, name: Some(column.name.clone()) });
        }
        let items = names.iter().map(|name| GroupItem::Expr(Expr::column(&alias, name))).collect();
        names.extend(more.map(str::to_owned));
        let select = Select {
            targets,
            from: vec![super::from::derived(inner, alias.clone(), names)],
            group_by: GroupBy { distinct: false, items },
            ..Select::default()
        };
        Ok((select, alias))
    }
}

/// One value that tells rows apart and orders them as the key does, and can be compared: an integer, an array of
/// integers, or an array of texts.
fn as_one(key: &[Term]) -> Term {
    let integers: Option<Vec<Expr>> = key.iter().map(as_integer).collect();
    match integers {
        Some(mut only) if only.len() == 1 => {
            Term::public(only.pop().unwrap_or_else(Expr::null), Some(TypeRef::plain(oid::INT8)))
        }
        Some(integers) if !integers.is_empty() => {
            let array = Expr::made(ExprKind::Array(integers)).cast(array_of("int8"));
            Term::public(array, Some(TypeRef::plain(oid::INT8_ARRAY)))
        }
        _ => {
            let text = |term: &Term| match as_integer(term) {
                Some(integer) => padded(integer),
                None => term.expr.clone().cast(TypeName::builtin("text")),
            };
            let array = Expr::made(ExprKind::Array(key.iter().map(text).collect())).cast(array_of("text"));
            Term::public(in_bytes(array), Some(TypeRef::plain(oid::TEXT_ARRAY)))
        }
    }
}

/// The value as an integer. A place in storage is put as one in which rows keep their order, wherever pages end:
/// where that is depends on how long raw values are.
fn as_integer(term: &Term) -> Option<Expr> {
    match term.oid() {
        Some(oid::INT2 | oid::INT4 | oid::INT8 | oid::OID) => {
            Some(term.expr.clone().cast(TypeName::builtin("int8")))
        }
        Some(oid::TID) => {
            let point = term.expr.clone().cast(TypeName::builtin("text")).cast(TypeName::builtin("point"));
            let part = |index: i32| {
                let kind = ExprKind::Path {
                    base: Box::new(point.clone()),
                    steps: vec![Step::Index(Expr::made(ExprKind::Literal(Literal::Integer(index))))],
                };
                Expr::made(kind).cast(TypeName::builtin("int8"))
            };
            let page = Expr::operator(part(0), "*", Expr::made(ExprKind::Literal(Literal::Integer(1 << 16))));
            Some(Expr::operator(page, "+", part(1)))
        }
        _ => None,
    }
}

/// An integer as a text that sorts as it does, if it is not negative.
fn padded(integer: Expr) -> Expr {
    let text = integer.cast(TypeName::builtin("text"));
    Expr::call("lpad", vec![text, Expr::made(ExprKind::Literal(Literal::Integer(20))), Expr::text("0")])
}

fn array_of(name: &str) -> TypeName {
    TypeName { dimensions: vec![None], ..TypeName::builtin(name) }
}

fn in_bytes(value: Expr) -> Expr {
    Expr::made(ExprKind::Collate { value: Box::new(value), collation: Qualified::builtin("C") })
}

/// A key and the numbers of grouping sets, as one.
fn with_sets(key: Term, sets: Vec<OrderItem>) -> Term {
    let int8 = || TypeName::builtin("int8");
    let sets = sets.into_iter().map(|set| set.value.cast(int8()));
    let is_single = key.oid() == Some(oid::INT8);
    if !is_single && key.oid() != Some(oid::INT8_ARRAY) {
        let sets = Expr::made(ExprKind::Array(sets.map(padded).collect())).cast(array_of("text"));
        return Term { expr: in_bytes(Expr::call("array_cat", vec![key.expr, sets])), ..key };
    }
    let sets = Expr::made(ExprKind::Array(sets.collect())).cast(array_of("int8"));
    let key = if is_single { Expr::made(ExprKind::Array(vec![key.expr])) } else { key.expr };
    let both = Expr::call("array_cat", vec![key.cast(array_of("int8")), sets]);
    Term::public(both, Some(TypeRef::plain(oid::INT8_ARRAY)))
}

/// The key of an arm of a set operation, with the arm's number before it. `whole` says that the keys of all arms
/// consist of integers.
pub(super) fn of_arm(number: i32, key: Expr, ty: Option<TypeRef>, whole: bool) -> Expr {
    let is_single = ty.is_some_and(|ty| ty.oid == oid::INT8);
    if whole {
        let rest = if is_single { Expr::made(ExprKind::Array(vec![key])) } else { key };
        let number = Expr::made(ExprKind::Literal(Literal::Integer(number))).cast(TypeName::builtin("int8"));
        return Expr::call("array_prepend", vec![number, rest.cast(array_of("int8"))]);
    }
    let rest = if is_single { Expr::made(ExprKind::Array(vec![padded(key)])) } else { key };
    let number = Expr::text(number.to_string());
    in_bytes(Expr::call("array_prepend", vec![number, rest.cast(array_of("text"))]))
}

/// True if the key is an integer or consists of them.
pub(super) fn is_whole(key: &OutputColumn) -> bool {
    key.ty.is_some_and(|ty| matches!(ty.oid, oid::INT8 | oid::INT8_ARRAY))
}

/// The type of keys of arms.
pub(super) const fn arm_type(whole: bool) -> TypeRef {
    TypeRef::plain(if whole { oid::INT8_ARRAY } else { oid::TEXT_ARRAY })
}

/// True where the key's arm is this one.
pub(super) fn has_arm(key: Expr, number: i32, whole: bool) -> Expr {
    let first = ExprKind::Path {
        base: Box::new(key),
        steps: vec![Step::Index(Expr::made(ExprKind::Literal(Literal::Integer(1))))],
    };
    let number = Expr::made(ExprKind::Literal(Literal::Integer(number)));
    let number = if whole { number } else { number.cast(TypeName::builtin("text")) };
    let same = Expr::operator(Expr::made(first), "=", number);
    Expr::call("bool_or", vec![same])
}

fn has_window(expr: &Expr) -> bool {
    let is_window = matches!(&expr.kind, ExprKind::Call(call) if call.over.is_some());
    is_window || expr.children().into_iter().any(has_window)
}

fn smallest(key: Expr) -> Expr {
    Expr::call("min", vec![key])
}

pub(super) fn smallest_over(key: Expr, among: Expr) -> Expr {
    let spec = WindowSpec { partition_by: vec![among], ..WindowSpec::default() };
    let call = Call { over: Some(Over::Spec(spec)), ..Call::plain(Qualified::builtin("min"), vec![key]) };
    Expr::made(ExprKind::Call(Box::new(call)))
}
