//! `COPY ... TO STDOUT` on its way to the client.
//!
//! A copy of which nothing is treated passes as it comes. Otherwise rows are put together from the pieces,
//! however they are cut, and rewritten field by field; a field that needs nothing keeps its bytes.
//!
//! Invariant: a row that does not have the columns of the plan, or a stream that ends inside a row, ends the
//! session.

mod binary;
mod csv;
mod text;

use bytes::{BufMut, BytesMut};

use super::refusal::Fault;
use super::rows;
use super::statements::Statement;
use super::values::{Edge, Scratch};
use crate::sql::{CopyFormat, CopyOut};
use crate::wire::postgres::Format;
use crate::wire::postgres::backend::{CopyResponse, tag};
use crate::wire::postgres::frame::{self, Frame};
use binary::Binary;
use csv::Csv;
use text::Text;

/// A copy under way.
pub(super) struct CopyStream {
    /// `None` if nothing is treated.
    rewriter: Option<Rewriter>,
}

struct Rewriter {
    columns: Columns,
    dialect: Dialect,
    /// The beginning of a row whose end has not come.
    pending: Vec<u8>,
    max_row_bytes: usize,
    scratch: Scratch,
    has_header: bool,
}

enum Dialect {
    Text(Text),
    Csv(Csv),
    Binary(Binary),
}

/// The columns of a row.
struct Columns {
    visible: usize,
    hidden: usize,
    edges: Vec<Edge>,
}

impl Columns {
    /// What the column at `index` needs; `None` where there is no such column.
    fn at(&self, index: usize) -> Option<Field<'_>> {
        if index >= self.visible {
            return (index < self.all()).then_some(Field::Hidden);
        }
        let edge = self.edges.iter().find(|edge| edge.column() == index);
        Some(edge.map_or(Field::Passed, Field::Treated))
    }

    const fn all(&self) -> usize {
        self.visible.saturating_add(self.hidden)
    }
}

/// What happens to a field.
enum Field<'a> {
    Passed,
    Treated(&'a Edge),
    Hidden,
}

/// What stands for a value of a row that is being read.
enum Taken<'a> {
    /// A row of so many bytes, with the bytes that end it.
    Row(&'a [u8], usize),
    /// Its end has not come.
    Partial,
}

impl CopyStream {
    /// Starts on the store's announcement.
    pub(super) fn new(
        statement: &Statement,
        copy: &CopyOut,
        response: &CopyResponse,
        max_row_bytes: usize,
    ) -> Result<Self, Fault> {
        let is_binary = matches!(copy.format, CopyFormat::Binary);
        let fits = response.columns == statement.all_columns() || rows::is_open(statement);
        if !fits || is_binary != (response.format == Format::Binary) {
            return Err(Fault::Columns);
        }
        let columns = statement.planned.columns.iter();
        let types: Vec<u32> = columns.map(|column| column.stored_oid.unwrap_or(0)).collect();
        let edges = rows::edges(statement, Some(&types), |_| Some(response.format))?;
        let hidden = statement.hidden_columns();
        if edges.is_empty() && hidden == 0 {
            return Ok(Self { rewriter: None });
        }
        let dialect = match &copy.format {
            CopyFormat::Text { delimiter, null } => Dialect::Text(Text::new(*delimiter, null)),
            CopyFormat::Csv { delimiter, null, quote, escape, force_quote } => {
                Dialect::Csv(Csv::new([*delimiter, *quote, *escape], null, force_quote))
            }
            CopyFormat::Binary => Dialect::Binary(Binary::default()),
        };
        let columns = Columns { visible: statement.planned.columns.len(), hidden, edges };
        let scratch = Scratch::default();
        let (pending, has_header) = (Vec::new(), copy.header);
        Ok(Self {
            rewriter: Some(Rewriter { columns, dialect, pending, max_row_bytes, scratch, has_header }),
        })
    }

    /// True if all pieces can be passed on as they are.
    pub(super) const fn passes(&self) -> bool {
        self.rewriter.is_none()
    }

    /// Takes a piece.
    pub(super) fn data(&mut self, frame: &Frame<'_>, out: &mut BytesMut) -> Result<(), Fault> {
        let Some(rewriter) = &mut self.rewriter else {
            out.put_slice(frame.bytes);
            return Ok(());
        };
        let start = out.len();
        let mut done = Ok(());
        frame::write(out, tag::COPY_DATA, |out| done = rewriter.take(frame.body, out))
            .map_err(|_| Fault::TooLong)?;
        if done.is_err() || out.len() == start.saturating_add(frame::HEAD_BYTES) {
            out.truncate(start);
        }
        done
    }

    /// Says that no more will come.
    pub(super) fn done(self) -> Result<(), Fault> {
        match self.rewriter {
            Some(rewriter) if !rewriter.is_whole() => Err(Fault::Columns),
            _ => Ok(()),
        }
    }
}

impl Rewriter {
    /// Rewrites all rows whose end is there.
    fn take(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let mut pending = std::mem::take(&mut self.pending);
        if pending.len().saturating_add(piece.len()) > self.max_row_bytes {
            return Err(Fault::TooLong);
        }
        pending.extend_from_slice(piece);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            let taken = match &mut self.dialect {
                Dialect::Text(text) => text.next_row(rest),
                Dialect::Csv(csv) => csv.next_row(rest),
                Dialect::Binary(binary) => binary.next_row(rest)?,
            };
            let Taken::Row(row, bytes) = taken else { break };
            rest = rest.get(bytes..).ok_or(Fault::Unexpected)?;
            let is_header = std::mem::take(&mut self.has_header);
            match &self.dialect {
                Dialect::Text(text) => text.rewrite(row, is_header, &self.columns, &mut self.scratch, out)?,
                Dialect::Csv(csv) => csv.rewrite(row, is_header, &self.columns, &mut self.scratch, out)?,
                Dialect::Binary(binary) => binary.rewrite(row, &self.columns, &mut self.scratch, out)?,
            }
        }
        let used = pending.len().saturating_sub(rest.len());
        pending.drain(..used);
        self.pending = pending;
        Ok(())
    }

    const fn is_whole(&self) -> bool {
        let is_ended = match &self.dialect {
            Dialect::Binary(binary) => binary.is_ended(),
            Dialect::Text(_) | Dialect::Csv(_) => true,
        };
        self.pending.is_empty() && is_ended
    }
}

#[cfg(test)]
mod tests;
