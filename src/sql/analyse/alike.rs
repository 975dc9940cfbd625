//! Equal values that look different: 1.0 and 1.00, one day and 24 hours, 0 and -0.
//!
//! Where values are brought together because they are equal, the server shows one of them for all, whichever its
//! plan met first; and where rows are sorted or hashed by raw values, that tells of them. So the one that is shown
//! is chosen here, by how the values look and nothing else. Where all of them look the same, it is that.
//!
//! Invariant: a type is alike only if its equality is known to be equality of what a client can see.
//! Not here: the places where values are brought together (`representative`, `aggregate`, `set_operation`).

use super::super::catalogue::{TypeKind, TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Literal, Step, TypeName};
use super::super::refusal::{Checked, Denial};
use super::order::{array_of_ordered, image};
use super::scope::{OutputColumn, Term};
use super::{Analysis, Label};

/// In what equal values of a type may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// In nothing.
    Alike,
    /// In the sign of zero, and of what is no number.
    Float,
    /// In the number of digits behind the point.
    Numeric,
    /// In anything.
    Other,
}

/// Types within types beyond this count as different.
const MAX_TYPE_DEPTH: usize = 16;

impl Analysis<'_> {
    /// In what equal values of this type may differ.
    pub(super) fn looks(&self, ty: Option<TypeRef>) -> Looks {
        ty.map_or(Looks::Other, |ty| self.looks_within(ty, MAX_TYPE_DEPTH))
    }

    fn looks_within(&self, ty: TypeRef, depth: usize) -> Looks {
        let ty = self.catalogue().base_type(ty);
        let is_bytewise = || !self.catalogue().has_loose_collation();
        match ty.oid {
            oid::FLOAT4 | oid::FLOAT8 => return Looks::Float,
            oid::NUMERIC => return if ty.modifier < 0 { Looks::Numeric } else { Looks::Alike },
            // All values of a length are filled up to it.
            oid::BPCHAR if ty.modifier >= 0 && is_bytewise() => return Looks::Alike,
            oid::TEXT | oid::VARCHAR | oid::NAME | oid::UNKNOWN if is_bytewise() => return Looks::Alike,
            known if is_alike(known) => return Looks::Alike,
            _ => {}
        }
        let Some((known, deeper)) = self.catalogue().type_by_oid(ty.oid).zip(depth.checked_sub(1)) else {
            return Looks::Other;
        };
        let inside = |ty: TypeRef| self.looks_within(ty, deeper) == Looks::Alike;
        let alike = match (known.element, known.kind, known.relation) {
            (Some(element), ..) => inside(TypeRef { oid: element, modifier: ty.modifier }),
            (None, TypeKind::Enum, _) => true,
            (None, TypeKind::Composite, Some(relation)) => {
                let relation = self.catalogue().relation_by_oid(relation);
                relation.is_some_and(|row| row.columns.iter().all(|column| inside(column.ty)))
            }
            _ => false,
        };
        if alike { Looks::Alike } else { Looks::Other }
    }

    /// True if equal values of this expression look alike. Rows with identifiers inside are not seen at all.
    pub(super) fn is_alike(&self, term: &Term) -> bool {
        let is_unseen = !matches!(term.label, Label::Public) || is_fixed(&term.expr);
        is_unseen || self.looks(term.ty) == Looks::Alike || self.alike_rows.contains(&term.expr)
    }

    /// Remembers a row that is made of these values, if their equals look alike.
    pub(super) fn note_row<'t>(&mut self, row: &Expr, mut values: impl Iterator<Item = &'t Term>) {
        if values.all(|value| self.is_alike(value)) {
            self.alike_rows.push(row.clone());
        }
    }

    /// True if rows that are equal in these columns look alike.
    pub(super) fn are_alike(&self, columns: &[OutputColumn]) -> bool {
        columns
            .iter()
            .all(|column| !matches!(column.label, Label::Public) || self.looks(column.ty) == Looks::Alike)
    }

    /// What to print in place of a key of a group, behind the grouping; `None` if that is the key itself.
    pub(super) fn shown_of_group(&self, key: &Term) -> Checked<Option<Expr>> {
        if self.is_alike(key) {
            return Ok(None);
        }
        let looks = self.looks(key.ty);
        if looks == Looks::Float {
            // No function of many values may stand in a CASE.
            let is_set = self.gives_set(&key.expr);
            return Ok(Some(if is_set { plus_zero(key) } else { same_zero(key) }));
        }
        if self.gives_set(&key.expr) {
            return Err(Denial::unsupported("grouping by this function of many values", key.pos())
                .hint("call it in FROM: equal values of it may look different, and one has to be chosen"));
        }
        if looks == Looks::Numeric {
            let scale = Expr::call("min", vec![Expr::call("scale", vec![key.expr.clone()])]);
            let shortest = Expr::call("round", vec![key.expr.clone(), scale]);
            // What is no number, or infinite, has no scale.
            return Ok(Some(Expr::made(ExprKind::Coalesce(vec![shortest, key.expr.clone()]))));
        }
        // A key that is left out of a grouping set is NULL there.
        let is_left_out = Expr::operator(
            Expr::made(ExprKind::Grouping(vec![key.expr.clone()])),
            "=",
            Expr::made(ExprKind::Literal(Literal::Integer(1))),
        );
        let first = match self.castable(key.ty) {
            Some(ty) => Expr::call("min", vec![image(key)]).cast(ty),
            None => first_of_all(key),
        };
        Ok(Some(Expr::made(ExprKind::Case {
            operand: None,
            whens: vec![(is_left_out, key.expr.clone())],
            otherwise: Some(Box::new(first)),
        })))
    }

    /// The name of a type whose values can be had back from their text, with nothing lost.
    fn castable(&self, ty: Option<TypeRef>) -> Option<TypeName> {
        let ty = self.catalogue().base_type(ty?);
        let known = self.catalogue().type_by_oid(ty.oid)?;
        // Texts have a collation, which a cast would lose; anonymous rows cannot be read.
        let is_text = known.category == b'S';
        (known.kind != TypeKind::Pseudo && !is_text).then(|| self.type_name(ty))
    }

    /// The term with its zeros and what is no number alike, if it is a floating-point one.
    pub(super) fn with_same_zero(&self, term: Term) -> Term {
        if self.looks(term.ty) == Looks::Float && !is_fixed(&term.expr) {
            return Term { expr: same_zero(&term), ..term };
        }
        term
    }

    /// True if the expression gives several rows for one.
    pub(super) fn gives_set(&self, expr: &Expr) -> bool {
        let is_set = match &expr.kind {
            ExprKind::Call(call) => self.catalogue().functions(&call.name.name).iter().any(|function| {
                function.gives_set
                    && call.name.schema.as_ref().is_none_or(|schema| function.schema == *schema)
            }),
            _ => false,
        };
        is_set || expr.children().into_iter().any(|inside| self.gives_set(inside))
    }
}

