//! How much an answer may be. What goes too far is taken back before it is sent, and the session ends: the rest of the
//! answer has no place to go, and a client that took it for whole would be wrong.

use super::account::Counted;
use super::conversation::{Conversation, Outbox};
use super::expect::{Expect, Query};
use super::flow::Flow;
use super::refusal::Ending;
use super::{Phase, Session};
use crate::wire::postgres::backend::{DataRow, tag};
use crate::wire::postgres::frame::{self, Peek};

impl Conversation {
    pub(super) fn count_rows(&mut self, rows: u64) {
        if let Some(Expect::Execute(_, Some(flow)) | Expect::Query(Query { flow: Some(flow), .. })) =
            self.expects.front_mut()
        {
            flow.count_rows(rows);
        }
    }

    /// The rows, or pieces of a copy, at the front of `input` that can be passed on in one piece, and how many they are.
    pub(super) fn passing_run<'a>(&self, input: &'a [u8]) -> (&'a [u8], u64) {
        let Some(flow) = self.flow() else { return (&[], 0) };
        let is_copy = flow.passes_copy();
        if !is_copy && !flow.passes_rows() {
            return (&[], 0);
        }
        let most = self.limits.answer_rows.map_or(u64::MAX, |most| most.saturating_sub(flow.row_count()));
        let (mut rest, mut rows) = (input, 0_u64);
        while let Ok(Peek::Whole(frame, behind)) = frame::peek(rest) {
            let used = input.len().saturating_sub(rest.len());
            let fits = match frame.tag {
                tag::COPY_DATA => is_copy,
                tag::DATA_ROW => !is_copy && DataRow::read(frame.body).is_ok_and(|row| flow.fits(row.left())),
                _ => false,
            };
            if !fits || used > self.limits.waiting_bytes || rows >= most {
                break;
            }
            rest = behind;
            rows = rows.saturating_add(1);
        }
        (input.get(..input.len().saturating_sub(rest.len())).unwrap_or_default(), rows)
    }

    /// Looks whether the answer under way has become more than one may be, by what was written since `before`, or will with so
    /// many bytes that are to be passed on as they come.
    pub(super) fn measure(
        &mut self,
        before: &mut usize,
        coming: usize,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let Some(rows) = self.flow().map(Flow::row_count) else {
            self.ledger.see_rows(0, 0);
            *before = out.to_client.len();
            return Ok(());
        };
        let may_be = self.ledger.see_rows(rows, self.rows_left);
        let beyond = |most: Option<u64>, count: u64| most.is_some_and(|most| count > most);
        let message = if beyond(self.limits.answer_rows, rows) {
            "the answer has more rows than one may have here"
        } else if !may_be {
            // It was sent before the hour was used up, behind others of a pipeline, or beside those of another session.
            out.to_client.truncate(*before);
            return Err(Ending::refused(
                "53400",
                "the rows that one name may have within an hour have been given",
            ));
        } else if beyond(
            self.limits.answer_bytes,
            self.ledger.bytes(out.to_client.len().saturating_add(coming)),
        ) {
            "the answer is longer than one may be here"
        } else {
            *before = out.to_client.len();
            return Ok(());
        };
        out.to_client.truncate(*before);
        Err(Ending::refused("54000", message))
    }
}

impl Session {
    /// A number for the statement that the store works at; `None` if it owes nothing.
    #[must_use]
    pub fn running(&self) -> Option<u64> {
        match &self.phase {
            Phase::Inside(conversation) if !conversation.expects.is_empty() => {
                Some(conversation.ledger.finished)
            }
            _ => None,
        }
    }

    /// What was counted so far; nothing once the session is over.
    #[must_use]
    pub fn counted(&self) -> Counted {
        match &self.phase {
            Phase::Inside(conversation) => conversation.counted(),
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Gate(_) | Phase::Over => Counted::default(),
        }
    }

    /// Takes note that the statement under way is being cancelled for its length.
    pub fn take_too_long(&mut self) {
        if let Phase::Inside(conversation) = &mut self.phase {
            conversation.ledger.take_too_long();
        }
    }
}
