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
    Body, Call, Expr, ExprKind, GroupBy, GroupItem, Literal, OrderItem, Over, Qualified, Query, Select,
    Target, TypeName, WindowSpec,
};
use super::super::refusal::Checked;
use super::super::rules::Protection;
use super::scope::{Item, Level, OutputColumn, Term};
use super::{Analysis, Label};

const TID: u32 = 27;
const TEXT_ARRAY: u32 = 1009;

/// What the key of a table is made of.
pub(super) fn columns_of_key(
    relation: &Relation,
    protections: &[Protection],
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
        _ => vec![("ctid".to_owned(), TypeRef::plain(TID))],
    };
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
}

impl Item {
    /// With the key of a query: its hidden column, or all of its columns if none is raw.
    pub(super) fn keyed(mut self, hidden: Option<&OutputColumn>) -> Self {
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

    /// The hidden column of a select whose rows, or groups of rows, come from this level.
    pub(super) fn hidden_key(&mut self, level: &Level<'_>, grouped: bool) -> Option<(Target, OutputColumn)> {
        let key = as_one(&level.row_key().filter(|_| self.keyed)?);
        let value = if grouped { smallest(key.expr) } else { key.expr };
        let column = OutputColumn { name: self.made_name(), label: Label::Public, ty: key.ty };
        Some((Target { value, name: Some(column.name.clone()) }, column))
    }

    /// The sort key of an identifier: where the first row that has it comes. What a window function picks cannot
    /// be the partition of another.
    pub(super) fn first_of(&self, term: &Term, level: &Level<'_>, grouped: bool) -> Option<Expr> {
        if has_window(&term.expr) {
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
    ) -> (Query, OutputColumn) {
        let alias = self.made_name();
        let names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
        let mut targets: Vec<Target> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| Target {
                value: Expr::column(&alias, name),
                name: Some(column.name.clone()),
            })
            .collect();
        let made = OutputColumn { name: self.made_name(), ..key.clone() };
        targets
            .push(Target { value: smallest(Expr::column(&alias, &key.name)), name: Some(made.name.clone()) });
        let items = names.iter().map(|name| GroupItem::Expr(Expr::column(&alias, name))).collect();
        let select = Select {
            targets,
            from: vec![super::from::derived(inner, alias, names)],
            group_by: GroupBy { distinct: false, items },
            having,
            ..Select::default()
        };
        (Query::of(Body::Select(Box::new(select))), made)
    }
}

/// One value that tells rows apart as the key does, and can be compared.
fn as_one(key: &[Term]) -> Term {
    let is_integer = |term: &Term| matches!(term.oid(), Some(oid::INT2 | oid::INT4 | oid::INT8 | oid::OID));
    match key {
        [only] if is_integer(only) => {
            Term::public(only.expr.clone().cast(TypeName::builtin("int8")), Some(TypeRef::plain(oid::INT8)))
        }
        _ => texts(key.iter().map(|term| term.expr.clone().cast(TypeName::builtin("text"))).collect()),
    }
}

fn texts(values: Vec<Expr>) -> Term {
    let array = Expr::made(ExprKind::Array(values)).cast(text_array());
    Term::public(in_bytes(array), Some(TypeRef::plain(TEXT_ARRAY)))
}

fn text_array() -> TypeName {
    TypeName { dimensions: vec![None], ..TypeName::builtin("text") }
}

fn in_bytes(value: Expr) -> Expr {
    Expr::made(ExprKind::Collate { value: Box::new(value), collation: Qualified::builtin("C") })
}

/// The key of an arm of a set operation, with the arm's number before it; its type is then that of every arm.
pub(super) fn of_arm(number: i32, key: Expr, ty: Option<TypeRef>) -> Expr {
    let text = TypeName::builtin("text");
    let key = match ty.map(|ty| ty.oid) {
        Some(oid::INT8) => Expr::made(ExprKind::Array(vec![key.cast(text)])),
        _ => key,
    };
    let number = Expr::text(number.to_string());
    in_bytes(Expr::call("array_prepend", vec![number, key.cast(text_array())]))
}

/// The type of keys of arms.
pub(super) const fn arm_type() -> TypeRef {
    TypeRef::plain(TEXT_ARRAY)
}

/// True where the key's arm is this one.
pub(super) fn has_arm(key: Expr, number: i32) -> Expr {
    let first = ExprKind::Path {
        base: Box::new(key),
        steps: vec![super::super::ir::Step::Index(Expr::made(ExprKind::Literal(Literal::Integer(1))))],
    };
    let same = Expr::operator(Expr::made(first), "=", Expr::text(number.to_string()));
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
