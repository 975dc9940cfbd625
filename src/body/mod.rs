//! Streaming rewriters of HTTP bodies: bytes in, treated bytes out, in bounded memory.
//!
//! ```text
//! Decoder ─ Rewriter (JSON, NDJSON, CSV, TSV, form) ─ Encoder        all three: Pipeline
//! ```
//!
//! Invariants: any cut of the input gives the same output. What no rule touches leaves as the bytes that
//! came, never serialised again. What is not understood is an error, and after an error nothing more is
//! written. A treated value is written from a [`Cleared`](crate::policy::Cleared) only.
//! Not here: headers, sockets, which rule applies (that is [`Plan`](crate::policy::Plan)).

mod count;
mod csv;
mod encoding;
mod error;
mod form;
mod format;
mod held;
mod json;
mod limits;
mod names;
mod pipeline;
mod records;
mod rewriter;
mod run;
mod scan;
mod tally;
#[cfg(test)]
mod testing;
mod treat;
mod utf8;

pub use encoding::{Decoder, Encoder, Encoding};
pub use error::{BodyError, Fault};
pub use format::Format;
pub use limits::Limits;
pub use pipeline::Pipeline;
pub use rewriter::Rewriter;
pub use tally::Tally;
