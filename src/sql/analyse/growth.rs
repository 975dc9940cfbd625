//! What makes long values of short ones.
//!
//! No value of the server's is longer than a gigabyte, and neither is a row that it sorts or hashes; one that would be is an
//! error, like others. Functions that multiply (`replace`, `repeat`) lead there from any value at once, and are listed as
//! what may fail. Those that add (`x || y`, `ROW(x, y)`, a text with its quotes doubled) lead there only one within the
//! other, each doubling what the one inside made, so that they are counted, and so is how wide rows are: a few of them
//! cannot make too much of what a client may send and what columns of people hold, and beyond a few they may. A number
//! of a few bytes has up to 147,456 digits: many of them that become text together may be too long.
//!
//! Invariant: as long as stored values have at most [`LONGEST_BYTES`] as text, nothing that is counted as never failing
//! makes anything too long.
//! Not here: which functions may fail by themselves (`allow`), and what a client may write down (`excess`).

use std::cell::Cell;
use std::collections::HashSet;

use super::super::catalogue::{TypeKind, TypeRef, oid};
use super::super::excess;
use super::super::ir::{Call, Expr, ExprKind, Literal};
use super::Analysis;
use super::scope::{Level, Term};

/// What a client's parameters may have together where protected fields are read, and stored values each.
pub const LONGEST_BYTES: usize = 2 * 1024 * 1024;

/// How often a statement may double a value: [`LONGEST_BYTES`] become half a gigabyte.
const MAX_DOUBLINGS: usize = 8;

/// Functions that need four times the memory of what they are given, for characters of any length.
const SPACIOUS: [&str; 5] = ["lower", "upper", "initcap", "casefold", "translate"];

