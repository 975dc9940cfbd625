//! What happens to one column: it stays, an expression takes its place, or it is an identifier.
//!
//! Invariant: a rule that has no meaning for the column's type makes it NULL; one that names what the type does not
//! have closes the table.
//! Not here: the expressions ([`super::super::coarse`]), and whose rule it is.

use std::sync::Arc;

use super::super::analyse::Identity;
use super::super::catalogue::{Catalogue, Column, Oid, TypeRef, oid};
use super::super::coarse::{Coarse, Coarsener, Declared, Unfit};
use super::{Protection, Reach, Template};
use crate::kernel::Treatment;
use crate::policy::{ColumnRule, Ruling};

/// Decides about the columns of a database.
pub(super) struct Columns<'a> {
    catalogue: &'a Catalogue,
    coarsener: Coarsener<'a>,
    unlisted: &'a Ruling,
}

impl<'a> Columns<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, unlisted: &'a Ruling) -> Self {
        Self { catalogue, coarsener: Coarsener::new(catalogue), unlisted }
    }

    /// A column that no rule names.
    ///
    /// # Errors
    /// Its type is not known.
    pub(super) fn unlisted(&self, column: &Column) -> Result<Protection, Unfit> {
        self.coarse(column, &ColumnRule::Scalar(self.unlisted.clone()), self.unlisted)
    }

    /// A column that `rule` names; `field` is its full name.
    ///
    /// # Errors
    /// The rule names what the column's type does not have.
    pub(super) fn listed(
        &self,
        column: &Column,
        rule: &ColumnRule,
        field: String,
    ) -> Result<Protection, Unfit> {
        let ruling = match rule {
            ColumnRule::Scalar(ruling) => {
                if let Some(identifier) = self.identifier(column, ruling, field) {
                    return Ok(identifier);
                }
                ruling
            }
            ColumnRule::Composite(rulings) => rulings.values().next().unwrap_or(self.unlisted),
            ColumnRule::Json(plan) => plan.ruling(plan.root()).unwrap_or_else(|| plan.unlisted()),
        };
        self.coarse(column, rule, ruling)
    }

    fn coarse(&self, column: &Column, rule: &ColumnRule, ruling: &Ruling) -> Result<Protection, Unfit> {
        let declared = Declared {
            type_oid: column.ty.oid,
            type_modifier: column.ty.modifier,
            collation: Some(column.collation).filter(|&oid| oid != 0),
        };
        let coarse = match self.coarsener.column(rule, self.unlisted, declared, Template::PLACE) {
            Err(unfit @ (Unfit::NoSuchAttribute { .. } | Unfit::UnknownType(_))) => return Err(unfit),
            Err(_) => self.coarsener.null(declared)?,
            Ok(coarse) if coarse.sql == Template::PLACE => return Ok(Protection::Open),
            Ok(coarse) => coarse,
        };
        let Coarse { sql, type_oid, type_modifier } = coarse;
        let template = Template::parse(&sql).ok_or(Unfit::DocumentTooLarge)?;
        let ty = TypeRef { oid: type_oid, modifier: type_modifier };
        let reach = self.coarsener.reach(rule, declared, Template::PLACE);
        Ok(Protection::coarse(template, ty, ruling, reach.and_then(|reach| Reach::parse(&reach))))
    }

    /// A column that stays raw inside of a statement, if its treatment is one of identifiers and its type has them.
    fn identifier(&self, column: &Column, ruling: &Ruling, field: String) -> Option<Protection> {
        let is_one_way = match *ruling.treatment {
            Treatment::Pseudonymize(_) => true,
            Treatment::Tokenize(_) => false,
            _ => return None,
        };
        let base = self.catalogue.base_type(column.ty);
        let element = self.catalogue.element_type(base.oid);
        let of = self.catalogue.base_type(TypeRef::plain(element.unwrap_or(base.oid))).oid;
        let shown = self.shown_type(of, column.collation, is_one_way)?;
        let identity = Arc::new(Identity::new(field, ruling.clone(), shown));
        Some(match element {
            None => Protection::Identifier(identity),
            Some(_) => Protection::Identifiers(identity),
        })
    }

    /// If raw equality of this type is equality of bytes: the type to tell the client, if it is another.
    fn shown_type(&self, ty: Oid, collation: Oid, is_one_way: bool) -> Option<Option<Oid>> {
        match ty {
            oid::UUID | oid::INT8 => Some(None),
            oid::BYTEA if is_one_way => Some(None),
            // A pseudonym does not fit into 32 bits.
            oid::INT4 | oid::INT2 if is_one_way => Some(Some(oid::INT8)),
            oid::INT4 => Some(None),
            oid::TEXT | oid::VARCHAR => {
                let known = self.catalogue.collation(collation);
                let is_bytewise = known.is_none_or(|collation| collation.deterministic);
                // A pseudonym may be longer than the column.
                let shown = if ty == oid::VARCHAR { Some(oid::TEXT) } else { None };
                is_bytewise.then_some(shown)
            }
            _ => None,
        }
    }
}
