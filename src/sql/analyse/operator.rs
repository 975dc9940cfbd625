//! Operators: which one is meant, and what it may be applied to.

use super::super::catalogue::{Oid, Operator, TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Pos, Qualified};
use super::super::refusal::{Checked, Denial};
use super::compare::{Compared, is_equality, sided};
use super::expr::boolean;
use super::scope::{Level, Term};
use super::{Analysis, Label, infer};

impl Analysis<'_> {
    pub(super) fn operator(
        &mut self,
        op: &Qualified,
        left: Option<&Expr>,
        right: &Expr,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let Some(left) = left else {
            let right = self.public(right, level, &format!("operator {}", op.name))?;
            let (op, ty) = self.resolve_operator(op, None, right.oid(), pos)?;
            let kind = ExprKind::Operator { op, left: None, right: Box::new(right.expr) };
            return Ok(Term::public(Expr { kind, pos }, ty));
        };
        if is_equality(op) {
            return self.equality(op, left, right, pos, level);
        }
        let left = self.expr(left, level)?;
        let right = self.expr(right, level)?;
        let label = operator_label(op, &left, &right, pos)?;
        let before = self.raised();
        let is_total = self.is_total(op, [sided(&left), sided(&right)]);
        let (op, ty) = self.resolve_operator(op, left.oid(), right.oid(), pos)?;
        let ty = ty.or_else(|| self.joined_array(&op, left.oid()?, right.oid()?));
        let kind = ExprKind::Operator { op, left: Some(Box::new(left.expr)), right: Box::new(right.expr) };
        let expr = Expr { kind, pos };
        if is_total {
            self.restore(before);
        }
        self.calm(before, &expr);
        Ok(Term { expr, label, ty })
    }

    /// `array || array`, or with an element of it on one side.
    fn joined_array(&self, op: &Qualified, left: Oid, right: Oid) -> Option<TypeRef> {
        let is_with = |array: Oid, other: Oid| {
            let element = self.catalogue().element_type(array);
            element.is_some() && (other == array || other == oid::UNKNOWN || element == Some(other))
        };
        let whole = [(left, right), (right, left)].into_iter().find(|(array, other)| is_with(*array, *other));
        whole.filter(|_| op.name == "||").map(|(array, _)| TypeRef::plain(array))
    }

    fn equality(
        &mut self,
        op: &Qualified,
        left: &Expr,
        right: &Expr,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        // A row on one side may be a subquery of several columns on the other; both have their labels.
        let Compared { left, right, types } = self.compared(left, right, &format!("`{}`", op.name), level)?;
        let (before, is_total) = (self.raised(), self.is_total(op, types));
        let types = (self.quick_type(&left), self.quick_type(&right));
        let (op, _) = self.resolve_operator(op, types.0, types.1, pos)?;
        if is_total {
            self.restore(before);
        }
        Ok(boolean(ExprKind::Operator { op, left: Some(left), right }, pos))
    }

    /// True if the operator fails on no values of these types, whichever of its overloads the server takes.
    fn is_total(&self, op: &Qualified, types: [Option<Oid>; 2]) -> bool {
        let of_types = |candidate: &&Operator| {
            let operands = [candidate.left, Some(candidate.right)];
            let fits = |(operand, ty): (Option<Oid>, Option<Oid>)| {
                operand.zip(ty).is_some_and(|(operand, ty)| infer::coerces(self.catalogue(), ty, operand))
            };
            operands.into_iter().zip(types).all(fits)
        };
        let is_known = types.iter().flatten().any(|ty| *ty != oid::UNKNOWN);
        let named = self.catalogue().operators(if op.name == "!=" { "<>" } else { &op.name });
        let mut fitting = named.iter().filter(of_types).peekable();
        let rule = |candidate: &Operator| self.world.lists.operator(self.catalogue(), candidate);
        is_known
            && fitting.peek().is_some()
            && fitting.all(|candidate| rule(candidate).is_ok_and(|rule| !rule.can_raise))
    }

    /// The type of a rewritten expression, where its form tells.
    pub(super) fn quick_type(&self, expr: &Expr) -> Option<Oid> {
        match &expr.kind {
            ExprKind::Cast { to, .. } if to.dimensions.is_empty() => {
                self.catalogue().type_by_name(&to.name, &[]).map(|ty| ty.oid)
            }
            ExprKind::Row { .. } => Some(oid::RECORD),
            _ => None,
        }
    }

    /// The operator with its schema, and the type of its result.
    pub(super) fn resolve_operator(
        &self,
        op: &Qualified,
        left: Option<Oid>,
        right: Option<Oid>,
        pos: Pos,
    ) -> Checked<(Qualified, Option<TypeRef>)> {
        self.operator_along(&self.path, op, (left, right), pos)
    }

    fn operator_along(
        &self,
        path: &[String],
        op: &Qualified,
        (left, right): (Option<Oid>, Option<Oid>),
        pos: Pos,
    ) -> Checked<(Qualified, Option<TypeRef>)> {
        let named: Vec<&Operator> = self
            .catalogue()
            .operators(if op.name == "!=" { "<>" } else { &op.name })
            .iter()
            .filter(|candidate| match &op.schema {
                Some(schema) => candidate.schema == *schema,
                None => path.contains(&candidate.schema),
            })
            .collect();
        if named.is_empty() {
            return Err(Denial::new("42883", format!("operator {} does not exist", op.name), pos));
        }
        let rule = |candidate: &Operator| self.world.lists.operator(self.catalogue(), candidate);
        let refused = |refused| Denial::unlisted(&format!("operator {}", op.name), refused, pos);
        let builtin_only = named.iter().all(|candidate| candidate.schema == "pg_catalog");
        let arity = |candidate: &&&Operator| candidate.left.is_some() == left.is_some();
        let unary_or_binary: Vec<&Operator> =
            if left.is_some() { named.iter().filter(arity).copied().collect() } else { named.clone() };
        let types: Vec<Vec<Oid>> = unary_or_binary
            .iter()
            .map(|candidate| candidate.left.into_iter().chain([candidate.right]).collect())
            .collect();
        let arguments: Vec<Option<Oid>> = if left.is_some() { vec![left, right] } else { vec![right] };
        let same_width: Vec<usize> = (0..types.len())
            .filter(|index| types.get(*index).is_some_and(|ty| ty.len() == arguments.len()))
            .collect();
        let fitting: Vec<Vec<Oid>> =
            same_width.iter().filter_map(|index| types.get(*index).cloned()).collect();
        let arguments = both_alike(arguments);
        let picked = infer::pick(self.catalogue(), &fitting, &arguments)
            .and_then(|index| same_width.get(index))
            .and_then(|index| unary_or_binary.get(*index));
        if let Some(found) = picked {
            // Types are advice: whichever of its schema the server takes must be allowed.
            let rivals = named.iter().filter(|rival| rival.schema == found.schema);
            rivals.map(|rival| rule(rival)).collect::<Result<Vec<_>, _>>().map_err(refused)?;
            if rule(found).map_err(refused)?.can_raise {
                self.raises();
            }
            let parameters: Vec<Oid> = found.left.into_iter().chain([found.right]).collect();
            let ty = infer::result(self.catalogue(), found.result, &parameters, &arguments);
            return Ok((Qualified::within(&found.schema, &op.name), ty));
        }
        named.iter().map(|candidate| rule(candidate)).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        self.raises();
        if builtin_only {
            return Ok((Qualified::builtin(&op.name), None));
        }
        // An extension has operators of this name too, and only the server knows the types.
        Ok((op.clone(), None))
    }
}

