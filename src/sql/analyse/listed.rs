//! What the lists say of a call, and what has to be done for it to hold whichever overload the server takes.
//!
//! Which overload that is, we know as well as we know the types of the arguments, and nothing that protects a value
//! may rest on that: where the lists tell overloads apart, the arguments are cast to the parameters' own types.

use super::super::allow::{self, Reason, Refused, SHOWN_SETTINGS, SetVerdict};
use super::super::catalogue::{TypeKind, TypeRef, oid};
use super::super::ir::{Call, Expr, ExprKind, Literal, Pos, Qualified, Quantifier, TypeName};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::call::{Resolved, arguments};
use super::conversion::Operand;
use super::scope::Term;

impl Analysis<'_> {
    /// Whether the function may be called, and how.
    pub(super) fn call_rule(
        &self,
        resolved: &Resolved<'_>,
        terms: &mut [Term],
        pos: Pos,
    ) -> Checked<allow::Call> {
        let name = resolved.name.name.as_str();
        let rule = |function| self.world.lists.function(self.catalogue(), name, function);
        let refusal = |refused: Refused| {
            let schema = resolved.name.schema.as_deref().unwrap_or_default();
            Denial::unlisted(&format!("function {schema}.{name}()"), refused, pos)
        };
        let function = resolved.function.ok_or_else(|| refusal(Refused::because(Reason::NotListed)))?;
        let own = rule(function).map_err(refusal)?;
        let given: Vec<Operand> = terms.iter().map(Operand::of).collect();
        if own.can_raise || !resolved.is_certain || !self.takes_calmly(&resolved.parameters, &given) {
            self.raises();
        }
        let mut listed = own;
        for rival in &resolved.rivals {
            match rule(rival) {
                Ok(call) if call.special == own.special => {
                    if !resolved.is_certain {
                        listed.order = listed.order.max(call.order);
                    }
                }
                _ if self.world.lists.is_all_open() => {}
                other => {
                    let refused = other.err().unwrap_or(Refused::because(Reason::Unsupported));
                    self.pin_overload(resolved, terms).ok_or_else(|| {
                        refusal(refused)
                            .hint("cast its arguments, so that it is clear which function is meant")
                    })?;
                    return Ok(own);
                }
            }
        }
        Ok(listed)
    }

    /// Casts every argument to the type of its parameter; `None` if types leave open which function is meant.
    fn pin_overload(&self, resolved: &Resolved<'_>, terms: &mut [Term]) -> Option<()> {
        let is_pseudo =
            |ty: &u32| self.catalogue().type_by_oid(*ty).is_none_or(|ty| ty.kind == TypeKind::Pseudo);
        let fits = resolved.is_certain && resolved.parameters.len() == terms.len();
        if !fits || resolved.parameters.iter().any(is_pseudo) {
            return None;
        }
        for (term, parameter) in terms.iter_mut().zip(&resolved.parameters) {
            let to = self.type_name(TypeRef::plain(*parameter));
            let value = std::mem::replace(&mut term.expr, Expr::null());
            term.expr = value.cast(to);
        }
        Some(())
    }

    /// A function that would tell sizes or counters: NULL of its type.
    pub(super) fn withheld(&self, resolved: &Resolved<'_>, pos: Pos) -> Term {
        let ty = resolved.result.unwrap_or(TypeRef::plain(oid::TEXT));
        let kind = ExprKind::Cast { value: Box::new(Expr::null()), to: self.type_name(ty) };
        Term::public(Expr { kind, pos }, Some(ty))
    }

    /// Values are read as the type of the first argument, or of the result.
    pub(super) fn require_readable(&self, resolved: &Resolved<'_>, terms: &[Term], pos: Pos) -> Checked<()> {
        // `json_to_record` has column definitions, whose types are looked at where they stand.
        let is_defined = resolved.function.is_some_and(|function| function.result == oid::RECORD);
        if is_defined {
            return Ok(());
        }
        let ty = terms.first().and_then(Term::oid).and_then(|ty| self.catalogue().type_by_oid(ty));
        match ty {
            Some(ty) if ty.oid == oid::RECORD => Ok(()),
            Some(ty) => self.require_known_type(ty, pos),
            None => {
                let message = format!("{}() of a value of unknown type", resolved.name.name);
                Err(Denial::unsupported(&message, pos).hint("cast its first argument"))
            }
        }
    }

    /// `current_setting(x)` where only the rows tell of what: NULL for what is not shown.
    pub(super) fn shown_setting(
        &self,
        call: &Call,
        terms: Vec<Term>,
        resolved: Resolved<'_>,
        pos: Pos,
    ) -> Checked<Term> {
        let Some(name) = terms.first() else { return Err(Denial::odd_tree("current_setting", pos)) };
        name.label.require_public("current_setting()", pos)?;
        let (ty, name) = (resolved.result, name.expr.clone());
        // It is written twice, and has to be the same both times.
        if !is_plain(&name) || call.over.is_some() {
            return Err(Denial::unsupported("current_setting() of this", pos).hint("name the setting"));
        }
        let is_literal = matches!(name.kind, ExprKind::Literal(_));
        let rewritten = Call { name: resolved.name, arguments: arguments(call, terms), ..call.clone() };
        let value = Expr { kind: ExprKind::Call(Box::new(rewritten)), pos };
        if is_literal {
            return Ok(Term::public(value, ty));
        }
        let lower = Expr::call("lower", vec![name.cast(TypeName::builtin("text"))]);
        let kind = ExprKind::Case { operand: None, whens: vec![(is_shown(lower), value)], otherwise: None };
        Ok(Term::public(Expr { kind, pos }, ty))
    }

    /// `set_config` may do what `SET` may.
    pub(super) fn require_settable(&self, call: &Call, terms: &mut [Term], pos: Pos) -> Checked<()> {
        let text = |term: &Term| match &uncast(&term.expr).kind {
            ExprKind::Literal(Literal::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let [name, value, local] = terms else { return Err(Denial::odd_tree("set_config", pos)) };
        let is_fixed = matches!(uncast(&local.expr).kind, ExprKind::Literal(Literal::Boolean(_)));
        let named = call.arguments.iter().any(|argument| argument.name.is_some());
        let Some(name) = text(name).filter(|_| is_fixed && !named) else {
            return Err(Denial::unsupported("set_config() of anything but literals", pos));
        };
        let verdict = match (text(value), &uncast(&value.expr).kind) {
            (Some(text), _) => self.world.lists.set(&name, &[text.as_str()]),
            (None, ExprKind::Param(_)) if self.world.lists.takes_any_value(&name) => SetVerdict::Sent,
            (None, _) => return Err(Denial::unsupported("set_config() to anything but a literal", pos)),
        };
        match verdict {
            SetVerdict::Sent => Ok(()),
            SetVerdict::SentAs(pinned) => {
                value.expr = Expr::text(pinned);
                Ok(())
            }
            SetVerdict::Kept => {
                Err(Denial::unsupported("set_config() of search_path", pos)
                    .hint("say SET search_path TO ..."))
            }
            SetVerdict::Refused(refused, _) => Err(Denial::unlisted("setting this", refused, pos)),
        }
    }
}

/// True where a text is the name of a setting that may be shown.
pub(super) fn is_shown(name: Expr) -> Expr {
    let names = SHOWN_SETTINGS.iter().map(|name| Expr::text(name.to_ascii_lowercase())).collect();
    let array = TypeName { dimensions: vec![None], ..TypeName::builtin("text") };
    Expr::made(ExprKind::Quantified {
        op: Qualified::builtin("="),
        quantifier: Quantifier::Any,
        left: Box::new(name),
        right: Box::new(Expr::made(ExprKind::Array(names)).cast(array)),
    })
}

/// A column, literal or parameter, which is the same however often it is written.
fn is_plain(expr: &Expr) -> bool {
    matches!(
        uncast(expr).kind,
        ExprKind::Column { star: false, .. } | ExprKind::Literal(_) | ExprKind::Param(_)
    )
}

fn uncast(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { value, .. } => uncast(value),
        _ => expr,
    }
}

/// A call whose answer tells when it was evaluated, over rows whose order may be one of raw values.
pub(super) fn varying(name: &str, pos: Pos) -> Denial {
    let message =
        format!("{name}() in a statement that reads protected fields is refused: {}", Reason::ReadingOrder);
    Denial::forbidden(message, pos).hint(match name {
        "clock_timestamp" | "timeofday" => "now() and statement_timestamp() are the same for all rows",
        _ => "gen_random_uuid() may stand here, and so may a hash such as hashtext() of a column",
    })
}
