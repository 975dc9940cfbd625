//! What a statement may use: functions, operators, casts, relations of the server's own catalogue, settings,
//! statements; for PostgreSQL 13 to 18.
//!
//! All of these are allow-lists. What stands on a list reads nothing but its arguments, the schema, and settings of
//! the session; it changes nothing, and it shows no raw value, no statistics, no size, no counter, and nothing of
//! the order in which rows are read. What a list allows comes with what the analysis has to know about it.
//!
//! Invariant: what is not on a list is refused; a new version of the server adds nothing by itself.
//! Invariant: an answer depends on names, types and the catalogue, never on data.
//! Not here: finding out which function or relation a statement means, and what the statement does with it.

mod call;
mod function;
mod group;
mod refused;
mod relation;
mod setting;
pub(super) mod statement;

pub(super) use call::{Call, Sensitivity, Special};
pub(super) use refused::{Reason, Refused};
pub(super) use relation::{Access, Mask, Replacement};
pub(super) use setting::{SHOWN_SETTINGS, SetVerdict, ShowVerdict};

use super::catalogue::{Catalogue, FIRST_NORMAL_OID, Function, FunctionKind, MAJOR_VERSIONS, Operator, Type};

/// The lists as they hold for one version of the server.
#[derive(Debug)]
pub(super) struct Lists {
    functions: group::Index,
    /// Nothing is refused: for tests of faithfulness, where nothing is protected.
    is_all_open: bool,
}

/// Types of the server that hold statistics, stored plans or nothing at all: never read from text.
const NEVER_READ: [&str; 6] = [
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
];

impl Lists {
    /// The lists for a major version. One that is not known yet has the newest list.
    pub(super) fn new(major_version: u32) -> Self {
        let version = major_version.clamp(*MAJOR_VERSIONS.start(), *MAJOR_VERSIONS.end());
        Self { functions: function::index(version), is_all_open: false }
    }

    /// Lists that refuse nothing. For tests of faithfulness only: nothing may be protected.
    pub(super) fn all_open(major_version: u32) -> Self {
        Self { is_all_open: true, ..Self::new(major_version) }
    }

    /// True if nothing is refused by a list.
    pub(super) const fn is_all_open(&self) -> bool {
        self.is_all_open
    }

    /// Whether a function of this name may be called, and how.
    pub(super) fn function(
        &self,
        catalogue: &Catalogue,
        name: &str,
        function: &Function,
    ) -> Result<Call, Refused> {
        let name_of = |oid: &u32| catalogue.type_by_oid(*oid).map_or("", |known| &*known.name);
        let inputs: Vec<&str> = function.arguments.iter().map(name_of).collect();
        let facts = function::FunctionFacts {
            schema: &function.schema,
            name,
            inputs: &inputs,
            is_builtin: function.oid < FIRST_NORMAL_OID,
            extension: function.extension.as_deref(),
            volatility: function.volatility,
            is_plain: function.is_plain,
            is_aggregate: function.kind == FunctionKind::Aggregate,
        };
        let rule = match function.kind {
            FunctionKind::Procedure => Err(Refused::because(Reason::Writes)),
            _ => function::check(&self.functions, &facts),
        };
        match rule {
            Err(_) if self.is_all_open => Ok(Call::RAISING),
            Ok(call) if self.is_all_open => Ok(Call { special: Special::Nothing, ..call }),
            rule => rule,
        }
    }

    /// Whether an operator may be used: it came with the server or a listed extension, and its function is allowed.
    pub(super) fn operator(&self, catalogue: &Catalogue, operator: &Operator) -> Result<Call, Refused> {
        let is_ours = operator.oid < FIRST_NORMAL_OID || operator.extension.is_some() || self.is_all_open;
        if !is_ours {
            return Err(Refused::because(Reason::UserDefined).instead("OPERATOR(pg_catalog.=) and its like"));
        }
        match catalogue.function_by_oid(operator.function) {
            Some((name, function)) => self.function(catalogue, name, function),
            None if self.is_all_open => Ok(Call::RAISING),
            None => Err(Refused::because(Reason::NotListed)),
        }
    }

    /// Whether texts may be read as values of a type, as far as its own code goes: a type within it is another matter.
    pub(super) fn reads(&self, ty: &Type) -> Result<(), Refused> {
        let is_hidden = ty.oid < FIRST_NORMAL_OID && NEVER_READ.contains(&ty.name.as_str());
        if is_hidden && !self.is_all_open { Err(Refused::because(Reason::Internal)) } else { Ok(()) }
    }

    /// Whether an extension's types and operators may be used.
    pub(super) fn trusts(&self, extension: &str) -> bool {
        self.is_all_open || function::extension_is_listed(extension)
    }

    /// Whether a relation of the server's own schemas (`pg_catalog`, `information_schema`) may be read. In any other
    /// schema of the server (`pg_toast`, temporary ones) nothing may.
    pub(super) fn catalogue_relation(&self, schema: &str, name: &str) -> Access {
        if self.is_all_open {
            return Access::Open;
        }
        relation::access(schema, name)
    }
}

/// The functions that the lists name, each with the types of one overload or for all of them, and whether it is
/// allowed: for comparing them with a server.
#[cfg(test)]
impl Lists {
    fn function_words(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>, bool)> {
        self.functions.words()
    }
}

#[cfg(test)]
mod server_tests;
