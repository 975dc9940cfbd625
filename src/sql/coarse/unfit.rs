//! Why a rule has no expression for a column.

use crate::sql::catalogue::Oid;

/// Why there is no expression: the policy asks for something that has no meaning for the column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The treatment does not know the type.
    #[error("`{treatment}` has no meaning for the type `{type_name}`")]
    Type {
        /// The treatment's word.
        treatment: &'static str,
        /// The type below all domains.
        type_name: String,
    },
    /// An identifier keeps its raw value inside of a statement; its treatment is the edge's.
    #[error("an identifier has no coarse value")]
    Identifier,
    /// The type is none of the catalogue's.
    #[error("the type with the oid {0} is not in the catalogue")]
    UnknownType(Oid),
    /// The policy names an attribute that the composite type does not have.
    #[error("the type `{type_name}` has no attribute `{attribute}`")]
    NoSuchAttribute {
        /// The composite type.
        type_name: String,
        /// The attribute.
        attribute: String,
    },
    /// An attribute of a composite type is of a domain, whose conditions a coarse value may not meet.
    #[error("the attribute `{0}` is of a domain, whose conditions a coarse value may not meet")]
    DomainAttribute(String),
    /// A bucket of an integer column is a fraction.
    #[error("a bucket of an integer column has to be a whole number wide")]
    FractionOfInteger,
    /// A period of more than a day, for a date, that is not whole days.
    #[error("a period of more than a day has to be whole days for a date")]
    PeriodOfDate,
    /// A period, for a time of day, that does not divide a day.
    #[error("a period has to divide a day for a time of day")]
    PeriodOfTime,
    /// A duration other than minute, hour, day and week on PostgreSQL 13.
    #[error("durations need PostgreSQL 14")]
    NeedsPostgres14,
    /// The database's encoding has characters of more than one byte and is not UTF-8.
    #[error("free text can be scrubbed in databases in UTF-8 or a single-byte encoding only, not in `{0}`")]
    Encoding(String),
    /// The rules for a document need more states than an expression may have.
    #[error("the rules for the document are too many for an expression")]
    DocumentTooLarge,
}