impl Analysis<'_> {
    /// Operators that the server looks up itself (`IN` is `=`, ...): along the client's path, in what was a view too, so
    /// that each it may find there must be allowed.
    pub(super) fn implied(
        &self,
        names: &[&str],
        left: Option<Oid>,
        right: Option<Oid>,
        pos: Pos,
    ) -> Checked<()> {
        let before = self.may_raise.get();
        let found = names.iter().try_for_each(|name| {
            self.operator_along(&self.outer_path, &Qualified::bare(*name), (left, right), pos).map(drop)
        });
        // Comparing raises where it is known to, which is where it is spelt out too.
        self.may_raise.set(before);
        found
    }
}

/// A literal next to a known type is taken to be of that type.
fn both_alike(arguments: Vec<Option<Oid>>) -> Vec<Option<Oid>> {
    match arguments.as_slice() {
        [Some(oid::UNKNOWN), Some(known)] | [Some(known), Some(oid::UNKNOWN)] => {
            vec![Some(*known), Some(*known)]
        }
        _ => arguments,
    }
}

/// Arrays of identifiers may be compared and put together with others of their domain.
fn operator_label(op: &Qualified, left: &Term, right: &Term, pos: Pos) -> Checked<Label> {
    if left.label.is_public() && right.label.is_public() {
        return Ok(Label::Public);
    }
    let construct = format!("operator {}", op.name);
    let builtin = op.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    let array = |label: &Label| matches!(label, Label::Identifiers(_) | Label::Null);
    match op.name.as_str() {
        "@>" | "<@" | "&&" if builtin && array(&left.label) && array(&right.label) => {
            left.label.clone().merge(right.label.clone(), &construct, pos)?;
            Ok(Label::Public)
        }
        _ => {
            left.label.require_public(&construct, pos)?;
            right.label.require_public(&construct, pos)?;
            Ok(Label::Public)
        }
    }
}
