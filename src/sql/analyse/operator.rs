//! Operators: which one is meant, and what it may be applied to.

use super::super::catalogue::{Oid, Operator, TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Pos, Qualified};
use super::super::refusal::{Checked, Denial};
use super::compare::{Compared, is_equality};
use super::conversion::Operand;
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
            let (op, ty) = self.resolve_operator(op, &[Operand::of(&right)], pos)?;
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
        let (op, ty) = self.resolve_operator(op, &[&left, &right].map(Operand::of), pos)?;
        let ty = ty.or_else(|| self.joined_array(&op, left.oid()?, right.oid()?));
        self.grows(ty, [&left, &right], false);
        let kind = ExprKind::Operator { op, left: Some(Box::new(left.expr)), right: Box::new(right.expr) };
        let expr = Expr { kind, pos };
        self.calm(before, &expr);
        Ok(Term { expr, label, ty })
    }

    /// `array || array`, or with an element of it on one side.
    fn joined_array(&self, op: &Qualified, left: Oid, right: Oid) -> Option<TypeRef> {
        let element = |array: Oid| self.catalogue().element_type(array);
        // A literal beside an array is one of its kind.
        let elements = match (element(left), element(right)) {
            (Some(one), Some(other)) => [one, other],
            (Some(one), None) => [one, right],
            (None, Some(other)) => [left, other],
            (None, None) => return None,
        };
        let common = infer::common(self.catalogue(), elements.map(|ty| Some(TypeRef::plain(ty))))?;
        self.array_of(common).filter(|_| op.name == "||")
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
        let construct = format!("`{}`", op.name);
        let Compared { left, right, operands } = self.compared(left, right, &construct, level)?;
        // Half of what is known would pick an operator of its own.
        let is_known = operands.iter().all(|operand| operand.ty.is_some());
        let operands = if is_known { operands } else { [Operand::of_type(None); 2] };
        let (op, _) = self.resolve_operator(op, &operands, pos)?;
        Ok(boolean(ExprKind::Operator { op, left: Some(left), right }, pos))
    }

    /// True if none of these operators that takes such values fails on any.
    fn are_total(&self, named: &[&Operator], operands: &[Operand]) -> bool {
        let fits = |candidate: &&&Operator| {
            let parameters = parameters(candidate);
            let mut pairs = parameters.iter().zip(operands);
            let coerces = |(parameter, operand): (&Oid, &Operand)| {
                operand.ty.is_some_and(|ty| infer::coerces(self.catalogue(), ty, *parameter))
            };
            parameters.len() == operands.len() && pairs.all(coerces)
        };
        let is_known = operands.iter().filter_map(|operand| operand.ty).any(|ty| ty != oid::UNKNOWN);
        let mut fitting = named.iter().filter(fits).peekable();
        let is_total = |candidate: &&Operator| {
            let rule = self.world.lists.operator(self.catalogue(), candidate);
            rule.is_ok_and(|rule| !rule.can_raise) && self.takes_calmly(&parameters(candidate), operands)
        };
        is_known && fitting.peek().is_some() && fitting.all(is_total)
    }

    /// The operator with its schema, and the type of its result. One before a value has one operand.
    pub(super) fn resolve_operator(
        &self,
        op: &Qualified,
        operands: &[Operand],
        pos: Pos,
    ) -> Checked<(Qualified, Option<TypeRef>)> {
        self.operator_along(&self.path, op, operands, pos)
    }

    fn operator_along(
        &self,
        path: &[String],
        op: &Qualified,
        operands: &[Operand],
        pos: Pos,
    ) -> Checked<(Qualified, Option<TypeRef>)> {
        let collations_vary = self.collations_vary.get();
        let known = self.resolved.borrow().find(path, op, operands, collations_vary);
        let Resolved { op, ty, can_raise } = match known {
            Some(known) => known,
            None => {
                let resolved = self.look_up_operator(path, op, operands, pos)?;
                self.resolved.borrow_mut().keep(path, op, operands, collations_vary, &resolved);
                resolved
            }
        };
        if can_raise {
            self.raises();
        }
        Ok((op, ty))
    }

    fn look_up_operator(
        &self,
        path: &[String],
        op: &Qualified,
        operands: &[Operand],
        pos: Pos,
    ) -> Checked<Resolved> {
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
        let arity = |candidate: &&&Operator| parameters(candidate).len() == operands.len();
        let of_arity: Vec<&Operator> = named.iter().filter(arity).copied().collect();
        let fitting: Vec<Vec<Oid>> = of_arity.iter().map(|candidate| parameters(candidate)).collect();
        let arguments: Vec<Option<Oid>> = operands.iter().map(|operand| operand.ty).collect();
        let alike = both_alike(&arguments);
        let picked = infer::pick(self.catalogue(), &fitting, &alike)
            .or_else(|| infer::pick(self.catalogue(), &fitting, &arguments))
            .and_then(|index| of_arity.get(index));
        let is_known = arguments.iter().all(Option::is_some);
        if let Some(found) = picked {
            // Types are advice: whichever of its schema the server takes must be allowed.
            let mut rivals = named.iter().filter(|rival| rival.schema == found.schema);
            rivals.try_for_each(|rival| rule(rival).map(drop)).map_err(refused)?;
            let can_raise = rule(found).map_err(refused)?.can_raise;
            let parameters = parameters(found);
            let can_raise = can_raise || !is_known || !self.takes_calmly(&parameters, operands);
            let ty = if is_known {
                infer::result(self.catalogue(), found.result, &parameters, &alike)
            } else {
                let candidates = of_arity.iter().zip(&fitting);
                let candidates = candidates.map(|(one, parameters)| (parameters.as_slice(), one.result));
                infer::result_of_any(self.catalogue(), candidates, &arguments)
            };
            return Ok(Resolved { op: Qualified::within(&found.schema, &op.name), ty, can_raise });
        }
        named.iter().try_for_each(|candidate| rule(candidate).map(drop)).map_err(refused)?;
        let can_raise = !self.are_total(&of_arity, operands);
        // An extension has operators of this name too, and only the server knows the types.
        let op = if builtin_only { Qualified::builtin(&op.name) } else { op.clone() };
        Ok(Resolved { op, ty: None, can_raise })
    }
}

