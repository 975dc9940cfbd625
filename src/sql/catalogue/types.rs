//! Types and collations.

use super::Oid;

/// Object identifiers that every server shares (`pg_type.dat`, `pg_collation.dat`).
pub(in crate::sql) mod oid {
    use super::Oid;

    pub(in crate::sql) const BOOL: Oid = 16;
    pub(in crate::sql) const BYTEA: Oid = 17;
    pub(in crate::sql) const CHAR: Oid = 18;
    pub(in crate::sql) const NAME: Oid = 19;
    pub(in crate::sql) const INT8: Oid = 20;
    pub(in crate::sql) const INT2: Oid = 21;
    pub(in crate::sql) const INT4: Oid = 23;
    pub(in crate::sql) const TEXT: Oid = 25;
    pub(in crate::sql) const OID: Oid = 26;
    pub(in crate::sql) const TID: Oid = 27;
    pub(in crate::sql) const XML: Oid = 142;
    pub(in crate::sql) const CIDR: Oid = 650;
    pub(in crate::sql) const CIDR_ARRAY: Oid = 651;
    pub(in crate::sql) const FLOAT4: Oid = 700;
    pub(in crate::sql) const FLOAT8: Oid = 701;
    pub(in crate::sql) const UNKNOWN: Oid = 705;
    pub(in crate::sql) const MACADDR8: Oid = 774;
    pub(in crate::sql) const MACADDR: Oid = 829;
    pub(in crate::sql) const INET: Oid = 869;
    pub(in crate::sql) const TEXT_ARRAY: Oid = 1009;
    pub(in crate::sql) const INT8_ARRAY: Oid = 1016;
    pub(in crate::sql) const INET_ARRAY: Oid = 1041;
    pub(in crate::sql) const BPCHAR: Oid = 1042;
    pub(in crate::sql) const VARCHAR: Oid = 1043;
    pub(in crate::sql) const DATE: Oid = 1082;
    pub(in crate::sql) const TIME: Oid = 1083;
    pub(in crate::sql) const TIMESTAMP: Oid = 1114;
    pub(in crate::sql) const TIMESTAMPTZ: Oid = 1184;
    pub(in crate::sql) const INTERVAL: Oid = 1186;
    pub(in crate::sql) const TIMETZ: Oid = 1266;
    pub(in crate::sql) const BIT: Oid = 1560;
    pub(in crate::sql) const NUMERIC: Oid = 1700;
    pub(in crate::sql) const RECORD: Oid = 2249;
    pub(in crate::sql) const ANY: Oid = 2276;
    pub(in crate::sql) const ANYARRAY: Oid = 2277;
    pub(in crate::sql) const ANYELEMENT: Oid = 2283;
    pub(in crate::sql) const ANYNONARRAY: Oid = 2776;
    pub(in crate::sql) const UUID: Oid = 2950;
    pub(in crate::sql) const ANYENUM: Oid = 3500;
    pub(in crate::sql) const JSON: Oid = 114;
    pub(in crate::sql) const JSONB: Oid = 3802;
    pub(in crate::sql) const ANYRANGE: Oid = 3831;
    pub(in crate::sql) const ANYMULTIRANGE: Oid = 4537;
    pub(in crate::sql) const ANYCOMPATIBLE: Oid = 5077;
    pub(in crate::sql) const ANYCOMPATIBLEARRAY: Oid = 5078;
    pub(in crate::sql) const ANYCOMPATIBLENONARRAY: Oid = 5079;
    pub(in crate::sql) const ANYCOMPATIBLERANGE: Oid = 5080;
}

/// A type with its modifier (-1 is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::sql) struct TypeRef {
    pub(in crate::sql) oid: Oid,
    pub(in crate::sql) modifier: i32,
}

impl TypeRef {
    /// A type without a modifier.
    pub(in crate::sql) const fn plain(oid: Oid) -> Self {
        Self { oid, modifier: -1 }
    }
}

/// A type of the database.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Type {
    pub(in crate::sql) oid: Oid,
    pub(in crate::sql) schema: String,
    pub(in crate::sql) name: String,
    pub(in crate::sql) kind: TypeKind,
    /// `pg_type.typcategory`.
    pub(in crate::sql) category: u8,
    pub(in crate::sql) preferred: bool,
    /// The element's type, for arrays only.
    pub(in crate::sql) element: Option<Oid>,
    /// The type of arrays of this.
    pub(in crate::sql) array: Option<Oid>,
    /// What a domain is over.
    pub(in crate::sql) base: Option<TypeRef>,
    /// The relation that holds a composite type's attributes.
    pub(in crate::sql) relation: Option<Oid>,
    /// The extension that it belongs to.
    pub(in crate::sql) extension: Option<String>,
    /// The conditions of a domain run nothing but what came with the server.
    pub(in crate::sql) plain_checks: bool,
}

/// What kind of type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum TypeKind {
    Base,
    Composite,
    Domain,
    Enum,
    Pseudo,
    Range,
    Multirange,
}

impl TypeKind {
    /// From `pg_type.typtype`.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "b" => Some(Self::Base),
            "c" => Some(Self::Composite),
            "d" => Some(Self::Domain),
            "e" => Some(Self::Enum),
            "p" => Some(Self::Pseudo),
            "r" => Some(Self::Range),
            "m" => Some(Self::Multirange),
            _ => None,
        }
    }
}

/// A collation of the database.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Collation {
    pub(in crate::sql) schema: String,
    pub(in crate::sql) name: String,
    /// Equality is equality of bytes.
    pub(in crate::sql) deterministic: bool,
}
