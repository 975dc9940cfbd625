//! Values in the types of an SQL store, and the treatments that know those types.
//!
//! A [`Value`] of a document is a number or a text; a column has a type that has to stay. `uuid` becomes
//! `uuid`, 64-bit integers become 64-bit integers; a pseudonym of a shorter integer is a 64-bit one.
//!
//! Invariant: a type that a treatment does not know becomes [`Typed::Null`].
//! Not here: how types are written on a wire.

use std::net::IpAddr;

use super::canon::Canonical;
use super::treatment::{Misfit, Treatment};
use super::value::Value;

/// A scalar of an SQL store.
///
/// No `Debug`: a value is what this program exists to hide.
#[derive(Clone, Copy, PartialEq)]
pub enum Typed<'a> {
    /// `NULL`.
    Null,
    /// `smallint`.
    Int16(i16),
    /// `integer`.
    Int32(i32),
    /// `bigint`.
    Int64(i64),
    /// `double precision`; `real` is widened to it.
    Float64(f64),
    /// `uuid`.
    Uuid([u8; 16]),
    /// `inet` or `cidr`: an address and how many of its bits are meant.
    Network(IpAddr, u8),
    /// Text of any type.
    Text(&'a str),
    /// `bytea`.
    Bytes(&'a [u8]),
    /// `bytea` of the length that pseudonyms have.
    Bytes16([u8; 16]),
}

impl Treatment {
    /// Applies the treatment to a value of an SQL store. The result borrows from `self`, `value` or
    /// `scratch`, which is cleared first.
    pub fn treat_typed<'a>(&'a self, value: Typed<'a>, scratch: &'a mut String) -> Typed<'a> {
        scratch.clear();
        match (self, value) {
            (Self::Pass, value) => value,
            (_, Typed::Null) | (Self::Suppress, _) => Typed::Null,
            (Self::Pseudonymize(pseudonymizer), value) => {
                let Some(canonical) = canonical(value) else { return Typed::Null };
                let pseudonym = pseudonymizer.pseudonym(&canonical);
                match value {
                    Typed::Uuid(_) => Typed::Uuid(pseudonym.uuid()),
                    Typed::Bytes(_) => Typed::Bytes16(pseudonym.bytes()),
                    Typed::Text(_) => {
                        pseudonym.write_text(scratch);
                        Typed::Text(scratch)
                    }
                    _ => Typed::Int64(pseudonym.positive_i64()),
                }
            }
            (Self::Tokenize(tokenizer), Typed::Int32(number)) => Typed::Int32(tokenizer.int32(number)),
            (Self::Tokenize(tokenizer), Typed::Int64(number)) => Typed::Int64(tokenizer.int64(number)),
            (Self::Tokenize(tokenizer), Typed::Uuid(uuid)) => Typed::Uuid(tokenizer.uuid(uuid)),
            (Self::Truncate(truncate), Typed::Network(address, bits)) => truncate
                .network(address, bits)
                .map_or(Typed::Null, |network| Typed::Network(network.network(), network.prefix_len())),
            (Self::Grid(grid), Typed::Float64(number)) => {
                grid.float64(number).map_or(Typed::Null, Typed::Float64)
            }
            (Self::Bucket(bucket), Typed::Float64(number)) => {
                bucket.float64(number).map_or(Typed::Null, Typed::Float64)
            }
            (Self::Bucket(bucket), Typed::Int32(number)) => {
                bucket.int32(number).map_or(Typed::Null, Typed::Int32)
            }
            (Self::Bucket(bucket), Typed::Int64(number)) => {
                bucket.int64(number).map_or(Typed::Null, Typed::Int64)
            }
            (_, Typed::Text(text)) => match self.treat(Value::Text(text), scratch) {
                Value::Text(text) => Typed::Text(text),
                _ => Typed::Null,
            },
            _ => Typed::Null,
        }
    }

    /// Turns a token of the type that its column has back into the value that it stands for.
    ///
    /// # Errors
    /// [`Misfit`] if the treatment turns nothing back, or if this is no token.
    pub fn turn_back<'a>(&self, value: Typed<'a>, scratch: &'a mut String) -> Result<Typed<'a>, Misfit> {
        scratch.clear();
        let Self::Tokenize(tokenizer) = self else { return Err(Misfit::OneWay) };
        let raw = match value {
            Typed::Null => Some(Typed::Null),
            Typed::Int32(token) => Some(Typed::Int32(tokenizer.turn_back_int32(token))),
            Typed::Int64(token) => Some(Typed::Int64(tokenizer.turn_back_int64(token))),
            Typed::Uuid(token) => Some(Typed::Uuid(tokenizer.turn_back_uuid(token))),
            Typed::Text(token) => tokenizer.turn_back_text(token, scratch).then_some(Typed::Text(scratch)),
            Typed::Int16(_)
            | Typed::Float64(_)
            | Typed::Network(..)
            | Typed::Bytes(_)
            | Typed::Bytes16(_) => None,
        };
        raw.ok_or(Misfit::NotAToken)
    }
}

/// The spelling that a pseudonym is made from, for types whose equality is that of their bytes.
fn canonical(value: Typed<'_>) -> Option<Canonical<'_>> {
    match value {
        Typed::Int16(number) => Some(Canonical::integer(i64::from(number))),
        Typed::Int32(number) => Some(Canonical::integer(i64::from(number))),
        Typed::Int64(number) => Some(Canonical::integer(number)),
        Typed::Uuid(uuid) => Some(Canonical::uuid(uuid)),
        Typed::Text(text) => Some(Canonical::text(text)),
        Typed::Bytes(bytes) => Some(Canonical::bytes(bytes)),
        Typed::Bytes16(_) | Typed::Null | Typed::Float64(_) | Typed::Network(..) => None,
    }
}
