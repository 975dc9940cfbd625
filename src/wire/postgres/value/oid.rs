//! Type oids that never change (`pg_type.dat`), and which types are arrays of which.

/// `bool`.
pub const BOOL: u32 = 16;
/// `bytea`.
pub const BYTEA: u32 = 17;
/// `name`.
pub const NAME: u32 = 19;
/// `bigint`.
pub const INT8: u32 = 20;
/// `smallint`.
pub const INT2: u32 = 21;
/// `integer`.
pub const INT4: u32 = 23;
/// `text`.
pub const TEXT: u32 = 25;
/// `cidr`.
pub const CIDR: u32 = 650;
/// `real`.
pub const FLOAT4: u32 = 700;
/// `double precision`.
pub const FLOAT8: u32 = 701;
/// `inet`.
pub const INET: u32 = 869;
/// `char(n)`.
pub const BPCHAR: u32 = 1042;
/// `varchar`.
pub const VARCHAR: u32 = 1043;
/// `date`.
pub const DATE: u32 = 1082;
/// `timestamp`.
pub const TIMESTAMP: u32 = 1114;
/// `timestamptz`.
pub const TIMESTAMPTZ: u32 = 1184;
/// `numeric`.
pub const NUMERIC: u32 = 1700;
/// `uuid`.
pub const UUID: u32 = 2950;

/// Element types and their arrays.
const ARRAYS: &[(u32, u32)] = &[
    (BYTEA, 1001),
    (INT2, 1005),
    (INT4, 1007),
    (TEXT, 1009),
    (BPCHAR, 1014),
    (VARCHAR, 1015),
    (INT8, 1016),
    (FLOAT4, 1021),
    (FLOAT8, 1022),
    (INET, 1041),
    (CIDR, 651),
    (UUID, 2951),
];

/// The type of an array's elements, if it is an array that we read.
#[must_use]
pub fn element_of(array: u32) -> Option<u32> {
    ARRAYS.iter().find(|(_, oid)| *oid == array).map(|(element, _)| *element)
}

/// The size that a description states for a type, negative where it varies.
#[must_use]
pub const fn size_of(type_oid: u32) -> i16 {
    match type_oid {
        BOOL => 1,
        INT2 => 2,
        INT4 | FLOAT4 | DATE => 4,
        INT8 | FLOAT8 | TIMESTAMP | TIMESTAMPTZ => 8,
        UUID => 16,
        NAME => 64,
        _ => -1,
    }
}
