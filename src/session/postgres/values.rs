//! Single values of a row through their ruling, in the format that the client asked for.

use bytes::BytesMut;

use crate::policy::{Ruling, apply_typed};
use crate::wire::postgres::Format;
use crate::wire::postgres::backend::put_null;
use crate::wire::postgres::frame;
use crate::wire::postgres::value::{self, array, oid};

/// A column whose values are treated on their way out.
#[derive(Debug)]
pub(super) struct Edge {
    column: usize,
    ruling: Ruling,
    stored: Shape,
    shown: Shape,
    format: Format,
}

/// A type, as far as reading and writing goes: a scalar, or an array of one.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Scalar(u32),
    Array(u32),
}

/// Room for values that have to be decoded or made; kept from row to row.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    text: String,
}

impl Shape {
    fn of(type_oid: u32) -> Self {
        oid::element_of(type_oid).map_or(Self::Scalar(type_oid), Self::Array)
    }
}

impl Edge {
    /// A column of type `stored` that the client is told to be of type `shown`.
    pub(super) fn new(column: usize, ruling: Ruling, stored: u32, shown: u32, format: Format) -> Self {
        Self { column, ruling, stored: Shape::of(stored), shown: Shape::of(shown), format }
    }

    pub(super) const fn column(&self) -> usize {
        self.column
    }

    /// Writes the treated value, length first. What cannot be read is NULL.
    pub(super) fn put(&self, value: Option<&[u8]>, scratch: &mut Scratch, out: &mut BytesMut) {
        let start = out.len();
        if let Some(value) = value {
            let mut is_value = false;
            let fits = frame::write_value(out, |out| is_value = self.treat(value, scratch, out));
            if is_value && fits.is_ok() {
                return;
            }
        }
        out.truncate(start);
        put_null(out);
    }

    /// Writes the treated value alone; false, perhaps with rubbish in `out`, if it is NULL.
    pub(super) fn treat(&self, value: &[u8], scratch: &mut Scratch, out: &mut BytesMut) -> bool {
        match (self.stored, self.shown, self.format) {
            (Shape::Scalar(stored), Shape::Scalar(shown), _) => {
                self.treat_scalar((stored, shown), value, scratch, out)
            }
            (Shape::Array(stored), Shape::Array(shown), Format::Text) => {
                let Ok(text) = std::str::from_utf8(value) else { return false };
                let element = |element: &str, out: &mut BytesMut| {
                    self.treat_scalar((stored, shown), element.as_bytes(), scratch, out)
                };
                array::rewrite_text(text, out, element).is_some()
            }
            (Shape::Array(stored), Shape::Array(shown), Format::Binary) => {
                let element = |element: &[u8], out: &mut BytesMut| {
                    self.treat_scalar((stored, shown), element, scratch, out)
                };
                array::rewrite_binary(value, (stored, shown), out, element).is_some()
            }
            (Shape::Scalar(_), Shape::Array(_), _) | (Shape::Array(_), Shape::Scalar(_), _) => false,
        }
    }

    fn treat_scalar(
        &self,
        (stored, shown): (u32, u32),
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) -> bool {
        let Some(value) = value::read(stored, self.format, bytes, &mut scratch.bytes) else { return false };
        let cleared = apply_typed(&self.ruling, value, &mut scratch.text);
        value::write(shown, self.format, cleared.value(), out)
    }
}
