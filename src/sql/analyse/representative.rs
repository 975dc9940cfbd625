//! Which of several equal values stands for a group of them: behind a `GROUP BY`, and inside an aggregate.
//!
//! Not here: what is shown for a key and which types need that (`alike`); `DISTINCT` and set operations, which are
//! groupings by all columns (`row_key`, `set_operation`).

use super::super::catalogue::TypeKind;
use super::super::ir::walk::{self, Visitor};
use super::super::ir::{
    Alias, Body, Call, Expr, ExprKind, FromItem, FunctionItem, OrderItem, Over, Pos, Qualified, Query,
    Select, Sublink, Target, WindowSpec,
};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::alike::{Looks, is_fixed};
use super::from::derived;
use super::order::image;
use super::scope::{Level, Term};

/// What is printed in place of keys of groups, where it is not the key itself.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// A key, and what is shown of it.
    pairs: Vec<(Expr, Expr)>,
    /// Keys that are shown as they are, whatever stands in them.
    kept: Vec<Expr>,
}

struct Putting<'s> {
    shown: &'s Shown,
    level: &'s Level<'s>,
    /// What aggregates see are the rows themselves.
    aggregates: &'s [Expr],
}

impl Putting<'_> {
    /// True if an aggregate belongs to this level, or to one around: those of a subquery inside are of its rows.
    fn is_of_this_level(&self, aggregate: &Expr) -> bool {
        aggregate.children().into_iter().all(|inside| match &inside.kind {
            ExprKind::Column { names, .. } => names.first().is_some_and(|name| !self.level.is_free(name)),
            _ => self.is_of_this_level(inside),
        })
    }
}

impl Visitor for Putting<'_> {
    fn enters_expr(&mut self, expr: &mut Expr) -> bool {
        let pairs = &self.shown.pairs;
        if let Some((_, shown)) = pairs.iter().find(|(key, _)| key == expr) {
            expr.kind = shown.kind.clone();
            return false;
        }
        let is_shown = pairs.iter().any(|(_, shown)| shown == expr) || self.shown.kept.contains(expr);
        let is_grouping = matches!(expr.kind, ExprKind::Grouping(_));
        let is_aggregate = || self.aggregates.contains(expr) && self.is_of_this_level(expr);
        !is_shown && !is_grouping && !is_aggregate()
    }
}

