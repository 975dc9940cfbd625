//! Total orders of what may be seen.
//!
//! Rows that tie in every visible value are interchangeable, so ordering by all visible values leaves nothing for
//! the server's plan to decide. The key of the rows does the same, where one is known (`row_key`); where none is,
//! identifiers are ordered by a hash with the session's salt.

use super::super::catalogue::{Oid, oid};
use super::super::ir::{
    Body, Call, Direction, Expr, ExprKind, Literal, OrderItem, Over, Qualified, Query, Select, Target,
    TypeName, WindowSpec,
};
use super::super::refusal::{Checked, Denial};
use super::conversion::Operand;
use super::from::derived;
use super::query::{KeyUse, Tail};
use super::row_key::smallest_over;
use super::scope::{Level, OutputColumn, Term};
use super::{Analysed, Analysis, Label, RowOrder};

impl Analysis<'_> {
    /// What to sort by in place of `term`: itself, or the salted hash of an identifier.
    pub(super) fn sort_key(&self, term: &Term) -> Checked<Expr> {
        self.note_key(term.ty);
        match &term.label {
            Label::Null | Label::Public => Ok(term.expr.clone()),
            Label::Identifier(_) | Label::Identifiers(_) => Ok(self.salted(term)),
            Label::Row(_) => Err(Denial::unsupported("ordering by a row with identifiers in it", term.pos())
                .hint("order by its columns, one by one")),
        }
    }

    /// Which way a sort key goes, with its operator resolved.
    pub(super) fn direction(&self, item: &OrderItem, term: &Term) -> Checked<Direction> {
        match &item.direction {
            Direction::Using(op) => {
                term.label.require_public("ORDER BY ... USING", term.pos())?;
                let (op, _) = self.resolve_operator(op, &[Operand::of_type(term.oid()); 2], term.pos())?;
                Ok(Direction::Using(op))
            }
            other => Ok(other.clone()),
        }
    }

    /// The sort key that stands for `item`, whose expression is `term`.
    pub(super) fn order_item(&self, item: &OrderItem, term: &Term) -> Checked<OrderItem> {
        Ok(OrderItem {
            value: self.sort_key(term)?,
            direction: self.direction(item, term)?,
            nulls: item.nulls,
        })
    }

    /// A hash of an identifier that only this session's salt explains.
    pub(super) fn salted(&self, term: &Term) -> Expr {
        self.fixed_order.set(true);
        let value = term.expr.clone();
        let bytes = match (&term.label, term.oid()) {
            (Label::Identifier(_), Some(oid::BYTEA)) => value,
            (Label::Identifier(_), Some(oid::UUID)) => Expr::call("uuid_send", vec![value]),
            (Label::Identifier(_), Some(oid::INT2 | oid::INT4 | oid::INT8)) => {
                Expr::call("int8send", vec![value.cast(TypeName::builtin("int8"))])
            }
            _ => {
                let text = value.cast(TypeName::builtin("text"));
                Expr::call("convert_to", vec![text, Expr::text("UTF8")])
            }
        };
        let hex: String = self.salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let salt = Expr::text(format!("\\x{hex}")).cast(TypeName::builtin("bytea"));
        Expr::call("sha256", vec![Expr::operator(salt, "||", bytes)])
    }

    /// Sort keys that leave no tie between values that a client can tell apart.
    pub(super) fn total_keys(&self, terms: &[Term]) -> Checked<Vec<OrderItem>> {
        self.fixed_order.set(true);
        let mut keys = Vec::with_capacity(terms.len());
        for term in terms {
            match &term.label {
                Label::Null => {}
                Label::Identifier(_) | Label::Identifiers(_) => keys.push(OrderItem::by(self.salted(term))),
                Label::Row(_) => {
                    return Err(Denial::unsupported("a row with identifiers in it, here", term.pos())
                        .hint("select its columns, one by one"));
                }
                Label::Public if is_constant(&term.expr) => {}
                Label::Public => {
                    if term.oid().is_some_and(is_sortable) {
                        keys.push(OrderItem::by(self.unordinal(term.expr.clone())));
                    }
                    if !term.oid().is_some_and(shows_its_order) {
                        keys.push(OrderItem::by(image(term)));
                    }
                }
            }
        }
        Ok(keys)
    }

    /// A bare integer would be read as the number of a column.
    fn unordinal(&self, expr: Expr) -> Expr {
        match expr.kind {
            ExprKind::Literal(Literal::Integer(_)) => expr.cast(TypeName::builtin("int4")),
            _ => expr,
        }
    }

    /// A last sort key that is the same for all rows, and not known before all of them have been read: what fails on a
    /// row has failed by then, and not behind those rows that happened to be read earlier.
    pub(super) fn all_read(&self) -> Option<OrderItem> {
        let count = Call {
            star: true,
            over: Some(Over::Spec(WindowSpec::default())),
            ..Call::plain(Qualified::builtin("count"), Vec::new())
        };
        self.may_raise.get().then(|| OrderItem::by(Expr::made(ExprKind::Call(Box::new(count)))))
    }

    /// A subquery whose consumer stops at a row that suits it: read to its end before that, if its rows are in an open
    /// order and one of them may fail.
    pub(super) fn read_whole(&mut self, analysed: Analysed) -> Query {
        let Some(all_read) = self.all_read().filter(|_| analysed.order == RowOrder::Open) else {
            return analysed.query;
        };
        let alias = self.made_name();
        let names: Vec<String> = (1..=analysed.columns.len()).map(|number| format!("c{number}")).collect();
        let targets = names.iter().map(|name| Target { value: Expr::column(&alias, name), name: None });
        let select = Select {
            targets: targets.collect(),
            from: vec![derived(analysed.query, alias, names)],
            ..Select::default()
        };
        let mut query = Query::of(Body::Select(Box::new(select)));
        query.order_by.push(all_read);
        query
    }

    /// Puts `inner`, whose rows are in an open order or whose sort keys need a hash, into a query that sorts them.
    /// `keys` are the client's own, by output column.
    pub(super) fn wrapped(
        &mut self,
        inner: Query,
        columns: Vec<OutputColumn>,
        row_key: Option<&OutputColumn>,
        keys: &[(usize, OrderItem)],
        tail: &Tail<'_>,
        level: &Level<'_>,
    ) -> Checked<Analysed> {
        let alias = self.made_name();
        let names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
        let terms: Vec<Term> = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| Term {
                expr: Expr::column(&alias, name),
                label: column.label.clone(),
                ty: column.ty,
            })
            .collect();
        let targets = terms
            .iter()
            .zip(&columns)
            .map(|(term, column)| Target { value: term.expr.clone(), name: Some(column.name.clone()) });
        let select = Select {
            targets: targets.collect(),
            from: vec![derived(inner, alias.clone(), names)],
            ..Select::default()
        };
        let mut query = Query::of(Body::Select(Box::new(select)));
        for (index, item) in keys {
            let term = terms.get(*index).ok_or_else(|| Denial::odd_tree("sort key", item.value.pos))?;
            let value = match row_key.filter(|_| !term.label.is_public()) {
                Some(key) => smallest_over(Expr::column(&alias, &key.name), term.expr.clone()),
                None => self.sort_key(term)?,
            };
            query.order_by.push(OrderItem {
                value,
                direction: self.direction(item, term)?,
                nulls: item.nulls,
            });
        }
        let mut total: Vec<Term> = terms;
        if let Some(key) = row_key {
            total.retain(|term| term.label.is_public());
            total.push(Term::public(Expr::column(&alias, &key.name), key.ty));
        }
        extend_keys(&mut query.order_by, self.total_keys(&total)?);
        query.order_by.extend(self.all_read());
        self.cut(&mut query, tail, level)?;
        let row_key = row_key.filter(|_| tail.key != KeyUse::None).cloned();
        if let (Some(key), Body::Select(select)) = (&row_key, &mut query.body) {
            let value = Expr::column(&alias, &key.name);
            select.targets.push(Target { value, name: Some(key.name.clone()) });
        }
        Ok(Analysed { query, columns, order: RowOrder::Public, row_key, repeats: true })
    }
}

