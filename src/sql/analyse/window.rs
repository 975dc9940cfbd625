//! Window functions: their partitions may be of identifiers, their order is of visible values, and ties get a fixed order where the
//! server's own order may be one of raw values.

use super::super::allow::Sensitivity;
use super::super::catalogue::{FunctionKind, TypeRef};
use super::super::ir::{
    Bound, BoundKind, Call, Expr, ExprKind, Frame, FrameExclusion, FrameUnits, Literal, OrderItem, Over, Pos,
    WindowSpec,
};
use super::super::refusal::{Checked, Denial};
use super::aggregate::{aggregate_label, ordered_by};
use super::call::{Resolved, arguments};
use super::scope::{Level, Term};
use super::ties::TOTAL_ORDER;
use super::{Analysis, Label};

impl Analysis<'_> {
    /// Rewrites a window: identifiers among its keys by their hash, whose classes are the same.
    pub(super) fn window_spec(&mut self, spec: &WindowSpec, level: &Level<'_>) -> Checked<WindowSpec> {
        let mut partition_by = Vec::with_capacity(spec.partition_by.len());
        for key in &spec.partition_by {
            let term = self.expr(key, level)?;
            let raw = !term.label.is_public() && self.keyed && level.row_key().is_some();
            partition_by.push(if raw { term.expr } else { self.sort_key(&term)? });
        }
        let mut order_by = Vec::with_capacity(spec.order_by.len());
        for item in &spec.order_by {
            let term = self.expr(&item.value, level)?;
            if !term.label.is_public() {
                return Err(ordered_by(&term, "ORDER BY in a window"));
            }
            order_by.push(self.order_item(item, &term)?);
        }
        self.widens_by(partition_by.len().saturating_add(order_by.len()));
        // An index may serve the keys, and go on with raw values where they tie.
        let is_sorted = !partition_by.is_empty() || !order_by.is_empty();
        level.sorted.set(level.sorted.get() || (is_sorted && self.reads_protected()));
        let frame = match &spec.frame {
            None => None,
            Some(frame) => {
                let mut bound = |bound: &Bound| {
                    let offset = match &bound.offset {
                        None => None,
                        Some(offset) => {
                            let offset = self.public(offset, level, "a frame")?.expr;
                            // Ends of ranges are sums, which may lead out of their type; no other is below zero.
                            let is_calm = frame.units != FrameUnits::Range && is_count(&offset);
                            if !is_calm {
                                self.raises();
                            }
                            Some(Box::new(offset))
                        }
                    };
                    Ok(Bound { kind: bound.kind, offset })
                };
                let (start, end) = (bound(&frame.start)?, bound(&frame.end)?);
                Some(Frame { start, end, ..frame.clone() })
            }
        };
        Ok(WindowSpec { base: spec.base.clone(), partition_by, order_by, frame, pos: spec.pos })
    }

    pub(super) fn windowed(
        &mut self,
        call: &Call,
        terms: Vec<Term>,
        resolved: &Resolved<'_>,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let terms = if self.picks(call, resolved.order) {
            terms.into_iter().map(|term| self.with_same_zero(term)).collect()
        } else {
            terms
        };
        let (label, ty) = self.window_label(call, &terms, resolved, pos)?;
        let filter = self.aggregate_filter(call, level)?;
        if !call.order_by.is_empty() {
            return Err(Denial::new(
                "0A000",
                "aggregate ORDER BY is not implemented for window functions",
                pos,
            ));
        }
        let mut over = match &call.over {
            Some(Over::Spec(spec)) => Over::Spec(self.window_spec(spec, level)?),
            Some(Over::Named(name)) => Over::Named(name.clone()),
            None => return Err(Denial::odd_tree("window", pos)),
        };
        if level.rows_open() || self.reads_protected() {
            let flat = flattened(&over, level, pos)?;
            if let Some(ordered) = self.tied(call, &terms, &flat, resolved.order, pos)? {
                level.tied.borrow_mut().push((ordered.partition_by.clone(), ordered.order_by.clone()));
                over = Over::Spec(ordered);
                self.marked_ties = true;
            }
        }
        let rewritten = Call {
            name: resolved.name.clone(),
            arguments: arguments(call, terms),
            filter,
            over: Some(over),
            ..call.clone()
        };
        Ok(Term { expr: Expr { kind: ExprKind::Call(Box::new(rewritten)), pos }, label, ty })
    }

    fn window_label(
        &self,
        call: &Call,
        terms: &[Term],
        resolved: &Resolved<'_>,
        pos: Pos,
    ) -> Checked<(Label, Option<TypeRef>)> {
        let first = terms.first();
        let value =
            || (first.map_or(Label::Public, |term| term.label.clone()), first.and_then(|term| term.ty));
        let rest_public = |construct: &str| -> Checked<()> {
            terms.iter().skip(1).try_for_each(|term| term.label.require_public(construct, pos))
        };
        if resolved.kind != FunctionKind::Window {
            let label = aggregate_label(call, terms, pos)?;
            if matches!(label, Label::Identifiers(_)) {
                label.require_public("array_agg() over a window", pos)?;
            }
            return Ok((label, resolved.result));
        }
        match call.name.name.as_str() {
            name @ ("lag" | "lead") => {
                let (label, ty) = value();
                if let Some(offset) = terms.get(1) {
                    offset.label.require_public(name, pos)?;
                }
                let default = terms.get(2).map_or(Label::Null, |term| term.label.clone());
                let ty = if terms.len() > 2 { ty.map(|ty| TypeRef::plain(ty.oid)) } else { ty };
                Ok((label.merge(default, &format!("the default of {name}()"), pos)?, ty))
            }
            name @ ("first_value" | "last_value" | "nth_value") => {
                rest_public(name)?;
                Ok(value())
            }
            name => {
                terms.iter().try_for_each(|term| term.label.require_public(name, pos))?;
                Ok((Label::Public, resolved.result))
            }
        }
    }

    /// The window with a total order, if the function can tell rows that tie apart.
    fn tied(
        &self,
        call: &Call,
        terms: &[Term],
        spec: &WindowSpec,
        order: Sensitivity,
        pos: Pos,
    ) -> Checked<Option<WindowSpec>> {
        let total = |frame: Option<Frame>| {
            let mut spec = WindowSpec { frame, ..spec.clone() };
            let names = TOTAL_ORDER.map(str::to_owned).to_vec();
            spec.order_by.push(OrderItem::by(Expr::made(ExprKind::Column { names, star: false })));
            Ok(Some(spec))
        };
        let name = call.name.name.as_str();
        if matches!(name, "row_number" | "ntile" | "lag" | "lead") {
            return total(None);
        }
        let by_rows = spec.frame.as_ref().is_some_and(|frame| frame.units == FrameUnits::Rows);
        if by_rows {
            return total(spec.frame.clone());
        }
        let sensitive = match name {
            "first_value" | "last_value" | "nth_value" => true,
            _ => self.is_order_sensitive(order, terms),
        };
        if !sensitive {
            return Ok(None);
        }
        let ends = ends(spec);
        let excludes = spec.frame.as_ref().is_some_and(|frame| frame.exclusion != FrameExclusion::NoOthers);
        let whole = ends == (BoundKind::UnboundedPreceding, BoundKind::UnboundedFollowing);
        let from_start =
            ends == (BoundKind::UnboundedPreceding, BoundKind::CurrentRow) && name == "first_value";
        if !excludes && (whole || from_start) {
            return total(Some(whole_partition()));
        }
        let message =
            format!("{name}() over a frame of ties is refused here: it would tell the order of rows");
        Err(Denial::forbidden(message, pos).hint("say ROWS, and order the window by something unique"))
    }
}