/// Types within types beyond this count as what holds numbers.
const MAX_TYPE_DEPTH: usize = 16;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// How often values have been doubled.
    doublings: Cell<usize>,
    /// How many calls made something long.
    steps: Cell<usize>,
    /// Long values that a row may have which are not those of a row in storage.
    widest: Cell<usize>,
    /// What windows and aggregates sort by, all of them together.
    sorted: Cell<usize>,
}

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
        let parts: Vec<&Term> = parts.into_iter().collect();
        // A text that a client writes down once is there once.
        let long = |part: &&&Term| {
            let is_number = self.is_number(part.ty);
            (is_number || !self.is_short(part.ty)) && !is_brief(&part.expr)
        };
        let varying = parts.iter().filter(long).count();
        // Rows and arrays within each other are quoted each time.
        let escapes = escapes || parts.iter().any(|part| self.is_container(part.ty));
        if parts.iter().any(|part| self.holds_numbers(part)) {
            self.overgrows();
        }
        self.doubles(varying.saturating_sub(1).saturating_add(usize::from(escapes)));
        self.growth.steps.set(self.growth.steps.get().saturating_add(usize::from(varying > 0 || escapes)));
    }

    /// As [`Self::grows`], for a call.
    pub(super) fn grows_by(&self, call: &Call, made: Option<TypeRef>, terms: &[Term]) {
        let name = call.name.name.as_str();
        let is_json = made.is_some_and(|ty| matches!(ty.oid, oid::JSON | oid::JSONB));
        self.grows(made, terms, is_json || name.starts_with("quote_"));
        if SPACIOUS.contains(&name) && !self.is_short(made) {
            self.doubles(2);
        }
        // What stands between all others is there as often as they are.
        let is_between = name == "concat_ws"
            && (call.variadic
                || (terms.len() > 3 && terms.first().is_some_and(|first| !is_brief(&first.expr))));
        if is_between {
            self.overgrows();
        }
    }

    /// A select with this list and these keys has been read.
    pub(super) fn widens(&self, terms: &[Term], keys: usize, level: &Level<'_>) {
        // What a row in storage holds stays there, and is pointed at.
        let made = level.items.iter().filter(|item| item.system_columns.is_empty());
        let made = made.flat_map(|item| &item.columns).filter(|column| !self.is_short(column.term.ty));
        let mut met = HashSet::new();
        let repeated = terms.iter().filter(|term| !self.is_short(term.ty) && !is_brief(&term.expr));
        let repeated = repeated.filter(|term| match &term.expr.kind {
            ExprKind::Column { names, .. } => !met.insert(names.as_slice()),
            _ => true,
        });
        let keys = keys.saturating_add(self.growth.sorted.get());
        let wide = made.count().saturating_add(repeated.count()).saturating_add(keys);
        self.growth.widest.set(self.growth.widest.get().max(wide));
        self.doubles(0);
    }

    /// Rows are sorted by so many more values, which they have beside those that are selected.
    pub(super) fn widens_by(&self, keys: usize) {
        let sorted = self.growth.sorted.get().saturating_add(keys);
        self.growth.sorted.set(sorted);
        self.growth.widest.set(self.growth.widest.get().max(sorted));
        self.doubles(0);
    }

    /// What a client writes down is deeper, or has more digits, than values of people.
    pub(super) fn note_literal(&self, literal: &Literal) {
        if matches!(literal, Literal::Text(text) if excess::is_excessive(text.as_bytes())) {
            self.overgrows();
        }
    }

    /// True for what has a value of its own in every statement, of which no more is made than is written down.
    pub(super) fn is_written_down(expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Literal(Literal::Text(text)) => !excess::is_excessive(text.as_bytes()),
            ExprKind::Literal(_) | ExprKind::SqlValue { .. } => true,
            ExprKind::Cast { value, .. } => Self::is_written_down(value),
            ExprKind::Array(values) | ExprKind::Row { values, .. } => {
                values.iter().all(Self::is_written_down)
            }
            _ => false,
        }
    }

    /// How many calls made something long so far.
    pub(super) fn growth_steps(&self) -> usize {
        self.growth.steps.get()
    }

    /// A query that reads itself adds to what it has made, as often as it likes.
    pub(super) fn grows_again(&self, steps_before: usize) {
        if self.growth.steps.get() > steps_before {
            self.overgrows();
        }
    }

    /// Something is made that may be too long.
    pub(super) fn overgrows(&self) {
        self.raises();
        self.conditions_raise.set(true);
    }

    fn doubles(&self, doublings: usize) {
        let doublings = self.growth.doublings.get().saturating_add(doublings);
        self.growth.doublings.set(doublings);
        // A row of so many is as long as a value doubled so often.
        let widths = usize::BITS - self.growth.widest.get().saturating_sub(1).leading_zeros();
        if doublings.saturating_add(usize::try_from(widths).unwrap_or(usize::MAX)) > MAX_DOUBLINGS {
            self.overgrows();
        }
    }

    /// True if no value of the type is long, whatever was done to make it.
    fn is_short(&self, ty: Option<TypeRef>) -> bool {
        let Some(ty) = ty.map(|ty| self.catalogue().base_type(ty)) else { return false };
        let is_enum = || self.catalogue().type_by_oid(ty.oid).is_some_and(|ty| ty.kind == TypeKind::Enum);
        is_fixed_in_length(ty.oid) || is_enum()
    }

    fn is_number(&self, ty: Option<TypeRef>) -> bool {
        ty.is_some_and(|ty| self.catalogue().base_type(ty).oid == oid::NUMERIC)
    }

    /// True if values of the type hold others, which are quoted where it becomes text.
    pub(super) fn quotes(&self, ty: Option<TypeRef>) -> bool {
        let Some(ty) = ty.map(|ty| self.catalogue().base_type(ty)) else { return true };
        let is_text = matches!(ty.oid, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::UNKNOWN);
        !is_text && !self.is_short(Some(ty))
    }

    /// True for rows and arrays.
    fn is_container(&self, ty: Option<TypeRef>) -> bool {
        let Some(ty) = ty.map(|ty| self.catalogue().base_type(ty)) else { return false };
        let known = self.catalogue().type_by_oid(ty.oid);
        ty.oid == oid::RECORD
            || known.is_some_and(|ty| ty.element.is_some() || ty.kind == TypeKind::Composite)
    }

    /// True if a value may hold any number of numbers, each of many digits. Those of a row that stands there are counted.
    fn holds_numbers(&self, term: &Term) -> bool {
        let is_counted = matches!(term.expr.kind, ExprKind::Row { .. } | ExprKind::Array(_));
        !is_counted && term.ty.is_some_and(|ty| self.type_holds_numbers(ty, MAX_TYPE_DEPTH))
    }

    fn type_holds_numbers(&self, ty: TypeRef, depth: usize) -> bool {
        let ty = self.catalogue().base_type(ty);
        let (Some(known), Some(deeper)) = (self.catalogue().type_by_oid(ty.oid), depth.checked_sub(1)) else {
            return true;
        };
        match (known.element, known.kind, known.relation) {
            (Some(element), ..) => {
                let element = self.catalogue().base_type(TypeRef::plain(element));
                let is_range =
                    self.catalogue().type_by_oid(element.oid).is_some_and(|ty| ty.category == b'R');
                element.oid == oid::NUMERIC || is_range || self.type_holds_numbers(element, deeper)
            }
            (None, TypeKind::Composite, Some(relation)) => {
                let row = self.catalogue().relation_by_oid(relation);
                row.is_none_or(|row| {
                    row.columns.iter().any(|column| self.type_holds_numbers(column.ty, deeper))
                })
            }
            _ => ty.oid == NUMMULTIRANGE,
        }
    }
}

/// `nummultirange` has the same oid on every server that has it.
const NUMMULTIRANGE: u32 = 4532;

/// True for what a client has written down, unless it is a number in few characters.
fn is_brief(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Number(number)) => !number.contains(['e', 'E']),
        ExprKind::Literal(_) => true,
        ExprKind::Cast { value, .. } => is_brief(value),
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
