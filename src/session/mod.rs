//! Conversations as state machines: bytes and heads in, decisions out.
//!
//! Invariant: nothing here opens a socket, reads a clock or waits. A session decides with `policy`, rewrites
//! with the room of floor 3 that fits, and says what shall be sent.
//! Not here: how the bytes arrive (`front`), what a treatment computes (`kernel`).

pub mod http;
pub mod postgres;
