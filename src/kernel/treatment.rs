//! The list of treatments, and the two functions that apply them to scalars: [`Treatment::treat`] on the way
//! to the client, [`Treatment::judge`] on the way to the store.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Value;
use super::geo::Grid;
use super::ip::Truncate;
use super::number::Bucket;
use super::pseudonym::Pseudonymizer;
use super::text::Scrub;
use super::time::Floor;
use super::token::Tokenizer;
use super::unsay::Unsay;

/// What happens to a field. Parameters are typed values that can only be right; making one is the work of
/// the policy's parser.
#[derive(Clone, Debug)]
pub enum Treatment {
    /// `NULL`.
    Suppress,
    /// A constant text.
    Redact(String),
    /// An identifier to a one-way keyed name.
    Pseudonymize(Arc<Pseudonymizer>),
    /// An identifier to a keyed name that the key holder can turn back.
    Tokenize(Arc<Tokenizer>),
    /// An address to its network.
    Truncate(Truncate),
    /// Latitude or longitude to the south-west corner of its cell.
    Grid(Grid),
    /// A time to the beginning of its period, in UTC.
    Floor(Floor),
    /// A number to the lower end of its bucket.
    Bucket(Bucket),
    /// Free text, in which findings are treated in place.
    Scrub(Arc<Scrub>),
    /// Text in which the store may repeat what it was asked with; made for one exchange, never by a policy.
    Unsay(Arc<Unsay>),
    /// Unchanged: the explicit word for "this is not sensitive".
    Pass,
}

/// What a value that the client sent, to be compared with a treated field, may do.
#[derive(Clone, Copy, PartialEq)]
pub enum Judgement<'a> {
    /// It is no finer than the cell; it may be sent on as it is.
    AtCell,
    /// It was a token; this is the raw value to send on.
    TurnedBack(Value<'a>),
    /// It may not be compared.
    Refused(Misfit),
}

/// Why a value may not be compared with a treated field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The value is finer than the cell.
    FinerThanCell,
    /// The field is pseudonymised one-way: nothing that a client knows can be compared with it.
    OneWay,
    /// The field is tokenised and this is no token of its domain.
    NotAToken,
    /// The field is hidden altogether.
    Hidden,
    /// The value is nothing that the field's treatment understands (an address that is none).
    Unreadable,
    /// The field is free text, and the value holds something that is treated there, or could be a part of it.
    LocationInText,
}

impl Treatment {
    /// Applies the treatment. The result borrows from `self`, `value` or `scratch`, which is cleared first.
    pub fn treat<'a>(&'a self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        scratch.clear();
        match self {
            Self::Suppress => Value::Null,
            Self::Redact(with) => Value::Text(with),
            Self::Pseudonymize(pseudonymizer) => pseudonymizer.treat(value, scratch),
            Self::Tokenize(tokenizer) => tokenizer.treat(value, scratch),
            Self::Truncate(truncate) => truncate.treat(value, scratch),
            Self::Grid(grid) => grid.treat(value, scratch),
            Self::Floor(floor) => floor.treat(value, scratch),
            Self::Bucket(bucket) => bucket.treat(value, scratch),
            Self::Scrub(scrub) => scrub.treat(value, scratch),
            Self::Unsay(unsay) => unsay.treat(value, scratch),
            Self::Pass => value,
        }
    }

    /// True if it is seen quickly that [`Self::treat`] would give this text back as it is. False says nothing.
    #[must_use]
    pub fn leaves(&self, text: &[u8]) -> bool {
        match self {
            Self::Pass => true,
            Self::Scrub(_) => Scrub::leaves(text),
            _ => false,
        }
    }

    /// Says whether `value`, which the client sent, may be compared with a field that is treated so, and
    /// turns tokens back. The decision looks at `value` and the parameters only, never at stored data.
    pub fn judge<'a>(&'a self, value: Value<'a>, scratch: &'a mut String) -> Judgement<'a> {
        scratch.clear();
        match self {
            Self::Suppress | Self::Redact(_) => Judgement::Refused(Misfit::Hidden),
            Self::Pass => Judgement::AtCell,
            _ if value == Value::Null => Judgement::AtCell,
            Self::Pseudonymize(_) => Judgement::Refused(Misfit::OneWay),
            Self::Tokenize(tokenizer) => tokenizer.judge(value, scratch),
            Self::Truncate(truncate) => truncate.judge(value),
            Self::Grid(grid) => grid.judge(value),
            Self::Floor(floor) => floor.judge(value),
            Self::Bucket(bucket) => bucket.judge(value),
            Self::Scrub(scrub) => scrub.judge(value),
            Self::Unsay(unsay) => unsay.then().judge(value, scratch),
        }
    }

    /// The treatment's word in the policy, for `explain`, the audit log and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Suppress => "suppress",
            Self::Redact(_) => "redact",
            Self::Pseudonymize(_) => "pseudonymize",
            Self::Tokenize(_) => "tokenize",
            Self::Truncate(_) => "truncate",
            Self::Grid(_) => "grid",
            Self::Floor(_) => "floor",
            Self::Bucket(_) => "bucket",
            Self::Scrub(_) => "scrub",
            Self::Unsay(_) => "unsay",
            Self::Pass => "pass",
        }
    }

    /// Compares how much two treatments hide; `Greater` means that `self` hides more. Where two rules name
    /// one value, the greater decides. Cells of one kind are compared by their width (addresses by their IPv4
    /// prefix, then by their IPv6 prefix).
    #[must_use]
    pub fn cmp_strictness(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Truncate(one), Self::Truncate(two)) => one.cmp_coarseness(two),
            (Self::Grid(one), Self::Grid(two)) => one.cell().cmp_width(two.cell()),
            (Self::Bucket(one), Self::Bucket(two)) => one.cell().cmp_width(two.cell()),
            (Self::Floor(one), Self::Floor(two)) => one.cmp_coarseness(two),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// True if `self` hides more than `other`.
    #[must_use]
    pub fn is_stricter_than(&self, other: &Self) -> bool {
        self.cmp_strictness(other).is_gt()
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Suppress => 9,
            Self::Redact(_) => 8,
            Self::Pseudonymize(_) => 7,
            Self::Tokenize(_) => 6,
            Self::Truncate(_) => 5,
            Self::Grid(_) => 4,
            Self::Floor(_) => 3,
            Self::Bucket(_) => 2,
            Self::Scrub(_) | Self::Unsay(_) => 1,
            Self::Pass => 0,
        }
    }
}

#[cfg(test)]
#[path = "treatment_tests.rs"]
mod tests;
