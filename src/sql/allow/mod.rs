//! What is on the lists: functions, relations of the catalogue, extensions, settings.
//!
//! Invariant: what is not on a list is refused.
//! Not here: what statements do with it.

mod extensions;
mod settings;

use std::collections::{HashMap, HashSet};

pub(super) use settings::{Setting, setting};

/// Whether a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionAccess {
    Open,
    /// Would tell sizes or counters: NULL of its type.
    Silenced,
    /// Differs from row to row by itself: not where rows are in an open order.
    PerRow,
    Refused,
}

/// Whether a relation of the server's own schemas may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatalogueAccess {
    Open,
    /// Open, but for these columns, each of which has a constant in its place.
    Masked(&'static [(&'static str, &'static str)]),
    Refused,
}

/// How an aggregate depends on the order of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sensitivity {
    None,
    /// In the last digits, if it is one of floats.
    Floats,
    Always,
}

/// All lists, read once.
#[derive(Debug)]
pub(super) struct Lists {
    functions: HashMap<&'static str, FunctionAccess>,
    sensitivities: HashMap<&'static str, Sensitivity>,
    relations: HashSet<&'static str>,
    /// For tests of faithfulness, where nothing is protected.
    all_open: bool,
}

const FUNCTIONS: &str = include_str!("functions.txt");
const RELATIONS: &str = include_str!("relations.txt");

/// Columns of the catalogue that tell of data, and what stands in their place.
const MASKED: [(&str, &[(&str, &str)]); 4] = [
    ("pg_class", &[("relpages", "0"), ("reltuples", "-1"), ("relallvisible", "0"), ("relallfrozen", "0")]),
    ("pg_attribute", &[("attmissingval", "NULL")]),
    ("pg_sequences", &[("last_value", "NULL")]),
    ("pg_foreign_server", &[("srvoptions", "NULL")]),
];

impl Lists {
    /// Reads the lists. With `all_open`, everything is on them.
    pub(super) fn new(all_open: bool) -> Self {
        let mut functions = HashMap::new();
        let mut sensitivities = HashMap::new();
        let mut section = "";
        for line in FUNCTIONS.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                section = name;
                continue;
            }
            for name in line.split_ascii_whitespace() {
                match section {
                    "open" => _ = functions.insert(name, FunctionAccess::Open),
                    "silenced" => _ = functions.insert(name, FunctionAccess::Silenced),
                    "per-row" => _ = functions.insert(name, FunctionAccess::PerRow),
                    "floats" => _ = sensitivities.insert(name, Sensitivity::Floats),
                    "ordered" => _ = sensitivities.insert(name, Sensitivity::Always),
                    _ => {}
                }
            }
        }
        let relations = RELATIONS.lines().filter(|line| !line.starts_with('#'));
        Self {
            functions,
            sensitivities,
            relations: relations.flat_map(str::split_ascii_whitespace).collect(),
            all_open,
        }
    }

    /// True if nothing is refused by a list.
    pub(super) const fn all_open(&self) -> bool {
        self.all_open
    }

    pub(super) fn function(&self, schema: &str, name: &str, extension: Option<&str>) -> FunctionAccess {
        if self.all_open {
            return FunctionAccess::Open;
        }
        match (schema, extension) {
            ("pg_catalog", _) => self.functions.get(name).copied().unwrap_or(FunctionAccess::Refused),
            ("information_schema", _) if name.starts_with("_pg_") => FunctionAccess::Open,
            (_, Some(extension)) if extensions::opens(extension, name) => FunctionAccess::Open,
            _ => FunctionAccess::Refused,
        }
    }

    pub(super) fn sensitivity(&self, name: &str) -> Sensitivity {
        self.sensitivities.get(name).copied().unwrap_or(Sensitivity::None)
    }

    /// True if the types and operators of an extension are known to be harmless.
    pub(super) fn trusts(&self, extension: &str) -> bool {
        self.all_open || extensions::is_trusted(extension)
    }

    pub(super) fn catalogue_relation(&self, schema: &str, name: &str) -> CatalogueAccess {
        if self.all_open {
            return CatalogueAccess::Open;
        }
        match schema {
            "information_schema" if name != "user_mapping_options" => CatalogueAccess::Open,
            "pg_catalog" if self.relations.contains(name) => MASKED
                .iter()
                .find(|(masked, _)| *masked == name)
                .map_or(CatalogueAccess::Open, |(_, columns)| CatalogueAccess::Masked(columns)),
            _ => CatalogueAccess::Refused,
        }
    }

    /// True if a setting may be shown.
    pub(super) fn may_show(&self, name: &str) -> bool {
        self.all_open || setting(name).is_some()
    }
}
