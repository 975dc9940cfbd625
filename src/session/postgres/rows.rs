//! Rows on their way to the client: columns that need no treatment as the slices that they are, identifiers
//! through their ruling, hidden columns not at all.
//!
//! Invariant: a row that does not have the columns of its plan ends the session before a byte of it is
//! passed on.
//! Not here: rows of COPY.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::refusal::Fault;
use super::statements::Statement;
use super::values::{Edge, Scratch};
use crate::sql::{Column, Kind};
use crate::wire::postgres::backend::{self, DataRow, Field, RowDescription};
use crate::wire::postgres::frame::{self, Frame};
use crate::wire::postgres::value::oid;
use crate::wire::postgres::{Format, Malformed};

/// What happens to the rows of one result.
#[derive(Debug)]
pub(super) struct RowPlan {
    shape: Arc<Statement>,
    visible: usize,
    hidden: usize,
    /// Columns that are not passed on as they are, in order.
    edges: Vec<Edge>,
    is_open: bool,
}

impl RowPlan {
    /// The plan for rows of `shape`, with columns of these types (needed only if one of them is treated) in
    /// these formats.
    pub(super) fn new(
        shape: Arc<Statement>,
        types: Option<&[u32]>,
        format: impl Fn(usize) -> Option<Format>,
    ) -> Result<Self, Fault> {
        let planned = &shape.planned;
        if types.is_some_and(|types| types.len() != shape.all_columns() && !is_open(&shape)) {
            return Err(Fault::Columns);
        }
        let edges = edges(&shape, types, format)?;
        let (visible, hidden) = (planned.columns.len(), planned.hidden_columns);
        let is_open = is_open(&shape);
        Ok(Self { shape, visible, hidden, edges, is_open })
    }

    /// The statement that the rows are those of.
    pub(super) fn shape(&self) -> Arc<Statement> {
        Arc::clone(&self.shape)
    }

    /// True if rows are passed on as they are.
    pub(super) fn passes(&self) -> bool {
        self.edges.is_empty() && (self.hidden == 0 || self.is_open)
    }

    /// True if a row of the store has so many columns.
    pub(super) fn fits(&self, columns: usize) -> bool {
        columns == self.visible.saturating_add(self.hidden) || self.is_open
    }

    /// Passes one row on.
    pub(super) fn forward(
        &self,
        row: &Frame<'_>,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) -> Result<(), Fault> {
        let mut values = DataRow::read(row.body)?;
        if !self.fits(values.left()) {
            return Err(Fault::Columns);
        }
        if self.passes() {
            out.put_slice(row.bytes);
            return Ok(());
        }
        let start = out.len();
        let mut done = Ok(());
        backend::write_data_row(out, self.visible, |out| done = self.put_values(&mut values, scratch, out))
            .map_err(|_| Fault::TooLong)?;
        let finished = done.and_then(|()| values.finish());
        finished.map_err(|fault| {
            out.truncate(start);
            fault.into()
        })
    }

    fn put_values(
        &self,
        values: &mut DataRow<'_>,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) -> Result<(), Malformed> {
        let mut index = 0_usize;
        for edge in &self.edges {
            out.put_slice(values.span(edge.column().saturating_sub(index))?);
            edge.put(values.value()?, scratch, out);
            index = edge.column().saturating_add(1);
        }
        out.put_slice(values.span(self.visible.saturating_sub(index))?);
        values.span(self.hidden).map(drop)
    }
}

/// The columns of `shape` that are treated.
pub(super) fn edges(
    shape: &Statement,
    types: Option<&[u32]>,
    format: impl Fn(usize) -> Option<Format>,
) -> Result<Vec<Edge>, Fault> {
    let mut edges = Vec::new();
    for (index, column) in shape.planned.columns.iter().enumerate() {
        let Some(ruling) = &column.edge else { continue };
        let stored = types.and_then(|types| types.get(index)).copied().ok_or(Fault::Columns)?;
        let format = format(index).ok_or(Fault::Columns)?;
        let shown = column.type_oid.unwrap_or(stored);
        edges.push(Edge::new(index, ruling.clone(), stored, shown, format));
    }
    Ok(edges)
}

/// Writes a value as it came.
fn put_raw(value: Option<&[u8]>, out: &mut BytesMut) {
    let Some(value) = value else { return backend::put_null(out) };
    // It came in a message, so its length fits.
    let _fits = frame::write_value(out, |out| out.put_slice(value));
}

#[cfg(test)]
pub(super) const fn is_open(statement: &Statement) -> bool {
    matches!(statement.planned.hidden_columns, usize::MAX)
}

#[cfg(not(test))]
pub(super) const fn is_open(_: &Statement) -> bool {
    false
}

/// Translates the description of a result: hidden columns go, treated ones show the type that they get.
pub(super) fn describe(shape: &Statement, body: &[u8], out: &mut BytesMut) -> Result<Box<[u32]>, Fault> {
    let description = RowDescription::read(body)?;
    if description.fields.len() != shape.all_columns() && !is_open(shape) {
        return Err(Fault::Columns);
    }
    let types = description.fields.iter().map(|field| field.type_oid).collect();
    let visible = if is_open(shape) { description.fields.len() } else { shape.planned.columns.len() };
    let fields = description.fields.into_iter().enumerate().take(visible);
    let shown: Vec<Field<'_>> = fields.map(|(index, field)| shown_field(shape, index, field)).collect();
    RowDescription::write(out, shown.into_iter()).map_err(|_| Fault::TooLong)?;
    Ok(types)
}

fn shown_field<'a>(shape: &Statement, index: usize, field: Field<'a>) -> Field<'a> {
    let override_oid = shape.planned.columns.get(index).and_then(|column| column.type_oid);
    match override_oid {
        Some(type_oid) if type_oid != field.type_oid => {
            Field { type_oid, type_size: oid::size_of(type_oid), type_modifier: -1, ..field }
        }
        _ => field,
    }
}

/// Reads the types and formats of a description.
pub(super) fn types_and_formats(body: &[u8]) -> Result<(Box<[u32]>, Vec<Format>), Fault> {
    let description = RowDescription::read(body)?;
    let types = description.fields.iter().map(|field| field.type_oid).collect();
    Ok((types, description.fields.iter().map(|field| field.format).collect()))
}

/// Describes an answer that the proxy gives itself.
pub(super) fn describe_own(columns: &[Column], out: &mut BytesMut) -> Result<(), Fault> {
    let fields = columns.iter().map(|column| Field {
        name: column.name.as_bytes(),
        table: 0,
        attribute: 0,
        type_oid: column.type_oid,
        type_size: oid::size_of(column.type_oid),
        type_modifier: -1,
        format: Format::Text,
    });
    RowDescription::write(out, fields).map_err(|_| Fault::TooLong)
}

/// Writes the rows of an answer that the proxy gives itself, if `statement` is one; its tag is the result.
pub(super) fn put_own(statement: &Statement, out: &mut BytesMut) -> Result<Option<&'static str>, Fault> {
    let Kind::Answered { columns, rows, tag } = &statement.planned.kind else { return Ok(None) };
    for row in rows {
        backend::write_data_row(out, columns.len(), |out| {
            row.iter().for_each(|value| put_raw(value.as_ref().map(String::as_bytes), out));
        })
        .map_err(|_| Fault::TooLong)?;
    }
    Ok(Some(tag))
}
