//! The mathematics of hiding: a value in, a coarser value out.
//!
//! Invariant: a treatment is a pure function of its parameters and one value. It never fails: what it does
//! not understand becomes [`Value::Null`]. A treated value treated again does not change (tokens and
//! pseudonyms excepted).
//! Not here: which value gets which treatment, and any I/O, clock or randomness.

mod base32;
pub mod canon;
mod cell;
mod decimal;
pub mod digits;
mod ff1;
pub mod geo;
pub mod ip;
pub mod key;
mod mac;
pub mod number;
pub mod pseudonym;
pub mod text;
pub mod time;
pub mod token;
mod treatment;
mod typed;
mod unsay;
mod value;

pub use geo::{Grid, InvalidGrid};
pub use ip::{AddressForm, InvalidPrefix, PrefixV4, PrefixV6, Truncate};
pub use key::{Domain, EpochKey, InvalidDomain, InvalidKey, KeyRing, KeyRingError};
pub use number::{Bucket, InvalidBucket};
pub use pseudonym::Pseudonymizer;
pub use text::{Kind, Scrub, UnfitTreatment};
pub use time::{Floor, InvalidFloor};
pub use token::Tokenizer;
pub use treatment::{Judgement, Misfit, Treatment};
pub use typed::Typed;
pub use unsay::{Said, Unsay};
pub use value::Value;
