//! Messages of foreign protocols: bytes in, typed borrowed views out, and back.
//!
//! Invariant: neither peer is trusted. A decoder reads through [`crate::base::reader`], must reach the end
//! of its message, and answers with an error for anything that the specification does not allow.
//! Not here: what a message means in a conversation (`session`), which value may leave (`policy`), sockets.

pub mod postgres;
