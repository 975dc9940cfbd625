//! Functions by name, each file a theme.
//!
//! Invariant: a function that stands in no table is refused, and so is one of a listed name that the catalogue
//! describes otherwise than a function of the server: another language, its owner's rights, volatile where the table
//! does not expect that.
//! Not here: what a catalogue knows already (results, kinds, whether a function is strict).

mod aggregate;
mod array;
mod document;
mod extension;
mod forbidden;
mod geometry;
mod network;
mod number;
mod range;
mod search;
mod system;
mod text;
mod time;
mod varying;

use super::group::{Group, Index, Rule};
use super::refused::{Reason, Refused};
use crate::sql::catalogue::Volatility;

pub(super) use extension::is_listed as extension_is_listed;

/// The tables, one a theme.
const TABLES: [&[Group]; 13] = [
    aggregate::GROUPS,
    array::GROUPS,
    document::GROUPS,
    forbidden::GROUPS,
    geometry::GROUPS,
    network::GROUPS,
    number::GROUPS,
    range::GROUPS,
    search::GROUPS,
    system::GROUPS,
    text::GROUPS,
    time::GROUPS,
    varying::GROUPS,
];

/// What the lists have to be told of a function.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql::allow) struct FunctionFacts<'a> {
    /// Its schema.
    pub(in crate::sql::allow) schema: &'a str,
    /// Its name.
    pub(in crate::sql::allow) name: &'a str,
    /// The types of what goes in, as `pg_type.typname` has them (`int4`, `_text`).
    pub(in crate::sql::allow) inputs: &'a [&'a str],
    /// It came with the server: its number is below 16384.
    pub(in crate::sql::allow) is_builtin: bool,
    /// The extension that owns it.
    pub(in crate::sql::allow) extension: Option<&'a str>,
    /// `pg_proc.provolatile`.
    pub(in crate::sql::allow) volatility: Volatility,
    /// It is in a language of the server's own, and runs with the caller's rights.
    pub(in crate::sql::allow) is_plain: bool,
    /// It is an aggregate.
    pub(in crate::sql::allow) is_aggregate: bool,
}

/// The tables as one.
pub(super) fn index(major_version: u32) -> Index {
    Index::new(TABLES.into_iter().flatten(), major_version)
}

/// Whether a function may be called, and how.
pub(super) fn check(index: &Index, facts: &FunctionFacts<'_>) -> Rule {
    if let Some(extension) = facts.extension {
        return extension::check(extension, facts);
    }
    if !facts.is_builtin || !facts.is_plain || !matches!(facts.schema, "pg_catalog" | "information_schema") {
        return Err(Refused::because(Reason::UserDefined).instead("write what it does into the statement"));
    }
    let Some(entry) = index.find(facts.name, facts.inputs) else {
        let is_internal = facts.inputs.iter().any(|input| matches!(*input, "internal" | "cstring"));
        let reason = if is_internal { Reason::Internal } else { Reason::NotListed };
        return Err(Refused::because(reason));
    };
    if facts.volatility == Volatility::Volatile && !entry.is_volatile && entry.rule.is_ok() {
        return Err(Refused::because(Reason::ReadingOrder));
    }
    entry.rule
}

#[cfg(test)]
mod tests;
