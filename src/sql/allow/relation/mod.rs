//! Relations of the server's own schemas: what of them may be read.
//!
//! Definitions are the schema's, and the schema is public. Withheld are statistics, sizes, counters, positions,
//! secrets, and what other sessions do. A column that is withheld is replaced and not refused, because clients select
//! `*` and ask for estimates in passing.
//!
//! Invariant: a column that a later version adds to a masked relation of counters is withheld, to others is shown.

mod information_schema;
mod pg_catalog;

use super::refused::{Reason, Refused};

/// What of a relation may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Access {
    /// All of it.
    Open,
    /// Some columns of it.
    Masked(Mask),
    /// Nothing.
    Refused(Refused),
}

/// Which columns are withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Mask {
    /// These, and no others.
    Without(&'static [(&'static str, Replacement)]),
    /// All but these, which are shown; the others are NULL.
    Only(&'static [&'static str]),
}

/// What stands in place of a withheld column, in the column's own type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Replacement {
    /// NULL. The column may be of a pseudo-type (`anyarray`), to which only a bare NULL can be cast.
    Null,
    /// This text, read as a value of the column's type.
    Constant(&'static str),
    /// The column itself where the relation's column `name` is one of [`super::SHOWN_SETTINGS`], NULL elsewhere.
    IfSettingIsShown,
}

impl Mask {
    /// What stands in place of a column; `None` if it is shown.
    #[must_use]
    pub(in crate::sql) fn replacement(&self, column: &str) -> Option<Replacement> {
        match self {
            Self::Without(withheld) => {
                withheld.iter().find(|(name, _)| *name == column).map(|(_, replacement)| *replacement)
            }
            Self::Only(shown) => (!shown.contains(&column)).then_some(Replacement::Null),
        }
    }
}

/// Names of relations under one rule.
type Table = &'static [(Access, &'static str)];

/// Whether a relation of the server may be read.
pub(super) fn access(schema: &str, name: &str) -> Access {
    let table = match schema {
        "pg_catalog" => pg_catalog::RELATIONS,
        "information_schema" => information_schema::RELATIONS,
        _ => return Access::Refused(Refused::because(Reason::ReadsStorage)),
    };
    let listed = table.iter().find(|(_, words)| words.split_ascii_whitespace().any(|word| word == name));
    listed.map_or(Access::Refused(Refused::because(Reason::NotListed)), |(access, _)| *access)
}

/// Whether the tables name a relation, allowed or not: for tests.
#[cfg(test)]
fn words(table: Table) -> impl Iterator<Item = (&'static str, Access)> {
    table.iter().flat_map(|(access, words)| words.split_ascii_whitespace().map(|word| (word, *access)))
}

#[cfg(test)]
mod tests;
