//! How long messages may be, and how much a session may hold.

use crate::wire::postgres::frontend::tag;

/// Limits of one session. A message that is longer is refused before it is in memory.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a statement's text.
    pub statement_bytes: usize,
    /// Bytes of a Bind, a row that has to be rewritten, or the answers to questions of our own.
    pub message_bytes: usize,
    /// Bytes of rows that need no rewriting are held until there are so many, and passed on as they come
    /// beyond that.
    pub held_bytes: usize,
    /// Bytes that wait to be taken by one peer; the other is not heard while there are more.
    pub waiting_bytes: usize,
    /// Prepared statements that a client may have.
    pub statements: usize,
    /// Rows of one answer.
    pub answer_rows: Option<u64>,
    /// Bytes of one answer.
    pub answer_bytes: Option<u64>,
    /// Answers that the store may owe; the client is not heard while there are more.
    pub pipelined: usize,
}

/// Names, types and lengths that a message carries besides a statement or values.
const OVERHEAD_BYTES: usize = 300_000;

/// Messages that carry nothing but names.
const SHORT_BYTES: usize = 8_192;

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement_bytes: 1 << 20,
            message_bytes: 64 << 20,
            held_bytes: 256 << 10,
            waiting_bytes: 256 << 10,
            statements: 10_000,
            answer_rows: None,
            answer_bytes: None,
            pipelined: 4_096,
        }
    }
}

impl Limits {
    /// Bytes that the body of a client's message may have; `None` for a message that does not exist.
    pub(super) const fn client_body(&self, message: u8) -> Option<usize> {
        Some(match message {
            tag::QUERY | tag::PARSE => self.statement_bytes.saturating_add(OVERHEAD_BYTES),
            tag::BIND | tag::COPY_DATA => self.message_bytes,
            tag::CLOSE | tag::DESCRIBE | tag::EXECUTE | tag::COPY_FAIL => SHORT_BYTES,
            tag::COPY_DONE | tag::FLUSH | tag::SYNC | tag::TERMINATE => 0,
            tag::FUNCTION_CALL => SHORT_BYTES,
            _ => return None,
        })
    }
}
