//! The only place where a value becomes one that may leave.
//!
//! Invariant: `Cleared` has no other constructor than the functions of this file
//! (`tests/architecture.rs` looks for them).

use super::Ruling;
use crate::kernel::{Typed, Value};

/// A value that may leave: its ruling has been applied.
#[derive(Clone, Copy)]
pub struct Cleared<'a>(Value<'a>);

impl<'a> Cleared<'a> {
    /// The value, for an encoder that writes towards the client.
    #[must_use]
    pub const fn value(&self) -> Value<'a> {
        self.0
    }
}

/// Applies `ruling` to `value`. The result borrows from `value` or from `scratch`.
pub fn apply<'a>(ruling: &'a Ruling, value: Value<'a>, scratch: &'a mut String) -> Cleared<'a> {
    Cleared(ruling.treatment.treat(value, scratch))
}

/// A value of an SQL store that may leave: its ruling has been applied.
#[derive(Clone, Copy)]
pub struct ClearedTyped<'a>(Typed<'a>);

impl<'a> ClearedTyped<'a> {
    /// The value, for an encoder that writes towards the client.
    #[must_use]
    pub const fn value(&self) -> Typed<'a> {
        self.0
    }
}

/// Applies `ruling` to a value in the types of an SQL store. The result borrows from `value` or from
/// `scratch`.
pub fn apply_typed<'a>(ruling: &'a Ruling, value: Typed<'a>, scratch: &'a mut String) -> ClearedTyped<'a> {
    ClearedTyped(ruling.treatment.treat_typed(value, scratch))
}
