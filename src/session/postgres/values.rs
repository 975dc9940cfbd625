//! Single values of a row through their ruling, in the format that the client asked for.

use bytes::BytesMut;

use crate::policy::Ruling;
use crate::wire::postgres::Format;
use crate::wire::postgres::backend;

/// A column whose values are treated on their way out.
#[derive(Debug)]
pub(super) struct Edge {
    column: usize,
    ruling: Ruling,
    type_oid: u32,
    shown_oid: u32,
    format: Format,
}

impl Edge {
    pub(super) const fn new(
        column: usize,
        ruling: Ruling,
        type_oid: u32,
        shown_oid: u32,
        format: Format,
    ) -> Self {
        Self { column, ruling, type_oid, shown_oid, format }
    }

    pub(super) const fn column(&self) -> usize {
        self.column
    }

    /// Writes the treated value, length first. What cannot be read is NULL.
    pub(super) fn put(&self, _value: Option<&[u8]>, out: &mut BytesMut) {
        let _todo = (&self.ruling, self.type_oid, self.shown_oid, self.format);
        backend::put_null(out);
    }
}

/// The size that a description states for a type, negative where it varies.
pub(super) const fn size_of(type_oid: u32) -> i16 {
    match type_oid {
        16 => 1,
        21 => 2,
        23 => 4,
        20 | 701 | 1114 | 1184 => 8,
        700 | 1082 => 4,
        2950 => 16,
        _ => -1,
    }
}
