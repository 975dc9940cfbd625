//! What exists in a database, as typed values: the snapshot that statements are resolved against.
//!
//! Invariant: a snapshot never changes; what it does not know does not exist for us, and is refused.
//! Not here: asking the database ([`QUERIES`] are texts for whoever has a connection), the policy.

mod function;
mod load;
mod lookup;
mod queries;
mod relation;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

pub(super) use function::{Cast, CastContext, Function, FunctionKind, Operator, Volatility};
pub use load::{CatalogueError, Row};
pub use queries::{CatalogueQuery, QUERIES};
pub(super) use relation::{Column, Hazard, Relation, RelationKind};
pub(super) use types::{Collation, Type, TypeKind, TypeRef, oid};

/// An object identifier of the database.
pub(super) type Oid = u32;

/// Numbers below belong to objects that came with the server.
pub(super) const FIRST_NORMAL_OID: Oid = 16_384;

/// The oldest and newest major versions whose functions and settings are on the lists.
pub(super) const MAJOR_VERSIONS: std::ops::RangeInclusive<u32> = 13..=18;

/// A snapshot of one database's catalogue.
#[derive(Debug)]
pub struct Catalogue {
    database: String,
    /// `server_version_num`: 150020 is 15.20.
    server_version: u32,
    /// The server's name of the database's encoding: `UTF8`.
    encoding: String,
    /// The store's own `search_path`, as set.
    search_path: Vec<String>,
    schemas: HashSet<String>,
    relations: HashMap<Oid, Arc<Relation>>,
    relation_names: HashMap<(String, String), Oid>,
    types: HashMap<Oid, Type>,
    type_names: HashMap<(String, String), Oid>,
    functions: HashMap<String, Vec<Function>>,
    /// Where a function stands in `functions`.
    function_names: HashMap<Oid, (String, usize)>,
    operators: HashMap<String, Vec<Operator>>,
    casts: HashMap<(Oid, Oid), Cast>,
    collations: HashMap<Oid, Collation>,
    words: OnceLock<HashSet<String>>,
}

impl Catalogue {
    /// The database that this is a snapshot of.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The server's version as a number: 150020 is 15.20.
    #[must_use]
    pub const fn server_version(&self) -> u32 {
        self.server_version
    }

    /// The database's encoding, as the server names it: `UTF8`.
    #[must_use]
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// The store's own search path, as it is set.
    #[must_use]
    pub fn own_search_path(&self) -> &[String] {
        &self.search_path
    }

    /// The server's major version: 15.
    #[must_use]
    pub const fn major_version(&self) -> u32 {
        self.server_version / 10_000
    }
}