/// Appends keys that are not there yet.
pub(super) fn extend_keys(keys: &mut Vec<OrderItem>, more: Vec<OrderItem>) {
    for item in more {
        if !keys.iter().any(|known| known.value == item.value) {
            keys.push(item);
        }
    }
}

/// The text of a value, in the order of its bytes: another one for all that look different.
pub(super) fn image(term: &Term) -> Expr {
    let text = match term.oid() {
        // A cast would drop the blanks at its end.
        Some(oid::BPCHAR) => Expr::call("concat", vec![term.expr.clone()]),
        _ => term.expr.clone().cast(TypeName::builtin("text")),
    };
    Expr::made(ExprKind::Collate { value: Box::new(text), collation: Qualified::builtin("C") })
}

/// `array_agg(x ORDER BY x::text)`.
pub(super) fn array_of_ordered(term: &Term) -> Expr {
    let call = Call {
        order_by: vec![OrderItem::by(image(term))],
        ..Call::plain(Qualified::builtin("array_agg"), vec![term.expr.clone()])
    };
    Expr::made(ExprKind::Call(Box::new(call)))
}

/// A value that is the same in every row.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Param(_) => true,
        ExprKind::Cast { value, .. } => is_constant(value),
        _ => false,
    }
}

/// Types with an order of their own.
const fn is_sortable(ty: Oid) -> bool {
    shows_its_order(ty)
        || matches!(
            ty,
            oid::NUMERIC
                | oid::FLOAT4
                | oid::FLOAT8
                | oid::INTERVAL
                | oid::BPCHAR
                | oid::TIMETZ
                | oid::INT8_ARRAY
                | oid::TEXT_ARRAY
        )
}

/// Types whose equal values look alike.
pub(super) const fn shows_its_order(ty: Oid) -> bool {
    matches!(
        ty,
        oid::BOOL
            | oid::BYTEA
            | oid::CHAR
            | oid::NAME
            | oid::INT8
            | oid::INT2
            | oid::INT4
            | oid::OID
            | oid::TID
            | oid::CIDR
            | oid::MACADDR8
            | oid::MACADDR
            | oid::INET
            | oid::DATE
            | oid::TIME
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            | oid::UUID
    )
}