/// What is known of an operator between values of certain types.
#[derive(Clone, Debug)]
struct Resolved {
    /// With its schema.
    op: Qualified,
    /// Of its result.
    ty: Option<TypeRef>,
    /// It, or a conversion before it, fails on some values.
    can_raise: bool,
}

/// The operators of a statement that were looked up last: lists and chains ask for the same one time and again.
#[derive(Clone, Debug, Default)]
pub(super) struct ResolvedOperators(Vec<Asked>);

/// More are forgotten: finding one is to stay cheaper than looking it up.
const MAX_RESOLVED: usize = 16;

#[derive(Clone, Debug)]
struct Asked {
    path: Vec<String>,
    op: Qualified,
    operands: Vec<Operand>,
    collations_vary: bool,
    resolved: Resolved,
}

impl ResolvedOperators {
    fn find(
        &self,
        path: &[String],
        op: &Qualified,
        operands: &[Operand],
        collations_vary: bool,
    ) -> Option<Resolved> {
        let is_asked = |asked: &&Asked| {
            asked.operands == operands
                && asked.collations_vary == collations_vary
                && asked.op == *op
                && asked.path == path
        };
        self.0.iter().find(is_asked).map(|asked| asked.resolved.clone())
    }

    fn keep(
        &mut self,
        path: &[String],
        op: &Qualified,
        operands: &[Operand],
        collations_vary: bool,
        resolved: &Resolved,
    ) {
        if self.0.len() == MAX_RESOLVED {
            self.0.remove(0);
        }
        self.0.push(Asked {
            path: path.to_vec(),
            op: op.clone(),
            operands: operands.to_vec(),
            collations_vary,
            resolved: resolved.clone(),
        });
    }
}

impl Analysis<'_> {
    /// Operators that the server looks up itself (`IN` is `=`, ...): along the client's path, in what was a view too, so
    /// that each it may find there must be allowed.
    pub(super) fn implied(&self, names: &[&str], operands: [Operand; 2], pos: Pos) -> Checked<()> {
        names.iter().try_for_each(|name| {
            self.operator_along(&self.outer_path, &Qualified::bare(*name), &operands, pos).map(drop)
        })
    }
}

/// The types that it takes.
fn parameters(operator: &Operator) -> Vec<Oid> {
    operator.left.into_iter().chain([operator.right]).collect()
}

/// A literal next to a known type is taken to be of that type.
fn both_alike(arguments: &[Option<Oid>]) -> Vec<Option<Oid>> {
    match arguments {
        [Some(oid::UNKNOWN), Some(known)] | [Some(known), Some(oid::UNKNOWN)] => {
            vec![Some(*known), Some(*known)]
        }
        _ => arguments.to_vec(),
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
