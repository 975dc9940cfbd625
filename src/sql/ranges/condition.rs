//! What a condition on coarse columns implies for the raw ones.

use std::collections::HashMap;

use crate::sql::analyse::moment;
use crate::sql::catalogue::{Oid, oid};
use crate::sql::ir::{Expr, ExprKind, Literal, Qualified, TypeName};
use crate::sql::rules::{self, Comparison, Reach};
use crate::sql::seam::Parameter;

/// Lists of more values than this are not taken apart.
const MAX_LIST: usize = 16;

/// Finds a coarse column by name: where its raw values lie, and the raw column.
type Find<'f> = dyn Fn(&[String]) -> Option<(&'f Reach, Expr)> + 'f;

/// What values a condition may compare with.
pub(super) struct Values<'a> {
    pub(super) parameters: &'a [Parameter],
    /// How often each parameter is used.
    pub(super) uses: HashMap<u32, usize>,
}

impl Values<'_> {
    /// What holds for raw columns where `condition` is true; `None` if nothing is known.
    pub(super) fn implied(&self, condition: &Expr, find: &Find<'_>) -> Option<Expr> {
        match &condition.kind {
            ExprKind::And(all) => rules::all(all.iter().filter_map(|one| self.implied(one, find)).collect()),
            ExprKind::Or(any) => {
                rules::any(any.iter().map(|one| self.implied(one, find)).collect::<Option<_>>()?)
            }
            ExprKind::Operator { op, left: Some(left), right } => {
                let name = op.name.as_str();
                if op.schema.as_deref() != Some("pg_catalog") {
                    return None;
                }
                self.compared(name, left, right, find)
                    .or_else(|| self.compared(commuted(name)?, right, left, find))
            }
            ExprKind::In { negated: false, value, list } if list.len() <= MAX_LIST => {
                let one = |item| self.compared("=", value, item, find);
                rules::any(list.iter().map(one).collect::<Option<_>>()?)
            }
            ExprKind::Between { negated: false, symmetric: false, value, low, high } => {
                let low = self.compared(">=", value, low, find);
                let high = self.compared("<=", value, high, find);
                rules::all(low.into_iter().chain(high).collect())
            }
            _ => None,
        }
    }

    fn compared(&self, operator: &str, column: &Expr, value: &Expr, find: &Find<'_>) -> Option<Expr> {
        let ExprKind::Column { names, star: false } = &column.kind else { return None };
        let (reach, raw) = find(names)?;
        let comparison = match operator {
            "=" => Comparison::Same,
            "<<" | "<<=" if !reach.is_ordered => Comparison::Same,
            ">" | ">=" => Comparison::NotBelow,
            "<" | "<=" => Comparison::NotAbove,
            _ => return None,
        };
        reach.condition(&raw, comparison, &self.value(value, reach)?)
    }

    /// The value that a coarse column is compared with, as one of its reach's, if it is the same for all rows.
    fn value(&self, value: &Expr, reach: &Reach) -> Option<Expr> {
        if let Some(ty) = moment(value) {
            // What has no zone is taken to be in the session's, by a comparison as by a cast.
            let ty = if reach.is_instant() { oid::TIMESTAMPTZ } else { ty };
            return reach.typed(value.clone(), ty);
        }
        match &value.kind {
            ExprKind::Literal(Literal::Text(_)) => Some(reach.untyped(value.clone())),
            ExprKind::Literal(Literal::Integer(_)) => reach.typed(value.clone(), oid::INT4),
            ExprKind::Literal(Literal::Number(_)) => reach.typed(value.clone(), oid::NUMERIC),
            ExprKind::Param(number) => match self.declared(*number)? {
                0 => Some(reach.untyped(value.clone())),
                ty => reach.typed(value.clone(), ty),
            },
            ExprKind::Cast { value: inner, to } => {
                let is_value = match &inner.kind {
                    ExprKind::Literal(Literal::Text(_)) => true,
                    // What is no cast of a text could fail.
                    ExprKind::Param(number) => self.declared(*number)? == 0,
                    _ => false,
                };
                reach.typed(value.clone(), type_of(to)?).filter(|_| is_value)
            }
            _ => None,
        }
    }

    /// The type that the client declared for a parameter, 0 if it is for the server to find: from the place where the
    /// parameter stands, which must not be changed by another.
    fn declared(&self, number: u32) -> Option<Oid> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let parameter = self.parameters.get(index).filter(|parameter| parameter.turned_back.is_none())?;
        let is_alone = self.uses.get(&number) == Some(&1);
        (parameter.type_oid != 0 || is_alone).then_some(parameter.type_oid)
    }
}

/// The operator with its sides exchanged.
fn commuted(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "=",
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        ">>" => "<<",
        ">>=" => "<<=",
        _ => return None,
    })
}

fn type_of(name: &TypeName) -> Option<Oid> {
    let Qualified { schema, name: known } = &name.name;
    if schema.as_deref() != Some("pg_catalog") || !name.dimensions.is_empty() {
        return None;
    }
    Some(match known.as_str() {
        "inet" => oid::INET,
        "cidr" => oid::CIDR,
        "timestamptz" => oid::TIMESTAMPTZ,
        "timestamp" => oid::TIMESTAMP,
        "date" => oid::DATE,
        "int2" => oid::INT2,
        "int4" => oid::INT4,
        "int8" => oid::INT8,
        "numeric" => oid::NUMERIC,
        "float4" => oid::FLOAT4,
        "float8" => oid::FLOAT8,
        _ => return None,
    })
}
