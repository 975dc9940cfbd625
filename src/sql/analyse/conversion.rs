//! What the server converts by itself, and which collation it takes: where that fails on some values, a statement may
//! fail on a row though nothing in its text can.
//!
//! Only what is known not to fail counts as calm; a type that is not known does not.
//!
//! Not here: casts that stand in the text (`types`), and what functions and operators do themselves (`allow`).

use super::super::catalogue::{Column, FIRST_NORMAL_OID, Oid, TypeKind, TypeRef, oid};
use super::super::ir::ExprKind;
use super::scope::{Item, Term};
use super::{Analysis, infer};

/// The default collation has the same oid on every server.
const DEFAULT_COLLATION: Oid = 100;

/// A value that an operator or function is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    /// `None` if the type is not known.
    pub(super) ty: Option<Oid>,
    /// It is converted once, for all rows.
    is_literal: bool,
}

impl Operand {
    /// A value of which no more is known than its type.
    pub(super) const fn of_type(ty: Option<Oid>) -> Self {
        Self { ty, is_literal: false }
    }

    /// A parameter that the client did not declare has no type yet, like a literal.
    pub(super) fn of(term: &Term) -> Self {
        let is_literal = matches!(term.expr.kind, ExprKind::Literal(_));
        match (&term.expr.kind, term.oid()) {
            (ExprKind::Param(_), None) => Self::of_type(Some(oid::UNKNOWN)),
            (_, ty) => Self { ty, is_literal },
        }
    }
}

impl Analysis<'_> {
    /// The type of a place where values of several types meet, each converted to it.
    pub(super) fn common_type(&self, types: impl IntoIterator<Item = Option<TypeRef>>) -> Option<TypeRef> {
        let types: Vec<Option<TypeRef>> = types.into_iter().collect();
        let operands = types.iter().map(|ty| Operand::of_type(ty.map(|ty| ty.oid)));
        self.meet(&types, operands)
    }

    /// As [`Self::common_type`], for values.
    pub(super) fn common_type_of(&self, terms: &[Term]) -> Option<TypeRef> {
        let types: Vec<Option<TypeRef>> = terms.iter().map(|term| term.ty).collect();
        self.meet(&types, terms.iter().map(Operand::of))
    }

    fn meet(
        &self,
        types: &[Option<TypeRef>],
        mut operands: impl Iterator<Item = Operand>,
    ) -> Option<TypeRef> {
        let common = infer::common(self.catalogue(), types.iter().copied());
        let is_calm =
            common.is_some_and(|common| operands.all(|operand| self.converts_calmly(operand, common.oid)));
        if !is_calm {
            self.raises();
        }
        common
    }

    /// True if no value of one type fails to become one of the other, where the server converts it by itself.
    fn converts_calmly(&self, operand: Operand, to: Oid) -> bool {
        let Some(from) = operand.ty else { return false };
        // What has no type yet is read as one of the other, once.
        if from == to || from == oid::UNKNOWN || operand.is_literal {
            return true;
        }
        let kind = |ty: Oid| self.catalogue().type_by_oid(ty).map(|ty| ty.kind);
        if kind(to) == Some(TypeKind::Pseudo) {
            // The values of compatible types meet in a type of their own.
            return !is_compatible(to);
        }
        let base = self.catalogue().base_type(TypeRef::plain(from)).oid;
        if base == to {
            return true;
        }
        let elements = (self.catalogue().element_type(base), self.catalogue().element_type(to));
        if let (Some(from), Some(to)) = elements {
            return self.converts_calmly(Operand::of_type(Some(from)), to);
        }
        let Some(cast) = self.catalogue().cast(base, to) else { return false };
        match cast.function {
            None => base < FIRST_NORMAL_OID && to < FIRST_NORMAL_OID,
            Some(function) => self.catalogue().function_by_oid(function).is_some_and(|(name, function)| {
                let rule = self.world.lists.function(self.catalogue(), name, function);
                rule.is_ok_and(|rule| !rule.can_raise)
            }),
        }
    }

    /// True if values of these types can be given to parameters of those without anything failing on the way.
    pub(super) fn takes_calmly(&self, parameters: &[Oid], arguments: &[Operand]) -> bool {
        let mut pairs = parameters.iter().zip(arguments);
        let is_of_one_collation = || {
            !self.collations_vary.get() || !arguments.iter().any(|argument| self.has_collation(argument.ty))
        };
        parameters.len() == arguments.len()
            && pairs.all(|(parameter, argument)| self.converts_calmly(*argument, *parameter))
            && is_of_one_collation()
    }

    /// Remembers which columns of a relation have a collation of their own.
    pub(super) fn note_collations(&mut self, columns: &[Column], names: &Item) {
        let own = |column: &Column| column.collation != 0 && column.collation != DEFAULT_COLLATION;
        let named = columns.iter().zip(&names.columns).filter(|(column, _)| own(column));
        self.collated.extend(named.map(|(_, name)| name.term.expr.clone()));
    }

    /// A column is read: from here on, two texts may be of two collations, and whoever compares them fails. The server
    /// says so only where it comes to compare.
    pub(super) fn note_read(&self, column: &Term) {
        if self.collated.contains(&column.expr) {
            self.collations_vary.set(true);
        }
    }

    /// As [`Self::note_read`], for a value: names have a collation of their own, and domains may.
    pub(super) fn note_value(&self, ty: Option<TypeRef>) {
        let Some(ty) = ty.and_then(|ty| self.catalogue().type_by_oid(ty.oid)) else { return };
        let is_domain_of_text = ty.kind == TypeKind::Domain && self.has_collation(Some(ty.oid));
        if ty.oid == oid::NAME || ty.element == Some(oid::NAME) || is_domain_of_text {
            self.collations_vary.set(true);
        }
    }

    /// Values of this type are grouped, sorted or told apart: whether those inside a row can be, the server finds out
    /// when it compares two.
    pub(super) fn note_key(&self, ty: Option<TypeRef>) {
        let ty = ty.map(|ty| self.catalogue().element_type(ty.oid).unwrap_or(ty.oid));
        if ty == Some(oid::RECORD) {
            self.raises();
        }
    }

    fn has_collation(&self, ty: Option<Oid>) -> bool {
        const STRING: u8 = b'S';
        let Some(ty) = ty else { return true };
        let base = self.catalogue().base_type(TypeRef::plain(ty)).oid;
        let ty = self.catalogue().element_type(base).unwrap_or(base);
        ty != oid::UNKNOWN && self.catalogue().type_by_oid(ty).is_none_or(|ty| ty.category == STRING)
    }
}

const fn is_compatible(ty: Oid) -> bool {
    matches!(
        ty,
        oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLEARRAY | oid::ANYCOMPATIBLENONARRAY | oid::ANYCOMPATIBLERANGE
    )
}
