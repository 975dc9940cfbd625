//! COPY's own text format: fields between delimiters, rows between line feeds, backslash escapes.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2>

use bytes::{BufMut, BytesMut};

use super::{Columns, Field, Room, Taken};
use crate::base::scan::run_without;
use crate::session::postgres::refusal::Fault;

/// What the store writes for NULL where something is treated, whatever the client has chosen.
const STORED_NULL: &[u8] = b"\\N";

/// The format's parameters.
pub(super) struct Text {
    delimiter: u8,
    null: Box<[u8]>,
}

impl Text {
    pub(super) fn new(delimiter: u8, null: &str) -> Self {
        Self { delimiter, null: null.as_bytes().into() }
    }

    /// A row ends at a line feed: inside a field it is written `\n`.
    #[expect(clippy::unused_self, reason = "the other formats need it")]
    pub(super) fn next_row<'a>(&self, input: &'a [u8]) -> Taken<'a> {
        match memchr::memchr(b'\n', input).and_then(|end| input.split_at_checked(end)) {
            Some((row, _)) => Taken::Row(row, row.len().saturating_add(1)),
            None => Taken::Partial,
        }
    }

    pub(super) fn rewrite(
        &self,
        row: &[u8],
        is_header: bool,
        columns: &Columns,
        room: &mut Room,
        out: &mut BytesMut,
    ) -> Result<(), Fault> {
        let mut rest = Some(row);
        let Room { decoded, treated, scratch } = room;
        let keeps_null = is_header || *self.null == *STORED_NULL;
        for index in 0..columns.all() {
            let (field, behind) = self.split(rest.ok_or(Fault::Columns)?);
            rest = behind;
            let kind = columns.at(index).ok_or(Fault::Columns)?;
            if index > 0 && !matches!(kind, Field::Hidden) {
                out.put_u8(self.delimiter);
            }
            match kind {
                Field::Hidden => {}
                Field::Treated(edge) if !is_header => {
                    let start = out.len();
                    let is_value =
                        *field != *STORED_NULL && edge.treat(unescaped(field, decoded), scratch, out);
                    if is_value {
                        self.escape(start, treated, out);
                    } else {
                        out.truncate(start);
                        out.put_slice(&self.null);
                    }
                }
                Field::Passed if !keeps_null && *field == *STORED_NULL => out.put_slice(&self.null),
                Field::Treated(_) | Field::Passed => out.put_slice(field),
            }
        }
        if rest.is_some() {
            return Err(Fault::Columns);
        }
        out.put_u8(b'\n');
        Ok(())
    }

    /// The first field, and what follows its delimiter.
    fn split<'a>(&self, row: &'a [u8]) -> (&'a [u8], Option<&'a [u8]>) {
        let mut at = 0_usize;
        while let Some(rest) = row.get(at..) {
            at = at.saturating_add(run_without([self.delimiter, b'\\'], rest));
            if row.get(at) == Some(&self.delimiter) {
                let (field, behind) = row.split_at_checked(at).unwrap_or((row, &[]));
                return (field, behind.get(1..));
            }
            at = at.saturating_add(2);
        }
        (row, None)
    }

    /// Escapes what was written from `start` on, where it needs that.
    fn escape(&self, start: usize, plain: &mut BytesMut, out: &mut BytesMut) {
        let value = out.get(start..).unwrap_or_default();
        // Looking at all bytes is cheaper than stopping at the first, which hardly any value has.
        let may_stand = |byte: u8| (byte > b'\r') & (byte != b'\\') & (byte != self.delimiter);
        if value.iter().fold(true, |all, &byte| all & may_stand(byte)) {
            return;
        }
        plain.clear();
        plain.put_slice(value);
        out.truncate(start);
        for &byte in &*plain {
            match self.letter(byte) {
                Some(letter) => out.put_slice(&[b'\\', letter]),
                None => out.put_u8(byte),
            }
        }
    }

    /// What stands for a byte behind a backslash, if it may not stand there by itself.
    const fn letter(&self, byte: u8) -> Option<u8> {
        match byte {
            0x08 => Some(b'b'),
            0x09 => Some(b't'),
            0x0a => Some(b'n'),
            0x0b => Some(b'v'),
            0x0c => Some(b'f'),
            0x0d => Some(b'r'),
            b'\\' => Some(b'\\'),
            _ if byte == self.delimiter => Some(byte),
            _ => None,
        }
    }
}

/// The field without its escapes, in `decoded` if there are any.
fn unescaped<'a>(field: &'a [u8], decoded: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr::memchr(b'\\', field).is_some() {
        unescape(field, decoded);
        return decoded;
    }
    field
}

fn unescape(field: &[u8], decoded: &mut Vec<u8>) {
    decoded.clear();
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 0x08,
                Some(b't') => 0x09,
                Some(b'n') => 0x0a,
                Some(b'v') => 0x0b,
                Some(b'f') => 0x0c,
                Some(b'r') => 0x0d,
                Some(other) => other,
                None => b'\\',
            },
            _ => byte,
        };
        decoded.push(byte);
    }
}
