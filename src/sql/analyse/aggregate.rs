//! Aggregates: what they may be of, and the order in which they see their rows.

use super::super::allow::Sensitivity;
use super::super::catalogue::{Function, Oid, TypeRef};
use super::super::ir::{Call, Expr, ExprKind, OrderItem, Pos};
use super::super::refusal::{Checked, Denial};
use super::alike::Looks;
use super::call::{Resolved, arguments};
use super::order::extend_keys;
use super::scope::{Level, RowOrder, Term};
use super::{Analysis, Label, infer};

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
        let picks = self.picks(call, resolved.order);
        let terms: Vec<Term> =
            if picks { terms.into_iter().map(|term| self.with_same_zero(term)).collect() } else { terms };
        let ordered = self.aggregate_order(call, picks, pos, level)?;
        if call.distinct || !ordered.is_empty() {
            self.widens_by(terms.len().saturating_add(ordered.len()));
        }
        let ty = if call.within_group {
            self.ordered_set_type(resolved, &terms, &ordered)
        } else {
            resolved.result
        };
        if call.distinct && !call.order_by.is_empty() && !label.is_public() {
            return Err(distinct_identifiers(&label, pos));
        }
        let level = level.aggregating(before);
        if level.in_from.get() {
            let message = "aggregate functions are not allowed in FROM clause of their own query level";
            return Err(Denial::new("42803", message, pos));
        }
        level.aggregated.set(true);
        if picks && (call.distinct || call.within_group) {
            let call = Call { name: resolved.name.clone(), ..call.clone() };
            if let Some(expr) = self.of_alike(&call, &terms, &ordered, filter.as_ref(), pos)? {
                self.aggregates.push(expr.clone());
                return Ok(Term { expr, label, ty });
            }
        }
        let mut order_by: Vec<OrderItem> = ordered.into_iter().map(|(item, _)| item).collect();
        let open = level.outward_sources().any(|source| source == RowOrder::Open);
        // Where the server has an index in the order asked for, ties come as they stand there.
        let open = open || (!call.order_by.is_empty() && self.reads_protected());
        // So come the first and the last, where an index has them; and all rows, where they are sorted for another.
        let open = open || picks || (self.presorted && self.reads_protected());
        self.note_presorting(call);
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
        let expr = Expr { kind: ExprKind::Call(Box::new(rewritten)), pos };
        self.aggregates.push(expr.clone());
        Ok(Term { expr, label, ty })
    }

    /// The result of an aggregate of an ordered set, in which what the rows are ordered by are arguments, too.
    fn ordered_set_type(
        &self,
        resolved: &Resolved<'_>,
        terms: &[Term],
        ordered: &[(OrderItem, Term)],
    ) -> Option<TypeRef> {
        let ordered = ordered.iter().map(|(_, term)| term);
        let types: Vec<Option<Oid>> = terms.iter().chain(ordered).map(Term::oid).collect();
        let candidates: Vec<&Function> =
            resolved.rivals.iter().copied().filter(|rival| rival.arguments.len() == types.len()).collect();
        if candidates.is_empty() {
            // One of a hypothetical set, which takes anything.
            return resolved.result;
        }
        let signatures: Vec<Vec<Oid>> = candidates.iter().map(|rival| rival.arguments.clone()).collect();
        let picked =
            types.iter().all(Option::is_some).then(|| infer::pick(self.catalogue(), &signatures, &types));
        if let Some(found) = picked.flatten().and_then(|index| candidates.get(index)) {
            return infer::result(self.catalogue(), found.result, &found.arguments, &types);
        }
        let candidates = candidates.iter().map(|rival| (rival.arguments.as_slice(), rival.result));
        infer::result_of_any(self.catalogue(), candidates, &types)
    }

    /// The sort keys of an aggregate. Where one of several equal values would be picked, zeros are alike.
    fn aggregate_order(
        &mut self,
        call: &Call,
        picks: bool,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Vec<(OrderItem, Term)>> {
        let mut ordered = Vec::with_capacity(call.order_by.len());
        for item in &call.order_by {
            let term = self.expr(&item.value, level)?;
            if call.within_group {
                term.label.require_public(&format!("{}()", call.name.name), pos)?;
            }
            if !term.label.is_public() {
                return Err(ordered_by(&term, "ORDER BY in an aggregate"));
            }
            let term =
                if picks && (call.distinct || call.within_group) { self.with_same_zero(term) } else { term };
            ordered.push((self.order_item(item, &term)?, term));
        }
        Ok(ordered)
    }

    /// Whether the server will sort the rows before they come to this aggregate, and to all others beside it.
    fn note_presorting(&self, call: &Call) {
        const FIRST_TO_PRESORT: u32 = 16;
        let is_sorted = call.distinct || !call.order_by.is_empty();
        if is_sorted && self.catalogue().major_version() >= FIRST_TO_PRESORT {
            self.presorts.set(true);
        }
    }

    pub(super) fn aggregate_filter(&mut self, call: &Call, level: &Level<'_>) -> Checked<Option<Expr>> {
        match &call.filter {
            None => Ok(None),
            Some(filter) => Ok(Some(self.public(filter, level, "FILTER")?.expr)),
        }
    }

    /// True if the result depends on the order of the rows.
    pub(super) fn is_order_sensitive(&self, order: Sensitivity, terms: &[Term]) -> bool {
        // Zeros have been made alike by now.
        let is_exact = |term: &Term| self.looks(term.ty) == Looks::Float || self.is_alike(term);
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
