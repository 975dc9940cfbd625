//! COPY's CSV: fields between delimiters, in quotes where they need them; a row ends at a line feed outside
//! of quotes.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.3>

use bytes::{BufMut, BytesMut};

use super::{Columns, Field, Room, Taken};
use crate::base::scan::run_without;
use crate::session::postgres::refusal::Fault;

/// The format's parameters.
pub(super) struct Csv {
    delimiter: u8,
    quote: u8,
    escape: u8,
    null: Box<[u8]>,
    force_quote: Box<[usize]>,
}

/// Walks over a row and knows whether it is inside quotes.
struct Walk<'a> {
    csv: &'a Csv,
    is_quoted: bool,
}

impl Walk<'_> {
    /// Takes the byte at `at`; the number of bytes that belong together.
    fn step(&mut self, bytes: &[u8], at: usize) -> usize {
        let Some(&byte) = bytes.get(at) else { return 1 };
        let next = bytes.get(at.saturating_add(1)).copied();
        let escapes = self.is_quoted
            && byte == self.csv.escape
            && next.is_some_and(|next| next == self.csv.quote || next == self.csv.escape);
        if escapes {
            return 2;
        }
        if byte == self.csv.quote {
            self.is_quoted = !self.is_quoted;
        }
        1
    }
}

impl Csv {
    pub(super) fn new([delimiter, quote, escape]: [u8; 3], null: &str, force_quote: &[usize]) -> Self {
        Self { delimiter, quote, escape, null: null.as_bytes().into(), force_quote: force_quote.into() }
    }

    /// A row ends at a line feed outside of quotes.
    pub(super) fn next_row<'a>(&self, input: &'a [u8]) -> Taken<'a> {
        match self.find(b'\n', input) {
            Some(end) => Taken::Row(input.get(..end).unwrap_or_default(), end.saturating_add(1)),
            None => Taken::Partial,
        }
    }

    /// Where `byte` stands outside of quotes.
    fn find(&self, byte: u8, bytes: &[u8]) -> Option<usize> {
        let mut walk = Walk { csv: self, is_quoted: false };
        let mut at = 0_usize;
        loop {
            at = at.saturating_add(run_without([byte, self.quote, self.escape], bytes.get(at..)?));
            if *bytes.get(at)? == byte && !walk.is_quoted {
                return Some(at);
            }
            at = at.saturating_add(walk.step(bytes, at));
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
        for index in 0..columns.all() {
            let here = rest.ok_or(Fault::Columns)?;
            let (field, behind) =
                match self.find(self.delimiter, here).and_then(|at| here.split_at_checked(at)) {
                    Some((field, behind)) => (field, behind.get(1..)),
                    None => (here, None),
                };
            rest = behind;
            let kind = columns.at(index).ok_or(Fault::Columns)?;
            if index > 0 && !matches!(kind, Field::Hidden) {
                out.put_u8(self.delimiter);
            }
            match kind {
                Field::Hidden => {}
                Field::Treated(edge) if !is_header => {
                    treated.clear();
                    let is_value = *field != *self.null && {
                        self.decode(field, decoded);
                        edge.treat(decoded, scratch, treated)
                    };
                    if is_value { self.put(index, treated, out) } else { out.put_slice(&self.null) }
                }
                Field::Treated(_) | Field::Passed => out.put_slice(field),
            }
        }
        if rest.is_some() {
            return Err(Fault::Columns);
        }
        out.put_u8(b'\n');
        Ok(())
    }

    fn decode(&self, field: &[u8], decoded: &mut Vec<u8>) {
        decoded.clear();
        if memchr::memchr(self.quote, field).is_none() {
            // Nothing is escaped outside of quotes.
            return decoded.extend_from_slice(field);
        }
        let mut walk = Walk { csv: self, is_quoted: false };
        let mut at = 0_usize;
        while let Some(&byte) = field.get(at) {
            let step = walk.step(field, at);
            if step == 2 {
                decoded.extend(field.get(at.saturating_add(1)));
            } else if byte != self.quote {
                decoded.push(byte);
            }
            at = at.saturating_add(step);
        }
    }

    fn put(&self, index: usize, value: &[u8], out: &mut BytesMut) {
        let special = |byte: &u8| [self.delimiter, self.quote, b'\n', b'\r'].contains(byte);
        let needs_quotes = self.force_quote.contains(&index)
            || *value == *self.null
            || value == b"\\."
            || value.iter().any(special);
        if !needs_quotes {
            return out.put_slice(value);
        }
        out.put_u8(self.quote);
        for &byte in value {
            if byte == self.quote || byte == self.escape {
                out.put_u8(self.escape);
            }
            out.put_u8(byte);
        }
        out.put_u8(self.quote);
    }
}