impl Analysis<'_> {
    /// What is shown of keys of groups.
    pub(super) fn shown_keys(&self, keys: &[Term]) -> Checked<Shown> {
        let mut found = Shown::default();
        for key in keys {
            match self.shown_of_group(key)? {
                Some(shown) => found.pairs.push((key.expr.clone(), shown)),
                None => found.kept.push(key.expr.clone()),
            }
        }
        Ok(found)
    }

    /// Puts what is shown in place of keys.
    pub(super) fn put_shown(&self, shown: &Shown, level: &Level<'_>, expr: &mut Expr) {
        if !shown.pairs.is_empty() {
            walk::expr(expr, &mut Putting { shown, level, aggregates: &self.aggregates });
        }
    }

    /// The same in a window of a select.
    pub(super) fn put_shown_in_window(&self, shown: &Shown, level: &Level<'_>, window: &mut WindowSpec) {
        if !shown.pairs.is_empty() {
            walk::window(window, &mut Putting { shown, level, aggregates: &self.aggregates });
        }
    }

    /// A term as it is shown.
    pub(super) fn as_shown(&self, shown: &Shown, level: &Level<'_>, mut term: Term) -> Term {
        self.put_shown(shown, level, &mut term.expr);
        term
    }

    /// True if an aggregate or window function may pick one of several equal values.
    pub(super) fn picks(&self, call: &Call, order: super::super::allow::Sensitivity) -> bool {
        let sets = call.distinct && call.name.name != "count";
        (sets || order == super::super::allow::Sensitivity::Ties) && self.reads_protected()
    }

    /// An aggregate with `DISTINCT`, or of an ordered set, over values that are made alike first: they are taken
    /// together and read again, each as the first of its equals. `None` if they are alike as they are.
    pub(super) fn of_alike(
        &mut self,
        call: &Call,
        terms: &[Term],
        ordered: &[(OrderItem, Term)],
        filter: Option<&Expr>,
        pos: Pos,
    ) -> Checked<Option<Expr>> {
        let seen: Vec<&Term> = if call.within_group {
            ordered.iter().map(|(_, term)| term).collect()
        } else {
            terms.iter().collect()
        };
        let exact = |term: &&Term| {
            let looks = self.looks(term.ty);
            // Numbers become floating-point ones there.
            let becomes_float = call.name.name == "percentile_cont" && looks == Looks::Numeric;
            becomes_float || looks == Looks::Float || self.is_alike(term)
        };
        let differing: Vec<&Term> = seen.iter().copied().filter(|term| !exact(term)).collect();
        let are_others_fixed = seen
            .iter()
            .all(|term| is_fixed(&term.expr) || differing.iter().any(|value| value.expr == term.expr));
        let value = match differing.as_slice() {
            [] => return Ok(None),
            [value] if are_others_fixed && self.can_be_listed(value) => *value,
            _ => {
                let message = format!("{}() of values that may be equal and look different", call.name.name);
                return Err(Denial::unsupported(&message, pos)
                    .hint("take the DISTINCT in a subquery, or cast the values to text"));
            }
        };
        let (list, read) = (self.made_name(), self.made_name());
        let inside = Term { expr: Expr::column(&list, "v"), ..value.clone() };
        let alike = Expr::column(&read, "v");
        let first = Call {
            over: Some(Over::Spec(WindowSpec {
                partition_by: vec![inside.expr.clone()],
                order_by: vec![OrderItem::by(image(&inside))],
                ..WindowSpec::default()
            })),
            ..Call::plain(Qualified::builtin("first_value"), vec![inside.expr.clone()])
        };
        let listed = Call {
            filter: filter.cloned(),
            ..Call::plain(Qualified::builtin("array_agg"), vec![value.expr.clone()])
        };
        let from = function(Expr::call("unnest", vec![called(listed)]), list);
        let inner = only(called(first), "v", from);
        let again = |expr: &Expr| if *expr == value.expr { alike.clone() } else { expr.clone() };
        let mut outer = Call { filter: None, over: None, ..call.clone() };
        for (argument, term) in outer.arguments.iter_mut().zip(terms) {
            argument.value = again(&term.expr);
        }
        outer.order_by =
            ordered.iter().map(|(item, _)| OrderItem { value: again(&item.value), ..item.clone() }).collect();
        let name = outer.name.name.clone();
        let query = only(called(outer), &name, derived(inner, read, vec!["v".to_owned()]));
        Ok(Some(Expr { kind: ExprKind::Sublink(Box::new(Sublink::Scalar(query))), pos }))
    }

    /// True if an array of these values gives them back one by one.
    fn can_be_listed(&self, term: &Term) -> bool {
        let Some(ty) = term.ty.map(|ty| self.catalogue().base_type(ty)) else { return false };
        let known = self.catalogue().type_by_oid(ty.oid);
        known.is_some_and(|known| {
            let is_row = known.relation.is_some() || known.kind == TypeKind::Pseudo;
            known.element.is_none() && known.array.is_some() && !is_row
        })
    }
}

fn called(call: Call) -> Expr {
    Expr::made(ExprKind::Call(Box::new(call)))
}

/// `SELECT value AS name FROM item`.
fn only(value: Expr, name: &str, item: FromItem) -> Query {
    let target = Target { value, name: Some(name.to_owned()) };
    let select = Select { targets: vec![target], from: vec![item], ..Select::default() };
    Query::of(Body::Select(Box::new(select)))
}

/// `call AS name (v)`.
pub(super) fn function(call: Expr, name: String) -> FromItem {
    FromItem::Function(FunctionItem {
        lateral: false,
        rows_from: false,
        functions: vec![(call, Vec::new())],
        ordinality: false,
        alias: Some(Alias { name, columns: vec!["v".to_owned()] }),
        definitions: Vec::new(),
        pos: Pos::NONE,
    })
}
