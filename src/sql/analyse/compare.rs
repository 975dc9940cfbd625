//! Comparisons: what may meet an identifier, and tokens that are turned back.

use super::super::catalogue::TypeRef;
use super::super::ir::{Expr, ExprKind, Literal, Pos, Qualified, Quantifier};
use super::super::refusal::{Checked, Denial};
use super::super::seam::ParameterSource;
use super::conversion::Operand;
use super::expr::boolean;
use super::label::Identity;
use super::scope::{Level, Term};
use super::{Analysis, Label};

/// Operators for which equality is all that matters.
pub(super) fn is_equality(op: &Qualified) -> bool {
    matches!(op.name.as_str(), "=" | "<>" | "!=")
        && op.schema.as_deref().is_none_or(|schema| schema == "pg_catalog")
}

/// Both sides of a comparison, and their types as far as they are known.
pub(super) struct Compared {
    pub(super) left: Box<Expr>,
    pub(super) right: Box<Expr>,
    pub(super) operands: [Operand; 2],
}

impl Compared {
    fn of(left: Expr, right: Expr, operands: [Operand; 2]) -> Self {
        Self { left: Box::new(left), right: Box::new(right), operands }
    }
}

impl Analysis<'_> {
    /// Two values whose equality is looked at: no identifiers, or of one domain. A token is turned back.
    pub(super) fn compared(
        &mut self,
        left: &Expr,
        right: &Expr,
        construct: &str,
        level: &Level<'_>,
    ) -> Checked<Compared> {
        let left_term = self.expr(left, level)?;
        let operand = Operand::of(&left_term);
        if let Some(turned) = self.token(&left_term, right)? {
            return Ok(Compared::of(left_term.expr, turned, [operand; 2]));
        }
        let right_term = self.expr(right, level)?;
        let operands = [operand, Operand::of(&right_term)];
        if let Some(turned) = self.token(&right_term, left)? {
            return Ok(Compared::of(turned, right_term.expr, [operands[1]; 2]));
        }
        self.comparable(&left_term, &right_term, construct)?;
        Ok(Compared::of(left_term.expr, right_term.expr, operands))
    }

    /// Refuses a comparison that would say more than that two identifiers are equal.
    pub(super) fn comparable(&self, left: &Term, right: &Term, construct: &str) -> Checked<()> {
        let pos = right.pos();
        match (&left.label, &right.label) {
            (one, two) if one.is_public() && two.is_public() => Ok(()),
            (Label::Row(one), Label::Row(two)) if one.len() == two.len() => {
                for (one, two) in one.iter().zip(two) {
                    one.clone().merge(two.clone(), construct, pos)?;
                }
                Ok(())
            }
            (one, two) => one.clone().merge(two.clone(), construct, pos).map(|_| ()),
        }
    }

    /// `other` as the raw value that it stands for, if `term` is tokenized and `other` is a literal or parameter.
    fn token(&mut self, term: &Term, other: &Expr) -> Checked<Option<Expr>> {
        let Label::Identifier(identity) = &term.label else { return Ok(None) };
        let identity = std::sync::Arc::clone(identity);
        self.turned(&identity, term.ty, other, false)
    }

    /// With `array`, `other` is an array of tokens.
    fn turned(
        &mut self,
        identity: &Identity,
        ty: Option<TypeRef>,
        other: &Expr,
        array: bool,
    ) -> Checked<Option<Expr>> {
        let Some(ty) = ty else { return Ok(None) };
        let Some((source, pos)) = token_source(other) else { return Ok(None) };
        if !identity.is_tokenised() {
            return Err(Denial::forbidden(
                format!("`{}` is pseudonymized: it cannot be compared with a value of yours", identity.field),
                pos,
            )
            .hint("a field that people click through can be `tokenize` instead; tokens can be compared"));
        }
        let base = self.catalogue().base_type(ty);
        let wanted = if array { self.array_of(base) } else { Some(base) };
        let Some(wanted) = wanted else { return Ok(None) };
        let number = self.turned_back(source, &identity.ruling, wanted.oid, pos)?;
        let parameter = Expr { kind: ExprKind::Param(number), pos };
        Ok(Some(parameter.cast(self.type_name(TypeRef::plain(wanted.oid)))))
    }

    pub(super) fn null_if(
        &mut self,
        left: &Expr,
        right: &Expr,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let left_term = self.expr(left, level)?;
        let right_term = self.expr(right, level)?;
        self.comparable(&left_term, &right_term, "NULLIF")?;
        self.implied(&["="], [&left_term, &right_term].map(Operand::of), pos)?;
        let kind = ExprKind::NullIf(Box::new(left_term.expr), Box::new(right_term.expr));
        Ok(Term { expr: Expr { kind, pos }, label: left_term.label, ty: left_term.ty })
    }

    pub(super) fn in_list(
        &mut self,
        negated: bool,
        value: &Expr,
        list: &[Expr],
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let term = self.expr(value, level)?;
        let mut rewritten = Vec::with_capacity(list.len());
        for item in list {
            if let Some(turned) = self.token(&term, item)? {
                rewritten.push(turned);
                continue;
            }
            let item_term = self.expr(item, level)?;
            self.comparable(&term, &item_term, "IN")?;
            let op = if negated { "<>" } else { "=" };
            self.implied(&[op], [&term, &item_term].map(Operand::of), pos)?;
            rewritten.push(item_term.expr);
        }
        Ok(boolean(ExprKind::In { negated, value: Box::new(term.expr), list: rewritten }, pos))
    }

    /// `a = ANY (array)`.
    pub(super) fn quantified(
        &mut self,
        op: &Qualified,
        quantifier: Quantifier,
        left: &Expr,
        right: &Expr,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let left_term = self.expr(left, level)?;
        let mut turned = None;
        if let (Label::Identifier(identity), true) = (&left_term.label, is_equality(op)) {
            let identity = std::sync::Arc::clone(identity);
            turned = self.turned(&identity, left_term.ty, right, true)?;
        }
        let right_term = match turned {
            // What a token stands for is of the type that it is compared with.
            Some(expr) => {
                Term { expr, label: Label::Null, ty: left_term.ty.and_then(|ty| self.array_of(ty)) }
            }
            None => self.expr(right, level)?,
        };
        let element = match &right_term.label {
            Label::Identifiers(identity) => Label::Identifier(std::sync::Arc::clone(identity)),
            other => other.clone(),
        };
        let element_ty =
            right_term.oid().and_then(|ty| self.catalogue().element_type(ty)).map(TypeRef::plain);
        let element = Term { label: element, ty: element_ty, ..right_term.clone() };
        let op = self.quantified_operator(op, &left_term, &element, pos)?;
        let kind = ExprKind::Quantified {
            op,
            quantifier,
            left: Box::new(left_term.expr),
            right: Box::new(right_term.expr),
        };
        Ok(boolean(kind, pos))
    }

    /// Checks and resolves an operator between a value and each of many.
    pub(super) fn quantified_operator(
        &mut self,
        op: &Qualified,
        left: &Term,
        element: &Term,
        pos: Pos,
    ) -> Checked<Qualified> {
        if is_equality(op) {
            self.comparable(left, element, &op.name)?;
        } else {
            left.label.require_public(&format!("`{}`", op.name), pos)?;
            element.label.require_public(&format!("`{}`", op.name), pos)?;
        }
        Ok(self.resolve_operator(op, &[left, element].map(Operand::of), pos)?.0)
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        let operand = match operand {
            Some(operand) => Some(self.expr(operand, level)?),
            None => None,
        };
        let mut label = Label::Null;
        let mut results = Vec::with_capacity(whens.len());
        let mut rewritten = Vec::with_capacity(whens.len());
        for (condition, result) in whens {
            let condition = match &operand {
                None => self.public(condition, level, "WHEN")?.expr,
                Some(operand) => match self.token(operand, condition)? {
                    Some(turned) => turned,
                    None => {
                        let condition = self.expr(condition, level)?;
                        self.comparable(operand, &condition, "CASE")?;
                        self.implied(&["="], [operand, &condition].map(Operand::of), pos)?;
                        condition.expr
                    }
                },
            };
            let result_term = self.expr(result, level)?;
            label = label.merge(result_term.label.clone(), "CASE", result.pos)?;
            rewritten.push((condition, result_term.expr.clone()));
            results.push(result_term);
        }
        let otherwise = match otherwise {
            None => None,
            Some(otherwise) => {
                let term = self.expr(otherwise, level)?;
                label = label.merge(term.label.clone(), "CASE", otherwise.pos)?;
                let expr = Box::new(term.expr.clone());
                results.insert(0, term);
                Some(expr)
            }
        };
        let ty = self.common_type_of(&results);
        let operand = operand.map(|operand| Box::new(operand.expr));
        let kind = ExprKind::Case { operand, whens: rewritten, otherwise };
        Ok(Term { expr: Expr { kind, pos }, label, ty })
    }
}

/// The value of a literal or parameter, through casts of it.
fn token_source(expr: &Expr) -> Option<(ParameterSource, Pos)> {
    match &expr.kind {
        ExprKind::Param(number) => Some((ParameterSource::Client(*number), expr.pos)),
        ExprKind::Literal(literal) => {
            let text = match literal {
                Literal::Text(text) | Literal::Number(text) => text.clone(),
                Literal::Integer(value) => value.to_string(),
                Literal::Null | Literal::Boolean(_) | Literal::Bits { .. } => return None,
            };
            Some((ParameterSource::Literal(text), expr.pos))
        }
        ExprKind::Cast { value, .. } => token_source(value),
        _ => None,
    }
}
