//! The mathematics of hiding: a value in, a coarser value out.
//!
//! Invariant: a treatment is a pure function of its parameters and one value. It never fails: what it does
//! not understand becomes [`Value::Null`]. A treated value treated again does not change (tokens and
//! pseudonyms excepted).
//! Not here: which value gets which treatment, and any I/O, clock or randomness.

mod treatment;
mod value;

pub use treatment::{Judgement, Misfit, Treatment};
pub use value::Value;
