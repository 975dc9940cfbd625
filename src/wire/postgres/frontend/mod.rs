//! What a client may say, one message one file.
//!
//! Messages without a body (`Sync`, `Flush`, `Terminate`, `CopyDone`) are only their [`tag`]. The bodies of
//! `CopyData`, `CopyFail` and of passwords and SASL answers are opaque to us and have no file.

mod bind;
mod close;
mod describe;
mod execute;
mod parse;
mod query;
mod startup;

pub use bind::{Bind, Codes, Values};
pub use close::Close;
pub use describe::{Describe, Target};
pub use execute::Execute;
pub use parse::Parse;
pub use query::Query;
pub use startup::{CancelKey, CancelRequest, Opening, Parameters, Startup, TlsRequest};

/// Type bytes of the messages that a client sends.
///
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
pub mod tag {
    /// Bind a portal.
    pub const BIND: u8 = b'B';
    /// Close a statement or portal.
    pub const CLOSE: u8 = b'C';
    /// A piece of a COPY.
    pub const COPY_DATA: u8 = b'd';
    /// A COPY is complete.
    pub const COPY_DONE: u8 = b'c';
    /// A COPY shall fail.
    pub const COPY_FAIL: u8 = b'f';
    /// Describe a statement or portal.
    pub const DESCRIBE: u8 = b'D';
    /// Run a portal.
    pub const EXECUTE: u8 = b'E';
    /// Send what is ready.
    pub const FLUSH: u8 = b'H';
    /// Call a function by its number: refused.
    pub const FUNCTION_CALL: u8 = b'F';
    /// Parse a statement.
    pub const PARSE: u8 = b'P';
    /// A password, or an answer in a SASL exchange.
    pub const PASSWORD: u8 = b'p';
    /// A simple query.
    pub const QUERY: u8 = b'Q';
    /// End of a batch.
    pub const SYNC: u8 = b'S';
    /// Good-bye.
    pub const TERMINATE: u8 = b'X';
}
