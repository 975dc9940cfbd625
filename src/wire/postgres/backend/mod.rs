//! What a server may say, one message one file.
//!
//! Messages without a body (`ParseComplete`, `NoData`, ...) are only their [`tag`]; [`write_empty`] writes
//! them. The body of `CopyData` is opaque here.

mod authentication;
mod backend_key_data;
mod command_complete;
mod copy_response;
mod data_row;
mod error_response;
mod negotiate_protocol_version;
mod parameter_description;
mod parameter_status;
mod ready_for_query;
mod row_description;

pub use authentication::Authentication;
pub use backend_key_data::BackendKeyData;
pub use command_complete::CommandComplete;
pub use copy_response::CopyResponse;
pub use data_row::{DataRow, put_null, write_data_row};
pub use error_response::{ErrorFields, Report, Severity};
pub use negotiate_protocol_version::NegotiateProtocolVersion;
pub use parameter_description::ParameterDescription;
pub use parameter_status::ParameterStatus;
pub use ready_for_query::{ReadyForQuery, TransactionStatus};
pub use row_description::{Field, RowDescription};

use bytes::{BufMut, BytesMut};

/// Type bytes of the messages that a server sends.
///
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
pub mod tag {
    /// A step of authentication.
    pub const AUTHENTICATION: u8 = b'R';
    /// The cancel key.
    pub const BACKEND_KEY_DATA: u8 = b'K';
    /// A portal was made.
    pub const BIND_COMPLETE: u8 = b'2';
    /// A statement or portal was closed.
    pub const CLOSE_COMPLETE: u8 = b'3';
    /// A statement is done.
    pub const COMMAND_COMPLETE: u8 = b'C';
    /// COPY in both directions: replication only.
    pub const COPY_BOTH: u8 = b'W';
    /// A piece of a COPY.
    pub const COPY_DATA: u8 = b'd';
    /// A COPY is complete.
    pub const COPY_DONE: u8 = b'c';
    /// COPY from the client begins.
    pub const COPY_IN: u8 = b'G';
    /// COPY to the client begins.
    pub const COPY_OUT: u8 = b'H';
    /// A row.
    pub const DATA_ROW: u8 = b'D';
    /// The statement was empty.
    pub const EMPTY_QUERY: u8 = b'I';
    /// An error.
    pub const ERROR: u8 = b'E';
    /// The answer to a function call: never asked for.
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    /// The server does not know this minor version or option.
    pub const NEGOTIATE: u8 = b'v';
    /// A statement gives no rows.
    pub const NO_DATA: u8 = b'n';
    /// A notice.
    pub const NOTICE: u8 = b'N';
    /// What NOTIFY sent.
    pub const NOTIFICATION: u8 = b'A';
    /// Types of a statement's parameters.
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    /// A setting.
    pub const PARAMETER_STATUS: u8 = b'S';
    /// A statement was prepared.
    pub const PARSE_COMPLETE: u8 = b'1';
    /// A portal has more rows than were asked for.
    pub const PORTAL_SUSPENDED: u8 = b's';
    /// The server waits.
    pub const READY_FOR_QUERY: u8 = b'Z';
    /// Columns of a result.
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// Writes a message that has no body.
pub fn write_empty(out: &mut BytesMut, tag: u8) {
    out.put_u8(tag);
    out.put_i32(4);
}
