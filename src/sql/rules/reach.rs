//! Conditions on a raw column that a condition on its coarse value implies.

use std::net::Ipv4Addr;

use super::super::catalogue::{Oid, oid};
use super::super::coarse;
use super::super::ir::{Expr, ExprKind, Literal, TypeName};
use super::Template;

/// Where raw values lie, as expressions with a place for the value that the coarse column is compared with.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Reach {
    own_type: &'static str,
    wide_type: &'static str,
    pub(in crate::sql) is_ordered: bool,
    spans: Vec<(Template, Template)>,
    limits: Option<(Expr, Expr)>,
    starts_after: bool,
    ends_before: bool,
    prefix_v4: u32,
}

/// How a coarse column is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Comparison {
    /// It is the value, or inside of it.
    Same,
    /// It is greater, or equal.
    NotBelow,
    /// It is less, or equal.
    NotAbove,
}

impl Reach {
    /// `None` if an expression cannot be read, which a test of each rules out.
    pub(super) fn parse(reach: &coarse::Reach) -> Option<Self> {
        let span = |(first, last): &(String, String)| Some((Template::parse(first)?, Template::parse(last)?));
        Some(Self {
            own_type: reach.own_type,
            wide_type: reach.wide_type,
            is_ordered: reach.is_ordered,
            spans: reach.spans.iter().map(span).collect::<Option<_>>()?,
            limits: match &reach.limits {
                None => None,
                Some((low, high)) => Some((
                    Template::parse(low)?.filled(&Expr::null()),
                    Template::parse(high)?.filled(&Expr::null()),
                )),
            },
            starts_after: reach.starts_after,
            ends_before: reach.ends_before,
            prefix_v4: reach.prefix_v4.into(),
        })
    }

    /// A value of a type that is only known where it stands, as one of the reach's.
    pub(in crate::sql) fn untyped(&self, value: Expr) -> Expr {
        let value = value.cast(TypeName::builtin(self.own_type));
        if self.own_type == self.wide_type { value } else { value.cast(TypeName::builtin(self.wide_type)) }
    }

    /// A value of type `ty` as one of the reach's, if a comparison with the column takes it for the same.
    pub(in crate::sql) fn typed(&self, value: Expr, ty: Oid) -> Option<Expr> {
        let is_whole = matches!(ty, oid::INT2 | oid::INT4 | oid::INT8 | oid::NUMERIC);
        let fits = match self.wide_type {
            "inet" => matches!(ty, oid::INET | oid::CIDR),
            "timestamptz" => ty == oid::TIMESTAMPTZ,
            "timestamp" => ty == oid::TIMESTAMP,
            "date" => ty == oid::DATE,
            "numeric" => is_whole,
            "float8" => is_whole || matches!(ty, oid::FLOAT4 | oid::FLOAT8),
            _ => false,
        };
        let wide = TypeName::builtin(self.wide_type);
        let is_wide = matches!(&value.kind, ExprKind::Cast { to, .. } if *to == wide);
        fits.then(|| if is_wide { value } else { value.cast(wide) })
    }

    /// True if the column is a point in time.
    pub(in crate::sql) fn is_instant(&self) -> bool {
        self.wide_type == "timestamptz"
    }

    /// What holds for the raw `column` where its coarse value compares so with `value`; `None` if nothing is known.
    pub(in crate::sql) fn condition(
        &self,
        column: &Expr,
        comparison: Comparison,
        value: &Expr,
    ) -> Option<Expr> {
        let known = if self.wide_type == "inet" { networks(value, self.prefix_v4) } else { None };
        let spans = known.unwrap_or_else(|| {
            self.spans.iter().map(|(first, last)| (first.filled(value), last.filled(value))).collect()
        });
        let condition = |(first, last)| {
            if comparison != Comparison::Same && !self.is_ordered {
                return None;
            }
            let is = |operator, bound| Expr::operator(column.clone(), operator, bound);
            let above = |low| is(if self.starts_after { ">" } else { ">=" }, low);
            let below = |last| is(if self.ends_before { "<" } else { "<=" }, last);
            let (low, high) = self.limits.clone().unzip();
            let (from, until) = match comparison {
                Comparison::Same => (Some(first), Some(last)),
                Comparison::NotBelow => (Some(first), high),
                Comparison::NotAbove => (None, Some(last)),
            };
            let low = low.filter(|_| self.starts_after || from.is_none()).map(above);
            let ends = [low, from.map(|first| is(">=", first)), until.map(below)];
            all(ends.into_iter().flatten().collect())
        };
        any(spans.into_iter().map(condition).collect::<Option<Vec<Expr>>>()?)
    }
}

/// The spans of an IPv4 network that stands in the text, in cells of so many bits: what the server would compute, in fewer
/// words.
fn networks(value: &Expr, prefix: u32) -> Option<Vec<(Expr, Expr)>> {
    let ExprKind::Cast { value, to } = &value.kind else { return None };
    let ExprKind::Literal(Literal::Text(text)) = &value.kind else { return None };
    if !matches!(to.name.name.as_str(), "inet" | "cidr") {
        return None;
    }
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let is_number = (1..=2).contains(&bits.len()) && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = bits.parse::<u32>().ok().filter(|bits| is_number && *bits <= 32)?.min(prefix);
    let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
    let number = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let (first, last) = (Ipv4Addr::from(number & !hosts), Ipv4Addr::from(number | hosts));
    let inet = |text: String| Expr::text(text).cast(TypeName::builtin("inet"));
    let carried = ["::ffff:", "64:ff9b::"]
        .map(|carrier| (inet(format!("{carrier}{first}/{}", 96 + bits)), inet(format!("{carrier}{last}"))));
    let plain = (inet(format!("{first}/{bits}")), inet(last.to_string()));
    Some(std::iter::once(plain).chain(carried).collect())
}

/// One of the conditions holds.
pub(in crate::sql) fn any(conditions: Vec<Expr>) -> Option<Expr> {
    let mut flat = Vec::with_capacity(conditions.len());
    for condition in conditions {
        match condition.kind {
            ExprKind::Or(inner) => flat.extend(inner),
            _ => flat.push(condition),
        }
    }
    if flat.len() > 1 { Some(Expr::made(ExprKind::Or(flat))) } else { flat.pop() }
}

/// All of the conditions hold.
pub(in crate::sql) fn all(conditions: Vec<Expr>) -> Option<Expr> {
    let mut flat = Vec::with_capacity(conditions.len());
    for condition in conditions {
        match condition.kind {
            ExprKind::And(inner) => flat.extend(inner),
            _ => flat.push(condition),
        }
    }
    if flat.len() > 1 { Some(Expr::made(ExprKind::And(flat))) } else { flat.pop() }
}
