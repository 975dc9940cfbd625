//! Aggregates: what they may be of, and the order in which they see their rows.

use super::super::allow::Sensitivity;
use super::super::catalogue::oid;
use super::super::ir::{Call, Expr, ExprKind, Pos};
use super::super::refusal::{Checked, Denial};
use super::call::{Resolved, arguments};
use super::order::{extend_keys, shows_its_order};
use super::scope::{Level, RowOrder, Term};
use super::{Analysis, Label};

impl Analysis<'_> {
    /// A call of an aggregate at `level`; `before` are the level's reads before its arguments.
    pub(super) fn aggregate(
        &mut self,
        call: &Call,
        terms: Vec<Term>,
        resolved: &Resolved<'_>,
        pos: Pos,
        (level, before): (&Level<'_>, &[usize]),
    ) -> Checked<Term> {
        let label = aggregate_label(call, &terms, pos)?;
        let filter = self.aggregate_filter(call, level)?;
        let mut order_by = Vec::with_capacity(call.order_by.len());
        for item in &call.order_by {
            let term = self.expr(&item.value, level)?;
            if call.within_group {
                term.label.require_public(&format!("{}()", call.name.name), pos)?;
            }
            if !term.label.is_public() {
                return Err(ordered_by(&term, "ORDER BY in an aggregate"));
            }
            order_by.push(self.order_item(item, &term)?);
        }
        if call.distinct && !call.order_by.is_empty() && !label.is_public() {
            return Err(distinct_identifiers(&label, pos));
        }
        let level = level.aggregating(before);
        level.aggregated.set(true);
        let open = level.outward_sources().any(|source| source == RowOrder::Open);
        // Where the server has an index in the order asked for, ties come as they stand there.
        let open = open || (!call.order_by.is_empty() && self.reads_protected());
        if open && !call.distinct && !call.within_group && self.is_order_sensitive(resolved.order, &terms) {
            let total = match self.key_order(level)? {
                Some(key) => key,
                None => self.total_keys(&terms)?,
            };
            extend_keys(&mut order_by, total);
        }
        let rewritten = Call {
            name: resolved.name.clone(),
            arguments: arguments(call, terms),
            order_by,
            filter,
            over: None,
            ..call.clone()
        };
        Ok(Term { expr: Expr { kind: ExprKind::Call(Box::new(rewritten)), pos }, label, ty: resolved.result })
    }

    pub(super) fn aggregate_filter(&mut self, call: &Call, level: &Level<'_>) -> Checked<Option<Expr>> {
        match &call.filter {
            None => Ok(None),
            Some(filter) => Ok(Some(self.public(filter, level, "FILTER")?.expr)),
        }
    }

    /// True if the result depends on the order of the rows.
    pub(super) fn is_order_sensitive(&self, order: Sensitivity, terms: &[Term]) -> bool {
        let is_exact = |term: &Term| match term.oid() {
            Some(oid::TEXT | oid::VARCHAR) => !self.catalogue().has_loose_collation(),
            Some(ty) => shows_its_order(ty),
            None => false,
        };
        match order {
            Sensitivity::None => false,
            Sensitivity::Ties => !terms.iter().all(is_exact),
            Sensitivity::Always => true,
        }
    }
}

/// What an aggregate of identifiers may be.
pub(super) fn aggregate_label(call: &Call, terms: &[Term], pos: Pos) -> Checked<Label> {
    let Some(identity) = terms.iter().find_map(|term| term.label.identity()) else {
        return Ok(Label::Public);
    };
    let builtin = call.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    match (call.name.name.as_str(), terms) {
        ("count", _) if builtin => Ok(Label::Public),
        ("array_agg", [Term { label: Label::Identifier(identity), .. }]) if builtin => {
            let label = Label::Identifiers(std::sync::Arc::clone(identity));
            if call.distinct { Err(distinct_identifiers(&label, pos)) } else { Ok(label) }
        }
        _ => Err(identity.misused(&format!("{}()", call.name.name), pos)),
    }
}

/// Nothing else orders rows inside an aggregate or a window than what can be written there.
pub(super) fn ordered_by(term: &Term, construct: &str) -> Denial {
    match term.label.identity() {
        Some(identity) => identity
            .misused(construct, term.pos())
            .hint("order by something else; PARTITION BY it, or GROUP BY it, is allowed"),
        None => Denial::unsupported(construct, term.pos()),
    }
}

/// The server would sort the raw values.
fn distinct_identifiers(label: &Label, pos: Pos) -> Denial {
    match label.identity() {
        Some(identity) => identity.misused("an ordered DISTINCT aggregate", pos).hint(
            "take the DISTINCT in a subquery: SELECT array_agg(x) FROM (SELECT DISTINCT x FROM t) AS q",
        ),
        None => Denial::unsupported("this aggregate", pos),
    }
}
