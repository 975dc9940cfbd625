//! What makes long values of short ones.
//!
//! No value of the server's is longer than a gigabyte, and one that would be is an error, like others. Functions that
//! multiply (`replace`, `repeat`) lead there from any value at once, and are listed as what may fail. Those that add
//! (`x || y`, `ROW(x, y)`, a text with its quotes doubled) lead there only one within the other, each doubling what the one
//! inside made, so that they are counted: a few of them cannot make too much of what a client may send and what columns
//! of people hold, and beyond a few they may.
//!
//! Invariant: as long as stored values have at most [`LONGEST_BYTES`], nothing that is counted as never failing makes
//! anything too long.
//! Not here: which functions may fail by themselves (`allow`).

use super::super::catalogue::{TypeKind, TypeRef, oid};
use super::super::ir::{Expr, ExprKind};
use super::Analysis;
use super::scope::Term;

/// What a client's parameters may have together where protected fields are read, and stored values each.
pub const LONGEST_BYTES: usize = 2 * 1024 * 1024;

/// How often a statement may double a value: [`LONGEST_BYTES`] become half a gigabyte.
const MAX_DOUBLINGS: usize = 8;

impl Analysis<'_> {
    /// Something of type `made` was made of these values, or of all that stands in them if it `escapes` them.
    pub(super) fn grows<'t>(
        &self,
        made: Option<TypeRef>,
        parts: impl IntoIterator<Item = &'t Term>,
        escapes: bool,
    ) {
        if self.is_short(made) {
            return;
        }
        // A text that a client writes down once is there once.
        let varying = parts.into_iter().filter(|part| !is_literal(&part.expr) && !self.is_short(part.ty));
        let doublings = varying.count().saturating_sub(1).saturating_add(usize::from(escapes));
        self.doublings.set(self.doublings.get().saturating_add(doublings));
        if self.doublings.get() > MAX_DOUBLINGS {
            self.overgrows();
        }
    }

    /// A query that reads itself doubles what it has made, as often as it likes.
    pub(super) fn grows_again(&self, doublings_before: usize) {
        if self.doublings.get() > doublings_before {
            self.overgrows();
        }
    }

    fn overgrows(&self) {
        self.raises();
        self.conditions_raise.set(true);
    }

    /// True if no value of the type is long, whatever was done to make it.
    fn is_short(&self, ty: Option<TypeRef>) -> bool {
        let Some(ty) = ty.map(|ty| self.catalogue().base_type(ty)) else { return false };
        let is_enum = || self.catalogue().type_by_oid(ty.oid).is_some_and(|ty| ty.kind == TypeKind::Enum);
        is_fixed_in_length(ty.oid) || is_enum()
    }

    /// True if values of the type hold others, which are quoted where it becomes text.
    pub(super) fn quotes(&self, ty: Option<TypeRef>) -> bool {
        let Some(ty) = ty.map(|ty| self.catalogue().base_type(ty)) else { return true };
        let is_text = matches!(ty.oid, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::UNKNOWN);
        !is_text && !self.is_short(Some(ty))
    }
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Cast { value, .. } => is_literal(value),
        _ => false,
    }
}

/// Types of a length of their own, and numbers, which fail where they grow.
const fn is_fixed_in_length(ty: u32) -> bool {
    matches!(
        ty,
        oid::BOOL
            | oid::CHAR
            | oid::NAME
            | oid::INT2
            | oid::INT4
            | oid::INT8
            | oid::OID
            | oid::TID
            | oid::FLOAT4
            | oid::FLOAT8
            | oid::NUMERIC
            | oid::DATE
            | oid::TIME
            | oid::TIMETZ
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            | oid::INTERVAL
            | oid::INET
            | oid::CIDR
            | oid::MACADDR
            | oid::MACADDR8
            | oid::UUID
    )
}