/// The window with nothing taken over from a named one.
fn flattened(over: &Over, level: &Level<'_>, pos: Pos) -> Checked<WindowSpec> {
    let named = |name: &str| -> Checked<WindowSpec> {
        let windows = level.windows.borrow();
        let found = windows.iter().find(|(known, _)| known == name).map(|(_, spec)| spec.clone());
        found.ok_or_else(|| Denial::new("42704", format!("window \"{name}\" does not exist"), pos))
    };
    let mut spec = match over {
        Over::Named(name) => named(name)?,
        Over::Spec(spec) => spec.clone(),
    };
    // Each named window may itself be built on another, defined before it.
    for _ in 0..64 {
        let Some(base) = spec.base.take() else { return Ok(spec) };
        let base = named(&base)?;
        spec.partition_by = base.partition_by;
        if !base.order_by.is_empty() {
            spec.order_by = base.order_by;
        }
        spec.base = base.base;
    }
    Err(Denial::unsupported("this many windows on windows", pos))
}

/// The ends of a frame; without an order, all rows of a partition are peers.
fn ends(spec: &WindowSpec) -> (BoundKind, BoundKind) {
    let ordered = !spec.order_by.is_empty();
    let end = |kind: BoundKind, last: bool| match kind {
        BoundKind::CurrentRow if !ordered && last => BoundKind::UnboundedFollowing,
        BoundKind::CurrentRow if !ordered => BoundKind::UnboundedPreceding,
        kind => kind,
    };
    match &spec.frame {
        None => (BoundKind::UnboundedPreceding, end(BoundKind::CurrentRow, true)),
        Some(frame) => (end(frame.start.kind, false), end(frame.end.kind, true)),
    }
}

/// True for a number of rows that is written down.
const fn is_count(offset: &Expr) -> bool {
    matches!(offset.kind, ExprKind::Literal(Literal::Integer(0..)))
}

const fn whole_partition() -> Frame {
    Frame {
        units: FrameUnits::Rows,
        start: Bound { kind: BoundKind::UnboundedPreceding, offset: None },
        end: Bound { kind: BoundKind::UnboundedFollowing, offset: None },
        exclusion: FrameExclusion::NoOthers,
    }
}
