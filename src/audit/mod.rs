//! The record of who asked what, as lines that hold together.
//!
//! ```text
//! Entry, Note ─► Body ─► Position::append ─► a line (front writes it)        Verifier, Tail ◄─ lines of a file
//! ```
//!
//! Invariants: a line holds no raw value; a line that was changed, removed, moved, repeated or inserted is
//! found.
//! Not here: files, clocks, waiting (`front::audit`), words for the operator (`cli`).

mod chain;
mod digest;
mod entry;
mod note;
mod record;
mod shape;
mod tail;
mod turned_away;
mod verify;

pub use chain::{Body, MacKey, Position};
pub use digest::Digest;
pub use entry::{Asked, Asker, Decision, Entry, Identity, Outcome, Protocol, Rulings, Subject};
pub use note::{Note, Terms};
pub use record::{Kind, Record, RulingRecord, SubjectRecord};
pub use shape::Shape;
pub use tail::{Tail, TailError};
pub use turned_away::TurnedAway;
pub use verify::{Fault, Summary, Verifier};

#[cfg(test)]
mod tests;
