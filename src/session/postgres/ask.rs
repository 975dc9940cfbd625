//! Questions that the proxy asks the store itself, on the client's connection, between the client's messages.
//!
//! They run in the extended protocol under names of our own, so that they disturb neither the client's
//! unnamed statement nor its portals. Between two batches they end in a Sync; inside one in a Flush, and they
//! share its fate.
//!
//! Invariant: nothing of the answers reaches the client.

use bytes::{BufMut, BytesMut};

use super::refusal::Fault;
use crate::wire::postgres::backend::{self, DataRow};
use crate::wire::postgres::frame::{Frame, TooLong};
use crate::wire::postgres::frontend::{Close, Execute, Parse, Target, tag};
use crate::wire::postgres::{Malformed, frame};

/// The name of our statement and portal.
const OURS: &[u8] = b"sfumato_ask";

/// The rows of one answer, in text format.
pub type Rows = Vec<Vec<Option<String>>>;

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The session: do the pinned settings hold?
    Pins,
    /// The session: which `search_path` does the client have now?
    SearchPath,
    /// Whoever drives the session.
    Caller,
}

/// Questions under way.
pub(super) struct Ask {
    /// Who wants to know.
    pub(super) purpose: Purpose,
    /// The answers so far.
    pub(super) answers: Vec<Rows>,
    /// True if the questions are a batch of their own.
    pub(super) has_sync: bool,
    /// True if one of them failed.
    pub(super) failed: bool,
    questions: usize,
    bytes_left: usize,
}

impl Ask {
    /// Writes the questions and remembers how many they are. What locks is parsed before them and not run; its answer has
    /// no rows.
    pub(super) fn write(
        purpose: Purpose,
        (locks, questions): (&[String], &[String]),
        has_sync: bool,
        max_bytes: usize,
        out: &mut BytesMut,
    ) -> Result<Self, TooLong> {
        for text in locks {
            Parse { name: OURS, text, parameter_types: Vec::new() }.write(out)?;
            Close { target: Target::Statement, name: OURS }.write(out)?;
        }
        for text in questions {
            Parse { name: OURS, text, parameter_types: Vec::new() }.write(out)?;
            frame::write(out, tag::BIND, |out| {
                frame::put_cstr(out, OURS);
                frame::put_cstr(out, OURS);
                [0; 3].into_iter().for_each(|count| out.put_u16(count));
            })?;
            Execute { portal: OURS, max_rows: 0 }.write(out)?;
            Close { target: Target::Portal, name: OURS }.write(out)?;
            Close { target: Target::Statement, name: OURS }.write(out)?;
        }
        backend::write_empty(out, if has_sync { tag::SYNC } else { tag::FLUSH });
        let questions = questions.len().saturating_mul(2).saturating_add(locks.len());
        Ok(Self { purpose, answers: Vec::new(), has_sync, failed: false, questions, bytes_left: max_bytes })
    }

    /// Takes one message; true once all answers are in (a ReadyForQuery may still follow).
    pub(super) fn take(&mut self, message: &Frame<'_>) -> Result<bool, Fault> {
        match message.tag {
            backend::tag::PARSE_COMPLETE => self.answers.push(Rows::new()),
            backend::tag::BIND_COMPLETE | backend::tag::COMMAND_COMPLETE => {}
            backend::tag::CLOSE_COMPLETE => {
                self.questions = self.questions.checked_sub(1).ok_or(Fault::Unexpected)?;
            }
            backend::tag::DATA_ROW => {
                self.bytes_left = self.bytes_left.checked_sub(message.bytes.len()).ok_or(Fault::TooLong)?;
                let row = texts(message.body)?;
                self.answers.last_mut().ok_or(Fault::Unexpected)?.push(row);
            }
            _ => return Err(Fault::Unexpected),
        }
        Ok(self.questions == 0)
    }
}

fn texts(body: &[u8]) -> Result<Vec<Option<String>>, Malformed> {
    let mut row = DataRow::read(body)?;
    let mut values = Vec::with_capacity(row.left());
    while row.left() > 0 {
        let text = row.value()?.map(std::str::from_utf8).transpose().map_err(|_| Malformed::NotUtf8)?;
        values.push(text.map(str::to_owned));
    }
    row.finish()?;
    Ok(values)
}
