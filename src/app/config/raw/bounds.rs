//! How long and how much: the tables of times to wait and of limits.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::read::{At, Node, TableReader, Written, table, table_schema};
use crate::app::config::report::Problem;

table! {
    /// Times to wait, in milliseconds.
    RawTimeouts {
        /// For a connection to the store; default 5000.
        optional connect_timeout_ms: At<u64>,
        /// Between two requests of a client; default 60000.
        optional idle_timeout_ms: At<u64>,
        /// For a new connection to come in: TLS and the login, or TLS and the first request; default 10000.
        optional login_timeout_ms: At<u64>,
        /// For the head of a request, from its first byte; default 10000.
        optional header_timeout_ms: At<u64>,
        /// Between two bytes of the store's answer; default 30000.
        optional upstream_timeout_ms: At<u64>,
        /// postgres only: for a statement to be answered whole, after which it is cancelled; no limit by default.
        optional statement_timeout_ms: At<u64>,
        /// For open exchanges to end after a stop was asked for; default 10000.
        optional drain_timeout_ms: At<u64>,
    }
}

table! {
    /// What may be held at most.
    RawLimits {
        /// Client connections that have come in, at a time; default 10000.
        optional max_connections: At<u64>,
        /// Of these, connections of one name (http: of one address where nobody has a name); no limit by default.
        optional max_connections_per_identity: At<u64>,
        /// Statements or requests of one name that are under way at a time; no limit by default.
        optional max_statements_per_identity: At<u64>,
        /// Rows that one name is given within an hour, after which it is refused; no limit by default.
        optional max_rows_per_hour: At<u64>,
        /// Connections that have not logged in yet (http: not asked anything yet), at a time; default 1000.
        optional max_logins: At<u64>,
        /// Of these, connections from one address; default 250.
        optional max_logins_per_source: At<u64>,
        /// Bytes of a head; default 32768.
        optional max_header_bytes: At<u64>,
        /// http only: bytes of a body, as it comes; no limit by default, because bodies stream.
        optional max_body_bytes: At<u64>,
        /// postgres only: bytes of a statement; default 1048576.
        optional max_statement_bytes: At<u64>,
        /// postgres only: rows of one answer; no limit by default.
        optional max_rows: At<u64>,
        /// postgres only: bytes of one answer; no limit by default.
        optional max_answer_bytes: At<u64>,
        /// postgres only: bytes that the messages of one session may hold in memory; default 268435456.
        optional max_session_bytes: At<u64>,
        /// Objects and arrays inside each other; default 128.
        optional max_depth: At<u64>,
        /// Bytes of one text in a body; default 1048576.
        optional max_string_bytes: At<u64>,
        /// http only: bytes of one record of a body, held until its region is known; a longer one is of no region; default 1048576.
        optional max_record_bytes: At<u64>,
    }
}