/// True if the expression has the same value in all rows.
pub(super) fn is_fixed(expr: &Expr) -> bool {
    let varies = matches!(expr.kind, ExprKind::Column { .. } | ExprKind::Sublink(_));
    !varies && expr.children().into_iter().all(is_fixed)
}

/// `CASE WHEN x = 'NaN' THEN 'NaN' ELSE x + 0 END`, in which both zeros are 0.
fn same_zero(term: &Term) -> Expr {
    let is_nan = Expr::operator(term.expr.clone(), "=", float(term, "NaN"));
    Expr::made(ExprKind::Case {
        operand: None,
        whens: vec![(is_nan, float(term, "NaN"))],
        otherwise: Some(Box::new(plus_zero(term))),
    })
}

/// `x + 0`, which is 0 for both zeros.
fn plus_zero(term: &Term) -> Expr {
    Expr::operator(term.expr.clone(), "+", float(term, "0"))
}

/// A constant of the term's own floating-point type.
fn float(term: &Term, text: &str) -> Expr {
    let name = if term.oid() == Some(oid::FLOAT4) { "float4" } else { "float8" };
    Expr::text(text).cast(TypeName::builtin(name))
}

/// The first of all values by how they look.
fn first_of_all(term: &Term) -> Expr {
    let first = ExprKind::Path {
        base: Box::new(array_of_ordered(term)),
        steps: vec![Step::Index(Expr::made(ExprKind::Literal(Literal::Integer(1))))],
    };
    Expr::made(first)
}

/// Types of the server's own whose equal values look alike, besides those that are made of others.
const fn is_alike(ty: u32) -> bool {
    const XID: u32 = 28;
    const CID: u32 = 29;
    const MONEY: u32 = 790;
    const VARBIT: u32 = 1562;
    const REGCLASS: u32 = 2205;
    const REGTYPE: u32 = 2206;
    const PG_LSN: u32 = 3220;
    const TSVECTOR: u32 = 3614;
    const INT4RANGE: u32 = 3904;
    const TSRANGE: u32 = 3908;
    const TSTZRANGE: u32 = 3910;
    const DATERANGE: u32 = 3912;
    const INT8RANGE: u32 = 3926;
    const INT4MULTIRANGE: u32 = 4451;
    const TSMULTIRANGE: u32 = 4533;
    const TSTZMULTIRANGE: u32 = 4534;
    const DATEMULTIRANGE: u32 = 4535;
    const INT8MULTIRANGE: u32 = 4536;
    const XID8: u32 = 5069;
    matches!(
        ty,
        oid::BOOL
            | oid::BYTEA
            | oid::CHAR
            | oid::INT8
            | oid::INT2
            | oid::INT4
            | oid::OID
            | oid::TID
            | oid::CIDR
            | oid::MACADDR8
            | oid::MACADDR
            | oid::INET
            | oid::DATE
            | oid::TIME
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            // Equal only if the zones are, too.
            | oid::TIMETZ
            | oid::BIT
            | oid::UUID
            | XID
            | CID
            | MONEY
            | VARBIT
            | REGCLASS
            | REGTYPE
            | PG_LSN
            | TSVECTOR
            | INT4RANGE
            | TSRANGE
            | TSTZRANGE
            | DATERANGE
            | INT8RANGE
            | INT4MULTIRANGE
            | TSMULTIRANGE
            | TSTZMULTIRANGE
            | DATEMULTIRANGE
            | INT8MULTIRANGE
            | XID8
    )
}
