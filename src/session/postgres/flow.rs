//! The answer to one statement, as it streams by: a description, rows or a copy, and the tag that ends it.
//!
//! Invariant: a message that the statement's kind does not allow ends the session.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::copy::CopyStream;
use super::refusal::Fault;
use super::rows::{self, RowPlan};
use super::statements::{Names, Statement};
use super::values::Scratch;
use crate::sql::Kind;
use crate::wire::postgres::Format;
use crate::wire::postgres::backend::{CommandComplete, CopyResponse, RowDescription, tag};
use crate::wire::postgres::frame::Frame;

/// How far a message has brought the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more to come.
    More,
    /// The statement is done, and its effects hold.
    Done,
    /// The portal has given as many rows as were asked for.
    Suspended,
}

/// The answer to one statement.
pub(super) struct Flow {
    statement: Arc<Statement>,
    rows: Option<Arc<RowPlan>>,
    copy: Option<CopyStream>,
    is_empty: bool,
    scratch: Scratch,
    max_bytes: usize,
    row_count: u64,
}

impl Flow {
    /// An answer that begins with its description, if it has rows.
    pub(super) fn described(statement: Arc<Statement>, max_bytes: usize) -> Self {
        Self {
            statement,
            rows: None,
            copy: None,
            is_empty: false,
            scratch: Scratch::default(),
            max_bytes,
            row_count: 0,
        }
    }

    /// The answer to an Execute, whose rows come without a description.
    pub(super) fn executed(statement: Arc<Statement>, rows: Option<Arc<RowPlan>>, max_bytes: usize) -> Self {
        let is_empty =
            statement.planned.sql.is_empty() && matches!(statement.planned.kind, Kind::Utility { .. });
        Self { statement, rows, copy: None, is_empty, scratch: Scratch::default(), max_bytes, row_count: 0 }
    }

    pub(super) const fn statement(&self) -> &Arc<Statement> {
        &self.statement
    }

    /// The plan of rows that can be passed on as they are, if that is what comes.
    pub(super) fn passes_rows(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.passes())
    }

    /// True if a row may have so many columns.
    pub(super) fn fits(&self, columns: usize) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.fits(columns))
    }

    /// True if pieces of a copy can be passed on as they are.
    pub(super) fn passes_copy(&self) -> bool {
        self.copy.as_ref().is_some_and(CopyStream::passes)
    }

    /// Rows so far; of a copy, its messages.
    pub(super) const fn row_count(&self) -> u64 {
        self.row_count
    }

    /// Counts rows that were passed on as they are.
    pub(super) const fn count_rows(&mut self, rows: u64) {
        self.row_count = self.row_count.saturating_add(rows);
    }

    /// Passes one row on, or one piece of a copy.
    pub(super) fn row(&mut self, frame: &Frame<'_>, out: &mut BytesMut) -> Result<(), Fault> {
        self.count_rows(1);
        if frame.tag == tag::COPY_DATA {
            return self.copy.as_mut().ok_or(Fault::Unexpected)?.data(frame, out);
        }
        self.rows.as_ref().ok_or(Fault::Unexpected)?.forward(frame, &mut self.scratch, out)
    }

    /// Takes one message of the answer that is no row.
    pub(super) fn take(
        &mut self,
        frame: &Frame<'_>,
        names: &Names,
        out: &mut BytesMut,
    ) -> Result<Step, Fault> {
        let has_none = matches!(frame.tag, tag::EMPTY_QUERY | tag::PORTAL_SUSPENDED | tag::COPY_DONE);
        if has_none && !frame.body.is_empty() {
            return Err(Fault::Unexpected);
        }
        match frame.tag {
            tag::ROW_DESCRIPTION if self.rows.is_none() => self.describe(frame.body, names, out)?,
            tag::COMMAND_COMPLETE if self.copy.is_none() => {
                self.complete(frame, out)?;
                return Ok(Step::Done);
            }
            tag::EMPTY_QUERY if self.is_empty => {
                out.put_slice(frame.bytes);
                return Ok(Step::Done);
            }
            tag::PORTAL_SUSPENDED if self.rows.is_some() => {
                out.put_slice(frame.bytes);
                return Ok(Step::Suspended);
            }
            tag::COPY_OUT if self.copy.is_none() => self.copy = Some(self.start_copy(frame.body, out)?),
            tag::COPY_DATA => self.row(frame, out)?,
            tag::COPY_DONE => {
                self.copy.take().ok_or(Fault::Unexpected)?.done()?;
                out.put_slice(frame.bytes);
            }
            _ => return Err(Fault::Unexpected),
        }
        Ok(Step::More)
    }

    fn describe(&mut self, body: &[u8], names: &Names, out: &mut BytesMut) -> Result<(), Fault> {
        if let Kind::Answered { columns, .. } = &self.statement.planned.kind {
            // The store describes the empty row of the placeholder.
            return match RowDescription::read(body)?.fields.is_empty() {
                true => rows::describe_own(columns, out),
                false => Err(Fault::Columns),
            };
        }
        let shape = names.shape_of(&self.statement).ok_or(Fault::Unexpected)?;
        rows::describe(&shape, body, out)?;
        let (types, formats) = rows::types_and_formats(body)?;
        let format = |index: usize| formats.get(index).copied();
        self.rows = Some(Arc::new(RowPlan::new(shape, Some(&types), format)?));
        Ok(())
    }

    fn complete(&self, frame: &Frame<'_>, out: &mut BytesMut) -> Result<(), Fault> {
        let tag = CommandComplete::read(frame.body)?.tag;
        if !tag.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ') {
            return Err(Fault::Unexpected);
        }
        match rows::put_own(&self.statement, out)? {
            Some(tag) => CommandComplete { tag }.write(out).map_err(|_| Fault::TooLong)?,
            None => out.put_slice(frame.bytes),
        }
        Ok(())
    }

    fn start_copy(&self, body: &[u8], out: &mut BytesMut) -> Result<CopyStream, Fault> {
        let Kind::CopyOut(copy) = &self.statement.planned.kind else { return Err(Fault::Unexpected) };
        let response = CopyResponse::read(body)?;
        let stream = CopyStream::new(&self.statement, copy, &response, self.max_bytes)?;
        let open = rows::is_open(&self.statement);
        let columns = if open { response.columns } else { self.statement.planned.columns.len() };
        CopyResponse { columns, ..response }.write(out, tag::COPY_OUT).map_err(|_| Fault::TooLong)?;
        Ok(stream)
    }
}

/// The formats of result columns that a Bind asked for: none is text, one is for all.
pub(super) fn asked_format(formats: &[Format], index: usize) -> Option<Format> {
    match formats {
        [] => Some(Format::Text),
        [one] => Some(*one),
        each => each.get(index).copied(),
    }
}
