//! Expressions: one arm a kind, the work in the family's own file.

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Literal, Pos, Qualified, SqlValue, Step, TypeName};
use super::super::refusal::{Checked, Denial};
use super::compare::Compared;
use super::conversion::Operand;
use super::scope::{Level, Term};
use super::{Analysis, Label};

impl Analysis<'_> {
    /// Analyses an expression.
    pub(super) fn expr(&mut self, expr: &Expr, level: &Level<'_>) -> Checked<Term> {
        let term = self.expr_of_kind(expr, level)?;
        self.note_value(term.ty);
        Ok(term)
    }

    fn expr_of_kind(&mut self, expr: &Expr, level: &Level<'_>) -> Checked<Term> {
        let pos = expr.pos;
        match &expr.kind {
            ExprKind::Column { names, star } => self.column(names, *star, pos, level),
            ExprKind::Literal(literal) => Ok(self.literal(literal, expr)),
            ExprKind::Param(number) => self.param(*number, pos),
            // None of a client's is shared.
            ExprKind::Shared(_) => Err(Denial::unsupported("this expression", pos)),
            ExprKind::Cast { value, to } => self.cast(value, to, pos, level),
            ExprKind::Operator { op, left, right } => self.operator(op, left.as_deref(), right, pos, level),
            ExprKind::Quantified { op, quantifier, left, right } => {
                self.quantified(op, *quantifier, left, right, pos, level)
            }
            ExprKind::DistinctFrom { negated, left, right } => {
                let Compared { left, right, operands } =
                    self.compared(left, right, "IS DISTINCT FROM", level)?;
                self.implied(&["="], operands, pos)?;
                Ok(boolean(ExprKind::DistinctFrom { negated: *negated, left, right }, pos))
            }
            ExprKind::NullIf(left, right) => self.null_if(left, right, pos, level),
            ExprKind::In { negated, value, list } => self.in_list(*negated, value, list, pos, level),
            ExprKind::Between { negated, symmetric, value, low, high } => {
                let mut all = |expr| self.public(expr, level, "BETWEEN");
                let (value, low, high) = (all(value)?, all(low)?, all(high)?);
                self.implied(&["<=", ">="], [&value, &low].map(Operand::of), pos)?;
                self.implied(&["<=", ">="], [&value, &high].map(Operand::of), pos)?;
                let [value, low, high] = [value, low, high].map(|term| Box::new(term.expr));
                let kind = ExprKind::Between { negated: *negated, symmetric: *symmetric, value, low, high };
                Ok(boolean(kind, pos))
            }
            ExprKind::And(values) => Ok(boolean(ExprKind::And(self.publics(values, level, "AND")?), pos)),
            ExprKind::Or(values) => Ok(boolean(ExprKind::Or(self.publics(values, level, "OR")?), pos)),
            ExprKind::Not(value) => {
                let value = Box::new(self.public(value, level, "NOT")?.expr);
                Ok(boolean(ExprKind::Not(value), pos))
            }
            ExprKind::IsNull { negated, value } => {
                let value = Box::new(self.expr(value, level)?.expr);
                Ok(boolean(ExprKind::IsNull { negated: *negated, value }, pos))
            }
            ExprKind::IsTruth { negated, truth, value } => {
                let value = Box::new(self.public(value, level, "IS TRUE")?.expr);
                Ok(boolean(ExprKind::IsTruth { negated: *negated, truth: *truth, value }, pos))
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref(), pos, level)
            }
            ExprKind::Coalesce(values) => self.coalesce(values, pos, level),
            ExprKind::Extreme { greatest, values } => {
                let terms = self.public_terms(values, level, "GREATEST or LEAST")?;
                let ty = self.common_type_of(&terms);
                self.implied(&["<"], [Operand::of_type(ty.map(|ty| ty.oid)); 2], pos)?;
                let values = terms.into_iter().map(|term| term.expr).collect();
                let kind = ExprKind::Extreme { greatest: *greatest, values };
                Ok(Term::public(Expr { kind, pos }, ty))
            }
            ExprKind::Xml(xml) => self.xml(xml, pos, level),
            ExprKind::Call(call) => self.call(call, pos, level),
            ExprKind::SqlValue { value, precision } => Ok(self.sql_value(*value, *precision, pos)),
            ExprKind::Sublink(sublink) => self.sublink(sublink, pos, level),
            ExprKind::Array(values) => self.array(values, pos, level),
            ExprKind::Row { explicit, values } => self.row(*explicit, values, pos, level),
            ExprKind::Path { base, steps } => self.path(base, steps, pos, level),
            ExprKind::Collate { value, collation } => self.collate(value, collation, pos, level),
            ExprKind::Grouping(values) => {
                let values = values.iter().map(|value| self.expr(value, level).map(|term| term.expr));
                let kind = ExprKind::Grouping(values.collect::<Checked<_>>()?);
                Ok(Term::public(Expr { kind, pos }, Some(TypeRef::plain(oid::INT4))))
            }
        }
    }

    fn literal(&self, literal: &Literal, expr: &Expr) -> Term {
        self.note_literal(literal);
        literal_term(literal, expr)
    }

    /// An expression that must not hold identifiers.
    pub(super) fn public(&mut self, expr: &Expr, level: &Level<'_>, construct: &str) -> Checked<Term> {
        let term = self.expr(expr, level)?;
        term.label.require_public(construct, expr.pos)?;
        Ok(term)
    }

    pub(super) fn public_terms(
        &mut self,
        exprs: &[Expr],
        level: &Level<'_>,
        construct: &str,
    ) -> Checked<Vec<Term>> {
        exprs.iter().map(|expr| self.public(expr, level, construct)).collect()
    }

    fn publics(&mut self, exprs: &[Expr], level: &Level<'_>, construct: &str) -> Checked<Vec<Expr>> {
        exprs.iter().map(|expr| Ok(self.public(expr, level, construct)?.expr)).collect()
    }

    fn param(&mut self, number: u32, pos: Pos) -> Checked<Term> {
        let ours = self.parameter(number, pos)?;
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        let declared = self.declared.get(index).copied().filter(|ty| *ty != 0);
        Ok(Term::public(Expr { kind: ExprKind::Param(ours), pos }, declared.map(TypeRef::plain)))
    }

    fn array(&mut self, values: &[Expr], pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let mut label = Label::Null;
        let mut terms = Vec::with_capacity(values.len());
        for value in values {
            let term = self.expr(value, level)?;
            label = label.merge(term.label.clone(), "ARRAY", value.pos)?;
            terms.push(term);
        }
        let label = match label {
            Label::Null | Label::Public => Label::Public,
            Label::Identifier(identity) | Label::Identifiers(identity) => Label::Identifiers(identity),
            row @ Label::Row(_) => {
                row.require_public("ARRAY of rows", pos)?;
                Label::Public
            }
        };
        let element = self.common_type_of(&terms);
        let ty = element.and_then(|ty| self.array_of(ty));
        // Arrays of several sizes do not fit into one.
        if element.is_none_or(|ty| self.catalogue().element_type(ty.oid).is_some()) {
            self.raises();
        }
        self.grows(ty, &terms, false);
        let kind = ExprKind::Array(terms.into_iter().map(|term| term.expr).collect());
        Ok(Term { expr: Expr { kind, pos }, label, ty })
    }

    fn row(&mut self, explicit: bool, values: &[Expr], pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let terms = self.row_terms(values, level)?;
        let raw = terms.iter().any(|term| !term.label.is_public());
        let label = if raw {
            Label::Row(terms.iter().map(|term| term.label.clone()).collect())
        } else {
            Label::Public
        };
        self.grows(Some(TypeRef::plain(oid::RECORD)), &terms, false);
        let explicit = explicit || terms.len() < 2;
        let values = terms.iter().map(|term| term.expr.clone()).collect();
        let expr = Expr { kind: ExprKind::Row { explicit, values }, pos };
        self.note_row(&expr, terms.iter());
        Ok(Term { expr, label, ty: Some(TypeRef::plain(oid::RECORD)) })
    }

    /// The values of a row, in which stars stand for all their columns.
    pub(super) fn row_terms(&mut self, values: &[Expr], level: &Level<'_>) -> Checked<Vec<Term>> {
        let mut terms: Vec<Term> = Vec::with_capacity(values.len());
        for value in values {
            match &value.kind {
                ExprKind::Column { names, star: true } => {
                    terms.extend(self.star(names, value, level)?.into_iter().map(|(_, term)| term));
                }
                ExprKind::Path { base, steps } if steps.last() == Some(&Step::Star) => {
                    let fields = self.field_star(base, steps, value, level)?;
                    terms.extend(fields.into_iter().map(|(_, term)| term));
                }
                _ => terms.push(self.expr(value, level)?),
            }
        }
        Ok(terms)
    }

    fn coalesce(&mut self, values: &[Expr], pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let mut label = Label::Null;
        let mut terms = Vec::with_capacity(values.len());
        for value in values {
            let term = self.expr(value, level)?;
            label = label.merge(term.label.clone(), "COALESCE", value.pos)?;
            terms.push(term);
        }
        let ty = self.common_type_of(&terms);
        let kind = ExprKind::Coalesce(terms.into_iter().map(|term| term.expr).collect());
        Ok(Term { expr: Expr { kind, pos }, label, ty })
    }

    fn collate(&mut self, value: &Expr, collation: &Qualified, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let term = self.public(value, level, "COLLATE")?;
        let Some(known) = self.catalogue().collation_named(collation, &self.path) else {
            let message = format!("collation \"{}\" does not exist", collation.name);
            return Err(Denial::new("42704", message, pos));
        };
        self.collations_vary.set(true);
        let collation = Qualified::within(&known.schema, &known.name);
        let kind = ExprKind::Collate { value: Box::new(term.expr), collation };
        Ok(Term { expr: Expr { kind, pos }, ..term })
    }

    /// The server's search path is not the client's, so what depends on it is answered here.
    fn sql_value(&self, value: SqlValue, precision: Option<i32>, pos: Pos) -> Term {
        let ty = match value {
            SqlValue::CurrentDate => oid::DATE,
            SqlValue::CurrentTime => oid::TIMETZ,
            SqlValue::CurrentTimestamp => oid::TIMESTAMPTZ,
            SqlValue::LocalTime => oid::TIME,
            SqlValue::LocalTimestamp => oid::TIMESTAMP,
            SqlValue::CurrentSchema => {
                return Term::public(self.current_schema(), Some(TypeRef::plain(oid::NAME)));
            }
            SqlValue::CurrentRole
            | SqlValue::CurrentUser
            | SqlValue::User
            | SqlValue::SessionUser
            | SqlValue::CurrentCatalog => oid::NAME,
        };
        Term::public(Expr { kind: ExprKind::SqlValue { value, precision }, pos }, Some(TypeRef::plain(ty)))
    }

    /// The first schema of the client's path, which does not show the implicit `pg_catalog`.
    pub(super) fn current_schema(&self) -> Expr {
        let name = TypeName::builtin("name");
        match self.listed_path().first() {
            Some(schema) => Expr::text(schema.clone()).cast(name),
            None => Expr::null().cast(name),
        }
    }

    /// The client's path without the implicit `pg_catalog` at its head.
    pub(super) fn listed_path(&self) -> &[String] {
        match self.path.as_slice() {
            [first, rest @ ..] if first == "pg_catalog" && self.implicit_catalog => rest,
            path => path,
        }
    }
}

/// A truth value.
pub(super) const fn boolean(kind: ExprKind, pos: Pos) -> Term {
    Term::public(Expr { kind, pos }, Some(TypeRef::plain(oid::BOOL)))
}

fn literal_term(literal: &Literal, expr: &Expr) -> Term {
    let ty = match literal {
        Literal::Null | Literal::Text(_) => oid::UNKNOWN,
        Literal::Boolean(_) => oid::BOOL,
        Literal::Integer(_) => oid::INT4,
        Literal::Number(text) if text.parse::<i64>().is_ok() => oid::INT8,
        Literal::Number(_) => oid::NUMERIC,
        Literal::Bits { .. } => oid::BIT,
    };
    let label = if *literal == Literal::Null { Label::Null } else { Label::Public };
    Term { expr: expr.clone(), label, ty: Some(TypeRef::plain(ty)) }
}
