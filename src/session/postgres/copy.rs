//! `COPY ... TO STDOUT` on its way to the client.

use bytes::{BufMut, BytesMut};

use super::refusal::Fault;
use super::statements::Statement;
use crate::sql::{CopyFormat, CopyOut};
use crate::wire::postgres::Format;
use crate::wire::postgres::backend::CopyResponse;
use crate::wire::postgres::frame::Frame;

/// A copy under way.
pub(super) struct CopyStream {}

impl CopyStream {
    /// Starts on the store's announcement.
    pub(super) fn new(statement: &Statement, copy: &CopyOut, response: &CopyResponse) -> Result<Self, Fault> {
        let is_binary = matches!(copy.format, CopyFormat::Binary);
        let fits =
            response.columns == statement.all_columns() && is_binary == (response.format == Format::Binary);
        let treated = statement.planned.hidden_columns > 0
            || statement.planned.columns.iter().any(|column| column.edge.is_some());
        if fits && !treated { Ok(Self {}) } else { Err(Fault::Columns) }
    }

    /// True if all pieces can be passed on as they are.
    pub(super) const fn passes(&self) -> bool {
        true
    }

    /// Takes a piece.
    pub(super) fn data(&mut self, frame: &Frame<'_>, out: &mut BytesMut) -> Result<(), Fault> {
        out.put_slice(frame.bytes);
        Ok(())
    }

    /// Says that no more will come.
    pub(super) fn done(self, _out: &mut BytesMut) -> Result<(), Fault> {
        Ok(())
    }
}
