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
    room: Room,
    has_header: bool,
}

/// Room for one field on its way, kept from row to row.
#[derive(Default)]
struct Room {
    /// The field without quotes and escapes.
    decoded: Vec<u8>,
    /// What becomes of it.
    treated: BytesMut,
    scratch: Scratch,
}

enum Dialect {
    Text(Text),
    Csv(Csv),
    Binary(Binary),
}

/// The columns of a row.
struct Columns {
    /// Those that the client sees; with an edge if they are treated.
    visible: Box<[Option<Edge>]>,
    hidden: usize,
}

impl Columns {
    fn new(visible: usize, hidden: usize, edges: Vec<Edge>) -> Self {
        let mut edges = edges.into_iter().peekable();
        let visible = (0..visible).map(|index| edges.next_if(|edge| edge.column() == index)).collect();
        Self { visible, hidden }
    }

    /// What the column at `index` needs; `None` where there is no such column.
    fn at(&self, index: usize) -> Option<Field<'_>> {
        match self.visible.get(index) {
            Some(edge) => Some(edge.as_ref().map_or(Field::Passed, Field::Treated)),
            None => (index < self.all()).then_some(Field::Hidden),
        }
    }

    fn all(&self) -> usize {
        self.visible.len().saturating_add(self.hidden)
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
        let edges = rows::edges(statement, Some(&statement.stored_types()), |_| Some(response.format))?;
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
        let columns = Columns::new(statement.planned.columns.len(), hidden, edges);
        let (pending, room, has_header) = (Vec::new(), Room::default(), copy.header);
        Ok(Self { rewriter: Some(Rewriter { columns, dialect, pending, max_row_bytes, room, has_header }) })
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
    /// Rewrites all rows whose end is there. A piece is copied only as far as a row is cut: the store sends whole rows.
    fn take(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        if self.pending.len().saturating_add(piece.len()) > self.max_row_bytes {
            return Err(Fault::TooLong);
        }
        if self.pending.is_empty() {
            let used = self.rows(piece, out)?;
            self.pending.extend_from_slice(piece.get(used..).unwrap_or_default());
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(piece);
        let used = self.rows(&pending, out)?;
        pending.drain(..used);
        self.pending = pending;
        Ok(())
    }

    /// Rewrites the whole rows at the front of `input`; how many bytes they are.
    fn rows(&mut self, input: &[u8], out: &mut BytesMut) -> Result<usize, Fault> {
        let mut rest = input;
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
                Dialect::Text(text) => text.rewrite(row, is_header, &self.columns, &mut self.room, out)?,
                Dialect::Csv(csv) => csv.rewrite(row, is_header, &self.columns, &mut self.room, out)?,
                Dialect::Binary(binary) => {
                    binary.rewrite(row, &self.columns, &mut self.room.scratch, out)?;
                }
            }
        }
        Ok(input.len().saturating_sub(rest.len()))
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
